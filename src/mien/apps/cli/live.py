"""``mien live``: the emotions before a camera, as they are seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.apps.cli import verbosity
from mien.apps.cli.options import AnalyzerOptions, Force, StreamOptions
from mien.apps.live.keys import KEYS_SENTENCE

if TYPE_CHECKING:
    from contextlib import ExitStack

    from mien.apps.live import loop
    from mien.results.provenance import Made
    from mien.tracking.stream import Stream
    from mien.video.camera import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What is stored."""

    record: Annotated[
        Path | None, typer.Option(metavar="FILE.mp4", help="Record what is shown, from the first picture on.")
    ] = None
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a row a face a frame: .jsonl, .csv or .parquet.")
    ] = None
    force: Force = False


def live(
    *,
    source: Annotated[
        str, typer.Option(help="A camera's number, rtsp://... or another address, or a video file.")
    ] = "0",
    window: Annotated[bool, typer.Option(help="Show a window; without it, print what is seen.")] = True,
    mirror: Annotated[
        bool | None,
        typer.Option("--mirror/--no-mirror", help="Mirror the picture.", show_default="for cameras by number"),
    ] = None,
    output: Output,
    following: StreamOptions,
    options: AnalyzerOptions,
) -> None:
    """Name the emotion on each face before a camera. Nothing is stored unless asked for.

    {keys}
    """
    from mien.results.provenance import Made
    from mien.tracking.stream import Stream
    from mien.video.camera import find_source

    if output.record is not None:
        _check_film(output.record, output.force)
    place = find_source(source)
    analyzer = options.load()
    stream = Stream(analyzer, following.smooth, following.detect_every)
    settings = {"detector": options.detector.value, **following.settings()}
    made = Made(analyzer.model, analyzer.labels, settings, place.name)
    _watch(place, stream, made, output, window=window, mirror=place.faces_user if mirror is None else mirror)


live.__doc__ = (live.__doc__ or "").format(keys=KEYS_SENTENCE)


def _watch(place: Source, stream: Stream, made: Made, output: Output, *, window: bool, mirror: bool) -> None:
    """Show a source until it ends, store what was asked for, and print a summary.

    Raises:
        MienError: a film could not be written.
        Exit: it was stopped.
    """
    from contextlib import ExitStack
    from functools import partial

    from mien.apps.cli.stopping import STOPPED, stoppable
    from mien.apps.live.loop import Live
    from mien.apps.live.recorder import Recorder
    from mien.core.errors import MienError
    from mien.results.sinks import open_sink
    from mien.video.capture import RETRY_S, Capture

    out, record = output.out, output.record
    with ExitStack() as stack:
        stopped = stack.enter_context(stoppable())
        display = _view(window, place.name, stack)
        sink = stack.enter_context(open_sink(out, made, force=output.force)) if out else None
        recorder = stack.enter_context(Recorder())
        if record is not None:
            recorder.start(record)
        capture = stack.enter_context(Capture(place.open, place.name, retry_s=RETRY_S if place.reopens else None))
        sinks = [partial(sink.write, place.name)] if sink else []
        run = Live(capture, stream, display, recorder, sinks=sinks, mirror=mirror, stopped=stopped)
        run.run()
        if sink is not None and run.frames:
            sink.finish(place.name, run.end_s, 0)
    files = [*([out] if out and run.frames else []), *recorder.files]
    written = f"; wrote {', '.join(map(str, files))}" if files else ""
    count = f"{run.frames:,} frame{'' if run.frames == 1 else 's'}"
    verbosity.note(f"{count} of {place.name}{written}")
    if recorder.failure:
        raise MienError(recorder.failure)
    if stopped():
        raise typer.Exit(STOPPED)


def _view(window: bool, name: str, stack: ExitStack) -> loop.View:
    """Return the view of a source: window, terminal or lines; the stack closes it."""
    from mien.apps.live.views import LineView, TerminalView, WindowView
    from mien.apps.live.window import Window

    if window:
        return WindowView(stack.enter_context(Window(f"mien live: {name}")))
    console = verbosity.console()
    if console.is_terminal:
        return stack.enter_context(TerminalView(console))
    return LineView(verbosity.output, verbosity.note)


def _check_film(path: Path, force: bool) -> None:
    """Refuse a file that cannot be recorded to, before recording starts.

    Raises:
        UsageError: it has another suffix, its folder does not exist, or it exists and ``force`` is not set.
    """
    from mien.core.errors import UsageError
    from mien.core.output import refuse_existing

    if path.suffix.lower() != ".mp4":
        raise UsageError(f"--record writes MP4; got {path}, expected a name that ends in .mp4")
    if not path.parent.is_dir():
        raise UsageError(f"--record {path}: there is no folder {path.parent}; make it first")
    refuse_existing([path], force=force, option="--record")
