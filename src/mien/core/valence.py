"""Valence and intensity of a face, two indices made of its probabilities (docs/VALENCE.md).

Valence is by the rule that Noldus publishes of FaceReader: happiness less the strongest of the negative emotions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

POSITIVE, NEUTRAL = "happiness", "neutral"

NEGATIVE = ("sadness", "anger", "disgust", "fear")
"""The emotions that lower valence; surprise and contempt do not change it."""


class Indices(NamedTuple):
    """Valence and intensity of a face.

    Attributes:
        valence: from -1, unpleasant, to 1, pleasant; None where happiness or one of ``NEGATIVE`` is not told.
        intensity: from 0, neutral, to 1; None where neutral is not told.
    """

    valence: float | None
    intensity: float | None


def indices(probabilities: Mapping[str, float]) -> Indices:
    """Return valence and intensity of the probabilities of the emotions of one face, by their names."""
    told = {POSITIVE, *NEGATIVE} <= probabilities.keys()
    valence = probabilities[POSITIVE] - max(probabilities[name] for name in NEGATIVE) if told else None
    return Indices(valence, 1 - probabilities[NEUTRAL] if NEUTRAL in probabilities else None)
