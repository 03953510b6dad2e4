"""``mien batch``: the emotions in pictures, on all machines of a Ray cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.apps.cli.options import AnalyzerOptions, Force, PictureNames, Recursive, Resume

if TYPE_CHECKING:
    from mien.apps.cli.screen import Screen
    from mien.inference.pipeline import Outcome
    from mien.results.provenance import Made
    from mien.results.sinks import Sink


def batch(
    pictures: PictureNames = None,
    *,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Write a row a face: .jsonl, .csv or .parquet.", show_default=False)
    ],
    resume: Resume = False,
    force: Force = False,
    recursive: Recursive = False,
    address: Annotated[
        str | None,
        typer.Option(
            help="Address of a running Ray cluster; auto: this machine's.", show_default="one is started here"
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="The most workers.", show_default="one for each core of the cluster")
    ] = None,
    options: AnalyzerOptions,
) -> None:
    """Name the emotion on each face, on all machines of a Ray cluster.

    All machines must have mien installed and the same files at the same paths. Pictures that fail, even by crashing a
    worker, are listed and noted in the log of --out.
    """
    from contextlib import ExitStack, closing

    from mien.apps.batch import Settings, distribute
    from mien.apps.cli.inputs import gather, piped
    from mien.apps.cli.screen import Screen
    from mien.apps.cli.stopping import end, stoppable, until
    from mien.results.sinks import open_sink

    inputs = gather(pictures or [], recursive, piped(pictures or []))
    settings, made = Settings(**options.arguments()), _made(options)
    with ExitStack() as stack:
        stopped = stack.enter_context(stoppable())
        sink = stack.enter_context(open_sink(out, made, resume=resume, force=force))
        waiting = [path for path in inputs.paths if not sink.has(path)]
        screen = stack.enter_context(Screen(len(waiting), tables=False, silent=False))
        for name, why in inputs.refusals:
            screen.fail(name, why)
        for outcome in until(stopped, stack.enter_context(closing(distribute(waiting, settings, address, workers)))):
            _keep(outcome, sink, screen)
        screen.close(skipped=inputs.skipped, resumed=len(inputs.paths) - len(waiting), out=out)
    if stopped():
        raise end(f"add --resume to go on with {out}")
    if screen.failures:
        raise typer.Exit(1)


def _made(options: AnalyzerOptions) -> Made:
    """Return what the results are made with; the analyzer is loaded, so that its errors come before Ray starts."""
    from mien.imaging.decode import MAX_PIXELS
    from mien.results.provenance import Made

    analyzer = options.load()
    # Workers read pictures as 'mien image' does by default, so either command can resume the other's file.
    settings = {"detector": options.detector.value, "max-megapixels": MAX_PIXELS / 1e6}
    return Made(analyzer.model, analyzer.labels, settings)


def _keep(outcome: Outcome, sink: Sink, screen: Screen) -> None:
    """Write and show the outcome of one picture."""
    if outcome.result is None:
        screen.fail(outcome.path, outcome.error)
        sink.fail(outcome.path, outcome.error)
    else:
        sink.write(outcome.path, outcome.result)
        screen.show(outcome, [])
