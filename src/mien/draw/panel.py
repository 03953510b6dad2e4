"""The picture in the window of ``mien live``: the annotated camera picture, bars for each face, and a timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import cv2
import numpy as np

from mien.core.arrays import Image
from mien.core.emotions import Colour, colours_of
from mien.core.faces import Faces
from mien.core.result import Face, Result
from mien.draw._canvas import FAINT, TRACK, Canvas, Lettering
from mien.draw._paint import WHITE, Rect
from mien.draw.annotate import draw
from mien.draw.history import History, draw_history

SMALLEST = (320, 240)
"""No panel is smaller, in pixels; a smaller window shows its top left corner."""

RED: Colour = (235, 64, 52)

TITLE = 1.2
"""How much larger the emotion on top of a card is than other text."""

CARDS = 4
"""Faces that get bars; of more, only the number is told."""

AnyResult = TypeVar("AnyResult", bound=Result)


@dataclass(frozen=True, slots=True)
class Status:
    """What the window says of the program itself.

    Attributes:
        fps: frames a second that are analysed.
        delay_ms: from the camera's picture to its place on the screen, in milliseconds.
        recorded_s: length of the film that is being written; None while none is.
        paused: whether the picture stands still.
        note: one short sentence, such as the name of a file just written.
        trouble: why there is no picture; empty where there is.
        help: each key and what it does, where help is asked for.
        hint: how to ask for help; empty where there are no keys.
    """

    fps: float = 0.0
    delay_ms: float = 0.0
    recorded_s: float | None = None
    paused: bool = False
    note: str = ""
    trouble: str = ""
    help: Sequence[tuple[str, str]] = ()
    hint: str = ""


class Places(NamedTuple):
    """Where the parts of a panel lie, and the size of its text in pixels."""

    picture: Rect
    side: Rect
    history: Rect
    status: Rect
    text_px: float


class Rows(NamedTuple):
    """How high a row of bars is, and the text beside it, in pixels."""

    height_px: int
    text_px: float


def places(size: tuple[int, int]) -> Places:
    """Divide a panel of (width, height): picture and bars side by side, below them the timeline and the status."""
    width, height = size
    text_px = float(round(min(max((width * height) ** 0.5 / 62, 10.5), 24.0)))
    pad = round(0.6 * text_px)
    side_px = round(min(18 * text_px, 0.26 * width))
    history_px = round(min(max(0.17 * height, 4.5 * text_px), 11 * text_px))
    low = height - round(2.1 * text_px)
    across = width - side_px
    return Places(
        picture=Rect(pad, pad, across, low - history_px - pad),
        side=Rect(across + pad, pad, width - pad, low - history_px - pad),
        history=Rect(pad, low - history_px, width - pad, low),
        status=Rect(pad, low, width - pad, height),
        text_px=text_px,
    )


def mirrored(result: AnyResult) -> AnyResult:
    """Return a result as people see themselves: picture, boxes and landmarks flipped left to right.

    The order of landmarks stays, so the subject's right eye is still the first.
    """
    width = np.float32(result.frame.size[0])
    boxes, landmarks = result.faces.boxes.copy(), result.faces.landmarks.copy()
    boxes[:, [0, 2]] = width - boxes[:, [2, 0]]
    landmarks[:, :, 0] = width - landmarks[:, :, 0]
    frame = replace(result.frame, image=cv2.flip(result.frame.image, 1), size=result.frame.size)
    return replace(result, frame=frame, faces=Faces(boxes, landmarks, result.faces.scores))


def scaled(result: AnyResult, size: tuple[int, int]) -> AnyResult:
    """Return a result with its picture resized to (width, height), and the faces with it."""
    factors = np.array(size, np.float32) / np.array(result.frame.size, np.float32)
    way = cv2.INTER_AREA if max(factors) < 0.5 else cv2.INTER_LINEAR
    frame = replace(result.frame, image=cv2.resize(result.frame.image, size, interpolation=way), size=size)
    return replace(result, frame=frame, faces=result.faces.scaled(factors))


class Panel:
    """Draws panels of any size; it remembers nothing but the letters that it has set."""

    def __init__(self) -> None:
        self._letters = Lettering()

    def __call__(self, result: Result | None, history: History, status: Status, size: tuple[int, int]) -> Image:
        """Return the panel for a result.

        Args:
            result: what the camera shows, mirrored if it is to be shown so; None before the first picture.
            history: the results before.
            status: of the program.
            size: width and height in pixels; taken as ``SMALLEST`` where it is smaller.

        Returns:
            (H, W, 3) uint8 RGB.
        """
        width, height = max(size[0], SMALLEST[0]), max(size[1], SMALLEST[1])
        canvas = Canvas((width, height), self._letters)
        where = places((width, height))
        colours = colours_of(result.labels) if result is not None else {}
        if result is not None:
            _show_picture(canvas.image, where.picture, result)
            faces: list[Face] = sorted(result, key=lambda face: face.id)
            draw_cards(canvas, where.side, faces, colours, where.text_px)
        draw_history(canvas, where.history, history, list(colours.values()), max(9.0, 0.8 * where.text_px))
        _draw_status(canvas, where, status)
        trouble = status.trouble.strip() or ("waiting for the first picture" if result is None else "")
        if lines := [*([("", trouble)] if trouble else []), *status.help]:
            _draw_box(canvas, where, lines)
        return canvas.image


def _draw_status(canvas: Canvas, where: Places, status: Status) -> None:
    """Write the status line: to the left what goes on, to the right the figures."""
    area, text_px = where.status, where.text_px
    y = (area.y1 + area.y2 - canvas.height_px(text_px)) // 2
    figures = f"{status.fps:.0f} fps   {status.delay_ms:.0f} ms   {status.hint}".rstrip()
    right = area.x2 - canvas.width_px(figures, text_px)
    x = area.x1
    if status.recorded_s is not None:
        radius = round(0.4 * text_px)
        cv2.circle(canvas.image, (x + radius, (area.y1 + area.y2) // 2), radius, RED, -1, cv2.LINE_AA)
        seconds = int(status.recorded_s)
        x = canvas.write(f"{seconds // 60}:{seconds % 60:02d}", (x + 2 * radius, y), text_px, WHITE)
    for text in ("paused" if status.paused else "", status.note):
        if text:
            x = canvas.write(_cut(canvas, text, right - x, text_px), (x, y), text_px, WHITE)
    canvas.write(figures, (right, y), text_px)


def _cut(canvas: Canvas, text: str, room_px: int, text_px: float) -> str:
    """Return as much of a line as fits."""
    while text and canvas.width_px(text, text_px) > room_px:
        text = text[:-2].rstrip("…") + "…" if len(text) > 2 else ""
    return text


def _draw_box(canvas: Canvas, where: Places, lines: Sequence[tuple[str, str]]) -> None:
    """Write keys and sentences into a box in the middle of the picture, broken where they are too long for it."""
    area, text_px = where.picture, where.text_px
    keys_px = max(canvas.width_px(key, text_px) if key else 0 for key, _ in lines)
    room_px = area.x2 - area.x1 - 2 * round(text_px) - keys_px
    rows = [
        (key if first else "", part) for key, text in lines for first, part in _broken(canvas, text, room_px, text_px)
    ]
    height, pad = canvas.height_px(text_px), round(0.8 * text_px)
    wide = keys_px + max(canvas.width_px(text, text_px) for _, text in rows)
    x, y = (area.x1 + area.x2 - wide) // 2, (area.y1 + area.y2 - height * len(rows)) // 2
    canvas.fill(Rect(x - pad, y - pad, x + wide + pad, y + height * len(rows) + pad), TRACK)
    for row, (key, text) in enumerate(rows):
        if key:
            canvas.write(key, (x, y + row * height), text_px, WHITE, paper=TRACK)
        canvas.write(text, (x + keys_px, y + row * height), text_px, WHITE, paper=TRACK)


def _broken(canvas: Canvas, text: str, room_px: int, text_px: float) -> list[tuple[bool, str]]:
    """Break text between words so that each part fits; with each part, whether it is the first."""
    parts: list[str] = []
    for word in text.split():
        if parts and canvas.width_px(f"{parts[-1]} {word}", text_px) <= room_px:
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    return [(place == 0, part) for place, part in enumerate(parts)]


def _show_picture(canvas: Image, area: Rect, result: Result) -> None:
    """Draw the annotated picture as large as it fits, in the middle of the area."""
    room = area.x2 - area.x1, area.y2 - area.y1
    factor = min(room[0] / result.frame.size[0], room[1] / result.frame.size[1])
    width, height = (max(1, round(factor * side)) for side in result.frame.size)
    x, y = area.x1 + (room[0] - width) // 2, area.y1 + (room[1] - height) // 2
    # Annotated at the size in which it is shown, so that lines and letters are sharp.
    canvas[y : y + height, x : x + width] = draw(scaled(result, (width, height)))


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
