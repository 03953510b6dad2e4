"""What ``mien batch`` does with its pictures: count them, or write their results into one file or a data set."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from mien.apps.cli import verbosity
from mien.apps.cli.options import DeviceName
from mien.core.errors import UsageError

if TYPE_CHECKING:
    from mien.apps.batch.job import Done, Job
    from mien.apps.batch.listing import Inputs
    from mien.apps.batch.units import Shard, Unit
    from mien.apps.cli.batch_screen import BatchScreen
    from mien.results.provenance import Made


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


def refuse_gpus(cluster: ClusterOptions, device: DeviceName) -> None:
    """Raise an error if workers would share GPUs that they do not use, or use GPUs that they do not share.

    Raises:
        UsageError: they would.
    """
    if cluster.num_gpus and cluster.address is None:
        raise UsageError("--num-gpus is for the workers of a cluster; leave it out, or add --address")
    if cluster.num_gpus and device == DeviceName.cpu:
        raise UsageError("with --num-gpus workers keep GPUs, and with --device cpu they use none; add --device cuda")
    if device == DeviceName.cuda and cluster.address is not None and not cluster.num_gpus:
        raise UsageError(
            "with --device cuda alone, all workers of a machine would use its first GPU; add --num-gpus, the share of "
            "a GPU that a worker takes, such as 0.25"
        )


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

    def listing(self) -> Iterator[str | Shard]:
        """Yield the pictures; complain if there are none."""
        from mien.apps.batch.listing import listing
        from mien.apps.cli.inputs import LIST

        empty = True
        for thing in listing(self.inputs, self.screen.refuse, self.stdin):
            empty = False
            yield thing
        if empty and not self.screen.refused:
            self.screen.refuse(LIST, _why_empty(self.inputs))

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


def _why_empty(inputs: Inputs) -> str:
    """Return why nothing is listed, where no argument was refused."""
    if inputs.column is not None:
        return f"column '{inputs.column}' of the tables holds nothing; expected names or pictures in it"
    return f"standard input names no {inputs.kind}; expected one name a line"


def foretell(run: Run, out: str) -> None:
    """Print the number of pictures, clips and units."""
    from mien.apps.batch.units import units

    pictures = clips = number = 0
    for unit in units(run.listing()):
        if run.stopped():
            return
        pictures += 0 if unit.is_clip else unit.files
        clips += unit.is_clip
        number += 1
    found = f"{pictures:,} pictures" + (f" and {clips:,} videos" if clips else "")
    verbosity.say(f"{found} in {number:,} units, into {out}; nothing was done")


def into_file(run: Run, out: Path, *, resume: bool, force: bool) -> None:
    """Write all results into one file, in this process."""
    from mien.apps.batch.units import is_clip, units
    from mien.results.sinks import open_sink

    resumed = 0

    def missing() -> Iterator[str | Shard]:
        nonlocal resumed
        for thing in run.listing():
            if isinstance(thing, str) and is_clip(thing):
                run.screen.refuse(thing, f"{thing} is a video, and one file takes pictures; give --out a folder")
            elif isinstance(thing, str) and sink.has(thing):
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


def into_folder(run: Run, *, force: bool) -> None:
    """Let workers write a data set."""
    from mien.apps.batch import data_set
    from mien.apps.batch.units import Tally, units
    from mien.report.batch_page import batch_page

    out = run.job.out
    assert out is not None
    listed = _readable(units(run.listing()))
    first = next(listed, None)
    if first is None:  # nothing is begun, so that the same folder can be that of the right names
        return
    manifest = _manifest(run)
    tally = Tally()
    with _held(out):
        data_set.begin(out, manifest, run.made, force=force)
        _count(run)
        for _ in run.done(tally.of(chain([first], listed))):
            pass
        screen = run.screen
        if not run.stopped() and not screen.lost and not screen.refused:
            manifest |= {"listing": tally.listing()}
            page, anew = batch_page(screen.run, manifest), screen.before.files < screen.totals.files
            data_set.end(out, manifest, screen.totals, page, anew=anew)
            out = f"{out}; {out}/{data_set.PAGE} shows this too"
        screen.close(out=out)


def _readable(listed: Iterable[Unit]) -> Iterator[Unit]:
    """Yield units.

    Raises:
        MissingExtra: one is a video, and what reads these is not installed.
    """
    for unit in listed:
        if unit.is_clip:
            import_module("mien.video.reader")
        yield unit


def _manifest(run: Run) -> dict[str, object]:
    """Return the manifest of a data set: versions, settings and inputs."""
    from mien.apps.batch.storage import absolute_name
    from mien.apps.cli.inputs import LIST

    inputs = run.inputs
    names = [name if name == LIST else absolute_name(name) for name in inputs.arguments or [LIST]]
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
