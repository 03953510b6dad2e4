"""File formats of pictures: how they are recognised, and limits against decompression bombs in place of Pillow's.

A file of a few bytes can declare a hundred megapixels, or the same pixels again and again. A picture that would take
far more time or memory than usual is refused before a pixel is decoded. What others cost: docs/how-to/batch.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import IO, Any

from PIL import Image as Pillow
from PIL.ImageFile import ImageFile

from mien.core.errors import ImageError

MOST_FRAMES = 1000
"""Frames of an animation are counted up to this."""

EXPECTED_PICTURES = "JPEG, PNG, WebP, BMP, TIFF, GIF or another format that Pillow reads"

PICTURE_SUFFIXES = frozenset(
    [".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif"]
) | {".avif", ".heic", ".heif", ".jp2", ".ppm", ".pgm", ".pbm", ".pnm", ".tga"}
"""Suffixes of pictures, in small letters. HEIC is among them, so that a phone's pictures fail with a message."""

_VIDEO = "a video, which 'mien video' takes"

_SIGNATURES = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1aE\xdf\xa3", _VIDEO),
    (b"\x00\x00\x01\x00", "an icon: save its picture as PNG"),
    *((sign, "a picture in base64: decode it first") for sign in (b"/9j/", b"iVBORw0KGgo", b"R0lGOD", b"UklGR")),
    (b"data:image/", "a picture in a data URL: decode the base64 behind its comma first"),
)
"""First bytes of other files that people take for pictures, and what they are."""

_HEIC = {b"heic", b"heix", b"heif", b"mif1", b"msf1"}
_AVIF = {b"avif", b"avis"}

LIMIT_DIVISORS = {"WEBP": 2, "AVIF": 2, "JPEG2000": 4}
"""Formats that are decoded in one call, which takes up to 16 bytes a pixel and cannot be interrupted.

Their limit on pixels is that of other formats, divided by this number.
"""

SLOW_DIVISOR = 50
"""The divisor for what Pillow decodes in Python, such as PPM with a white other than 255: up to 6 s a megapixel."""

MOST_SCANS = 12
"""How many scans the largest picture may have; smaller ones may have more. Progressive JPEG usually has ten."""

HOLLOW_PIXELS = 16_000_000
HOLLOW_RATE = 2_000
"""A file of a format in ``LIMIT_DIVISORS`` with more pixels than the first number, and more pixels a byte than the
second, is no photo: a picture of one colour has 200 a byte."""

_START_OF_SCAN = b"\xff\xda"
_AT_ONCE = 1 << 20


def open_picture(stream: IO[bytes], head: bytes) -> ImageFile | None:
    """Return the picture with its pixels still unread, or None if no format recognises it.

    ``PIL.Image.open`` has one limit on pixels for the whole process, and warns. So Pillow's formats are tried here one
    by one, and the caller checks the size.

    Args:
        stream: a seekable file.
        head: its first bytes, 16 or more if it has as many.

    Raises:
        Exception: of any type, if the file begins like a format and is then cut off or invalid.
    """
    failure: Exception | None = None
    # PostScript is a program, which Pillow lets Ghostscript run: not safe. An icon can hold a PNG far larger than the
    # size that it declares.
    tried = {"EPS", "ICO"}
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
            except SyntaxError as error:  # which Pillow's formats raise for files of other formats
                # If the signature matched, the file is damaged, or is text that begins alike by accident.
                if accept is not None and failure is None and looks_like(head) != "text":
                    failure = ValueError(f"begins like {form}, then: {error}")
    if failure is not None:
        raise failure
    return None


