"""``mien image``: the emotions in saved pictures, from one to a folder of thousands."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.apps.cli import verbosity
from mien.apps.cli.options import AnalyzerOptions, FaceOptions, Force, PictureNames, Recursive, Resume
from mien.core.errors import ImageError, UsageError

if TYPE_CHECKING:
    from mien.apps.cli.inputs import Inputs
    from mien.apps.cli.pictures import Pictures
    from mien.apps.cli.screen import Screen
    from mien.imaging.decode import Picture
    from mien.inference.analyzer import Analyzer
    from mien.inference.pipeline import Outcome
    from mien.results.provenance import Made
    from mien.results.sinks import Sink

MOST_COPIES = 5
"""The most pictures of which marked copies are written by default: more would fill the working directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What is written of pictures, and where."""

    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a row a face: .jsonl, .csv or .parquet.")] = (
        None
    )
    resume: Resume = False
    force: Force = False
    annotate: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the pictures with their faces.")] = None
    crops: Annotated[Path | None, typer.Option(metavar="DIR", help="Write each face as the net sees it.")] = None
    blur: Annotated[bool, typer.Option("--blur", help="Make the faces in written pictures unrecognisable.")] = False


def image(
    pictures: PictureNames = None,
    *,
    recursive: Recursive = False,
    max_megapixels: Annotated[float, typer.Option(help="Refuse pictures that declare more.")] = 200.0,
    output: Output,
    options: AnalyzerOptions,
    faces: FaceOptions,
) -> None:
    """Name the emotion on each face.

    Prints a table a picture. Of up to 5 files that are named one by one, marked copies NAME.mien.png are written into
    the working directory, unless --out, --annotate, --crops or --json is given.
    """
    from mien.apps.cli.inputs import gather, piped
    from mien.imaging.decode import REDUCE_TO_PX, read_picture
    from mien.results.provenance import Made

    if output.resume and output.out is None:
        raise UsageError("--resume continues a file of results; name it with --out FILE")
    if output.blur and output.crops:
        raise UsageError("--crops writes faces and --blur hides them; leave one out")
    inputs = gather(pictures or [], recursive, piped(pictures or []))
    analyzer = options.load(faces)
    asked = output.annotate or output.out or output.crops or output.as_json
    unasked = not asked and _few(pictures or ["-"], len(inputs.paths))
    output = replace(output, annotate=Path()) if unasked else output
    # A reduced picture loses small faces, and people want marked copies in full size.
    detail_px = None if faces.small_faces or output.annotate else REDUCE_TO_PX
    read = partial(read_picture, max_pixels=round(max_megapixels * 1e6), reduce_to_px=detail_px)
    settings = {
        "detector": options.detector.value,
        **faces.settings(),
        "max-megapixels": max_megapixels,
        "annotate": output.annotate is not None,
    }
    _run(inputs, analyzer, read, Made(analyzer.model, analyzer.labels, settings), output, unasked=unasked)


def _run(
    inputs: Inputs,
    analyzer: Analyzer,
    read: Callable[[Path], Picture],
    made: Made,
    output: Output,
    *,
    unasked: bool,
) -> None:
    """Analyse all pictures, and write and show their outcomes."""
    from mien.apps.cli.screen import Screen
    from mien.apps.cli.stopping import end, stoppable, until
    from mien.inference.pipeline import pipeline
    from mien.results.document import PictureEntry, document, picture_entry
    from mien.results.sinks import open_sink

    out, entries = output.out, list[PictureEntry]()
    with ExitStack() as stack:
        stopped = stack.enter_context(stoppable())
        sink = stack.enter_context(open_sink(out, made, resume=output.resume, force=output.force)) if out else None
        waiting = [path for path in inputs.paths if sink is None or not sink.has(path)]
        screen = stack.enter_context(Screen(len(waiting), tables=out is None, silent=output.as_json))
        written = stack.enter_context(_pictures(inputs, analyzer, output, unasked))
        for name, why in inputs.refusals:
            screen.fail(name, why)
        for outcome in until(stopped, stack.enter_context(closing(pipeline(analyzer, waiting, read)))):
            _keep(outcome, written, sink, screen)
            if output.as_json and outcome.result is not None:
                entries.append(picture_entry(outcome.path, outcome.result))
        screen.close(skipped=inputs.skipped, resumed=len(inputs.paths) - len(waiting), out=out)
    if output.as_json:
        verbosity.output(json.dumps(document(analyzer.model, entries, screen.failures), indent=1), even_quiet=True)
    if stopped():
        raise end(f"add --resume to go on with {out}" if out else "the remaining pictures have no result")
    if screen.failures:
        raise typer.Exit(1)


@contextmanager
def _pictures(inputs: Inputs, analyzer: Analyzer, output: Output, unasked: bool) -> Generator[Pictures]:
    """Yield the writer of pictures; make its folders, and refuse to overwrite files first."""
    from mien.apps.cli.pictures import Pictures
    from mien.core.output import folder_for, refuse_existing

    annotate, crops, force, resume = output.annotate, output.crops, output.force, output.resume or None
    written = Pictures(
        inputs.paths, annotate, crops, output.blur, analyzer.crop, unasked=unasked, keep=unasked and not force
    )
    if not unasked:
        refuse_existing(written.marked(), force=force, resume=resume, option="--annotate")
    refuse_existing(written.cut(), force=force, resume=resume, option="--crops")
    with ExitStack() as folders:
        for folder in filter(None, (annotate, crops)):
            folders.enter_context(folder_for(folder))
        yield written


def _few(names: list[str], count: int) -> bool:
    """Return whether marked copies are written by default: the pictures are few, and named one by one."""
    named = all(os.path.isfile(name) for name in names)  # noqa: PTH113, as Path's own fails on what is no name
    if named and count > MOST_COPIES:
        verbosity.note(f"no marked copies of more than {MOST_COPIES} pictures; add --annotate DIR to write them")
    return named and count <= MOST_COPIES


def _keep(outcome: Outcome, written: Pictures, sink: Sink | None, screen: Screen) -> None:
    """Write and show the outcome of one picture."""
    if outcome.result is None:
        screen.fail(outcome.path, outcome.error)
        if sink:
            sink.fail(outcome.path, outcome.error)
        return
    try:
        files = written.write(outcome.path, outcome.result)
    except ImageError as error:
        files = []
        screen.fail(outcome.path, str(error))
    if sink:
        sink.write(outcome.path, outcome.result)
    screen.show(outcome, files)
