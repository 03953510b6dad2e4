"""The last half minute of up to three people: their probabilities as stacked areas on a common time axis.

Where a face is uncertain the areas are faded and hatched.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np

from mien.core.arrays import Flags, Floats, Image
from mien.core.emotions import Colour
from mien.core.result import Result
from mien.draw._canvas import FAINT, TRACK, Canvas
from mien.draw._paint import WHITE, Rect

SPAN_S = 30.0
"""How far back the history reaches."""

STEP_S = 0.05
"""Results closer to the last one kept are left out: less than two pixels of a wide window."""

AWAY_S, STILL_S = 0.5, 2.0
"""Where a person was out of the picture for longer than the first, or no picture came for longer than the second, the
area is interrupted."""

LANES = 3
"""People shown."""

TICK_S = 5

SUBPIXEL_BITS = 4

FINE = 3
"""How much taller areas are painted than they are shown."""

HATCH_PX = 8
"""From one line to the next of what is hatched, as it is uncertain."""

FADED = 0.4
"""How much is left of the colours there."""

Points = list[tuple[float, Floats, bool]]
"""Times, probabilities (K,), and whether the face was uncertain."""


class History:
    """Remembers what the faces of the last ``SPAN_S`` seconds showed."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._results: deque[tuple[float, dict[int, tuple[Floats, bool]]]] = deque()

    def add(self, result: Result) -> None:
        """Remember a result; its time must not be earlier than that of the one before."""
        self.now_s = result.frame.time_s
        if self._results and self.now_s - self._results[-1][0] < STEP_S:
            return
        rows = zip(result.ids.tolist(), result.probs, result.uncertain.tolist(), strict=True)
        faces = {number: (probs, unsure) for number, probs, unsure in rows if number >= 0}
        self._results.append((self.now_s, faces))
        # One that lies just before the span stays, so that areas begin at its edge.
        while len(self._results) > 1 and self._results[1][0] < self.now_s - SPAN_S:
            self._results.popleft()

    def people(self) -> list[int]:
        """Return at most ``LANES`` ids in their order: those in view, and where that leaves room, those who left.

        Of either, those seen most. Who was missed for less than ``AWAY_S`` is in view.
        """
        seen = Counter(number for _, faces in self._results for number in faces)
        lately = {number for time_s, faces in self._results if time_s >= self.now_s - AWAY_S for number in faces}
        return sorted(sorted(seen, key=lambda number: (number not in lately, -seen[number], number))[:LANES])

    def stretches(self, number: int) -> list[Points]:
        """Return what is known of one person, one list for each stretch in view."""
        found: list[Points] = []
        longest_s = STILL_S
        for time_s, faces in self._results:
            if (face := faces.get(number)) is None:
                longest_s = AWAY_S
                continue
            if not found or time_s - found[-1][-1][0] > longest_s:
                found.append([])
            found[-1].append((time_s, *face))
            longest_s = STILL_S
        return found