def load(picture: ImageFile, factor: int) -> int:
    """Read the pixels of picture; a JPEG is decoded at 1/factor of its size, which takes less time and memory.

    Returns:
        What the size was divided by: factor, or less if the format or a very flat picture allows no more.

    Raises:
        Exception: of any type, if the file is damaged.
    """
    # Only JPEG can decode at a reduced size, which is rounded up, as by ``PIL.Image.Image.reduce``.
    drafted = 1
    if factor > 1 and picture.format in {"JPEG", "MPO"}:
        width, height = picture.size
        form: Any = picture
        form.draft(None, (max(1, width // factor), max(1, height // factor)))
        drafted = next(by for by in (8, 4, 2, 1) if picture.size == (-(-width // by), -(-height // by)))
    if picture.format == "TIFF":
        # With memory allocated, Pillow does not check TIFF against its global limit again.
        picture.im = Pillow.core.new(picture.mode, getattr(picture, "_tile_size", picture.size))
    picture.load()
    return drafted


def frames_note(picture: ImageFile) -> str:
    """Return a note that a loaded picture is the first of several, such as "animated: first of 12 frames"; else "".

    The second picture of a phone's JPEG (depth, brightness) and Photoshop's layers are parts of one picture.
    """
    kinds = {"GIF": "animated: first of {} frames", "TIFF": "first of {} pages"}
    kinds |= dict.fromkeys(("WEBP", "PNG", "AVIF", "FLI"), kinds["GIF"])
    if picture.format not in kinds:
        return ""
    try:
        several = getattr(picture, "is_animated", False)
        count = _frames(picture) if several else ""
    except Exception:  # noqa: BLE001, for damage after the first frame Pillow raises a dozen types
        count = "several"
    return kinds[picture.format].format(count) if count else ""


def _frames(picture: ImageFile) -> str:
    """Return how many frames a picture has, as far as they can be counted quickly."""
    form: Any = picture
    if picture.format not in {"GIF", "TIFF"}:  # the others declare it at their start
        return str(form.n_frames)
    # n_frames reads all frames, of which there may be millions; this stops earlier.
    forward = partial(form._seek, update_image=False) if picture.format == "GIF" else form.seek
    for frame in range(1, MOST_FRAMES):
        try:
            forward(frame)
        except EOFError:
            return str(frame)
    return f"{MOST_FRAMES:,} or more"


def looks_like(head: bytes) -> str:
    """Return what kind of file begins with head, in words for people."""
    for sign, kind in _SIGNATURES:
        if head.startswith(sign):
            return kind
    if head[4:8] == b"ftyp":
        if head[8:12] in _HEIC:
            return "HEIC, which needs a plugin: save it as JPEG"
        return "AVIF, which this Pillow was built without: save it as JPEG" if head[8:12] in _AVIF else _VIDEO
    if b"<svg" in head:
        return "an SVG drawing"
    # A character of several bytes may be cut off at the end of head, with up to three bytes left.
    if any(_is_text(head[: len(head) - cut]) for cut in range(4)):
        return "text"
    return "unknown data"


def _is_text(data: bytes) -> bool:
    try:
        return all(char.isprintable() or char.isspace() for char in data.decode())
    except UnicodeDecodeError:
        return False


def refuse_costly(stream: IO[bytes], opened: ImageFile, name: str, max_pixels: int) -> None:
    """Refuse a picture that would take too much time or memory to decode.

    Args:
        stream: the file of opened; its position is kept.
        opened: the picture, its pixels unread.
        name: of the file, for messages.
        max_pixels: the limit for common formats.

    Raises:
        ImageError: it declares too many pixels, for any format or for its own, or has too many scans.
    """
    width, height = opened.size
    pixels, form = width * height, str(opened.format)
    declared = f"{name} declares {width} x {height} pixels, {pixels / 1e6:,.1f} million"
    advice = "or raise the limit if you trust it ('mien image --max-megapixels', 'max_pixels' in Python)"
    if pixels > max_pixels:
        raise ImageError(
            f"too large: {declared}; the limit is {max_pixels / 1e6:,.1f} million; make it smaller, {advice}"
        )
    place = stream.tell()
    size = stream.seek(0, os.SEEK_END)
    if form in LIMIT_DIVISORS and pixels > HOLLOW_PIXELS and pixels > HOLLOW_RATE * size:
        raise ImageError(
            f"no photo: {declared}, but holds {size:,} bytes; a photo has a byte for some 200 pixels or fewer; "
            "export it again"
        )
    most = max_pixels // _share(opened)
    if pixels > most:
        raise ImageError(
            f"too large: {declared}; for this kind of {form} the limit is {most / 1e6:,.1f} million; save it as JPEG "
            f"or PNG, {advice}"
        )
    scans = _scans(stream) if form in {"JPEG", "MPO"} and opened.info.get("progressive") else 1
    if scans * pixels > MOST_SCANS * max_pixels:
        raise ImageError(
            f"too many scans: {declared}, in {scans:,} scans; progressive JPEG usually has ten; save it again, {advice}"
        )
    stream.seek(place)


def _share(opened: ImageFile) -> int:
    """Return what the limit on pixels is divided by for a picture."""
    in_python = any(tile[0] in Pillow.DECODERS for tile in opened.tile)
    return SLOW_DIVISOR if in_python else LIMIT_DIVISORS.get(str(opened.format), 1)


def _scans(stream: IO[bytes]) -> int:
    """Return how many scans a JPEG has, those of thumbnails inside it included."""
    stream.seek(0)
    count, last = 0, b""
    while part := stream.read(_AT_ONCE):
        count += (last + part).count(_START_OF_SCAN)
        last = part[-1:]
    return count
