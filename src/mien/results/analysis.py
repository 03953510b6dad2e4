"""What ``Analyzer`` returns: a result with its model, as a picture, a table or a document."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from mien.core.arrays import Ids
from mien.core.errors import MissingExtra
from mien.core.faces import LANDMARKS, Faces
from mien.core.frame import Frame
from mien.core.result import Face, Result
from mien.draw import annotate as drawing
from mien.imaging.convert import to_pillow
from mien.results.document import SCHEMA, ModelEntry, PictureEntry, ResultEntry, picture_entry
from mien.results.rows import columns, model_name, rows

if TYPE_CHECKING:
    from pandas import DataFrame
    from PIL.Image import Image as PillowImage

SHOWN_PX = 1000
"""The longer side of a picture in a notebook, at most."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Analysis(Result):
    """What the faces of one picture show: a sequence of ``Face``, from left to right.

    Attributes:
        model: name, version, digest and prior, as ``mien.results.document.model_entry`` gives them.
        explainers: of each face what its ``explain`` asks; empty if none is known.
    """

    model: ModelEntry
    explainers: tuple[Callable[[Face, int], Any], ...] = field(default=(), kw_only=True)

    def __getstate__(self) -> list[Any]:
        """Return the fields, to be pickled without the explainers, which hold the net."""
        return [() if one.name == "explainers" else getattr(self, one.name) for one in fields(self)]

    def _face(self, row: int) -> Face:
        face = super(Analysis, self)._face(row)
        return replace(face, explainer=self.explainers[row]) if self.explainers else face

    def _taken(self, rows: Ids) -> dict[str, Any]:
        explainers = tuple(self.explainers[row] for row in rows) if self.explainers else ()
        return {**super(Analysis, self)._taken(rows), "explainers": explainers}

    def draw(self) -> PillowImage:
        """Return an annotated copy of the picture, as ``mien.draw.annotate.draw`` makes it."""
        return to_pillow(drawing.draw(self))

    def _repr_html_(self) -> str:
        """Return the annotated picture and a row a face: what a notebook shows, which prefers HTML to a PNG."""
        return _html(self, self._shown("JPEG"))

    def _repr_png_(self) -> bytes:
        """Return the annotated picture where no HTML is shown, as in the PDF of a notebook."""
        return self._shown("PNG")

    def _shown(self, form: str) -> bytes:
        picture, data = self.draw(), BytesIO()
        picture.thumbnail((SHOWN_PX, SHOWN_PX))
        picture.save(data, form)
        return data.getvalue()

    def entry(self) -> PictureEntry:
        """Return the entry of the picture in a document, without schema and model (``docs/SCHEMA.md``)."""
        return picture_entry(self.frame.path, self)

    def to_dict(self) -> ResultEntry:
        """Return a line of ``mien image --out FILE.jsonl``, fit for ``json.dumps`` (``docs/SCHEMA.md``)."""
        return {**self.entry(), "schema": SCHEMA, "model": self.model.copy()}

    def to_dataframe(self) -> DataFrame:
        """Return the table of ``mien image --out FILE.csv``: a row a face (``docs/SCHEMA.md``).

        Raises:
            MissingExtra: pandas is not installed.
        """
        try:
            from pandas import DataFrame
        except ImportError as error:
            raise MissingExtra("to_dataframe needs pandas, which is not installed; run: pip install pandas") from error
        kinds = columns(self.labels, self.timed)
        cells = rows(self.entry(), model_name(self.model))
        return DataFrame(cells, columns=list(kinds)).astype(kinds)


def _html(result: Result, jpeg: bytes) -> str:
    """Return a picture of a result, and a row a face, as a part of an HTML page."""
    picture = f'<img alt="{escape(repr(result))}" src="data:image/jpeg;base64,{b64encode(jpeg).decode()}">'
    rows = [
        [
            f"#{face.id}" if face.id != -1 else str(row),
            face.emotion,
            ">99.9%" if face.confidence >= 0.9995 else f"{face.confidence:.1%}",
            ", ".join(face.doubts),
        ]
        for row, face in enumerate(result)
    ]
    if not rows:
        return f"<div>{picture}<p>no face found</p></div>"
    lines = [_html_row("th", ["face", "emotion", "confidence", ""]), *(_html_row("td", row) for row in rows)]
    return f"<div>{picture}<table>{''.join(lines)}</table></div>"


def _html_row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"


def analysis_from_dict(entry: PictureEntry, frame: Frame, labels: tuple[str, ...], model: ModelEntry) -> Analysis:
    """Return the result of one frame of a video from its entry in a log, to resume a run.

    Args:
        entry: of the frame, as ``mien.results.document.picture_entry`` gives it of a ``TrackedResult``.
        frame: the frame.
        labels: the emotions, in the order of the result's columns.
        model: the entry of the model.
    """
    faces = entry["faces"]
    n = len(faces)
    missing = [[np.nan, np.nan]] * len(LANDMARKS)
    raw = [[face["raw"][name] for name in labels] for face in faces if "raw" in face]
    return Analysis(
        frame=frame,
        faces=Faces(
            np.array([face["box"] for face in faces], np.float32).reshape(n, 4),
            np.array([face["landmarks"] or missing for face in faces], np.float32).reshape(n, len(LANDMARKS), 2),
            np.array([face["score"] for face in faces], np.float32),
        ),
        ids=np.full(n, -1, np.int64),
        probs=np.array(raw, np.float32).reshape(n, len(labels)),
        labels=labels,
        uncertain=np.zeros(n, np.bool_),  # decided again from the smoothed probabilities
        quality=tuple(face["quality"] for face in faces),
        model=model,
    )
