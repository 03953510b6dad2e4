"""The work on a unit, in plain functions that are the same with and without Ray."""

from __future__ import annotations

import pickle
import shutil
import tarfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, TypeVar

from mien.apps.batch import data_set
from mien.apps.batch.isolated import TRIES, Bench, FailedClipError
from mien.apps.batch.job import ClipFile, Done, Entry, Job, kept
from mien.apps.batch.storage import is_url, place_of, read_bytes
from mien.apps.batch.units import Shard, Unit
from mien.core.child import ChildDiedError
from mien.imaging.formats import PICTURE_SUFFIXES
from mien.inference.ordered_map import ordered_map, unordered_map
from mien.results.document import FailureEntry

DOWNLOADS_AT_ONCE = 4
"""Files that are downloaded from addresses at the same time, as most of that time is waiting."""

ROWS_AT_ONCE = 16
"""Rows of a Parquet file with pictures in it that are in memory at once."""

Picture = tuple[str, bytes | OSError | None]
"""Its name; and the bytes of its file, None if the file is on this machine, or the error of reading it."""


Thing = TypeVar("Thing")


class StoppedError(Exception):
    """The command was stopped before the unit was done."""


def work(unit: Unit, job: Job, bench: Bench, stopped: Callable[[], bool] = lambda: False) -> Done:
    """Analyse a unit, and write its results into the data set, or return those of pictures if there is none.

    Args:
        unit: of pictures, or a clip.
        job: what is done with them.
        bench: analyses them.
        stopped: whether to stop.

    Raises:
        StoppedError: it was stopped, and nothing was written.
        MienError: an error that concerns more than one picture or clip.
    """
    if job.out is not None and (before := data_set.found(unit, job)):
        return before
    if unit.is_clip:
        return _clip(unit, job, bench, stopped)
    entries = (_entry(bench, name, data) for name, data in _until(stopped, pictures(unit)))
    return data_set.write(unit, entries, job) if job.out is not None else kept(unit.number, list(entries))


def work_remotely(unit: Unit, job: bytes) -> Done:
    """Do ``work`` for a pickled job, and keep the child processes for the next unit."""
    return work(unit, *_kept(job))


@cache
def _kept(job: bytes) -> tuple[Job, Bench]:
    wanted = pickle.loads(job)
    return wanted, Bench(wanted)


def _clip(unit: Unit, job: Job, bench: Bench, stopped: Callable[[], bool]) -> Done:
    """Write the results of a clip, or why it has none."""
    [name] = unit.names
    try:
        with _here(name) as file:
            failure = None
            for _ in range(TRIES):
                try:
                    return data_set.write(unit, _until(stopped, bench.clip(ClipFile(name, file))), job)
                except ChildDiedError as died:
                    failure = bench.failure(name, died, "mien video")
                    if died.timed_out:
                        break
            assert failure is not None
    except FailedClipError as failed:
        failure = failed.entry
    except OSError as error:
        failure = _unread(name, error)
    return data_set.write(unit, [failure], job)


def _until(stopped: Callable[[], bool], things: Generator[Thing]) -> Iterator[Thing]:
    with closing(things):
        for thing in things:
            if stopped():
                raise StoppedError
            yield thing


@contextmanager
def _here(name: str) -> Generator[str]:
    """Yield the name of a file on this machine; from an address it is copied for as long.

    Raises:
        OSError: it cannot be read.
    """
    if not is_url(name):
        yield name
        return
    system, path = place_of(name)
    with NamedTemporaryFile(suffix=Path(name).suffix) as copy:
        with system.open_input_stream(path) as stream:
            shutil.copyfileobj(stream, copy)
        copy.flush()
        yield copy.name


def pictures(unit: Unit) -> Generator[Picture]:
    """Yield the pictures of a unit. A file of many that cannot be read is yielded itself, with its error."""
    if unit.shard is None:
        yield from _files(unit.names)
        return
    try:
        yield from _rows(unit.shard) if unit.shard.column else _members(unit.shard)
    except (OSError, tarfile.TarError) as error:
        yield unit.shard.name, error if isinstance(error, OSError) else OSError(str(error))


def _entry(bench: Bench, name: str, data: bytes | OSError | None) -> Entry:
    if isinstance(data, OSError):
        return _unread(name, data)
    return bench.entry(name, data)


def _unread(name: str, error: OSError) -> FailureEntry:
    return {"path": name, "error": f"cannot read {name}: {error.strerror or error}"}


def _files(names: tuple[str, ...]) -> Iterator[Picture]:
    if any(is_url(name) for name in names):
        yield from ordered_map(_fetched, names, DOWNLOADS_AT_ONCE)
    else:
        yield from ((name, None) for name in names)


def _fetched(name: str) -> Picture:
    if not is_url(name):
        return name, None
    try:
        return name, read_bytes(name)
    except OSError as error:
        return name, error


def _members(shard: Shard) -> Iterator[Picture]:
    """Yield the pictures of a tar file, such as WebDataset's, in one pass."""
    system, path = place_of(shard.name)
    with system.open_input_stream(path) as stream, tarfile.open(fileobj=stream, mode="r|*") as members:
        for member in members:
            if member.isfile() and Path(member.name).suffix.lower() in PICTURE_SUFFIXES:
                content = members.extractfile(member)
                assert content is not None
                yield f"{shard.name}/{member.name}", content.read()


def _rows(shard: Shard) -> Iterator[Picture]:
    """Yield the pictures of a Parquet file: bytes, or a structure with a field ``bytes``, as Hugging Face writes it."""
    from pyarrow import parquet

    system, path = place_of(shard.name)
    number = shard.row
    with parquet.ParquetFile(path, filesystem=system) as table:
        for batch in table.iter_batches(ROWS_AT_ONCE, row_groups=list(shard.groups), columns=[shard.column]):
            for value in batch.column(0).to_pylist():
                yield f"{shard.name}/{number}", _bytes(value)
                number += 1


def _bytes(value: Any) -> bytes | OSError:
    found = value.get("bytes") if isinstance(value, dict) else value
    return found if isinstance(found, bytes) else OSError("its row holds no bytes of a picture")


def here(units: Iterable[Unit], job: Job, concurrency: int, stopped: Callable[[], bool]) -> Generator[Done]:
    """Yield the outcomes of units, with so many worked on at once on this machine; in order if they are kept.

    Raises:
        MienError: as for ``work``.
    """
    with Bench(job) as bench:
        spread = ordered_map if job.out is None else unordered_map
        done = spread(partial(work, job=job, bench=bench, stopped=stopped), units, concurrency)
        with closing(done), suppress(StoppedError):
            yield from done
