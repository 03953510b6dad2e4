"""Which file is which: opens the formats that Pillow knows without its global limits, and names what is no picture."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import IO, Any

from PIL import Image as Pillow
from PIL.ImageFile import ImageFile

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
