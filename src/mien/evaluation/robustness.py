"""Robustness: accuracy under blur, noise, JPEG, darkness, glare, occlusion, small size, roll and bad framing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from mien.core import metrics
from mien.core.protocols import UNCOUNTED, Labels
from mien.data.synthetic import synthetic
from mien.evaluation.document import RobustnessBlock
from mien.evaluation.scores import rounded
from mien.imaging.corruptions import CORRUPTIONS, Greys

ORIGINAL = "original"
"""Name of the uncorrupted faces in plots and tables."""


@dataclass(frozen=True, slots=True)
class Robustness:
    """Accuracies under one protocol, all on the same faces, each 0 to 1.

    Attributes:
        n: number of faces.
        accuracy: on the uncorrupted faces.
        corruptions: name in ``CORRUPTIONS`` -> accuracy under it.
    """

    n: int
    accuracy: float
    corruptions: Mapping[str, float]

    @property
    def mean(self) -> float:
        """Mean accuracy over the corruptions."""
        return float(np.mean(list(self.corruptions.values())))

    @property
    def share(self) -> float | None:
        """The mean divided by the accuracy on uncorrupted faces; None if that is 0."""
        return self.mean / self.accuracy if self.accuracy else None


def measure_robustness(
    faces: Greys, truth: Mapping[str, Labels], predict: Callable[[Greys], Mapping[str, Labels]]
) -> dict[str, Robustness]:
    """Score a model on uncorrupted faces and under each corruption.

    Args:
        faces: (N, S, S) uint8, grey.
        truth: protocol -> (N,) int64, ``UNCOUNTED`` for a face that it leaves out; each counts at least one face.
        predict: the model: faces -> protocol -> (N,) int64 predicted classes.

    Returns:
        protocol -> its accuracies.
    """
    counted = {name: labels != UNCOUNTED for name, labels in truth.items()}

    def score(pictures: Greys) -> dict[str, float]:
        found = predict(pictures)
        return {name: metrics.accuracy(truth[name][rows], found[name][rows]) for name, rows in counted.items()}

    original = score(faces)
    corrupted = {corruption: score(corrupt(faces)) for corruption, corrupt in CORRUPTIONS.items()}
    return {
        name: Robustness(int(rows.sum()), original[name], {one: scores[name] for one, scores in corrupted.items()})
        for name, rows in counted.items()
    }


def robustness_block(found: Mapping[str, Robustness]) -> dict[str, RobustnessBlock]:
    """Return the block "robustness" of ``metrics.json``, by protocol."""
    return {
        name: {
            "n": one.n,
            "accuracy": rounded(one.accuracy),
            "corruptions": {corruption: rounded(score) for corruption, score in one.corruptions.items()},
            "mean": rounded(one.mean),
            "share": None if one.share is None else rounded(one.share),
        }
        for name, one in found.items()
    }


def score_rows(blocks: Mapping[str, RobustnessBlock]) -> list[list[str]]:
    """Return a table of the block "robustness" of ``metrics.json`` as text: the corruption, then a cell a protocol."""

    def row(name: str, scores: list[float | None]) -> list[str]:
        return [name, *("" if score is None else f"{100 * score:.1f} %" for score in scores)]

    columns = list(blocks.values())
    names = list(columns[0]["corruptions"])
    return [
        row(ORIGINAL, [column["accuracy"] for column in columns]),
        *(row(spoken(name), [column["corruptions"][name] for column in columns]) for name in names),
        row("mean of the corruptions", [column["mean"] for column in columns]),
        row(f"share of the {ORIGINAL}", [column["share"] for column in columns]),
    ]


def spoken(name: str) -> str:
    """Return the name of a corruption for people."""
    return name.replace("_", " ")


def examples() -> dict[str, Greys]:
    """Return a synthetic face uncorrupted and under each corruption: name for people -> (48, 48) uint8.

    It is synthetic because faces of FER2013 may not be redistributed.
    """
    face = synthetic(2, seed=5).images[1:]
    return {ORIGINAL: face[0]} | {spoken(name): corrupt(face)[0] for name, corrupt in CORRUPTIONS.items()}
