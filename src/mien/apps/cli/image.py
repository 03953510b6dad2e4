"""``mien image``: the emotions in saved pictures, from one to a folder of thousands."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.apps.cli import verbosity
from mien.apps.cli.options import (
    BATCH_SIZE,
    BatchSize,
    Detector,
    DetectorName,
    Device,
    DeviceName,
    Force,
    Model,
    Prior,
    Threads,
    View,
    ViewName,
    used,
)
from mien.core.errors import ImageError

if TYPE_CHECKING:
    from mien.apps.cli.pictures import Pictures
    from mien.apps.cli.screen import Screen
    from mien.inference.pipeline import Outcome
    from mien.results.document import PictureEntry
    from mien.results.sinks import Sink

COPIES = 5
"""The most pictures of which marked copies are written unasked: more would flood the working directory."""


def image(
    pictures: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders or patterns; '-' or a pipe: names, one a line.", show_default=False),
    ] = None,
    *,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Look into folders in folders too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a row a face: .jsonl, .csv or .parquet.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the file of --out where it stopped.")] = False,
    force: Force = False,
    annotate: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the pictures with their faces.")] = None,
    crops: Annotated[Path | None, typer.Option(metavar="DIR", help="Write each face as the net sees it.")] = None,
    blur: Annotated[bool, typer.Option("--blur", help="Make the faces in written pictures unrecognisable.")] = False,
    view: View = ViewName.seven,
    prior: Prior = None,
    detector: Detector = DetectorName.yunet,
    small_faces: Annotated[bool, typer.Option("--small-faces", help="Search large pictures for small faces.")] = False,
    min_face: Annotated[
        float, typer.Option(metavar="PX", help="Leave out smaller faces, in pixels of the picture as it is read.")
    ] = 0.0,
    min_score: Annotated[
        float | None,
        typer.Option(help="Leave out faces of which the detector is less sure.", show_default="the detector's own"),
    ] = None,
    largest: Annotated[bool, typer.Option("--largest", help="Keep the largest face of each picture.")] = False,
    max_megapixels: Annotated[float, typer.Option(help="Refuse pictures that declare more.")] = 200.0,
    model: Model = None,
    device: Device = DeviceName.cpu,
    threads: Threads = None,
    batch_size: BatchSize = BATCH_SIZE,
) -> None:
    """Name the emotion on each face.

    Prints a table a picture. Up to 5 files that are named one by one, without --out, --annotate, --crops or --json, are
    also written as NAME.mien.png into the working directory, their faces marked; for more, give --annotate a folder.
    """
    from mien.apps.cli.inputs import gather, piped
    from mien.apps.cli.pictures import Pictures
    from mien.apps.cli.screen import Screen
    from mien.apps.cli.stopping import end, stoppable, until
    from mien.core.errors import UsageError
    from mien.core.output import folder_for, refuse_existing
    from mien.imaging.decode import REDUCE_TO_PX, read_picture
    from mien.inference.analyzer import load
    from mien.inference.pipeline import pipeline
    from mien.results.document import document, picture_entry
    from mien.results.provenance import Made
    from mien.results.sinks import open_sink

    if resume and out is None:
        raise UsageError("--resume goes on with a file of results; name it with --out FILE")
    if blur and crops:
        raise UsageError("--crops writes faces and --blur hides them; leave one out")
    inputs = gather(pictures or [], recursive, piped(pictures or []))
    analyzer = load(
        model,
        detector.value,
        prior,
        view=view.value,
        device=device.value,
        threads=threads,
        batch_size=batch_size,
        small_faces=small_faces,
        min_face_px=min_face,
        min_score=min_score,
        largest=largest,
    )
    verbosity.detail(used(analyzer))
    unasked = not (annotate or out or crops or as_json) and _few(pictures or ["-"], len(inputs.paths))
    annotate = Path() if unasked else annotate
    # A reduced picture has lost the faces that are small in it, and is not what people want to have marked.
    detail_px = None if small_faces or annotate else REDUCE_TO_PX
    read = partial(read_picture, max_pixels=round(max_megapixels * 1e6), reduce_to_px=detail_px)
    made = Made(
        analyzer.model,
        analyzer.labels,
        {
            "detector": detector.value,
            "small-faces": small_faces,
            "min-face": min_face,
            "min-score": min_score,
            "largest": largest,
            "max-megapixels": max_megapixels,
            "annotate": annotate is not None,
        },
    )
    entries: list[PictureEntry] = []
    with ExitStack() as stack:
        stopped = stack.enter_context(stoppable())
        sink = stack.enter_context(open_sink(out, made, resume=resume, force=force)) if out else None
        waiting = [path for path in inputs.paths if sink is None or not sink.has(path)]
        screen = stack.enter_context(Screen(len(waiting), tables=out is None, silent=as_json))
        written = Pictures(
            inputs.paths, annotate, crops, blur, analyzer.crop, unasked=unasked, keep=unasked and not force
        )
        if not unasked:
            refuse_existing(written.marked(), force=force, resume=resume or None, option="--annotate")
        refuse_existing(written.cut(), force=force, resume=resume or None, option="--crops")
        for folder in filter(None, (annotate, crops)):
            stack.enter_context(folder_for(folder))
        for name, why in inputs.refusals:
            screen.fail(name, why)
        for outcome in until(stopped, stack.enter_context(closing(pipeline(analyzer, waiting, read)))):
            _keep(outcome, written, sink, screen)
            if as_json and outcome.result is not None:
                entries.append(picture_entry(outcome.path, outcome.result))
        screen.close(skipped=inputs.skipped, resumed=len(inputs.paths) - len(waiting), out=out)
    if as_json:
        verbosity.answer(json.dumps(document(analyzer.model, entries, screen.failures), indent=1), even_quiet=True)
    if stopped():
        raise end(f"add --resume to go on with {out}" if out else "the pictures that were left have no result")
    if screen.failures:
        raise typer.Exit(1)


def _few(names: list[str], count: int) -> bool:
    """Return whether pictures are so few, and named one by one, that their marked copies are written unasked."""
    named = all(os.path.isfile(name) for name in names)  # noqa: PTH113, as Path's own fails on what is no name
    if named and count > COPIES:
        verbosity.note(f"no marked copies of more than {COPIES} pictures, unless --annotate DIR asks for them")
    return named and count <= COPIES


def _keep(outcome: Outcome, written: Pictures, sink: Sink | None, screen: Screen) -> None:
    """Write what was asked for of one picture, and show what came of it."""
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
