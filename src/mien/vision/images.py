"""Picture files to RGB arrays and back; the only file of mien that knows Pillow's modes and formats.

Whatever is wrong with a file ends in one ``ImageError`` that names it. Pillow's own settings, which are global, stay
as they are, so any number of threads may read at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageCms
from PIL.ImageFile import ImageFile

from mien.core.errors import ImageError, UsageError
from mien.core.types import Image

MAX_PIXELS = 200_000_000
"""The largest picture that is read unless the caller says otherwise, in pixels: 600 MB as RGB."""

EXPECTED = "JPEG, PNG, WebP, BMP, TIFF, GIF or another format that Pillow reads"

WRITERS: dict[str, tuple[str, dict[str, Any]]] = {
    # Full colour resolution: halved, as is JPEG's habit, the edges of coloured boxes and labels bleed.
    ".jpg": ("JPEG", {"quality": 92, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 92, "subsampling": 0}),
    ".png": ("PNG", {"compress_level": 3}),
    ".webp": ("WEBP", {"quality": 90}),
    ".bmp": ("BMP", {}),
    ".tif": ("TIFF", {"compression": "tiff_lzw"}),
    ".tiff": ("TIFF", {"compression": "tiff_lzw"}),
}
"""Suffix to Pillow's format and the options that it is written with."""

_UPRIGHT = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}
"""The EXIF orientation to what undoes it; 1 and anything unknown is upright already."""

_ORIENTATION = 0x0112

_SIGNS = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1aE\xdf\xa3", "a video"),
)
"""How files begin that people take for pictures."""


def read(path: Path, max_pixels: int = MAX_PIXELS) -> Image:
    """Read a picture file.

    Returns:
        (H, W, 3) uint8 RGB, turned upright by the EXIF orientation. Transparent parts are laid on white, as a page
        shows them; grey is repeated into three channels; 16 bits are scaled to 8; of an animation the first frame.

    Raises:
        ImageError: there is no such file, it is not a picture, it is damaged or cut short, or it declares more than
            max_pixels pixels.
    """
    try:
        if path.is_dir():
            raise ImageError(f"not a picture: {path} is a folder; name the pictures in it")
        if path.exists() and not path.is_file():
            raise ImageError(f"not a picture: {path} is not a regular file; copy what it holds to a file first")
        with path.open("rb") as stream:
            return _decode(stream, str(path), max_pixels)
    except FileNotFoundError as error:
        raise ImageError(f"no such file: {path}") from error
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        raise ImageError(f"cannot open {path}: {getattr(error, 'strerror', None) or error}") from error


