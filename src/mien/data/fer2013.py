"""FER2013 and its FER+ votes, as Kaggle and Microsoft publish them: two CSV files with the same order of rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.core.emotions import FER2013_CODES, SEVEN, VOTE_COLUMNS
from mien.core.errors import DataError
from mien.core.protocols import TAGGERS
from mien.data._csv_table import columns_of, fault, place, read_table
from mien.data.folders import SHARES, draw_splits
from mien.data.near_duplicates import pixel_keys
from mien.data.samples import FER2013, FERPLUS, SIZE_PX, Samples
from mien.data.split import COLUMNS, SPLITS, row_names

FACE_COLUMNS = {"emotion", "pixels"}
"""Columns of a table of faces, in small letters; all but the competition's have ``Usage`` too."""

NO_USAGE = "rows drawn at random into train, valid or test, for the file has no column Usage: all are of Training"

USAGES = {"Training": "train", "PublicTest": "valid", "PrivateTest": "test"}
BLOCK_ROWS = 256  # two megabytes of text: small enough for the caches

_CODES = {str(code): SEVEN.index(name) for code, name in enumerate(FER2013_CODES)}


def read_fer2013(faces: Path, votes: Path | None = None) -> Samples:
    """Read ``fer2013.csv`` and, if given, the votes in ``fer2013new.csv``.

    Row i of one file belongs to row i of the other. The number in FER+'s image names is not the row and is not used.
    Without FER+ all ten votes are for the original emotion. A file without the column ``Usage``, Kaggle's
    ``train.csv``, is split at random: 80:10:10 in each class, never the same picture in two splits.

    Raises:
        DataError: a row that is not as expected, or two files that do not belong together.
    """
    drawn = "usage" not in columns_of(faces)
    if drawn and votes is not None:
        raise DataError(
            f"{faces} has no column 'Usage', by which its rows would pair up with those of {votes}; "
            "take fer2013.csv or icml_face_data.csv, or leave the votes out"
        )
    images, emotions, splits = _read_faces(faces, drawn)
    if drawn:
        splits = draw_splits(emotions.astype(np.int64), pixel_keys(images), SHARES, seed=0)
    if votes is None:
        panel = np.zeros((len(images), COLUMNS), np.uint8)
        panel[np.arange(len(images)), emotions] = TAGGERS
        nameless = np.zeros(len(images), np.bool_)
    else:
        panel, nameless = _read_votes(votes, faces, splits)
    notes = ((NO_USAGE, len(images)),) if drawn else ()
    sources = np.full(len(images), FER2013 if votes is None else FERPLUS)
    rows = np.arange(len(images))
    return Samples(images, panel, emotions, rows, splits, nameless, sources, row_names(rows), notes=notes)


def _read_faces(path: Path, drawn: bool) -> tuple[NDArray[np.uint8], NDArray[np.int8], NDArray[np.int8]]:
    """Return images (N, 48, 48), emotions (N,) as indices into ``SEVEN`` and splits (N,)."""
    blocks: list[NDArray[np.uint8]] = []
    emotions: list[int] = []
    splits: list[int] = []
    for texts in _blocks(path, drawn, emotions, splits):
        first = len(emotions) - len(texts) + 1
        images = parse_block(texts)
        blocks.append(_parse_rows(path, texts, first) if images is None else images)
    if not emotions:
        raise DataError(f"{path}: no rows below the first line; expected faces")
    return np.concatenate(blocks), np.array(emotions, np.int8), np.array(splits, np.int8)


def _blocks(path: Path, drawn: bool, emotions: list[int], splits: list[int]) -> Iterator[list[str]]:
    """Yield the text of the pixels, ``BLOCK_ROWS`` rows at a time, and append to emotions and splits."""
    texts: list[str] = []
    columns = ("emotion", "pixels") if drawn else ("emotion", "pixels", "Usage")
    for row, cells in enumerate(read_table(path, columns), start=1):
        emotion, pixels = cells[:2]
        if emotion not in _CODES:
            raise fault(path, row, f"emotion is {emotion[:20]!r}, expected a code from 0 to 6")
        emotions.append(_CODES[emotion])
        splits.append(0 if drawn else _split_of(cells[2], path, row))
        texts.append(pixels)
        if len(texts) == BLOCK_ROWS:
            yield texts
            texts = []
    if texts:
        yield texts


