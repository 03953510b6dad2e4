"""The fonts of labels, and which names they can spell.

Pillow's own has the letters of English. Names need more, and DejaVu Sans, which matplotlib brings along, has those of
Latin, Greek and Cyrillic script.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

Font = Callable[[float], ImageFont.FreeTypeFont]
"""Returns a font whose em has so many pixels."""

NO_LETTER = "\uffff"
"""A code that no font has a letter for, so that it is drawn as every missing letter is."""


LOOKED_AT_PX = 20
"""Size of the letters that are compared."""


def plain(em_px: float) -> ImageFont.FreeTypeFont:
    """Return Pillow's own font."""
    font = ImageFont.load_default(em_px)
    if not isinstance(font, ImageFont.FreeTypeFont):  # Pillow built without FreeType; no wheel of it is
        raise RuntimeError("mien needs a Pillow with FreeType to draw text: pip install --force-reinstall pillow")
    return font


def font_for(names: Iterable[str]) -> Font:
    """Return the font in which the most of the names can be set; Pillow's own where that is all of them."""
    names, file = list(names), _dejavu()
    if file is None or all(spells(plain, name) for name in names):
        return plain
    return _from_file(file)


def spells(font: Font, name: str) -> bool:
    """Return whether a font has all letters of a name.

    Letters that are written from right to left do not count: whether they are joined depends on what Pillow was built
    with.
    """
    return all(_has(font, letter) for letter in name)


@cache
def _has(font: Font, letter: str) -> bool:
    if unicodedata.bidirectional(letter) in ("R", "AL"):
        return False
    return _drawn(font, letter) != _drawn(font, NO_LETTER)


def _drawn(font: Font, letter: str) -> bytes:
    picture = Image.new("L", (2 * LOOKED_AT_PX, 2 * LOOKED_AT_PX))
    ImageDraw.Draw(picture).text((0, 0), letter, 255, font(LOOKED_AT_PX))
    return picture.tobytes()


@cache
def _from_file(file: Path) -> Font:
    return lambda em_px: ImageFont.truetype(file, em_px)


@cache
def _dejavu() -> Path | None:
    """Return the file of DejaVu Sans; None without matplotlib, which is looked for and not imported."""
    found = find_spec("matplotlib")
    file = Path(found.origin or "").parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf" if found else None
    return file if file and file.is_file() else None
