"""Picture files opened by Pillow without its global limits: which format a file has, and what it may cost.

A file of some bytes can declare a hundred megapixels, or the same pixels again and again. What would take much more
time or memory than its pixels are worth is refused before a pixel is decoded. What the rest costs at most is in
docs/how-to/batch.md.
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
"""How many frames are counted."""

EXPECTED = "JPEG, PNG, WebP, BMP, TIFF, GIF or another format that Pillow reads"

PICTURE_SUFFIXES = frozenset(
    [".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif"]
) | {".avif", ".heic", ".heif", ".jp2", ".ppm", ".pgm", ".pbm", ".pnm", ".tga"}
"""How the names of pictures end, in small letters. HEIC is among them: a phone's pictures are refused aloud."""

_SIGNS = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"\x00\x00\x01\x00", "an icon: save its picture as PNG"),
    *((sign, "a picture in base64: decode it first") for sign in (b"/9j/", b"iVBORw0KGgo", b"R0lGOD", b"UklGR")),
    (b"data:image/", "a picture in a data URL: decode the base64 behind its comma first"),
)
"""How files begin that people take for pictures."""

_HEIC = {b"heic", b"heix", b"heif", b"mif1", b"msf1"}
_AVIF = {b"avif", b"avis"}

SHARES = {"WEBP": 2, "AVIF": 2, "JPEG2000": 4}
"""Formats that are decoded in one go, which takes up to 16 bytes a pixel and does not end before its time.

Each reads this part of the pixels that others may have: one half, one quarter.
"""

SLOW_SHARE = 50
"""The same part for what Pillow decodes in Python, such as PPM with a white other than 255: up to 6 s a megapixel."""

SCANS = 12
"""How often all the pixels of the largest picture may be gone through; progressive JPEG usually has ten scans."""

HOLLOW_PIXELS = 16_000_000
HOLLOW_RATE = 2_000
"""Above so many pixels, a format of ``SHARES`` with more pixels a byte holds no photo: a quite plain one has 200."""

_START_OF_SCAN = b"\xff\xda"
_AT_ONCE = 1 << 20


def open_picture(stream: IO[bytes], head: bytes) -> ImageFile | None:
    """Return the picture with its pixels still unread, or None where no format recognises it.

    ``PIL.Image.open`` would do, but for its limit on pixels: one global for the whole process, which warns as well.
    So its table of formats is walked here, and the caller compares the size with a limit of his own.

    Args:
        stream: a seekable file.
        head: its first bytes, 16 or more where it has them.

    Raises:
        Exception: of any type, where the file begins like a format and then breaks off or contradicts itself.
    """
    failure: Exception | None = None
    # Pillow hands PostScript, which is a program, to Ghostscript: not with files from anywhere. An icon can hold a PNG
    # far larger than the size that it declares.
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
            except SyntaxError as error:  # how Pillow's formats say "not mine"
                # One with a signature says it only of a damaged file; text may begin like one by accident.
                if accept is not None and failure is None and looks_like(head) != "text":
                    failure = ValueError(f"begins like {form}, then: {error}")
    if failure is not None:
        raise failure
    return None


