"""Picture files decoded to RGB arrays, and written.

Formats and limits are in ``formats``, colour modes in ``_color``.

Every error in a file becomes an ``ImageError`` that names it. Pillow's global settings are not changed, so any number
of threads may read at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import cv2
from PIL import Image as Pillow
from PIL.ImageFile import ImageFile

from mien.core.addresses import why_no_address
from mien.core.arrays import Image
from mien.core.errors import ImageError, UsageError
from mien.core.frame import Frame
from mien.imaging._color import to_rgb
from mien.imaging.formats import EXPECTED_PICTURES, frames_note, load, looks_like, open_picture, refuse_costly

MAX_PIXELS = 200_000_000
"""The default limit on the pixels of a picture: 600 MB as RGB."""

REDUCE_TO_PX = 2560
"""The longer side of a reduced picture is at least this, in pixels.

The detector gets 640 pixels, in which it finds faces from about 12 pixels on. Those have 48 pixels here, the input of
the net.
"""

WRITERS: dict[str, tuple[str, dict[str, Any]]] = {
    # Full colour resolution: with JPEG's default of half, the edges of coloured boxes and labels bleed.
    ".jpg": ("JPEG", {"quality": 92, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 92, "subsampling": 0}),
    ".png": ("PNG", {"compress_level": 3}),
    ".webp": ("WEBP", {"quality": 90}),
    ".bmp": ("BMP", {}),
    ".tif": ("TIFF", {"compression": "tiff_lzw"}),
    ".tiff": ("TIFF", {"compression": "tiff_lzw"}),
}
"""Suffix -> Pillow's format and the options of writing it."""