def _parse_rows(path: Path, texts: list[str], first: int) -> NDArray[np.uint8]:
    """Return images (N, 48, 48) of a block that ``parse_block`` refuses, or raise an error for its first wrong row."""
    images = np.empty((len(texts), SIZE_PX, SIZE_PX), np.uint8)
    for offset, text in enumerate(texts):
        image = parse_row(text)
        if isinstance(image, str):
            raise fault(path, first + offset, image)
        images[offset] = image
    return images


def _split_of(usage: str, path: Path, row: int) -> int:
    if usage not in USAGES:
        raise fault(path, row, f"Usage is {usage[:20]!r}, expected one of {', '.join(USAGES)}")
    return SPLITS.index(USAGES[usage])


def _read_votes(path: Path, faces: Path, splits: NDArray[np.int8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return votes (N, 10) and whether the image's name is empty (N,); the splits (N,) of the faces must match."""
    votes = np.zeros((len(splits), COLUMNS), np.uint8)
    nameless = np.zeros(len(splits), np.bool_)
    row = 0
    for row, (usage, name, *cells) in enumerate(read_table(path, ("Usage", "Image name", *VOTE_COLUMNS)), start=1):
        if row > len(splits):
            continue  # count on, for the message
        if _split_of(usage, path, row) != splits[row - 1]:
            raise fault(path, row, f"Usage is {usage} but not in the same row of {faces}; they must pair up by row")
        votes[row - 1] = votes_of(cells, place(path, row))
        nameless[row - 1] = not name
    if row != len(splits):
        raise DataError(f"{path} has {row} rows and {faces} has {len(splits)}; they must pair up, row by row")
    return votes, nameless


def votes_of(cells: list[str], where: str) -> list[int]:
    """Return the ten votes of a row; where is its place, for messages.

    Raises:
        DataError: a cell is not a number from 0 to 99.
    """
    for column, cell in zip(VOTE_COLUMNS, cells, strict=True):
        if not (cell.isascii() and cell.isdigit() and len(cell) <= 2):
            raise DataError(f"{where}: the votes for {column} are {cell[:20]!r}, expected a number from 0 to 99")
    return [int(cell) for cell in cells]


PIXELS = SIZE_PX * SIZE_PX


def parse_block(texts: list[str]) -> NDArray[np.uint8] | None:
    """Return rows of numbers separated by blanks as images (N, 48, 48) uint8, or None if a row is not as expected.

    All rows are parsed at once, digit by digit: Python's ``int`` would take a minute for the 74 million numbers of
    FER2013. Which row is wrong, and how, is left to ``parse_row``.
    """
    text = "\n".join(texts) + "\n"
    if not text.isascii():
        return None
    chars = np.frombuffer(b"   " + text.encode("ascii"), np.uint8)
    digits = chars - 48  # wraps around: all but digits become 10 or more
    is_digit = digits < 10
    newline = chars == 10
    if not (is_digit | newline | (chars == 32)).all():
        return None
    digits = np.where(is_digit, digits, 0).astype(np.uint16)

    # At position i is the number that ends there, if one does: its digit and the two before it.
    ones, tens, hundreds = digits[3:], digits[2:-1], digits[1:-2] * is_digit[2:-1]
    longer = is_digit[3:] & is_digit[2:-1] & is_digit[1:-2] & is_digit[:-3]
    last = is_digit[3:-1] & ~is_digit[4:]
    numbers = (ones + 10 * tens + 100 * hundreds)[:-1][last]

    so_far = np.concatenate(([0], np.cumsum(last)))
    per_row = np.diff(so_far[np.flatnonzero(newline[3:])], prepend=0)
    if longer.any() or (per_row != PIXELS).any() or (numbers > 255).any():
        return None
    return numbers.astype(np.uint8).reshape(-1, SIZE_PX, SIZE_PX)


def parse_row(text: str) -> NDArray[np.uint8] | str:
    """Return one row as an image (48, 48) uint8, or what is wrong with it."""
    numbers = text.split()
    if len(numbers) != PIXELS:
        few = "few" if len(numbers) < PIXELS else "many"
        return f"too {few} pixels: {len(numbers)}, expected {PIXELS} ({SIZE_PX} x {SIZE_PX})"
    for column, number in enumerate(numbers, start=1):
        if not (number.isascii() and number.isdigit()):
            return f"pixel {column} is {number[:20]!r}, not a number from 0 to 255"
        if len(number) > 9 or int(number) > 255:
            return f"pixel {column} is {number[:20]}, over 255"
    return np.array(numbers, np.int64).astype(np.uint8).reshape(SIZE_PX, SIZE_PX)
