"""``mien batch``: the emotions in any number of pictures, on this machine or a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from mien.apps.cli import verbosity
from mien.apps.cli.options import AnalyzerOptions, FaceOptions, Force, PictureNames, Recursive

if TYPE_CHECKING:
    from mien.apps.batch.job import Done, Job
    from mien.apps.batch.listing import Inputs
    from mien.apps.batch.units import Unit, Whole
    from mien.apps.cli.batch_screen import BatchScreen
    from mien.results.provenance import Made

UNFINISHED = 3
"""The exit code of a batch that lost machines or workers; the same command finishes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterOptions:
    """Where the work is done."""

    address: Annotated[
        str | None,
        typer.Option(help="Address of a running Ray cluster; auto: this machine's.", show_default="this machine alone"),
    ] = None
    concurrency: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Workers at once.", show_default="one for each core or GPU")
    ] = None
    num_gpus: Annotated[
        float, typer.Option(metavar="N", min=0, help="GPUs of a cluster that a worker takes, such as 1 or 0.25.")
    ] = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingOptions:
    """What is read, and how."""

    recursive: Recursive = False
    column: Annotated[
        str | None,
        typer.Option(help="Read tables (.parquet, .csv): the column with names of pictures, or in Parquet pictures."),
    ] = None
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count the pictures.")] = False
    max_megapixels: Annotated[float, typer.Option(help="Refuse pictures that declare more.")] = 200.0
    time_limit: Annotated[float, typer.Option(metavar="S", min=1, help="Give up a picture that takes longer.")] = 120.0


@dataclass(frozen=True, slots=True)
class Run:
    """One call of the command."""

    inputs: Inputs
    stdin: BinaryIO | None
    job: Job
    made: Made
    cluster: ClusterOptions
    screen: BatchScreen
    stopped: Callable[[], bool]

    def listing(self) -> Iterator[str | Whole]:
        """Yield the pictures."""
        from mien.apps.batch.listing import listing

        return listing(self.inputs, self.screen.refuse, self.stdin)

    def done(self, units: Iterable[Unit]) -> Generator[Done]:
        """Yield and show the outcomes of units, until the command is stopped."""
        from mien.apps.batch.cluster import Cluster, on_cluster
        from mien.apps.batch.worker import here
        from mien.apps.cli.stopping import until
        from mien.inference.ordered_map import cores

        asked = self.cluster
        if asked.address is None:
            found = here(units, self.job, asked.concurrency or cores(), self.stopped)
        else:
            cluster = Cluster(asked.address, asked.concurrency, asked.num_gpus)
            found = on_cluster(units, self.job, cluster, self.stopped)
        with closing(found):
            for done in until(self.stopped, found):
                self.screen.show(done)
                yield done


def batch(
    pictures: PictureNames = None,
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
    cluster: ClusterOptions,
    options: AnalyzerOptions,
    faces: FaceOptions,
) -> None:
    """Name the emotion on each face in any number of pictures, here or on a Ray cluster.

    Besides files, folders and patterns it takes addresses (s3://, gs://), tar files of pictures, and tables. If it
    is stopped in any way, run the same command again to go on. A picture that crashes or hangs fails alone. Exit code 3
    means that part of a cluster was lost: run it again.
    """
    from mien.apps.batch.listing import Inputs
    from mien.apps.batch.places import whole_name
    from mien.apps.cli.batch_screen import BatchScreen
    from mien.apps.cli.inputs import piped
    from mien.apps.cli.stopping import stoppable

    to_file = _is_file(out)
    again = f"add --resume to go on with {out}" if to_file else "run the same command again to go on"
    folder = None if to_file else whole_name(out)
    job, made = _job(options, faces, reading, folder, retry=resume)
    inputs = Inputs(
        pictures or [], reading.recursive, reading.column, absolute=not to_file or cluster.address is not None
    )
    with stoppable() as stopped, BatchScreen(None if to_file else f"{out.rstrip('/')}/failures") as screen:
        run = Run(inputs, piped(pictures or []), job, made, cluster, screen, stopped)
        if reading.dry_run:
            _foretell(run, out)
        else:
            with _goes_on(again):
                _into_file(run, Path(out), resume=resume, force=force) if to_file else _into_folder(run, force=force)
    _end(run, again)


