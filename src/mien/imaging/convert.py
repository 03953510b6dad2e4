"""Conversion of pictures: paths, bytes, arrays and PIL images to a ``Frame``, and arrays to PIL images."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageOps

from mien.core.arrays import Image
from mien.core.errors import ImageError
from mien.core.frame import Frame
from mien.imaging._color import to_rgb
from mien.imaging.decode import decode, read, why_damaged

Source = str | Path | bytes | bytearray | memoryview | NDArray[Any] | Pillow.Image | Frame
"""A picture: the path or the bytes of a file, (H, W, 3) uint8 RGB, (H, W) uint8 grey, a PIL image, or a frame."""

_BASE64 = re.compile(r"data:.*|[A-Za-z0-9+/_=\s-]{100,}", re.DOTALL)
"""Strings that are taken for base64, unless there is a file of that name."""


def to_frame(source: Source) -> Frame:
    """Return a picture in full size, upright if it has an orientation tag.

    Raises:
        ImageError: the file or its bytes cannot be read, the array is no picture, or a string is base64.
        TypeError: source is none of the types of ``Source``.
    """
    match source:
        case Frame():
            return source
        case str() | Path():
            _refuse_base64(str(source))
            return Frame(read(Path(source)), path=str(source))
        case bytes() | bytearray() | memoryview():
            data = bytes(source)
            return Frame(decode(data, f"{len(data)} bytes"))
        case Pillow.Image():
            return Frame(_from_pillow(source))
        case np.ndarray():
            return Frame(_from_array(source))
        case _:
            raise TypeError(
                "a picture is a path, the bytes of a file, an array (H, W, 3) or (H, W) uint8, a PIL image or a "
                f"mien.Frame; got {type(source).__name__}"
            )


def to_pillow(image: Image) -> Pillow.Image:
    """Return image (H, W, 3) uint8 RGB as a PIL image."""
    return Pillow.fromarray(image)


def _refuse_base64(name: str) -> None:
    if _BASE64.fullmatch(name) and not os.path.exists(name):  # noqa: PTH110, Path.exists fails for long names
        part = "what follows its comma" if name.startswith("data:") else "it"
        raise ImageError(
            f"not a picture: a string of {len(name):,} characters that looks like base64 ({name[:24]!r}...); decode "
            f"{part} first, and pass the bytes: base64.b64decode(...)"
        )


def _from_array(array: NDArray[Any]) -> Image:
    if array.dtype != np.uint8 or array.size == 0 or not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)):
        raise ImageError(
            f"not a picture: an array {array.shape} {array.dtype}; expected (H, W, 3) RGB or (H, W) grey, uint8, of at "
            "least one pixel; pictures in a list, one by one"
        )
    return array if array.ndim == 3 else np.repeat(array[:, :, None], 3, axis=2)


def _from_pillow(picture: Pillow.Image) -> Image:
    try:
        upright: Any = ImageOps.exif_transpose(picture)
        return to_rgb(upright)
    except Exception as error:  # Pillow reads files lazily, and raises a dozen types for damaged ones
        why = why_damaged(error)
        raise ImageError(f"damaged picture: a PIL image of {picture.size} pixels ({why}); open it again") from error
