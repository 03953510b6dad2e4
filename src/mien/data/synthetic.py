"""Synthetic faces: cartoons whose brows, eyes and mouth show the emotion, for tests and a first run without data.

A net that was trained on them knows nothing about people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mien.core.emotions import EIGHT, SEVEN
from mien.core.protocols import TAGGERS
from mien.data.samples import SIZE_PX
from mien.data.split import COLUMNS, Split, row_names

Canvas = NDArray[np.uint8]
Points = NDArray[np.float64] | Sequence[tuple[float, float]]
"""(P, 2) x, y in units of the head's half width."""

SCALE = 4
"""Faces are drawn at this multiple of their size and shrunk, which smooths the lines."""

CERTAIN = 8
"""Of ``TAGGERS`` votes, those for the emotion drawn; the others are random."""

_FIXED_POINT = 4  # coordinates in sixteenths of a pixel, as cv2 takes them


@dataclass(frozen=True, slots=True)
class Expression:
    """How an emotion is drawn, in units of the head's half width; x points to the picture's right, y down.

    Attributes:
        brow_slant: how much lower the inner end of a brow is than the outer.
        brow_lift: how much higher the brows are than at rest.
        eye_open: height of an eye as a share of its width.
        mouth_curve: how much lower the middle of the mouth is than its corners.
        mouth_open: height of the mouth's opening.
        mouth_width: half width of the mouth.
        mouth_tilt: how much higher the mouth's right corner is than its left.
        nose_wrinkles: whether lines stand beside the nose.
    """

    brow_slant: float = 0.0
    brow_lift: float = 0.0
    eye_open: float = 0.6
    mouth_curve: float = 0.0
    mouth_open: float = 0.0
    mouth_width: float = 0.36
    mouth_tilt: float = 0.0
    nose_wrinkles: bool = False


EXPRESSIONS = {
    "neutral": Expression(),
    "happiness": Expression(mouth_curve=0.26, mouth_open=0.1, mouth_width=0.46, eye_open=0.5),
    "surprise": Expression(brow_lift=0.18, eye_open=1.1, mouth_open=0.5, mouth_width=0.2),
    "sadness": Expression(brow_slant=-0.22, eye_open=0.4, mouth_curve=-0.2, mouth_width=0.32),
    "anger": Expression(brow_slant=0.26, brow_lift=-0.08, eye_open=0.5, mouth_curve=-0.06, mouth_open=0.16),
    "disgust": Expression(brow_lift=-0.1, eye_open=0.2, mouth_curve=-0.26, mouth_open=0.08, nose_wrinkles=True),
    "fear": Expression(brow_slant=-0.2, brow_lift=0.16, eye_open=1.1, mouth_open=0.14, mouth_width=0.46),
    "contempt": Expression(mouth_tilt=0.32, eye_open=0.45),
}
"""Emotion -> how it is drawn."""


