"""``mien image``: the emotions in saved pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from rich.table import Table

    from mien.core.types import Result


def image(
    pictures: Annotated[list[Path], typer.Argument(help="Pictures to read.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and write no picture.")] = False,
    detector: Annotated[str, typer.Option(help="yunet, haar, or none: the whole picture is the face.")] = "yunet",
    model: Annotated[Path | None, typer.Option(help="A file of 'mien export'; without it, the packaged model.")] = None,
) -> None:
    """Name the emotion on each face: print a table and write NAME.mien.png into the working directory."""
    from mien.core.errors import MienError
    from mien.core.types import Frame
    from mien.infer.analyze import load
    from mien.infer.document import document
    from mien.vision.images import read

    analyzer = load(model, detector)
    results: list[tuple[str, Result]] = []
    failures: list[tuple[str, str]] = []
    for path in pictures:
        try:
            result = analyzer(Frame(read(path)))
            if not as_json:
                _show(path, result)
            results.append((str(path), result))
        except MienError as error:
            failures.append((str(path), str(error)))
            typer.echo(f"mien: {error}", err=True)
    if as_json:
        classifier = analyzer.classifier
        typer.echo(json.dumps(document(classifier.card, classifier.sha256, results, failures), indent=1))
    if failures:
        raise typer.Exit(1)


def _show(path: Path, result: Result) -> None:
    """Print the faces of one picture and write the annotated picture beside them."""
    from mien.vision.draw import draw
    from mien.vision.images import write

    console = Console()
    if not len(result):
        console.print(f"{path.name}: no face found", markup=False, highlight=False)
        return
    # A file of another format than it is read in, such as GIF, is annotated as PNG.
    suffix = path.suffix if path.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"} else ".png"
    target = Path(f"{path.stem}.mien{suffix}")
    write(draw(result), target)
    console.print(_table(path, result))
    console.print(f"wrote {target}", markup=False, highlight=False)


def _table(path: Path, result: Result) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(path.name), title_justify="left")
    for heading in ("face", "box", "emotion", "probability", "runner-up"):
        table.add_column(heading, justify="right" if heading in {"face", "probability"} else "left")
    for number, face in enumerate(result, start=1):
        second = face.ranking[1]
        box = " ".join(f"{value:.0f}" for value in face.box)
        runner_up = f"{second} {face.probabilities[second]:.1%}"
        table.add_row(str(number), box, face.emotion, f"{face.confidence:.1%}", runner_up)
    return table