def load(picture: ImageFile, factor: int) -> int:
    """Read the pixels of picture, those of a JPEG at 1/factor of its size, which takes less time and memory.

    Returns:
        By what the size was divided: factor, less of it where the format or a very flat picture allows no more.

    Raises:
        Exception: of any type, where the file is damaged.
    """
    # Only JPEG has this method to a purpose; the size is rounded up, as by ``PIL.Image.Image.reduce``.
    drafted = 1
    if factor > 1 and picture.format in {"JPEG", "MPO"}:
        width, height = picture.size
        form: Any = picture
        form.draft(None, (max(1, width // factor), max(1, height // factor)))
        drafted = next(by for by in (8, 4, 2, 1) if picture.size == (-(-width // by), -(-height // by)))
    if picture.format == "TIFF":
        # With memory to read into, Pillow does not compare TIFF with its global limit once more.
        picture.im = Pillow.core.new(picture.mode, getattr(picture, "_tile_size", picture.size))
    picture.load()
    return drafted


def frames_note(picture: ImageFile) -> str:
    """Say that a loaded picture was the first of several, such as "animated: first of 12 frames"; "" for a single one.

    The second picture of a phone's JPEG (depth, brightness) and Photoshop's layers are parts of one picture.
    """
    kinds = {"GIF": "animated: first of {} frames", "TIFF": "first of {} pages"}
    kinds |= dict.fromkeys(("WEBP", "PNG", "AVIF", "FLI"), kinds["GIF"])
    if picture.format not in kinds:
        return ""
    try:
        several = getattr(picture, "is_animated", False)
        count = _frames(picture) if several else ""
    except Exception:  # noqa: BLE001, damage behind the first frame, of which Pillow says a dozen types
        count = "several"
    return kinds[picture.format].format(count) if count else ""


def _frames(picture: ImageFile) -> str:
    """Return how many frames a picture has, as far as it can be told quickly."""
    form: Any = picture
    if picture.format not in {"GIF", "TIFF"}:  # the others tell it at their start
        return str(form.n_frames)
    # n_frames goes through all frames, of which there may be millions; so does this, but not so far.
    forward = partial(form._seek, update_image=False) if picture.format == "GIF" else form.seek
    for frame in range(1, MOST_FRAMES):
        try:
            forward(frame)
        except EOFError:
            return str(frame)
    return f"{MOST_FRAMES:,} or more"


def looks_like(head: bytes) -> str:
    """Say what kind of file begins with head, for people."""
    for sign, kind in _SIGNS:
        if head.startswith(sign):
            return kind
    if head[4:8] == b"ftyp":
        if head[8:12] in _HEIC:
            return "HEIC, which needs a plugin: save it as JPEG"
        return "AVIF, which this Pillow was built without: save it as JPEG" if head[8:12] in _AVIF else "a video"
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


def refuse_costly(stream: IO[bytes], opened: ImageFile, name: str, max_pixels: int) -> None:
    """Let a picture pass whose decoding is worth its while.

    Args:
        stream: the file that opened was opened from; its place is kept.
        opened: the picture, its pixels unread.
        name: of the file, for messages.
        max_pixels: the largest picture that is read of a common format.

    Raises:
        ImageError: it declares too many pixels, for any format or for its own, or goes through them too often.
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
    if form in SHARES and pixels > HOLLOW_PIXELS and pixels > HOLLOW_RATE * size:
        raise ImageError(
            f"no photo: {declared}, but holds {size:,} bytes; a photo has a byte for some 200 pixels or fewer; "
            "export it again"
        )
    most = max_pixels // _share(opened)
    if pixels > most:
        raise ImageError(
            f"too large: {declared}; of {form} decoded so, the limit is {most / 1e6:,.1f} million; save it as JPEG or "
            f"PNG, {advice}"
        )
    scans = _scans(stream) if form in {"JPEG", "MPO"} and opened.info.get("progressive") else 1
    if scans * pixels > SCANS * max_pixels:
        raise ImageError(
            f"too many scans: {declared}, and goes through them {scans:,} times; progressive JPEG usually has ten "
            f"scans; save it again, {advice}"
        )
    stream.seek(place)


def _share(opened: ImageFile) -> int:
    """Return which part of the pixels that are allowed a picture may have."""
    in_python = any(tile[0] in Pillow.DECODERS for tile in opened.tile)
    return SLOW_SHARE if in_python else SHARES.get(str(opened.format), 1)


def _scans(stream: IO[bytes]) -> int:
    """Return how many scans a JPEG has; those of small pictures within it count as well."""
    stream.seek(0)
    count, last = 0, b""
    while part := stream.read(_AT_ONCE):
        count += (last + part).count(_START_OF_SCAN)
        last = part[-1:]
    return count