def synthetic(n: int, seed: int) -> Split:
    """Draw n faces, the eight emotions in turn, with ten votes each.

    Eight of the votes are for the emotion drawn, two for random ones of the eight emotions. Faces differ in place,
    size, tilt, light, contrast and noise, and every line is a little random. The same n and seed give the same faces;
    a longer split begins with the faces of a shorter one.

    Returns:
        A ``Split`` of images (n, 48, 48) uint8; all faces are clean.

    Raises:
        ValueError: n is negative.
    """
    if n < 0:
        raise ValueError(f"n must be a number of faces, 0 or more; got {n}")
    rows = np.arange(n)
    labels = rows % len(EIGHT)
    images = np.zeros((n, SIZE_PX, SIZE_PX), np.uint8)
    votes = np.zeros((n, COLUMNS), np.uint8)
    for row, label in enumerate(labels.tolist()):
        random = np.random.default_rng((seed, row))
        images[row] = draw(EIGHT[label], random)
        votes[row, label] = CERTAIN
        for stray in random.integers(len(EIGHT), size=TAGGERS - CERTAIN).tolist():
            votes[row, stray] += 1
    return Split(
        images=images,
        votes=votes,
        emotions=np.where(labels < len(SEVEN), labels, -1).astype(np.int8),
        rows=rows,
        clean=np.ones(n, np.bool_),
        sources=np.full(n, "synthetic"),
        choosing=(rows + rows // len(EIGHT)) % 2 == 0,  # of each emotion every other face
        names=row_names(rows),
    )


def draw(emotion: str, random: Generator) -> NDArray[np.uint8]:
    """Return one face (48, 48) uint8, grey, that shows an emotion of ``EXPRESSIONS``."""
    pen = _Pen(random)
    expression = EXPRESSIONS[emotion]
    pen.head()
    for side in (-1, 1):
        pen.eye(side, expression)
        pen.brow(side, expression)
    pen.nose(expression)
    pen.mouth(expression)
    return pen.picture()


class _Pen:
    """Draws on a canvas of its own in the units of ``Expression``, with a head of random place and light."""

    def __init__(self, random: Generator) -> None:
        self._random = random
        side_px = SIZE_PX * SCALE
        self._centre = side_px / 2 + random.uniform(-0.06, 0.06, 2) * side_px
        self._unit_px = side_px * random.uniform(0.32, 0.42)
        tilt = np.radians(random.uniform(-12, 12))
        self._turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
        self._tilt_deg = float(np.degrees(tilt))
        self._dark = int(random.uniform(10, 60))
        self._skin = int(random.uniform(120, 230))
        self._canvas: Canvas = np.full((side_px, side_px), int(random.uniform(20, 240)), np.uint8)

    def head(self) -> None:
        """Draw an ellipse, a little taller than wide, with an outline."""
        axes = (1.0, self._about(1.22, 0.08))
        self._ellipse((0, 0), axes, self._skin)
        self._ellipse((0, 0), axes, self._dark, width=0.04)

    def eye(self, side: int, expression: Expression) -> None:
        """Draw a white almond with a dark pupil."""
        centre = (side * self._about(0.4, 0.02), -0.2)
        height = 0.17 * max(self._about(expression.eye_open, 0.06), 0.1)
        self._ellipse(centre, (0.18, height), 250)
        self._ellipse(centre, (0.18, height), self._dark, width=0.035)
        self._ellipse(centre, (min(0.08, height), min(0.08, height)), self._dark)

    def brow(self, side: int, expression: Expression) -> None:
        """Draw a line above the eye, whose inner end may be lower or higher."""
        y = -0.5 - self._about(expression.brow_lift, 0.02)
        slant = self._about(expression.brow_slant, 0.03) / 2
        self._line([(side * 0.2, y + slant), (side * 0.62, y - slant)], width=0.08)

    def nose(self, expression: Expression) -> None:
        """Draw a short line; with wrinkles, two more on either side."""
        self._line([(0, -0.08), (self._about(0.03, 0.03), 0.2), (-0.07, 0.22)], width=0.04)
        if expression.nose_wrinkles:
            for side in (-1, 1):
                self._line([(side * 0.12, -0.02), (side * 0.3, 0.14)], width=0.05)
                self._line([(side * 0.2, 0.2), (side * 0.42, 0.5)], width=0.05)

    def mouth(self, expression: Expression) -> None:
        """Draw two curves from corner to corner, dark between them where the mouth is open."""
        across = np.linspace(-1, 1, 17)
        bow = 1 - across**2
        x = across * self._about(expression.mouth_width, 0.02)
        middle = (
            0.6
            + self._about(expression.mouth_curve, 0.03) * (bow - 0.5)
            - expression.mouth_tilt * np.maximum(across, 0) ** 2
        )
        gap = self._about(expression.mouth_open, 0.02) / 2 * np.sqrt(bow) if expression.mouth_open else 0 * bow
        upper, lower = np.column_stack((x, middle - gap)), np.column_stack((x, middle + gap))
        outline = np.concatenate((upper, lower[::-1]))
        cv2.fillPoly(self._canvas, [self._fixed(outline)], self._dark, cv2.LINE_8, _FIXED_POINT)
        self._line(outline, width=0.06)

    def picture(self) -> NDArray[np.uint8]:
        """Return the canvas shrunk to (48, 48) uint8, with a light from one side, softness and noise."""
        small = cv2.resize(self._canvas, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(small, (0, 0), self._random.uniform(0.3, 0.8))
        y, x = np.mgrid[-1 : 1 : SIZE_PX * 1j, -1 : 1 : SIZE_PX * 1j]
        from_x, from_y = self._random.uniform(-25, 25, 2)
        contrast = self._random.uniform(0.5, 1.1)
        lit = (
            (np.asarray(soft, np.float64) - 128) * contrast
            + 128
            + self._random.uniform(-25, 25)
            + from_x * x
            + from_y * y
        )
        noise = self._random.normal(0, self._random.uniform(1, 8), (SIZE_PX, SIZE_PX))
        return np.clip(np.rint(lit + noise), 0, 255).astype(np.uint8)

    def _about(self, value: float, spread: float) -> float:
        return float(value + self._random.normal(0, spread))

    def _pixels(self, points: Points) -> NDArray[np.float64]:
        """Return points (P, 2) in units of the head as pixels of the canvas."""
        return np.asarray(points, np.float64).reshape(-1, 2) @ self._turn.T * self._unit_px + self._centre

    def _fixed(self, points: Points) -> NDArray[np.int32]:
        return (self._pixels(points) * 2**_FIXED_POINT).round().astype(np.int32)

    def _line(self, points: Points, width: float) -> None:
        thick_px = max(round(width * self._unit_px), 1)
        cv2.polylines(self._canvas, [self._fixed(points)], False, self._dark, thick_px, cv2.LINE_AA, _FIXED_POINT)

    def _ellipse(
        self, centre: tuple[float, float], axes: tuple[float, float], grey: int, width: float | None = None
    ) -> None:
        x_px, y_px = self._pixels([centre])[0].tolist()
        thick_px = cv2.FILLED if width is None else max(round(width * self._unit_px), 1)
        size_px = (2 * axes[0] * self._unit_px, 2 * axes[1] * self._unit_px)
        cv2.ellipse(self._canvas, ((x_px, y_px), size_px, self._tilt_deg), grey, thick_px, cv2.LINE_AA)
