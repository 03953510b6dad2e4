"""The emotions: their names, order, colours, and the two published label sets they come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Numbers = TypeVar("Numbers", bound=NDArray[np.number[Any]])

SEVEN = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear")
"""The seven-class view, in the order of every file and API of mien."""

EMOTIONS = SEVEN
"""The labels of results, unless contempt is shown apart or the model has labels of its own."""

EIGHT = (*SEVEN, "contempt")
"""The eight emotions of FER+, in the order of its columns."""

VOTE_COLUMNS = (*EIGHT, "unknown", "NF")
"""The ten columns of votes in ``fer2013new.csv``; NF is "not a face"."""

FER2013_CODES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""The emotion that each code 0..6 of the ``emotion`` column in ``fer2013.csv`` stands for."""

Colour = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

COLOURS: dict[str, Colour] = {
    "neutral": (200, 200, 200),
    "happiness": (240, 228, 66),
    "surprise": (230, 159, 0),
    "sadness": (0, 114, 178),
    "anger": (213, 94, 0),
    "disgust": (0, 158, 115),
    "fear": (204, 121, 167),
    "contempt": (86, 180, 233),
}
"""RGB colours that colour-blind people tell apart, in every output: Okabe and Ito, 2008, but for a lighter grey."""


def colours_of(labels: Sequence[str]) -> dict[str, Colour]:
    """Return label -> colour; other labels than the eight emotions get the colours that are left over."""
    free = [colour for label, colour in COLOURS.items() if label not in labels] or list(COLOURS.values())
    unknown = [label for label in labels if label not in COLOURS]
    chosen = COLOURS | {label: free[place % len(free)] for place, label in enumerate(unknown)}
    return {label: chosen[label] for label in labels}


def to_seven(probs: Numbers) -> Numbers:
    """Return the seven-class view (..., 7) of probabilities or votes (..., 8): contempt counts as neutral."""
    seven: Any = probs[..., :7].copy()
    seven[..., 0] += probs[..., 7]
    return seven


def seen_as(probs: Numbers, classes: tuple[str, ...]) -> Numbers:
    """Return distributions (N, K) over the seven or the eight as distributions over the others.

    Eight become seven by counting contempt as neutral; seven become eight by giving contempt 0, so a model of seven
    misses every face of contempt where contempt counts.
    """
    if probs.shape[1] == len(classes):
        return probs
    seen: Any = to_seven(probs) if len(classes) == len(SEVEN) else np.c_[probs, np.zeros_like(probs[:, :1])]
    return seen
