"""The outermost boxes of an MP4 file, by which it shows whether it was cut off."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Boxes:
    """What the boxes of a file come to.

    Attributes:
        fragmented: whether the frames lie in fragments, each with a header of its own.
        whole_to: where the whole boxes end, in bytes.
        rest: the kind of the box that is not whole, such as b"mdat"; None where all are.
    """

    fragmented: bool
    whole_to: int
    rest: bytes | None


def read_boxes(path: Path) -> Boxes:
    """Go from box to box, as far as they are whole; a box without a length of its own counts as not whole."""
    at, fragmented = 0, False
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        while at < size:
            file.seek(at)
            head = file.read(16)
            length = int.from_bytes(head[8:] if head[:4] == b"\0\0\0\1" else head[:4])
            if length < 8 or at + length > size:
                return Boxes(fragmented, at, head[4:8])
            fragmented |= head[4:8] == b"moof"
            at += length
    return Boxes(fragmented, at, None)
