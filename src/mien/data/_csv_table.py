"""CSV files read by column names, with errors that name the file and the row."""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from mien.core.errors import DataError
from mien.imaging.formats import looks_like

ARCHIVES = frozenset([".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar"])

CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\f\r") | {127}
"""Bytes that text does not contain."""


def columns_of(path: Path) -> list[str]:
    """Return the column names of a CSV file, lower case and stripped.

    Raises:
        DataError: no such file, or it is not text.
    """
    with _opened(path) as file:
        return [cell.strip().casefold() for cell in next(csv.reader(file), [])]


def read_table(path: Path, columns: Sequence[str]) -> Iterator[list[str]]:
    """Yield the stripped cells of ``columns`` for each row of a CSV file, in that order.

    The file may have other columns too, in any order, quoted or not, and line ends of Windows or Unix; blank lines are
    skipped.

    Raises:
        DataError: no such file, no such column, a row that is too short, or text that is not CSV.
    """
    with _opened(path) as file:
        yield from _select(csv.reader(file), path, columns)


@contextmanager
def _opened(path: Path) -> Generator[TextIO]:
    try:
        with path.open("rb") as raw:
            head = raw.read(512)
        if not CONTROLS.isdisjoint(head):
            what, expected = "no CSV file", "text in UTF-8"
            if path.suffix.lower() in ARCHIVES:
                what, expected = "no archive that can be read", "ZIP, tar or gzip; download it again"
            raise DataError(f"{path} is {what}: got {looks_like(head)}, expected {expected}")
        # utf-8-sig, as spreadsheets write a byte order mark; what is not UTF-8 fails where it is parsed.
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            yield file
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error


def _select(reader: Iterator[list[str]], path: Path, columns: Sequence[str]) -> Iterator[list[str]]:
    row = 0
    no_cells: list[str] = []
    try:
        header = [cell.strip() for cell in next(reader, no_cells)]
        known = [cell.casefold() for cell in header]
        missing = [column for column in columns if column.casefold() not in known]
        if missing:
            raise DataError(
                f"{path}: no column '{missing[0]}' in the first line; expected {', '.join(columns)}; "
                f"got {shown(', '.join(header)[:120]) or 'nothing'}"
            )
        wanted = [known.index(column.casefold()) for column in columns]
        for cells in reader:
            if not cells:
                continue
            row += 1
            if len(cells) <= max(wanted):
                raise fault(path, row, f"{len(cells)} cells where the first line has {len(header)}")
            yield [cells[column].strip() for column in wanted]
    except csv.Error as error:
        raise fault(path, row + 1, f"not readable as CSV ({error})") from error


def shown(text: str) -> str:
    """Return text with a replacement for control characters, which a terminal would obey."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def place(path: Path, row: int) -> str:
    """Return the place of a row in words; row 1 is the line below the header."""
    return f"{path}, row {row} (line {row + 1})"


def fault(path: Path, row: int, what: str) -> DataError:
    """Return the error for a row."""
    return DataError(f"{place(path, row)}: {what}")
