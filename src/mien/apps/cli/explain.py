"""``mien explain``: which parts of a face each emotion is read from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.apps.cli import verbosity
from mien.apps.cli.options import AnalyzerOptions, FaceOptions, Force, PictureNames, Recursive

if TYPE_CHECKING:
    from mien.inference.analyzer import Analyzer
    from mien.inference.explain import Explanation

KEY, KEY_PX = "red: where the emotion is read from", 24
"""The line under a picture, and its height."""


def explain(
    pictures: PictureNames = None,
    *,
    recursive: Recursive = False,
    emotions: Annotated[int, typer.Option(metavar="N", min=1, help="Explain the N strongest emotions of a face.")] = 3,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the pictures.", show_default="here")] = Path(),
    force: Force = False,
    options: AnalyzerOptions,
    faces: FaceOptions,
) -> None:
    """Show which parts of each face its emotions are read from.

    Writes NAME.explained.mien.png, a row a face: the face, and for each emotion the face with its evidence in red; the
    table tells how much of it lies in which third, from the top. Emotions under 5 % are left out but for the first. The
    net is asked about each face 801 times, parts of it hidden: about a second a face.
    """
    from mien.apps.cli.inputs import gather, piped
    from mien.apps.cli.pictures import names_of
    from mien.core.errors import ImageError
    from mien.core.output import folder_for, refuse_existing

    inputs = gather(pictures or [], recursive, piped(pictures or []))
    files = {path: out / f"{name}.explained.mien.png" for path, name in names_of(inputs.paths).items()}
    refuse_existing(files.values(), force=force)
    analyzer = options.load(faces)
    failures = [f"{name}: {why}" for name, why in inputs.refusals]
    with folder_for(out):
        for path, file in files.items():
            try:
                _show(path, file, _explained(path, file, analyzer, emotions))
            except ImageError as error:
                failures.append(str(error))
    for failure in failures:
        verbosity.complain(failure)
    if failures:
        raise typer.Exit(1)


def _explained(path: str, file: Path, analyzer: Analyzer, emotions: int) -> list[Explanation]:
    """Explain the faces of a picture, and write what is drawn of them, if there is any."""
    import numpy as np

    from mien.draw.heat import captioned
    from mien.imaging.decode import write
    from mien.inference.explain import explain as explained

    with verbosity.console().status(f"explaining {path}"):
        found = explained(path, analyzer, emotions)
    rows = [one.draw(f"face {number}") for number, one in enumerate(found, start=1)]
    widest = max((row.shape[1] for row in rows), default=0)
    padded = [np.pad(row, ((0, 0), (0, widest - row.shape[1]), (0, 0)), constant_values=255) for row in rows]
    if padded:
        write(captioned(np.concatenate(padded), KEY, KEY_PX), file)
    return found


def _show(path: str, file: Path, found: list[Explanation]) -> None:
    """Print a table of a picture."""
    from mien.apps.cli.tables import print_table

    if not found:
        verbosity.output(f"{path}: no face found")
        return
    rows = [
        [str(number), name, f"{one.face.probabilities[name]:.1%}", *(f"{share:.0%}" for share in thirds)]
        for number, one in enumerate(found, start=1)
        for name, thirds in zip(one.emotions, one.thirds().tolist(), strict=True)
    ]
    heads = ["face", "emotion", "share", "upper third", "middle third", "lower third"]
    print_table(verbosity.console(), f"{path}: where the evidence lies", heads, rows)
    verbosity.output(f"written to {file}")
