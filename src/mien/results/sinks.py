"""Where results go while they are made: JSON lines, CSV or Parquet, each readable after a kill.

JSON lines are a log (``mien.results.log``). A table has its log beside it, ``NAME.csv.jsonl``, which knows
the pictures without a face, as no row of the table does, and from which the table can be made at any time. CSV grows
with the log. A Parquet file cannot be read before its end is written, so it is made as the sink closes, also on
Ctrl-C.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from importlib import import_module
from itertools import chain, islice
from pathlib import Path
from typing import Any

from mien.core.errors import UsageError
from mien.core.locks import locked
from mien.core.output import Places, folder_for, refuse_existing, whole_file
from mien.core.result import Result
from mien.results.document import EndEntry, FailureEntry, LogEntry, PictureEntry, Setting, end_entry, picture_entry
from mien.results.identities import NOBODY_SAID, Identities
from mien.results.log import AppendFile, Resumed, explained, json_line, read_identities, read_log, resume_log
from mien.results.provenance import Made
from mien.results.rows import Columns, Row, columns, model_name, rows

ROWS_A_GROUP = 10_000
"""Rows of a Parquet file that are in memory at once."""

FORMULA = ("=", "+", "-", "@")
"""How a cell begins that spreadsheets calculate (https://owasp.org/www-community/attacks/CSV_Injection)."""


Entry = PictureEntry | FailureEntry | EndEntry
"""What a line of a log is of."""

Keep = Callable[[Entry], None]

Table = Callable[[LogEntry], None]
"""Takes the line of one picture."""


class Sink:
    """Takes the results of pictures as they are made; ``open_sink`` opens it.

    Its files are made with the first result. Failures that come before it are kept until then, so that a run without
    a result leaves nothing behind.

    Attributes:
        entries: how many entries ``--resume`` found.
        recorded: those entries, one by one; read them before, or while, more are written.
        finished: whether they go to the end of their video.
        not_people: the ids that were not counted as people there.
        who: what was said since of who is who; the entries have their own ids, the table those of people.
    """

    def __init__(self, path: Path, resumed: Resumed, resumable: bool, begin: Callable[[], Keep]) -> None:
        self.entries, self.finished, self.not_people = resumed.entries, resumed.finished, resumed.not_people
        self.who = resumed.who
        self.recorded = islice(read_log(log_of(path)), resumed.entries)
        self._path, self._resumable, self._begin = path, resumable, begin
        self._done, self._place = resumed.places, Places()
        self._keep = begin() if resumed.entries or resumed.finished else None
        self._failed: list[FailureEntry] = []

    def has(self, path: str | Path) -> bool:
        """Return whether ``--resume`` found the result of a picture, under whatever spelling; a failure is none."""
        return self._place(path) in self._done

    def write(self, path: str, result: Result) -> None:
        """Keep the result of one picture.

        Raises:
            MienError: the file cannot be written, or is no longer there.
        """
        self.add(picture_entry(path, result))

    def fail(self, path: str, error: str) -> None:
        """Keep why a picture has no result; ``--resume`` tries it again.

        Raises:
            MienError: as for ``write``.
        """
        entry: FailureEntry = {"path": path, "error": error}
        if self._keep is None:
            self._failed.append(entry)
        else:
            self.add(entry)

    def finish(
        self,
        path: str,
        end_s: float,
        damaged: int,
        notes: Sequence[str] = (),
        not_people: Sequence[int] | None = None,
    ) -> None:
        """Keep that a video came to its end.

        Args:
            path: of the video.
            end_s: when its last frame ends.
            damaged: how many of its frames were.
            notes: what else to know of it.
            not_people: the ids that are not counted as people; None where nobody looked.

        Raises:
            MienError: as for ``write``.
        """
        self.add(end_entry(path, end_s, damaged, notes, not_people))

    def add(self, entry: Entry) -> None:
        """Keep an entry of the document, as one that was made elsewhere.

        Raises:
            MienError: as for ``write``.
        """
        with explained(self._path, self._resumable):
            if self._keep is None:
                self._keep = self._begin()
                for failure in self._failed:
                    self._keep(failure)
            self._keep(entry)


@contextmanager
def open_sink(path: Path, made: Made, *, resume: bool | None = None, force: bool = False) -> Generator[Sink]:
    """Open a file for results; its suffix picks the format. Its folder is made.

    No other run can open it meanwhile.

    Args:
        path: ends in .jsonl, .csv or .parquet.
        made: what the results are made with.
        resume: go on with the file where there is one; None where the command cannot.
        force: write over the file where there is one, from the first result on.

    Raises:
        UsageError: the suffix is another; pyarrow is missing for .parquet; the file is there and neither ``resume`` nor
            ``force`` is set, or other settings made it; another run writes to it.
        MienError: the file cannot be written.
    """
    kind = path.suffix.lower()
    if kind not in TABLES:
        raise UsageError(f"--out takes a name that ends in {', '.join(TABLES)}; got {path.name}")
    if kind == ".parquet":
        _need_pyarrow()
    log = log_of(path)
    with folder_for(path.parent), locked(path, if_writable=True), ExitStack() as files:

        def begin() -> Keep:
            if force:
                for file in (path, log):  # in this order, as --resume can do nothing with a table alone
                    file.unlink(missing_ok=True)
            lines = files.enter_context(AppendFile(log))
            table = files.enter_context(
                TABLES[kind](path, log, columns(made.labels, made.clip is not None, made.start_clock))
            )

            def keep(entry: Entry) -> None:
                lines.add(json_line({**entry, **made.entry}))
                if "faces" in entry:
                    table({**entry, **made.entry})

            return keep

        refuse_existing((path, log), force=force, resume=resume)
        if resume and path.exists() and not log.exists():
            raise UsageError(f"{path} has no {log.name} beside it, from which --resume goes on; give another name")
        with explained(path, resume is not None):
            resumed = resume_log(log, made, Places()) if resume and log.exists() else Resumed()
            sink = Sink(path, resumed, resume is not None, begin)
        yield sink


def log_of(path: Path) -> Path:
    """Return the log of a file of results, which JSON lines are themselves."""
    return path if path.suffix.lower() == ".jsonl" else path.with_name(path.name + ".jsonl")


def _no_table(path: Path, log: Path, kinds: Columns) -> AbstractContextManager[Table]:
    return nullcontext(lambda _: None)


@contextmanager
def _csv_table(path: Path, log: Path, kinds: Columns) -> Generator[Table]:
    """Write what the log has, then let the file grow picture by picture."""
    with explained(path):
        with whole_file(path) as whole:
            whole.write(csv_line(kinds))
            for row in _rows(read_log(log), read_identities(log)):
                whole.write(csv_row(row))
        file = AppendFile(path)

    def grow(entry: LogEntry) -> None:
        file.add(b"".join(csv_row(row) for row in _rows([entry])))

    with file:
        yield grow


@contextmanager
def _parquet_table(path: Path, log: Path, kinds: Columns) -> Generator[Table]:
    """Write the file from the log at the end, whatever the end is."""
    try:
        yield lambda _: None
    finally:
        with explained(path):
            _write_parquet(path, _rows(read_log(log), read_identities(log)), kinds)


TABLES: dict[str, Callable[[Path, Path, Columns], AbstractContextManager[Table]]] = {
    ".jsonl": _no_table,
    ".csv": _csv_table,
    ".parquet": _parquet_table,
}
"""The table that a suffix asks for: (path, log, columns) -> what takes the rows."""


def write_table(path: Path, log: Path, labels: tuple[str, ...], start_clock: Setting) -> None:
    """Write the table of a video's log anew, .csv or .parquet, with what the log says of who is who.

    Raises:
        OSError: it cannot be written.
    """
    with TABLES[path.suffix](path, log, columns(labels, True, start_clock)):
        pass


def _rows(entries: Iterable[LogEntry], who: Identities = NOBODY_SAID) -> Iterator[Row]:
    return chain.from_iterable(
        rows(who.entry(entry), model_name(entry["model"]), entry["settings"].get("start-clock")) for entry in entries
    )


def csv_row(row: Row) -> bytes:
    """Return a row of a table of people as a line of CSV."""
    return csv_line(({**row, "name": csv_name(str(row["name"]))} if "name" in row else row).values())


def csv_name(name: str) -> str:
    """Return a name as a cell of CSV: one that a spreadsheet would take for a formula has an apostrophe before it."""
    return f"'{name}" if name.startswith(FORMULA) else name


def csv_line(cells: Iterable[object]) -> bytes:
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


def arrow_schema(columns: Columns) -> Any:
    """Return the pyarrow schema of a Parquet file with these columns."""
    import pyarrow as pa

    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    return pa.schema([(name, kinds[kind]) for name, kind in columns.items()])


def _write_parquet(path: Path, found: Iterator[Row], columns: Columns) -> None:
    import pyarrow.parquet as pq

    with whole_file(path) as file, pq.ParquetWriter(file, arrow_schema(columns)) as writer:
        write_rows(writer, found)


def write_rows(writer: Any, found: Iterator[Row]) -> None:
    """Write rows to a ``pyarrow.parquet.ParquetWriter``; a group of them is in memory at once."""
    import pyarrow as pa

    while group := list(islice(found, ROWS_A_GROUP)):
        writer.write_table(pa.Table.from_pylist(group, schema=writer.schema))
