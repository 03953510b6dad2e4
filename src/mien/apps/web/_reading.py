"""What the processes of ``mien.apps.web.workers`` do with pictures: all that takes long, each part within its time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
from PIL import Image

from mien.apps.web.analyzers import Analyzers, Wanted
from mien.apps.web.limits import ANALYSE_S, DECODE_S, DECODE_S_PER_MIB
from mien.core.child import limited
from mien.core.errors import ImageError
from mien.core.frame import Frame
from mien.imaging.decode import REDUCE_TO_PX, Picture, decode_picture
from mien.results.document import PictureEntry
from mien.tracking.stream import SingleFrame, single_frame

NO_PIXELS = np.zeros((0, 0, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class File:
    """A picture file, and within what it is read.

    Attributes:
        name: of the file, for messages.
        data: its bytes.
        max_pixels, reduce_to_px: as for ``mien.imaging.decode.decode_picture``.
        decode_s: for how long it may be decoded.
        analyse_s: for how long its faces may be looked for and at.
    """

    name: str
    data: bytes | bytearray
    max_pixels: int
    reduce_to_px: int | None
    decode_s: float
    analyse_s: float


def bounded(name: str, data: bytes | bytearray, max_pixels: int, reduce_to_px: int | None = REDUCE_TO_PX) -> File:
    """Return a picture file with the times that the service gives it."""
    return File(name, data, max_pixels, reduce_to_px, DECODE_S + DECODE_S_PER_MIB * len(data) / 2**20, ANALYSE_S)


def entry(file: File, path: str, wanted: Wanted, analyzers: Analyzers) -> PictureEntry:
    """Return the entry of a picture.

    Raises:
        ImageError: it cannot be read, or takes too much memory.
        UsageError: as for ``Analyzers``; so are other errors.
    """
    picture = _decoded(file)
    with limited(file.analyse_s):
        return analyzers(wanted)(picture.frame(path)).entry()


def frame(file: File, index: int, time_s: float, wanted: Wanted, analyzers: Analyzers) -> SingleFrame:
    """Return the result of a frame by itself, without its pixels.

    Raises:
        MienError: as for ``entry``.
    """
    picture = _decoded(file)
    with limited(file.analyse_s):
        found = single_frame(analyzers(wanted), Frame(picture.image, index, time_s))
    seen = replace(found.analysis.frame, image=NO_PIXELS)
    return replace(found, analysis=replace(found.analysis, frame=seen))


def preview(file: File, longer_px: int, analyzers: Analyzers) -> bytes:
    """Return a picture as a JPEG, upright, with a longer side of longer_px at most.

    Raises:
        ImageError: as for ``entry``.
    """
    del analyzers
    picture = Image.fromarray(_decoded(file).image)
    picture.thumbnail((longer_px, longer_px))
    picture.save(jpeg := BytesIO(), "JPEG", quality=90)
    return jpeg.getvalue()


def _decoded(file: File) -> Picture:
    try:
        with limited(file.decode_s):
            return decode_picture(bytes(file.data), file.name, file.max_pixels, file.reduce_to_px)
    except ImageError as error:
        if isinstance(error.__cause__, MemoryError):
            raise ImageError(
                f"too large: decoding {file.name} takes too much memory; make it smaller, or save it as JPEG"
            ) from error
        raise
