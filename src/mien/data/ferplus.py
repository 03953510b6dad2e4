"""FER+ as the folders that its own script writes: PNG files, a folder a split, with the votes in ``label.csv``."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from mien.core.emotions import VOTE_COLUMNS
from mien.core.errors import DataError, ImageError
from mien.data.faces import Box, crop_face
from mien.data.fer2013 import votes_of
from mien.data.samples import FERPLUS, SIZE_PX, UNREADABLE, Drop, Samples
from mien.data.split import COLUMNS, SPLITS
from mien.imaging.decode import read

FOLDERS = {"FER2013Train": "train", "FER2013Valid": "valid", "FER2013Test": "test"}

Line = tuple[str, str, Box, list[int]]
"""Split, path of the picture, box in pixels, votes."""


def is_ferplus(folder: Path) -> bool:
    """Return whether a folder holds any of FER+'s three folders."""
    return any((folder / name).is_dir() for name in FOLDERS)


def read_ferplus(folder: Path) -> Samples:
    """Read FER+'s folders ``FER2013Train``, ``FER2013Valid`` and ``FER2013Test``, those that are there.

    A line of ``label.csv`` is the picture's name, its box "(x1, y1, x2, y2)" and ten votes. FER2013's own labels are
    not in these folders: emotions are -1. Rows are numbered through all three folders. A picture that is missing or
    damaged becomes a drop.

    Raises:
        DataError: a folder without its ``label.csv``, or a line in it that is not as expected.
    """
    lines = [line for name in FOLDERS if (folder / name).is_dir() for line in _lines(folder / name)]
    images = np.zeros((len(lines), SIZE_PX, SIZE_PX), np.uint8)
    unread: list[Drop] = []
    kept = np.ones(len(lines), np.bool_)
    for row, (split, path, box, _) in enumerate(lines):
        try:
            images[row] = crop_face(read(Path(path)), box)
        except ImageError:
            kept[row] = False
            unread.append(Drop(split, Path(path).relative_to(folder).as_posix(), UNREADABLE))
    return Samples(
        images=images[kept],
        votes=np.array([votes for *_, votes in lines], np.uint8).reshape(-1, COLUMNS)[kept],
        emotions=np.full(int(kept.sum()), -1, np.int8),
        rows=np.flatnonzero(kept),
        splits=np.array([SPLITS.index(split) for split, *_ in lines], np.int8)[kept],
        nameless=np.zeros(int(kept.sum()), np.bool_),
        sources=np.full(int(kept.sum()), FERPLUS),
        names=np.array([Path(path).relative_to(folder).as_posix() for _, path, *_ in lines], np.str_)[kept],
        unread=tuple(unread),
    )


def _lines(folder: Path) -> list[Line]:
    path = folder / "label.csv"
    if not path.is_file():
        raise DataError(f"no label.csv in {folder}; expected the votes there, as FER+ publishes them")
    lines: list[Line] = []
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            for number, raw in enumerate(csv.reader(file), start=1):
                cells = [cell.strip() for cell in raw]
                # FER+ writes no header; one that was added has no file name in it.
                if any(cells) and (number > 1 or "." in cells[0]):
                    lines.append(_line(folder, path, number, cells))
    except csv.Error as error:
        raise DataError(f"{path} is not readable as CSV ({error})") from error
    return lines


def _line(folder: Path, path: Path, number: int, cells: list[str]) -> Line:
    where = f"{path}, line {number}"
    if len(cells) != COLUMNS + 2:
        raise DataError(f"{where}: {len(cells)} cells; expected name, box, {', '.join(VOTE_COLUMNS)}")
    name, text, *votes = cells
    try:
        x1, y1, x2, y2 = (float(number) for number in text.strip("()").split(","))
    except ValueError:
        raise DataError(f"{where}: the box is {text[:40]!r}, expected '(x1, y1, x2, y2)' in pixels") from None
    return FOLDERS[folder.name], str(folder / Path(name).name), (x1, y1, x2, y2), votes_of(votes, where)
