"""A folder of photos with a table of votes, ``DIR/votes.csv``: a line a face, with votes as in FER+.

The columns are explained in docs/how-to/own-faces.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.core.emotions import EIGHT, VOTE_COLUMNS
from mien.core.errors import DataError
from mien.data._csv_table import columns_of, fault, read_table
from mien.data.faces import Box, FaceCropper
from mien.data.folders import DRAWN, SHARES, SPLIT_OF, draw_splits
from mien.data.near_duplicates import pixel_keys
from mien.data.samples import SIZE_PX, UNREADABLE, Drop, Samples
from mien.data.split import COLUMNS, SPLITS

if TYPE_CHECKING:
    from mien.detection.detectors import Detector

VOTES = "votes.csv"
CORNERS = ("x1", "y1", "x2", "y2")

MOST_VOTES = 200
"""Votes that are not whole numbers are scaled to this sum: the finest that a byte holds with room for rounding."""


def has_votes_table(folder: Path) -> bool:
    """Return whether a folder holds a table of votes."""
    return (folder / VOTES).is_file()


def read_votes_table(folder: Path, detector: Detector | None = None, split: str = "", seed: int = 0) -> Samples:
    """Read the faces in the table.

    A face is cropped at its box as in prediction; without a box it is detected, and without a detector the picture is
    the face. Faces without a split are split at random into train, valid and test, 80:10:10 in each class. The row of
    a face is the number in its file name, or its place in the table if the files have other names.

    Args:
        folder: holds ``votes.csv`` and the pictures. Columns: ``file``, and one or more of ``VOTE_COLUMNS``; also
            ``split``, ``source`` and the box ``x1, y1, x2, y2`` in pixels, if there are such. Others are not read.
        detector: finds the face in a picture without a box in the table.
        split: of faces without one, instead of a random one.
        seed: of the random split.

    Raises:
        DataError: a table without these columns, a line that cannot be used, or no picture that can be read.
    """
    table = folder / VOTES
    names = columns_of(table)
    files = [cell for (cell,) in read_table(table, ["file"])]
    votes = _votes(table, names)
    splits = _splits(table) if "split" in names else np.full(len(files), -1, np.int8)
    sources = [cell for (cell,) in read_table(table, ["source"])] if "source" in names else []
    boxes = _boxes(table) if set(CORNERS) <= set(names) else [None] * len(files)
    cropper = FaceCropper(detector)
    faces = [cropper(folder / file, box) for file, box in zip(files, boxes, strict=True)]
    kept = np.array([face is not None for face in faces], np.bool_)
    if not kept.any():
        raise DataError(f"no readable picture of {len(files)} that {table} names; they are expected in {folder}")
    images = np.array([face for face in faces if face is not None], np.uint8).reshape(-1, SIZE_PX, SIZE_PX)
    counts = cropper.counts
    drawn = splits[kept] < 0
    split_names = np.array(("any", *SPLITS))[splits + 1]
    unread = [Drop(str(split_names[at]), files[at], UNREADABLE) for at in np.flatnonzero(~kept).tolist()]
    chosen = splits[kept]
    if split:
        chosen[drawn] = SPLITS.index(split)
    else:
        chosen[drawn] = draw_splits(votes[kept].argmax(axis=1)[drawn], pixel_keys(images)[drawn], SHARES, seed)
        counts[DRAWN] += int(drawn.sum())
    return Samples(
        images=images,
        votes=votes[kept],
        emotions=np.full(len(images), -1, np.int8),
        rows=_numbers(files)[kept],
        splits=chosen,
        nameless=np.zeros(len(images), np.bool_),
        sources=np.array(sources or [folder.resolve().name] * len(files))[kept],
        names=np.array(files)[kept],
        unread=tuple(unread),
        notes=tuple((+counts).items()),
    )


def _votes(table: Path, names: Sequence[str]) -> NDArray[np.uint8]:
    """Return the votes (N, 10) of a table."""
    columns = [name for name in VOTE_COLUMNS if name.casefold() in names]
    if not set(columns) & set(EIGHT):
        raise DataError(f"{table}: no column of votes in the first line; expected one or more of {', '.join(EIGHT)}")
    votes = np.zeros((sum(1 for _ in read_table(table, columns)), COLUMNS), np.float64)
    places = [VOTE_COLUMNS.index(name) for name in columns]
    for row, cells in enumerate(read_table(table, columns)):
        votes[row, places] = _floats(cells, table, row + 1, columns)
        if not (np.isfinite(votes[row]).all() and (votes[row] >= 0).all() and votes[row].any()):
            raise fault(
                table, row + 1, f"the votes are {', '.join(cells)[:60]}; expected numbers of 0 or more, not all 0"
            )
    if not len(votes):
        raise DataError(f"{table}: no rows below the first line; expected a face a line")
    total = votes.sum(axis=1, keepdims=True)
    if (votes != np.rint(votes)).any() or total.max() > MOST_VOTES:
        votes *= MOST_VOTES / total
    return np.rint(votes).astype(np.uint8)


def _splits(table: Path) -> NDArray[np.int8]:
    """Return the split (N,) of each face, -1 if the table gives none."""
    splits: list[int] = []
    for row, (cell,) in enumerate(read_table(table, ["split"]), start=1):
        name = SPLIT_OF.get(cell.casefold(), "")
        if cell and not name:
            raise fault(table, row, f"the split is {cell[:20]!r}; expected {', '.join(SPLITS)}, or nothing")
        splits.append(SPLITS.index(name) if name else -1)
    return np.array(splits, np.int8)


def _boxes(table: Path) -> list[Box | None]:
    """Return the box of each face, None if the table gives none."""
    boxes: list[Box | None] = []
    for row, cells in enumerate(read_table(table, CORNERS), start=1):
        if not any(cells):
            boxes.append(None)
            continue
        x1, y1, x2, y2 = _floats(cells, table, row, CORNERS)
        if not (np.isfinite([x1, y1, x2, y2]).all() and x1 < x2 and y1 < y2):
            raise fault(table, row, f"the box is {', '.join(cells)[:60]}; expected x1 < x2 and y1 < y2, in pixels")
        boxes.append((x1, y1, x2, y2))
    return boxes


def _floats(cells: Sequence[str], table: Path, row: int, columns: Sequence[str]) -> list[float]:
    try:
        return [float(cell or 0) for cell in cells]
    except ValueError:
        raise fault(table, row, f"got {', '.join(cells)[:60]!r}; expected numbers for {', '.join(columns)}") from None


def _numbers(files: Sequence[str]) -> NDArray[np.int64]:
    """Return the numbers (N,) in the file names, or the places in the table if some have none, or two the same."""
    stems = [Path(file).stem for file in files]
    if all(stem.isdecimal() and len(stem) < 18 for stem in stems) and len(set(map(int, stems))) == len(stems):
        return np.array(list(map(int, stems)), np.int64)
    return np.arange(len(files))
