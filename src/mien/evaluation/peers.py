"""Other programs on the same faces, by a table of what each calls a face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.core import metrics
from mien.core.emotions import SEVEN
from mien.core.protocols import Labels
from mien.data.folders import emotion_called
from mien.data.groups_table import Groups

NONE = len(SEVEN)
"""The label of a face for which a program names no emotion, which counts as wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Peer:
    """What another program says of the N faces of a data set, under ``seven``.

    Attributes:
        name: of the program.
        predicted: (N,) index into ``SEVEN``, ``NONE`` where it names none of them.
        accuracy, interval: its accuracy with the bounds of its 95 % interval, 0 to 1.
        macro_f1, balanced_accuracy: as ``mien evaluate`` takes them.
    """

    name: str
    predicted: Labels
    accuracy: float
    interval: tuple[float, float]
    macro_f1: float
    balanced_accuracy: float


def peers_on(truth: Labels, columns: Groups) -> list[Peer]:
    """Return the programs that name an emotion of at least one of N faces.

    Args:
        truth: (N,) index into ``SEVEN``.
        columns: program -> what it calls each face, in the words that ``mien prepare`` takes for emotions.
    """
    named = {name: _labels(words) for name, words in columns.items()}
    return [_scored(name, truth, labels) for name, labels in named.items() if (labels != NONE).any()]


def _labels(words: NDArray[np.str_]) -> Labels:
    indices: Mapping[str | None, int] = {**{name: place for place, name in enumerate(SEVEN)}, "contempt": 0}
    return np.array([indices.get(emotion_called(word), NONE) for word in words.tolist()], np.int64)


def _scored(name: str, truth: Labels, predicted: Labels) -> Peer:
    scores = metrics.class_scores(metrics.confusion_matrix(truth, predicted, NONE + 1))
    right, interval = metrics.accuracy(truth, predicted), metrics.accuracy_interval(truth, predicted)
    return Peer(name, predicted, right, interval, float(scores.macro_f1), float(scores.balanced_accuracy))
