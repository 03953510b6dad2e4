"""Where results go while they are made: JSON lines, CSV or Parquet, each readable after a kill.

JSON lines are a journal (``mien.infer.journal``). A table has its journal beside it, ``NAME.csv.jsonl``, which knows
the pictures without a face, as no row of the table does, and from which the table can be made at any time. CSV grows
with the journal. A Parquet file cannot be read before its end is written, so it is made as the sink closes, also on
Ctrl-C.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from itertools import chain, islice
from pathlib import Path
from typing import Any

from mien.core.errors import UsageError
from mien.core.files import whole_file
from mien.core.types import Result
from mien.infer.document import SCHEMA, picture_entry
from mien.infer.journal import Taken, append, explained, json_line, pictures, take_up
from mien.infer.rows import Columns, Row, columns, model_name, rows

ROWS_A_GROUP = 10_000
"""Rows of a Parquet file that are in memory at once."""

Table = Callable[[dict[str, Any]], None]
"""Takes the journal's entry of one picture."""


class Sink:
    """Takes the results of pictures as they are made; ``open_sink`` opens it.

    Attributes:
        done: the paths that ``--resume`` found finished; failures are not among them.
        entries: how many entries it found.
        recorded: those entries, one by one; read them before, or while, more are written.
        finished: whether they go to the end of their video.
    """

    def __init__(self, path: Path, journal: io.FileIO, model: dict[str, Any], taken: Taken, table: Table) -> None:
        self.done = taken.paths
        self.entries, self.finished = taken.entries, taken.finished
        self.recorded = islice(pictures(Path(journal.name)), taken.entries)
        self._path = path
        self._journal = journal
        self._model = model
        self._table = table

    def write(self, path: str, result: Result) -> None:
        """Keep the result of one picture.

        Raises:
            MienError: the file cannot be written.
        """
        with explained(self._path):
            self._table(self._keep(picture_entry(path, result)))

    def fail(self, path: str, error: str) -> None:
        """Keep why a picture has no result; ``--resume`` tries it again.

        Raises:
            MienError: the file cannot be written.
        """
        with explained(self._path):
            self._keep({"path": path, "error": error})

    def finish(self, path: str, end_s: float, damaged: int, notes: Sequence[str] = ()) -> None:
        """Keep that a video came to its end, when, how many of its frames were damaged, and what else to know of it.

        Raises:
            MienError: the file cannot be written.
        """
        with explained(self._path):
            self._keep({"path": path, "end_s": round(end_s, 6), "damaged": damaged, "notes": list(notes)})

    def _keep(self, entry: dict[str, Any]) -> dict[str, Any]:
        entry = entry | {"schema": SCHEMA, "model": self._model}
        append(self._journal, json_line(entry))
        return entry


@contextmanager
def open_sink(
    path: Path, model: dict[str, Any], labels: tuple[str, ...], resume: bool = False, timed: bool = False
) -> Generator[Sink]:
    """Open a file for results; its suffix picks the format. Its folder is made.

    Args:
        path: ends in .jsonl, .csv or .parquet.
        model: what ``mien.infer.document.model_entry`` says of the model that makes the results.
        labels: the emotions of the results.
        resume: go on with the file where there is one.
        timed: whether the results are the frames of a video.

    Raises:
        UsageError: the suffix is another; pyarrow is missing for .parquet; the file is there and ``resume`` is not set,
            or it is there and another model, other emotions or another schema made it.
        MienError: the file cannot be written.
    """
    kind = path.suffix.lower()
    if kind not in TABLES:
        raise UsageError(f"--out takes a name that ends in {', '.join(TABLES)}; got {path.name}")
    if kind == ".parquet":
        _need_pyarrow()
    journal = path if kind == ".jsonl" else path.with_name(path.name + ".jsonl")
    _refuse_to_overwrite(path, journal, resume)
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        taken = take_up(journal, model, labels, timed) if journal.exists() else Taken()
        file = journal.open("ab", buffering=0)
    with file, TABLES[kind](path, journal, columns(labels, timed)) as table:
        yield Sink(path, file, model, taken, table)


def _refuse_to_overwrite(path: Path, journal: Path, resume: bool) -> None:
    for file in (path, journal):
        if file.exists() and not resume:
            raise UsageError(f"{file} is there already; add --resume to go on where it stopped, or give another name")
    if path.exists() and not journal.exists():
        raise UsageError(f"{path} has no {journal.name} beside it, from which --resume goes on; give another name")


def _no_table(path: Path, journal: Path, kinds: Columns) -> AbstractContextManager[Table]:
    return nullcontext(lambda _: None)


@contextmanager
def _csv_table(path: Path, journal: Path, kinds: Columns) -> Generator[Table]:
    """Write what the journal has, then let the file grow picture by picture."""
    with explained(path):
        with whole_file(path) as whole:
            whole.write(_csv_line(kinds))
            for row in _rows(pictures(journal)):
                whole.write(_csv_line(row.values()))
        file = path.open("ab", buffering=0)

    def grow(entry: dict[str, Any]) -> None:
        append(file, b"".join(_csv_line(row.values()) for row in _rows([entry])))

    with file:
        yield grow


@contextmanager
def _parquet_table(path: Path, journal: Path, kinds: Columns) -> Generator[Table]:
    """Write the file from the journal at the end, whatever the end is."""
    try:
        yield lambda _: None
    finally:
        with explained(path):
            _write_parquet(path, _rows(pictures(journal)), kinds)


TABLES: dict[str, Callable[[Path, Path, Columns], AbstractContextManager[Table]]] = {
    ".jsonl": _no_table,
    ".csv": _csv_table,
    ".parquet": _parquet_table,
}
"""The table that a suffix asks for: (path, journal, columns) -> what takes the rows."""


def _rows(entries: Iterable[dict[str, Any]]) -> Iterator[Row]:
    return chain.from_iterable(rows(entry, model_name(entry["model"])) for entry in entries)


def _csv_line(cells: Iterable[object]) -> bytes:
    """Return a line of CSV, quoted as RFC 4180 has it, in UTF-8, ended by a line feed."""
    text, values = io.StringIO(newline=""), list(cells)
    # csv quotes a carriage return of its own accord only where its lines end in one.
    quoting = csv.QUOTE_NONNUMERIC if "\r" in str(values[0]) else csv.QUOTE_MINIMAL
    csv.writer(text, lineterminator="\n", quoting=quoting).writerow(values)
    return text.getvalue().encode()


def _need_pyarrow() -> None:
    try:
        import_module("pyarrow.parquet")
    except ImportError as error:
        raise UsageError(
            "a .parquet file needs pyarrow, which is not installed; run: pip install pyarrow, or write .csv or .jsonl"
        ) from error


def _write_parquet(path: Path, found: Iterator[Row], columns: Columns) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in columns.items()])
    with whole_file(path) as file, pq.ParquetWriter(file, schema) as writer:
        while group := list(islice(found, ROWS_A_GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