_UPRIGHT: dict[int, Callable[[Image], Any]] = {
    2: lambda stored: cv2.flip(stored, 1),
    3: lambda stored: cv2.rotate(stored, cv2.ROTATE_180),
    4: lambda stored: cv2.flip(stored, 0),
    5: cv2.transpose,
    6: lambda stored: cv2.rotate(stored, cv2.ROTATE_90_CLOCKWISE),
    7: lambda stored: cv2.rotate(cv2.transpose(stored), cv2.ROTATE_180),
    8: lambda stored: cv2.rotate(stored, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
"""EXIF orientation -> what makes the picture upright; 1 and anything unknown is upright already."""

_ORIENTATION = 0x0112
_SIDEWAYS = {5, 6, 7, 8}


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded file: its pixels, the full size of the picture, and a note.

    A point in image times scale is the point in the full picture; boxes at the right and bottom edges must then be
    clipped to width and height, as the sides of a reduced picture are rounded up.
    """

    image: Image
    """(H, W, 3) uint8 RGB, upright."""
    width: int
    """Of the full picture, upright, in pixels; so is height."""
    height: int
    scale: int = 1
    """1, or 2, 4 or 8 where image is reduced."""
    note: str = ""
    """Such as "animated: first of 12 frames; read at 1/2 of its size", or nothing."""

    def frame(self, path: str) -> Frame:
        """Return the picture as a frame with a path."""
        return Frame(self.image, path=path, size=(self.width, self.height))


def read(path: Path, max_pixels: int = MAX_PIXELS) -> Image:
    """Read a picture file in full size.

    Returns:
        (H, W, 3) uint8 RGB, turned upright by the EXIF orientation. Transparent parts become white; grey is repeated
        into three channels; 16 bits are scaled to 8; of an animation it is the first frame.

    Raises:
        ImageError: there is no such file, it is not a picture, it is damaged or cut short, it declares more than
            max_pixels pixels, or decoding it would cost too much (``mien.imaging.formats``).
    """
    return read_picture(path, max_pixels, None).image


def decode(data: bytes, name: str, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode the bytes of a picture file, as ``read`` does; messages call the file by name.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ImageError: as for ``read``.
    """
    return decode_picture(data, name, max_pixels, None).image


def read_picture(path: Path, max_pixels: int = MAX_PIXELS, reduce_to_px: int | None = REDUCE_TO_PX) -> Picture:
    """Read a picture file, reduced to the detail that finding faces needs.

    Args:
        path: the file.
        max_pixels: the limit on the full size.
        reduce_to_px: a picture is halved, up to three times, as long as its longer side stays at this or above; None
            for full size. JPEG is decoded at the reduced size, other formats in full size and then averaged.

    Raises:
        ImageError: as for ``read``.
    """
    try:
        if path.is_dir():
            raise ImageError(f"not a picture: {path} is a folder; name the pictures in it")
        if path.exists() and not path.is_file():
            raise ImageError(f"not a picture: {path} is not a regular file; copy its content to a file first")
        with path.open("rb") as stream:
            return _decode(stream, str(path), max_pixels, reduce_to_px)
    except FileNotFoundError as error:
        raise ImageError(why_no_address(str(path), "picture") or f"no such file: {path}") from error
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        raise ImageError(f"cannot open {path}: {getattr(error, 'strerror', None) or error}") from error


def decode_picture(
    data: bytes, name: str, max_pixels: int = MAX_PIXELS, reduce_to_px: int | None = REDUCE_TO_PX
) -> Picture:
    """Decode the bytes of a picture file, as ``read_picture`` does; messages call the file by name.

    Raises:
        ImageError: as for ``read``.
    """
    return _decode(BytesIO(data), name, max_pixels, reduce_to_px)


def write(image: Image, path: Path) -> None:
    """Write image (H, W, 3) uint8 RGB in the format of path's suffix, one of ``WRITERS``.

    It is written to a temporary file in the same folder and then renamed, so a picture is never half written.

    Raises:
        UsageError: the suffix names no known format, or the folder does not exist.
        ImageError: the format cannot hold the picture, or it cannot be written to the disk.
    """
    if path.suffix.lower() not in WRITERS:
        raise UsageError(f"cannot write {path}: unknown suffix {path.suffix!r}; use one of {', '.join(WRITERS)}")
    if not path.parent.is_dir():
        raise UsageError(f"cannot write {path}: no folder {path.parent}; make it first")
    form, options = WRITERS[path.suffix.lower()]
    beside = path.with_name(f".mien-{secrets.token_hex(6)}.part")
    try:
        with beside.open("xb") as stream:
            Pillow.fromarray(image).save(stream, form, **options)
        beside.replace(path)
    except (OSError, ValueError) as error:
        raise ImageError(f"cannot write {path} as {form}: {getattr(error, 'strerror', None) or error}") from error
    finally:
        with suppress(OSError):  # where no file can be written, none can be removed either
            beside.unlink(missing_ok=True)


def _decode(stream: IO[bytes], name: str, max_pixels: int, reduce_to_px: int | None) -> Picture:
    """Return the picture in a seekable stream; every error becomes an ``ImageError``."""
    head = stream.read(512)
    if not head:
        raise ImageError(f"not a picture: {name} (the file is empty); copy or download it again")
    try:
        opened = open_picture(stream, head)
        if opened is None:
            raise ImageError(f"not a picture: {name} (got {looks_like(head)}; expected {EXPECTED_PICTURES})")
        refuse_costly(stream, opened, name, max_pixels)
        return _picture(opened, reduce_to_px)
    except ImageError:
        raise
    except Exception as error:  # damaged files surface as a dozen types: struct.error, KeyError, MemoryError, ...
        raise ImageError(f"damaged picture: {name} ({why_damaged(error)}); copy or export it again") from error


def why_damaged(error: Exception) -> str:
    """Return what is wrong with a damaged file, in words for people."""
    is_readable = isinstance(error, OSError | SyntaxError | ValueError) and str(error)
    return str(error) if is_readable else "parts of it are missing or garbled"


def _picture(opened: ImageFile, reduce_to_px: int | None) -> Picture:
    """Read the pixels of an opened file."""
    declared = opened.size
    scale = next(by for by in (8, 4, 2, 1) if by == 1 or (reduce_to_px and max(declared) // by >= reduce_to_px))
    drafted = load(opened, scale)
    width, height = declared if drafted > 1 else opened.size  # some formats know their size only after loading
    image = to_rgb(opened, scale // drafted)
    # After loading, as in PNG it may follow the pixels; TIFF has been turned by Pillow then, and its tag says so.
    orientation = _orientation(opened)
    if orientation in _UPRIGHT:
        image = _UPRIGHT[orientation](image)
    if orientation in _SIDEWAYS:
        width, height = height, width
    reduced = f"read at 1/{scale} of its size" if scale > 1 else ""
    return Picture(image, width, height, scale, "; ".join(filter(None, (frames_note(opened), reduced))))


def _orientation(opened: ImageFile) -> int:
    try:
        return int(opened.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001, as above; a picture with damaged EXIF can still be read
        return 1