def decode(data: bytes, name: str, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode the bytes of a picture file, as ``read`` does; name stands for the file in messages.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ImageError: as for ``read``.
    """
    return _decode(BytesIO(data), name, max_pixels)


def write(image: Image, path: Path) -> None:
    """Write image (H, W, 3) uint8 RGB in the format of path's suffix, one of ``WRITERS``.

    The file is written beside its place and then renamed, so that nobody ever finds half a picture there.

    Raises:
        UsageError: the suffix names no known format, or the folder does not exist.
        ImageError: the format cannot hold the picture, or the disk refuses it.
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
        beside.unlink(missing_ok=True)


def _decode(stream: IO[bytes], name: str, max_pixels: int) -> Image:
    """Turn a seekable stream into (H, W, 3) uint8 RGB or an ``ImageError``, and nothing else."""
    head = stream.read(512)
    if not head:
        raise ImageError(f"not a picture: {name} (the file is empty); copy or download it again")
    try:
        picture = _open(stream, head)
        if picture is None:
            raise ImageError(f"not a picture: {name} (got {_looks_like(head)}; expected {EXPECTED})")
        width, height = picture.size
        if width * height > max_pixels:
            raise ImageError(
                f"too large: {name} declares {width} x {height} pixels, {width * height / 1e6:,.1f} million; "
                f"the limit is {max_pixels / 1e6:,.1f} million; make it smaller, or raise max_pixels if you trust it"
            )
        picture.load()
        return _upright(_rgb(picture), picture)
    except ImageError:
        raise
    except Exception as error:  # damaged files surface as a dozen types: struct.error, KeyError, MemoryError, ...
        why = str(error) or type(error).__name__
        raise ImageError(f"damaged picture: {name} ({why}); copy or export it again") from error


def _open(stream: IO[bytes], head: bytes) -> ImageFile | None:
    """Return the picture with its pixels still unread, or None where no format recognises it.

    ``PIL.Image.open`` would do, but for its limit on pixels: one global for the whole process, which warns as well.
    So its table of formats is walked here, and the caller compares the size with a limit of his own.
    """
    failure: Exception | None = None
    tried = {"EPS"}  # Pillow hands PostScript, which is a program, to Ghostscript: not with files from anywhere
    loaders: tuple[Callable[[], object], ...] = (Pillow.preinit, Pillow.init)  # the common formats, then all of them
    for load_plugins in loaders:
        load_plugins()
        for form in [form for form in Pillow.ID if form not in tried]:
            tried.add(form)
            factory, accept = Pillow.OPEN[form]
            if accept is not None and accept(head[:16]) is not True:
                continue
            stream.seek(0)
            try:
                return factory(stream, "")
            except SyntaxError as error:  # how Pillow's formats say "not mine"
                # One with a signature says it only of a damaged file; text may begin like one by accident.
                if accept is not None and failure is None and _looks_like(head) != "text":
                    failure = ValueError(f"begins like {form}, then: {error}")
    if failure is not None:
        raise failure
    return None


def _looks_like(head: bytes) -> str:
    """Say what kind of file begins with head, for people."""
    for sign, kind in _SIGNS:
        if head.startswith(sign):
            return kind
    if head[4:8] == b"ftyp":
        heic = head[8:12] in {b"heic", b"heix", b"heif", b"mif1", b"msf1"}
        return "HEIC, which needs a plugin: save it as JPEG" if heic else "a video"
    if b"<svg" in head:
        return "an SVG drawing"
    # A character of several bytes may be cut at the end of head: at most three bytes of it are there.
    if any(_is_text(head[: len(head) - cut]) for cut in range(4)):
        return "text"
    return "unknown data"


def _is_text(data: bytes) -> bool:
    try:
        return all(char.isprintable() or char.isspace() for char in data.decode())
    except UnicodeDecodeError:
        return False


def _upright(rgb: Pillow.Image, picture: ImageFile) -> Image:
    """Return rgb as (H, W, 3) uint8, turned as picture's EXIF says."""
    try:
        # After loading, for PNG may carry it behind the pixels; TIFF has been turned by then, and says so.
        turn = _UPRIGHT.get(picture.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001, as above: damaged EXIF in a sound picture, which is worth more than its EXIF
        turn = None
    return np.array(rgb if turn is None else rgb.transpose(turn))


def _rgb(picture: ImageFile) -> Pillow.Image:
    """Return a loaded picture of any mode in mode RGB."""
    if picture.mode.startswith("I;16"):
        return _grey(np.asarray(picture), white=65535)
    if picture.mode in {"I", "F"}:
        values = np.asarray(picture)
        # PGM declares its white, and Pillow has scaled it to 65535; elsewhere only the values tell.
        return _grey(values, white=65535 if picture.format == "PPM" else None)
    if picture.mode == "LAB":
        cms: Any = ImageCms  # its profiles are untyped
        return cms.profileToProfile(picture, cms.createProfile("LAB"), cms.createProfile("sRGB"), outputMode="RGB")
    if picture.has_transparency_data:
        clear = picture.convert("RGBA")
        white = Pillow.new("RGBA", clear.size, "white")
        return Pillow.alpha_composite(white, clear).convert("RGB")
    return picture.convert("RGB")


def _grey(values: NDArray[Any], white: int | None) -> Pillow.Image:
    """Return values (H, W), numbers with black at 0, in mode RGB.

    Without a white, it is the first of 1 (for floats), 255 and 65535 that no value exceeds; values beyond all of
    these, or below 0, are stretched between the least and the greatest. NaN and infinities count as 0.
    """
    floats = np.nan_to_num(values.astype(np.float32), nan=0, posinf=0, neginf=0)
    low, high = float(floats.min(initial=0)), float(floats.max(initial=0))
    if white is None:
        usual = [1, 255, 65535] if values.dtype.kind == "f" else [255, 65535]
        white = next((level for level in usual if low >= 0 and high <= level), None)
    if white is None:
        # In float64, where the span of the widest float32 values is still finite.
        floats, white = (floats.astype(np.float64) - low) / (high - low), 1
    return Pillow.fromarray(np.rint(np.clip(floats * (255 / white), 0, 255)).astype(np.uint8)).convert("RGB")