def _job(
    options: AnalyzerOptions,
    faces: FaceOptions,
    reading: ReadingOptions,
    folder: str | None,
    *,
    retry: bool,
) -> tuple[Job, Made]:
    """Return what workers do, and what results are made with; loads the analyzer, so that its errors come first."""
    from mien.apps.batch.job import Job
    from mien.imaging.decode import REDUCE_TO_PX
    from mien.results.provenance import Made
    from mien.version import __version__

    # Workers share the cores, so the net of each takes one.
    options = replace(options, threads=options.threads or 1, model=_everywhere(options.model))
    analyzer = options.load(faces)
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
        folder,
        retry,
    )
    return job, made


def _end(run: Run, again: str) -> None:
    """Raise the exit of a run that was stopped, lost workers or had failures."""
    from mien.apps.cli.stopping import end

    if run.stopped():
        raise end(again)
    if run.screen.lost:
        verbosity.complain(f"not finished: workers on {run.screen.lost:,} pictures died; {again}")
        raise typer.Exit(UNFINISHED)
    if run.screen.failed or run.screen.refused:
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


def _foretell(run: Run, out: str) -> None:
    """Print the number of pictures and units."""
    from mien.apps.batch.units import units

    pictures = files = 0
    for unit in units(run.listing()):
        if run.stopped():
            return
        pictures += unit.pictures
        files += 1
    verbosity.say(f"{pictures:,} pictures in {files:,} units, into {out}; nothing was done")


def _into_file(run: Run, out: Path, *, resume: bool, force: bool) -> None:
    """Write all results into one file, in this process."""
    from mien.apps.batch.units import units
    from mien.results.sinks import open_sink

    resumed = 0

    def missing() -> Iterator[str | Whole]:
        nonlocal resumed
        for thing in run.listing():
            if isinstance(thing, str) and sink.has(thing):
                resumed += 1
            else:
                yield thing

    with open_sink(out, run.made, resume=resume, force=force) as sink:
        _count(run)
        for done in run.done(units(missing())):
            for entry in done.entries:
                if "error" in entry:
                    sink.fail(entry["path"], entry["error"])
                elif not sink.has(entry["path"]):
                    sink.add(entry)
        run.screen.close(out=str(out), resumed=resumed)


def _into_folder(run: Run, *, force: bool) -> None:
    """Let workers write a data set."""
    from mien.apps.batch import data_set
    from mien.apps.batch.units import Tally, units

    out = run.job.out
    assert out is not None
    manifest = _manifest(run)
    tally = Tally()
    with _held(out):
        data_set.begin(out, manifest, run.made, force=force)
        _count(run)
        for _ in run.done(tally.of(units(run.listing()))):
            pass
        screen = run.screen
        if not run.stopped() and not screen.lost and not screen.refused:
            totals = {"pictures": screen.pictures, "faces": screen.faces, "failed": screen.failed}
            data_set.end(out, manifest, tally.listing(), totals)
        screen.close(out=out)


def _manifest(run: Run) -> dict[str, object]:
    """Return the manifest of a data set: versions, settings and inputs."""
    from mien.apps.batch.places import whole_name
    from mien.apps.cli.inputs import LIST

    inputs = run.inputs
    names = [name if name == LIST else whole_name(name) for name in inputs.arguments]
    return {
        "mien": run.job.mien,
        **run.made.entry,
        "labels": list(run.made.labels),
        "inputs": names,
        "listed": {"recursive": inputs.recursive, "column": inputs.column},
    }


@contextmanager
def _held(out: str) -> Generator[None]:
    """Keep other runs on this machine from writing to a folder; folders at addresses cannot be locked."""
    from mien.apps.batch.data_set import MANIFEST
    from mien.core.locks import locked
    from mien.core.output import folder_for

    with ExitStack() as held:
        if "://" not in out:
            held.enter_context(folder_for(Path(out)))
            held.enter_context(locked(Path(out) / MANIFEST, if_writable=True))
        yield


def _count(run: Run) -> None:
    """Count the pictures beside the work, unless their names come from a pipe."""
    from mien.apps.batch.listing import listing
    from mien.apps.batch.units import units

    if run.stdin is None and not verbosity.is_quiet():
        run.screen.count(units(listing(run.inputs, lambda _, __: None)))
