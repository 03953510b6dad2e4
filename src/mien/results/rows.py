"""Tables of results: a row a face, flattened from the JSON entries, so that a table says what the JSON says."""

from __future__ import annotations

from collections.abc import Sequence

from mien.core.faces import LANDMARKS
from mien.core.spelling import spelled
from mien.results.document import FaceEntry, ModelEntry, PictureEntry, Setting, index_cells
from mien.results.start_clock import clock_at

Cell = str | int | float | bool | None
Row = dict[str, Cell]
Columns = dict[str, type[str | int | float | bool]]

ANGLES = ("yaw_deg", "pitch_deg", "roll_deg")


def columns(labels: tuple[str, ...], timed: bool = False, start_clock: Setting = None) -> Columns:
    """Return the columns of a table of these emotions, in order, with the type of their cells (``docs/SCHEMA.md``).

    Args:
        labels: the emotions.
        timed: whether the faces are those of a video, with a time and an identity.
        start_clock: what a clock showed at the video's beginning (``mien.results.start_clock``); None has no column.
    """
    return {
        "path": str,
        **({"frame": int, "source_frame": int, "time_s": float} if timed else {}),
        **({"clock": type(start_clock)} if start_clock else {}),
        "width": int,
        "height": int,
        "face": int,
        **({"id": int, "name": str} if timed else {"turned": int}),
        **dict.fromkeys(("x1", "y1", "x2", "y2", "score", *ANGLES), float),
        "quality": str,
        "emotion": str,
        "confidence": float,
        "uncertain": bool,
        **dict.fromkeys(("valence", "intensity"), float),
        **{f"p_{label}": float for label in labels},
        **({f"raw_{label}": float for label in labels} if timed else {}),
        **{f"lm{point}_{axis}": float for point in range(len(LANDMARKS)) for axis in "xy"},
        "model": str,
    }


def rows(entry: PictureEntry, model: str, start_clock: Setting = None) -> list[Row]:
    """Return a row a face, its cells in the order of ``columns``.

    Args:
        entry: a picture of the JSON document, as ``mien.results.document.picture_entry`` gives it.
        model: what ``model_name`` says.
        start_clock: as for ``columns``.
    """
    when: Row = {}
    if "frame" in entry and "time_s" in entry:
        when = {"frame": entry["frame"], "source_frame": entry.get("source_frame", -1), "time_s": entry["time_s"]}
    if start_clock:
        when["clock"] = clock_at(start_clock, entry.get("time_s"))
    turned: Row = {} if when else {"turned": entry.get("turned", 0)}
    picture: Row = {"path": spelled(entry["path"]), **when, "width": entry["width"], "height": entry["height"]}
    return [
        {**picture, "face": number, **turned, **_face_cells(face), "model": model}
        for number, face in enumerate(entry["faces"])
    ]


def model_name(model: ModelEntry) -> str:
    """Return the cell that stands for a ``mien.results.document.model_entry``."""
    return f"{model['name']} {model['version']} {model['sha256'][:12]} prior {model['prior']:g}"


def _face_cells(face: FaceEntry) -> Row:
    # Computed here, as logs of earlier releases lack them.
    made = index_cells(face["probabilities"])
    points: Sequence[Sequence[float | None]] = face["landmarks"] or [[None, None]] * len(LANDMARKS)
    return {
        **({"id": face["id"], "name": face.get("name", "")} if "id" in face else {}),
        **dict(zip(("x1", "y1", "x2", "y2"), face["box"], strict=True)),
        "score": face["score"],
        **{angle: face["pose"][angle] if "pose" in face else None for angle in ANGLES},
        "quality": face["quality"],
        "emotion": face["emotion"],
        "confidence": face["confidence"],
        "uncertain": face["uncertain"],
        "valence": made["valence"],
        "intensity": made["intensity"],
        **{f"p_{label}": value for label, value in face["probabilities"].items()},
        **{f"raw_{label}": value for label, value in face.get("raw", {}).items()},
        **{
            f"lm{number}_{axis}": value
            for number, point in enumerate(points)
            for axis, value in zip("xy", point, strict=True)
        },
    }
