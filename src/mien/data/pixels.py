"""Faces out of text: 2,304 numbers a row, tens of thousands of rows, in seconds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.data.samples import SIZE_PX

PIXELS = SIZE_PX * SIZE_PX


def parse_block(texts: list[str]) -> NDArray[np.uint8] | None:
    """Return rows of blank-separated numbers as images (N, 48, 48) uint8, or None where any row is not in order.

    All rows are turned at once, digit by digit: Python's own ``int`` would take a minute for the 74 million numbers
    of FER2013. Which row is at fault, and how, is for ``parse_row`` to say.
    """
    text = "\n".join(texts) + "\n"
    if not text.isascii():
        return None
    chars = np.frombuffer(b"   " + text.encode("ascii"), np.uint8)
    digits = chars - 48  # wraps around: whatever is no digit is 10 or more
    is_digit = digits < 10
    newline = chars == 10
    if not (is_digit | newline | (chars == 32)).all():
        return None
    digits = np.where(is_digit, digits, 0).astype(np.uint16)

    # Position i holds the number that ends there, if one does: its own digit and the two before it.
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
    for place, number in enumerate(numbers, start=1):
        if not (number.isascii() and number.isdigit()):
            return f"pixel {place} is {number[:20]!r}, not a number from 0 to 255"
        if len(number) > 9 or int(number) > 255:
            return f"pixel {place} is {number[:20]}, over 255"
    return np.array(numbers, np.int64).astype(np.uint8).reshape(SIZE_PX, SIZE_PX)