def draw_history(canvas: Canvas, area: Rect, history: History, colours: Sequence[Colour], text_px: float) -> None:
    """Draw a history; the right edge is now.

    Args:
        canvas: where.
        area: lies within it.
        history: what to show.
        colours: of the K emotions.
        text_px: size of the text.
    """
    axis_px = canvas.height_px(text_px)
    people = history.people()
    tags = [f"#{number}" for number in people]
    left = area.x1 + (max(canvas.width_px(tag, text_px) for tag in tags) if len(tags) > 1 else 0)
    lanes = Rect(left, area.y1, area.x2, area.y2 - axis_px)
    count = max(1, len(people))
    gap_px = max(2, round(text_px / 4))
    step_px = (lanes.y2 - lanes.y1 + gap_px) / count
    for row in range(count):
        y1, y2 = round(lanes.y1 + row * step_px), round(lanes.y1 + (row + 1) * step_px - gap_px)
        stretches = history.stretches(people[row]) if row < len(people) else []
        columns = _uncertain(lanes.x2 - lanes.x1, stretches, history.now_s)
        lane = canvas.image[y1:y2, lanes.x1 : lanes.x2]
        lane[...] = _hatched(_lane((lanes.x2 - lanes.x1, y2 - y1), stretches, history.now_s, colours), columns)
        _explain(canvas, Rect(lanes.x1, y1, lanes.x2, y2), columns, text_px)
        if count > 1:
            canvas.write(tags[row], (area.x1, (y1 + y2 - axis_px) // 2), text_px)
    _axis(canvas, lanes, text_px)


def _lane(size: tuple[int, int], stretches: list[Points], now_s: float, colours: Sequence[Colour]) -> Image:
    """Return stretches as stacked areas (H, W, 3), the first emotion at the bottom.

    They are painted taller and then reduced: cv2's own smooth edges let the colours of empty areas shine through.
    """
    width, height = size
    tall = np.empty((height * FINE, width, 3), np.uint8)
    cv2.rectangle(tall, (0, 0), (width, height * FINE), TRACK, -1)
    for points in stretches:
        first_s, first, _ = points[0]
        # One step earlier too, as a single time would have no area.
        times = np.array([first_s - STEP_S, *(time_s for time_s, _, _ in points)])
        tops = np.cumsum([first, *(probs for _, probs, _ in points)], axis=1)
        x = width + (times - now_s) * (width / SPAN_S)
        floor = np.array([[x[-1], 1.0], [x[0], 1.0]])
        # From the highest down, each over all that is above it.
        for column in range(tops.shape[1] - 1, -1, -1):
            outline = np.concatenate([np.stack([x, 1 - tops[:, column]], axis=1), floor])
            # A pixel's centre is a whole number to cv2, and half a pixel from the edge to us.
            fixed = (outline * (1, height * FINE) - 0.5) * (1 << SUBPIXEL_BITS)
            cv2.fillPoly(tall, [np.rint(fixed).astype(np.int32)], colours[column], cv2.LINE_8, SUBPIXEL_BITS)
    return np.asarray(cv2.resize(tall, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _uncertain(width: int, stretches: list[Points], now_s: float) -> Flags:
    """Return in which columns (W,) of a lane the face was uncertain; a result stands for the time up to it."""
    found = np.zeros(width, np.bool_)
    for points in stretches:
        times = [points[0][0] - STEP_S, *(time_s for time_s, _, _ in points)]
        edges = np.rint(width + (np.array(times) - now_s) * (width / SPAN_S)).astype(int).clip(0, width)
        found[edges[0] : edges[-1]] = np.repeat([unsure for _, _, unsure in points], np.diff(edges))
    return found


def _hatched(lane: Image, columns: Flags) -> Image:
    """Return a lane (H, W, 3) with columns (W,) faded and hatched."""
    if not columns.any():
        return lane
    faded = cv2.add(cv2.convertScaleAbs(lane, alpha=FADED), (1 - FADED) * np.array([*TRACK, 0.0]))
    lines = _lines((lane.shape[0], lane.shape[1]))
    cv2.copyTo(lines, lines, faded)
    return np.where(columns[:, None], faded, lane).astype(np.uint8, copy=False)


@lru_cache(maxsize=8)
def _lines(size: tuple[int, int]) -> Image:
    """Return the lines of hatching (H, W, 3), black between them."""
    rows, places = np.ogrid[: size[0], : size[1]]
    return np.where(((rows + places) % HATCH_PX < 2)[..., None], np.array(FAINT, np.uint8), np.uint8(0))


def _explain(canvas: Canvas, lane: Rect, columns: Flags, text_px: float) -> None:
    """Write what hatching means into the last stretch of columns (W,) that has room for it."""
    width, height = canvas.width_px("uncertain", text_px), canvas.height_px(text_px)
    edges = np.flatnonzero(np.diff(columns.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    roomy = edges[edges[:, 1] - edges[:, 0] >= width]
    if not len(roomy) or lane.y2 - lane.y1 < height:
        return
    left, right = roomy[-1].tolist()
    x, y = lane.x1 + (left + right - width) // 2, (lane.y1 + lane.y2 - height) // 2
    canvas.fill(Rect(x, y, x + width, y + height), TRACK)
    canvas.write("uncertain", (x, y), text_px, WHITE, paper=TRACK)


def _axis(canvas: Canvas, lanes: Rect, text_px: float) -> None:
    """Write the seconds below the lanes, and set a tick at each."""
    for seconds in range(0, int(SPAN_S) + 1, TICK_S):
        x = round(lanes.x2 - seconds * (lanes.x2 - lanes.x1) / SPAN_S)
        text = "now" if seconds == 0 else f"{seconds} s" if seconds < SPAN_S else f"{seconds} s ago"
        width = canvas.width_px(text, text_px)
        start = min(max(x - width // 2, lanes.x1), lanes.x2 - width)
        canvas.write(text, (start, lanes.y2 + 1), text_px)
        tick = max(lanes.x1, min(x, lanes.x2 - 1))
        canvas.fill(Rect(tick, lanes.y2 - 3, tick + 1, lanes.y2 + 1), FAINT)
