"""The same scores under blur, noise, JPEG, darkness, glare, occlusion, small size, roll and bad framing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mien.core import metrics
from mien.core.protocols import UNCOUNTED, Labels
from mien.data.synthetic import synthetic
from mien.evaluation.scores import rounded
from mien.imaging.corruptions import CORRUPTIONS, Greys

ORIGINAL = "original"
"""What pictures and tables call a face that nothing was done to."""


@dataclass(frozen=True, slots=True)
class Robustness:
    """Accuracies under one protocol, all on the same faces, each 0 to 1.

    Attributes:
        n: number of faces.
        accuracy: with nothing done to them.
        corruptions: name in ``CORRUPTIONS`` -> accuracy under it.
    """

    n: int
    accuracy: float
    corruptions: Mapping[str, float]

    @property
    def mean(self) -> float:
        """Mean accuracy over the corruptions, each counting the same."""
        return float(np.mean(list(self.corruptions.values())))

    @property
    def share(self) -> float | None:
        """The mean as a share of the accuracy on untouched faces; None where that is 0."""
        return self.mean / self.accuracy if self.accuracy else None


def measure_robustness(
    faces: Greys, truth: Mapping[str, Labels], predict: Callable[[Greys], Mapping[str, Labels]]
) -> dict[str, Robustness]:
    """Score a model on faces as they are and under each corruption.

    Args:
        faces: (N, S, S) uint8, grey.
        truth: protocol -> (N,) int64, ``UNCOUNTED`` where it leaves the face out; each counts at least one.
        predict: the model: faces -> protocol -> (N,) int64 predicted classes.

    Returns:
        protocol -> its accuracies.
    """
    counted = {name: labels != UNCOUNTED for name, labels in truth.items()}

    def score(pictures: Greys) -> dict[str, float]:
        found = predict(pictures)
        return {name: metrics.accuracy(truth[name][rows], found[name][rows]) for name, rows in counted.items()}

    untouched = score(faces)
    harmed = {corruption: score(harm(faces)) for corruption, harm in CORRUPTIONS.items()}
    return {
        name: Robustness(int(rows.sum()), untouched[name], {one: scores[name] for one, scores in harmed.items()})
        for name, rows in counted.items()
    }


def robustness_block(found: Mapping[str, Robustness]) -> dict[str, Any]:
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


def score_rows(blocks: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Return a table of the block "robustness" of ``metrics.json`` as text: what was done, then a cell a protocol."""

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
    """Return the name of a corruption as people read it."""
    return name.replace("_", " ")


def examples() -> dict[str, Greys]:
    """Return one drawn face as it is and under each corruption: spoken name -> (48, 48) uint8.

    Drawn, because faces of FER2013 may not be handed on.
    """
    face = synthetic(2, seed=5).images[1:]
    return {ORIGINAL: face[0]} | {spoken(name): harm(face)[0] for name, harm in CORRUPTIONS.items()}
