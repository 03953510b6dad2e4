"""``mien batch``: the emotions in any number of pictures and videos, on this machine or a Ray cluster."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.apps.cli import verbosity
from mien.apps.cli._batch_run import ClusterOptions, Run, foretell, into_file, into_folder, refuse_gpus
from mien.apps.cli.clip_options import Section
from mien.apps.cli.options import AnalyzerOptions, DeviceName, FaceOptions, Force, Recursive, StreamOptions

if TYPE_CHECKING:
    from mien.apps.batch.job import Job
    from mien.results.provenance import Made

UNFINISHED = 3
"""The exit code of a batch that lost machines or workers; the same command finishes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingOptions:
    """What is read, and how."""

    recursive: Recursive = False
    column: Annotated[
        str | None,
        typer.Option(help="Read tables (.parquet, .csv): the column with names of pictures, or in Parquet pictures."),
    ] = None
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False
    max_megapixels: Annotated[float, typer.Option(help="Refuse pictures that declare more.")] = 200.0
    time_limit: Annotated[
        float, typer.Option(metavar="S", min=1, help="Give up a picture, or a video with a frame, that takes longer.")
    ] = 120.0


def batch(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Pictures, videos, folders or patterns; '-' or a pipe: names, one a line.", show_default=False
        ),
    ] = None,
    *,
    out: Annotated[
        str,
        typer.Option(
            metavar="DIR|FILE",
            help="A folder for Parquet files, also at an address; or one .jsonl, .csv or .parquet.",
            show_default=False,
        ),
    ],
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Try failures again, and continue a file; a folder is always continued."),
    ] = False,
    force: Force = False,
    reading: ReadingOptions,
    section: Section,
    following: StreamOptions,
    cluster: ClusterOptions,
    options: AnalyzerOptions,
    faces: FaceOptions,
) -> None:
    """Name the emotion on each face in any number of pictures and videos, here or on a Ray cluster.

    Besides files, folders and patterns it takes addresses (s3://, gs://), tar files of pictures, and tables. If it
    is stopped in any way, run the same command again to go on. What crashes or hangs fails alone. Exit code 3 means
    that part of a cluster was lost: run it again.
    """
    from mien.apps.batch.listing import Inputs
    from mien.apps.batch.storage import absolute_name
    from mien.apps.cli.batch_screen import BatchScreen
    from mien.apps.cli.inputs import piped
    from mien.apps.cli.stopping import stoppable

    refuse_gpus(cluster, options.device)
    to_file = _is_file(out)
    again = f"add --resume to go on with {out}" if to_file else "run the same command again to go on"
    folder = None if to_file else absolute_name(out)
    job, made = _job(options, faces, reading, here=cluster.address is None)
    if not to_file:
        job, made = _with_clips(job, made, section, following)
    job = replace(job, out=folder, retry=resume)
    inputs = Inputs(
        files or [],
        reading.recursive,
        reading.column,
        absolute=not to_file or cluster.address is not None,
        clips=not to_file,
    )
    with stoppable() as stopped, BatchScreen(None if to_file else f"{out.rstrip('/')}/failures") as screen:
        run = Run(inputs, piped(files or []), job, made, cluster, screen, stopped)
        if reading.dry_run:
            foretell(run, out)
        else:
            with _goes_on(again):
                into_file(run, Path(out), resume=resume, force=force) if to_file else into_folder(run, force=force)
    _end(run, again)


def _job(options: AnalyzerOptions, faces: FaceOptions, reading: ReadingOptions, *, here: bool) -> tuple[Job, Made]:
    """Return what workers do with pictures, and what makes results; loads the analyzer, so its errors come first."""
    from mien.apps.batch.job import Job
    from mien.imaging.decode import REDUCE_TO_PX
    from mien.results.provenance import Made
    from mien.version import __version__

    # Workers share the cores, so the net of each takes one.
    options = replace(options, threads=options.threads or 1, model=_everywhere(options.model))
    # A cluster's GPUs may not be where the command runs.
    analyzer = (options if here else replace(options, device=DeviceName.cpu)).load(faces)
    # As 'mien image' notes them, so that either command can resume the other's file.
    settings = {"detector": options.detector.value, **faces.settings(), "max-megapixels": reading.max_megapixels}
    made = Made(analyzer.model, analyzer.labels, settings)
    job = Job(
        options.arguments() | faces.arguments(),
        round(reading.max_megapixels * 1e6),
        None if faces.small_faces else REDUCE_TO_PX,
        reading.time_limit,
        __version__,
        made.entry,
        made.labels,
    )
    return job, made


def _with_clips(job: Job, made: Made, section: Section, following: StreamOptions) -> tuple[Job, Made]:
    """Return what workers do with clips too."""
    from mien.core.clip_options import ClipOptions

    made = replace(made, settings={**made.settings, **section.settings(), **following.settings()})
    clips = ClipOptions(
        smooth_s=following.smooth,
        detect_every=following.detect_every,
        start_s=section.start_s,
        end_s=section.end_s,
        fps=section.fps,
    )
    return replace(job, made=made.entry, clips=clips), made


def _end(run: Run, again: str) -> None:
    """Raise the exit of a run that was stopped, lost workers or had failures."""
    from mien.apps.cli.stopping import end

    if run.stopped():
        raise end(again)
    if run.screen.lost:
        verbosity.complain(f"not finished: workers on {run.screen.lost:,} files died; {again}")
        raise typer.Exit(UNFINISHED)
    if run.screen.totals.failed or run.screen.refused:
        raise typer.Exit(1)


def _everywhere(model: Path | None) -> Path | None:
    """Return a model's file as an absolute path, a packaged one by its name."""
    return model.absolute() if model is not None and model.exists() else model


def _is_file(out: str) -> bool:
    from mien.results.sinks import TABLES

    return Path(out).suffix.lower() in TABLES and not out.endswith("/")


@contextmanager
def _goes_on(again: str) -> Generator[None]:
    """Say what to do if the cluster is lost."""
    from mien.apps.batch.cluster import ClusterLostError

    try:
        yield
    except ClusterLostError as error:
        verbosity.complain(f"not finished: {error}; {again}")
        raise typer.Exit(UNFINISHED) from error
