"""What a report tries on some faces of a data set: corruptions, hidden regions, and maps of evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mien.core import metrics
from mien.core.emotions import SEVEN
from mien.core.priors import shown_at
from mien.data.split import Split
from mien.evaluation.ensemble import Probs, Scorer, crops_of
from mien.evaluation.faithfulness import Faithfulness, faithfulness
from mien.evaluation.scores import View
from mien.imaging.corruptions import REGIONS, STRENGTHS, region_hidden
from mien.inference.explain import evidence

CORRUPTED = 2_000
"""Faces that are corrupted, at most: some fifty runs of the net each."""

EXPLAINED = 40
"""Faces that are explained, at most: 850 runs of the net each."""


@dataclass(frozen=True, slots=True)
class Corrupted:
    """Accuracies on the first faces of a data set, changed.

    Attributes:
        n: how many faces.
        untouched: on these faces as they are.
        strengths: corruption -> strength as text -> accuracy.
        regions: hidden region -> accuracy.
    """

    n: int
    untouched: float
    strengths: dict[str, dict[str, float]]
    regions: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """A face with the map of evidence for its strongest emotion.

    Attributes:
        image: (S, S) uint8, grey.
        evidence: (S, S) float32.
        label, prediction: what people and the model call it.
        confidence: the model's probability of its prediction.
        scores: how well the map explains the model.
    """

    image: NDArray[np.uint8]
    evidence: NDArray[np.float32]
    label: str
    prediction: str
    confidence: float
    scores: Faithfulness


def corrupted(faces: Split, view: View, scorer: Scorer, prior: float) -> Corrupted:
    """Return the accuracies on the first ``CORRUPTED`` faces, changed; ``view`` holds their truth."""
    some, truth = faces.images[:CORRUPTED], view.truth[:CORRUPTED]
    judge = _judged(scorer, prior)

    def right(images: NDArray[np.uint8]) -> float:
        changed = replace(faces.take(np.arange(len(images))), images=images)
        return metrics.accuracy(truth, judge(crops_of(changed, scorer.crop)).argmax(axis=1))

    strengths = {
        name: {strength: right(corrupt(some)) for strength, corrupt in series.items()}
        for name, (_, series) in STRENGTHS.items()
    }
    return Corrupted(len(some), right(some), strengths, {name: right(region_hidden(some, name)) for name in REGIONS})


def explained(faces: Split, view: View, scorer: Scorer, prior: float) -> list[Explained]:
    """Return the first ``EXPLAINED`` faces with maps of evidence; ``view`` holds their truth."""
    judge, found = _judged(scorer, prior), list[Explained]()
    some = faces.take(np.arange(min(EXPLAINED, len(faces))))
    for image, crop, label in zip(some.images, crops_of(some, scorer.crop), view.truth, strict=False):
        probs = judge(crop[None])[0]
        strongest = int(probs.argmax())
        shown = evidence(crop, judge)[strongest]
        scores = faithfulness(crop, shown, strongest, judge)
        found.append(Explained(image, shown, SEVEN[label], SEVEN[strongest], float(probs[strongest]), scores))
    return found


def _judged(scorer: Scorer, prior: float) -> Callable[[NDArray[np.uint8]], Probs]:
    return lambda crops: shown_at(scorer(crops), scorer.class_shares, SEVEN, prior)
