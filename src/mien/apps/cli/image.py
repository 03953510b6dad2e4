"""``mien image``: the emotions in saved pictures, from one to a folder of thousands."""

from __future__ import annotations

import json
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from mien.apps.cli import details, voice
from mien.apps.cli.choices import Detector, DetectorName, Labels, LabelSet, Model, Prior


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
    annotate: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the pictures with their faces.")] = None,
    crops: Annotated[Path | None, typer.Option(metavar="DIR", help="Write each face as the net sees it.")] = None,
    blur: Annotated[bool, typer.Option("--blur", help="Make the faces in written pictures unrecognisable.")] = False,
    labels: Labels = LabelSet.seven,
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
) -> None:
    """Name the emotion on each face.

    Prints a table a picture. Files named one by one, without --out, --annotate, --crops or --json, are also written as
    NAME.mien.png into the working directory, their faces marked.
    """
    from mien.apps.cli.inputs import gather, piped
    from mien.apps.cli.pictures import Pictures
    from mien.apps.cli.screen import Screen
    from mien.core.errors import ImageError, UsageError
    from mien.core.prior import parse_prior
    from mien.infer.analyze import load
    from mien.infer.document import document, picture_entry
    from mien.infer.pipeline import pipeline
    from mien.infer.sinks import open_sink
    from mien.vision.images import REDUCE_TO_PX, read_picture

    if resume and out is None:
        raise UsageError("--resume goes on with a file of results; name it with --out FILE")
    if blur and crops:
        raise UsageError("--crops writes faces and --blur hides them; leave one out")
    power = None if prior is None else parse_prior(prior)
    inputs = gather(pictures or [], recursive, piped(pictures or []))
    analyzer = load(
        model,
        detector.value,
        power,
        labels=labels.value,
        small_faces=small_faces,
        min_face_px=min_face,
        min_score=min_score,
        largest=largest,
    )
    voice.detail(details.model(analyzer))
    if not (annotate or out or crops or as_json) and all(Path(name).is_file() for name in pictures or ["-"]):
        annotate = Path()
    # A reduced picture has lost the faces that are small in it, and is not what people want to have marked.
    detail_px = None if small_faces or annotate else REDUCE_TO_PX
    read = partial(read_picture, max_pixels=round(max_megapixels * 1e6), reduce_to_px=detail_px)
    entries: list[dict[str, Any]] = []
    with ExitStack() as stack:
        sink = stack.enter_context(open_sink(out, analyzer.model, analyzer.labels, resume)) if out else None
        waiting = [path for path in inputs.paths if sink is None or str(path) not in sink.done]
        screen = stack.enter_context(Screen(len(waiting), tables=out is None, silent=as_json))
        written = Pictures(inputs.paths, annotate, crops, blur, analyzer.crop)
        for name, why in inputs.refusals:
            screen.fail(name, why)
        for outcome in stack.enter_context(closing(pipeline(analyzer, waiting, read))):
            if outcome.result is None:
                screen.fail(outcome.path, outcome.error)
                if sink:
                    sink.fail(outcome.path, outcome.error)
                continue
            try:
                files = written.write(outcome.path, outcome.result)
            except ImageError as error:
                files = []
                screen.fail(outcome.path, str(error))
            if sink:
                sink.write(outcome.path, outcome.result)
            if as_json:
                entries.append(picture_entry(outcome.path, outcome.result))
            screen.show(outcome, files)
        screen.close(skipped=inputs.skipped, resumed=len(inputs.paths) - len(waiting), out=out)
    if as_json:
        typer.echo(json.dumps(document(analyzer.model, entries, screen.failures), indent=1))
    if screen.failures:
        raise typer.Exit(1)
