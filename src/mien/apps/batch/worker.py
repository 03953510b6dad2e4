"""The work on a unit, in plain functions that are the same with and without Ray."""

from __future__ import annotations

import pickle
import tarfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

from mien.apps.batch import data_set
from mien.apps.batch.isolated import Bench
from mien.apps.batch.job import Done, Entry, Job, summed
from mien.apps.batch.places import is_url, place_of, read_bytes
from mien.apps.batch.units import Unit, Whole
from mien.imaging.formats import PICTURE_SUFFIXES
from mien.inference.ordered_map import ordered_map

DOWNLOADS_AT_ONCE = 4
"""Files that are downloaded from addresses at the same time, as most of that time is waiting."""

ROWS_AT_ONCE = 16
"""Rows of a Parquet file with pictures in it that are in memory at once."""

Picture = tuple[str, bytes | OSError | None]
"""Its name; and the bytes of its file, None if the file is on this machine, or the error of reading it."""


class StoppedError(Exception):
    """The command was stopped before the unit was done."""


def work(unit: Unit, job: Job, bench: Bench, stopped: Callable[[], bool] = lambda: False) -> Done:
    """Analyse the pictures of a unit, and write their results into the data set, or return them if there is none.

    Args:
        unit: of pictures.
        job: what is done with them.
        bench: analyses them.
        stopped: whether to stop.

    Raises:
        StoppedError: it was stopped, and nothing was written.
        MienError: an error that concerns more than one picture.
    """
    if job.out is not None and (before := data_set.found(unit, job)):
        return before
    entries: list[Entry] = []
    for name, data in pictures(unit):
        if stopped():
            raise StoppedError
        entries.append(_entry(bench, name, data))
    if job.out is not None:
        return data_set.write(unit, entries, job)
    return summed(unit.number, entries, kept=True)


def work_remotely(unit: Unit, job: bytes) -> Done:
    """Do ``work`` for a pickled job, and keep the child processes for the next unit."""
    return work(unit, *_kept(job))


@cache
def _kept(job: bytes) -> tuple[Job, Bench]:
    wanted = pickle.loads(job)
    return wanted, Bench(wanted)


def pictures(unit: Unit) -> Iterator[Picture]:
    """Yield the pictures of a unit. A file of many that cannot be read is yielded itself, with its error."""
    if unit.whole is None:
        yield from _files(unit.names)
        return
    try:
        yield from _rows(unit.whole) if unit.whole.column else _members(unit.whole)
    except (OSError, tarfile.TarError) as error:
        yield unit.whole.name, error if isinstance(error, OSError) else OSError(str(error))


def _entry(bench: Bench, name: str, data: bytes | OSError | None) -> Entry:
    if isinstance(data, OSError):
        return {"path": name, "error": f"cannot read {name}: {data.strerror or data}"}
    return bench.entry(name, data)


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


def _members(whole: Whole) -> Iterator[Picture]:
    """Yield the pictures of a tar file, such as WebDataset's, in one pass."""
    system, path = place_of(whole.name)
    with system.open_input_stream(path) as stream, tarfile.open(fileobj=stream, mode="r|*") as members:
        for member in members:
            if member.isfile() and Path(member.name).suffix.lower() in PICTURE_SUFFIXES:
                content = members.extractfile(member)
                assert content is not None
                yield f"{whole.name}/{member.name}", content.read()


def _rows(whole: Whole) -> Iterator[Picture]:
    """Yield the pictures of a Parquet file: bytes, or a structure with a field ``bytes``, as Hugging Face writes it."""
    from pyarrow import parquet

    system, path = place_of(whole.name)
    number = whole.row
    with parquet.ParquetFile(path, filesystem=system) as table:
        for batch in table.iter_batches(ROWS_AT_ONCE, row_groups=list(whole.groups), columns=[whole.column]):
            for value in batch.column(0).to_pylist():
                yield f"{whole.name}/{number}", _bytes(value)
                number += 1


def _bytes(value: Any) -> bytes | OSError:
    found = value.get("bytes") if isinstance(value, dict) else value
    return found if isinstance(found, bytes) else OSError("its row holds no bytes of a picture")


def here(units: Iterable[Unit], job: Job, concurrency: int, stopped: Callable[[], bool]) -> Generator[Done]:
    """Yield the outcomes of units, in order, with so many worked on at once on this machine.

    Raises:
        MienError: as for ``work``.
    """
    with Bench(job) as bench:
        done = ordered_map(partial(work, job=job, bench=bench, stopped=stopped), units, concurrency)
        with closing(done), suppress(StoppedError):
            yield from done
