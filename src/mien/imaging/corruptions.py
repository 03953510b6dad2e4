"""Corruptions of faces, as by cameras and bad crops: one fixed strength of each, for measuring robustness.

Every function takes faces (N, S, S) uint8, grey, and returns as many in a new array; N may be 0. Its strength is in
units of the crop, whose width is S pixels. All randomness (noise, which part is hidden, to which side a face is turned)
depends on ``SEED`` and the face's row alone, so the same faces are always corrupted in the same way.

Source of the blur's and the noise's strength: CIFAR-10-C at its strongest, in Hendrycks and Dietterich, "Benchmarking
Neural Network Robustness to Common Corruptions and Perturbations", 2019.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Greys = NDArray[np.uint8]
"""(N, S, S) uint8: N faces; (S, S): one face."""

SEED = 0
"""Seed of all random numbers in this file."""

BLUR_WIDTHS = 1 / 32
"""Standard deviation of the blur, as a share of the width."""

NOISE_SHARE = 0.1
"""Standard deviation of the noise, as a share of the range from black to white."""

JPEG_QUALITY = 20
SOURCE_PX = 16
ROLL_DEG = 20.0


def blurred(faces: Greys, widths: float = BLUR_WIDTHS) -> Greys:
    """Blur by a Gaussian whose standard deviation is so many widths of the face: 1.5 px of 48."""

    def soften(face: Greys, _: Generator) -> Greys:
        return np.asarray(cv2.GaussianBlur(face, (0, 0), widths * len(face)), np.uint8)

    return _each(faces, soften)


def noisy(faces: Greys, share: float = NOISE_SHARE) -> Greys:
    """Add Gaussian noise to each pixel, with a standard deviation of a share of the range from black to white."""

    def add(face: Greys, rng: Generator) -> Greys:
        return np.clip(np.rint(face + rng.normal(0, 255 * share, face.shape)), 0, 255).astype(np.uint8)

    return _each(faces, add)


def jpeg_compressed(faces: Greys, quality: int = JPEG_QUALITY) -> Greys:
    """Write each face as a JPEG of a quality, 0 to 100, and read it again."""

    def compress(face: Greys, _: Generator) -> Greys:
        file = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE), np.uint8)

    return _each(faces, compress)


def with_gamma(gamma: float) -> Callable[[Greys], Greys]:
    """Return a corruption that raises brightness, 0 to 1, to a power: below 1 brighter, above 1 darker."""
    table = np.rint(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    return lambda faces: table[faces]


def third_hidden(faces: Greys) -> Greys:
    """Cover a third of each face, edge to edge, with one flat grey drawn at random.

    It is the upper, middle, lower, left, central or right third, drawn at random. So each pixel is hidden in a third of
    the faces.
    """

    def hide(face: Greys, rng: Generator) -> Greys:
        third, grey = rng.integers([3, 256]).tolist()
        start, end = (round(len(face) * edge / 3) for edge in (third, third + 1))
        covered = face.copy()
        across = covered if rng.integers(2) else covered.T
        across[start:end] = grey
        return covered

    return _each(faces, hide)


def from_small_source(faces: Greys, source_px: int = SOURCE_PX) -> Greys:
    """Shrink each face to so many pixels by area averaging and enlarge it again linearly, as a small face's crop is.

    Faces of as many pixels or fewer are not changed.
    """

    def shrink(face: Greys, _: Generator) -> Greys:
        small_px = min(source_px, len(face))
        small = cv2.resize(face, (small_px, small_px), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, face.shape, interpolation=cv2.INTER_LINEAR), np.uint8)

    return _each(faces, shrink)


def rolled(faces: Greys, degrees: float = ROLL_DEG) -> Greys:
    """Turn each face by some degrees about its centre, to a side drawn at random; edge pixels are repeated outside."""

    def turn(face: Greys, rng: Generator) -> Greys:
        centre = (len(face) - 1) / 2
        matrix = cv2.getRotationMatrix2D((centre, centre), degrees * int(rng.choice((-1, 1))), 1)
        return np.asarray(cv2.warpAffine(face, matrix, face.shape, borderMode=cv2.BORDER_REPLICATE), np.uint8)

    return _each(faces, turn)


def half_shifted(faces: Greys, part: float = 0.5) -> Greys:
    """Move the frame by a part of the face's width, which is lost; edge pixels are repeated outside.

    The direction is drawn at random: left, right, up or down.
    """

    def shift(face: Greys, rng: Generator) -> Greys:
        line = np.arange(len(face))
        moved = np.clip(line + int(rng.choice((-1, 1))) * round(part * len(face)), 0, len(face) - 1)
        return face[moved] if rng.integers(2) else face[:, moved]

    return _each(faces, shift)


CORRUPTIONS: dict[str, Callable[[Greys], Greys]] = {
    "blur": blurred,
    "noise": noisy,
    "jpeg_20": jpeg_compressed,
    "gamma_0.4": with_gamma(0.4),
    "gamma_2.5": with_gamma(2.5),
    "third_hidden": third_hidden,
    "source_16_px": from_small_source,
    "roll_20_deg": rolled,
    "half_shifted": half_shifted,
}
"""Name, with the strength if it is a number -> the corruption."""


Series = tuple[str, dict[str, Callable[[Greys], Greys]]]
"""What is varied, in words, and strength as text -> the corruption, the weakest first."""

STRENGTHS: dict[str, Series] = {
    "blur": ("deviation, face widths", {f"1/{n}": partial(blurred, widths=1 / n) for n in (96, 64, 48, 32, 24)}),
    "noise": (
        "deviation, share of white",
        {f"{s:g}": partial(noisy, share=s) for s in (0.02, 0.04, 0.07, 0.1, 0.15)},
    ),
    "JPEG": ("quality", {f"{q}": partial(jpeg_compressed, quality=q) for q in (80, 50, 30, 20, 10)}),
    "brighter": ("gamma", {f"{g:g}": with_gamma(g) for g in (0.8, 0.65, 0.5, 0.4, 0.3)}),
    "darker": ("gamma", {f"{g:g}": with_gamma(g) for g in (1.3, 1.6, 2, 2.5, 3.5)}),
    "small face": ("pixels", {f"{px}": partial(from_small_source, source_px=px) for px in (32, 24, 20, 16, 12)}),
    "roll": ("degrees", {f"{d}": partial(rolled, degrees=d) for d in (5, 10, 15, 20, 30)}),
    "shift": ("face widths", {f"{p:g}": partial(half_shifted, part=p) for p in (0.05, 0.1, 0.2, 0.3, 0.5)}),
}
"""Each corruption at five strengths, that of ``CORRUPTIONS`` among them."""

REGIONS = {
    "upper third": (slice(0, 1), slice(0, 3)),
    "middle third": (slice(1, 2), slice(0, 3)),
    "lower third": (slice(2, 3), slice(0, 3)),
    "left third": (slice(0, 3), slice(0, 1)),
    "central third": (slice(0, 3), slice(1, 2)),
    "right third": (slice(0, 3), slice(2, 3)),
}
"""Parts of a face that may be hidden, in thirds down and across."""


def region_hidden(faces: Greys, region: str) -> Greys:
    """Cover one of ``REGIONS`` of each face with middle grey."""
    covered = faces.copy()
    rows, columns = (
        slice(round(faces.shape[1] * part.start / 3), round(faces.shape[1] * part.stop / 3)) for part in REGIONS[region]
    )
    covered[:, rows, columns] = 128
    return covered


def _each(faces: Greys, corrupt: Callable[[Greys, Generator], Greys]) -> Greys:
    """Return every face (S, S) corrupted, each with a random generator of its own."""
    corrupted = np.empty_like(faces)
    for row, face in enumerate(faces):
        corrupted[row] = corrupt(face, np.random.default_rng((SEED, row)))
    return corrupted
