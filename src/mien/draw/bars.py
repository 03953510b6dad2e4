"""Bars for up to four faces: what each shows, and how probable each emotion is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mien.core.emotions import Colour
from mien.core.types import Face
from mien.draw.annotate import WHITE, Rect
from mien.draw.canvas import FAINT, TRACK, Canvas

TITLE = 1.2
"""How much larger the emotion on top of a card is than other text."""

CARDS = 4
"""Faces that get bars; of more, only the number is told."""


class Rows(NamedTuple):
    """How high a row of bars is, and the text beside it, in pixels."""

    height_px: int
    text_px: float


def draw_cards(
    canvas: Canvas, area: Rect, faces: Sequence[Face], colours: Mapping[str, Colour], text_px: float
) -> None:
    """Draw a card for each face, one below the other, as many as fit.

    Args:
        canvas: where.
        area: lies within it.
        faces: in the order to show them; without any, the emotions alone stand there as a legend.
        colours: of the emotions, in their order.
        text_px: size of the text where there is room.
    """
    bottom = area.y2 - (canvas.height_px(text_px) if len(faces) > CARDS else 0)
    title_px, gap_px = canvas.height_px(TITLE * text_px), round(0.7 * text_px)
    room_px = (bottom - area.y1) / max(1, min(len(faces), CARDS)) - title_px - gap_px
    height_px = int(min(max(room_px / max(1, len(colours)), 11.0), 1.6 * text_px))
    rows = Rows(height_px, max(9.0, min(0.85 * text_px, 0.8 * height_px)))
    card_px = title_px + len(colours) * height_px + gap_px
    fit = min(len(faces), CARDS, max(1, (bottom - area.y1) // card_px))
    y = area.y1
    for face in faces[:fit]:
        _title(canvas, Rect(area.x1, y, area.x2, y + title_px), face, text_px)
        _bars(canvas, Rect(area.x1, y + title_px, area.x2, bottom), face, colours, rows)
        y += card_px
    if not faces:
        canvas.write("no face in view", (area.x1, y), text_px)
        _bars(canvas, Rect(area.x1, y + title_px, area.x2, bottom), None, colours, rows)
    elif len(faces) > fit:
        canvas.write(f"and {len(faces) - fit} more", (area.x1, y), text_px)


def _title(canvas: Canvas, area: Rect, face: Face, text_px: float) -> None:
    """Write what a face shows, and its number to the right."""
    name = f"{face.emotion}?" if face.uncertain else face.emotion
    # Each line begins with half an em of its own; the title is moved so that its letters stand above those below.
    end = canvas.write(name, (area.x1 - round(0.2 * text_px), area.y1), TITLE * text_px, WHITE)
    number = f"#{face.id}"
    right = area.x2 - canvas.width_px(number, text_px)
    if right >= end:
        canvas.write(number, (right, (area.y1 + area.y2 - canvas.height_px(text_px)) // 2), text_px)


def _bars(canvas: Canvas, area: Rect, face: Face | None, colours: Mapping[str, Colour], rows: Rows) -> None:
    """Draw a row for each emotion: its name, a bar, and the figure. Without a face, names and empty bars."""
    left = area.x1 + max((canvas.width_px(label, rows.text_px) for label in colours), default=0)
    right = area.x2 - canvas.width_px(">99 %", rows.text_px)
    thick = max(3, round(0.45 * rows.height_px))
    for row, (label, colour) in enumerate(colours.items()):
        y = area.y1 + row * rows.height_px
        if y + rows.height_px > area.y2:
            return
        middle, text_y = y + rows.height_px // 2, y + (rows.height_px - canvas.height_px(rows.text_px)) // 2
        ink = WHITE if face is not None and face.emotion == label else FAINT
        canvas.write(label, (area.x1, text_y), rows.text_px, ink)
        canvas.bar(left, right, middle, thick, TRACK)
        if face is None:
            canvas.bar(left, left + thick + 2, middle, thick, colour)
            continue
        share = face.probabilities[label]
        canvas.bar(left, left + round(share * (right - left)), middle, thick, colour)
        figure = f"{100 * share:.0f} %" if share < 0.995 else ">99 %"
        canvas.write(figure, (area.x2 - canvas.width_px(figure, rows.text_px), text_y), rows.text_px, ink)
