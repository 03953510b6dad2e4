"""The temperature: it turns a net's logits into calibrated probabilities; and back.

By default contempt is shown as neutral, so the two are added before the temperature is applied, and split again
afterwards in the same ratio. In the other order, a face that is half neutral and half contempt could be given a third
emotion with less than the two together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mien.core.emotions import EIGHT, to_seven
from mien.core.metrics import Floating, softmax


def shown_logits(logits: Floating) -> Floating:
    """Return the logits (N, 7) of the seven-class view of eight, and any others (N, K) as they are."""
    if logits.shape[1] != len(EIGHT):
        return logits
    joined: Any = np.concatenate([np.logaddexp(logits[:, :1], logits[:, 7:]), logits[:, 1:7]], axis=1)
    return joined


def tempered(logits: Floating, temperature: float) -> Floating:
    """Return the probabilities (N, K) of logits (N, K) at a temperature above 0.

    Source of the temperature: Guo et al., "On Calibration of Modern Neural Networks", 2017.
    """
    divided: Any = shown_logits(logits) / temperature
    probs = softmax(divided)
    if probs.shape == logits.shape:
        return probs
    return _apart(probs, np.exp(logits[:, 0] - np.logaddexp(logits[:, 0], logits[:, 7])))


def untempered(probs: Floating, temperature: float) -> Floating:
    """Return what ``tempered`` returns at temperature 1, (N, K), from what it returns at another.

    The logits follow from the probabilities up to a constant a row, which does not change the softmax.
    """
    shown = to_seven(probs) if probs.shape[1] == len(EIGHT) else probs
    raised: Any = shown**temperature
    raised /= raised.sum(axis=1, keepdims=True)
    if shown is probs:
        return raised
    both = probs[:, 0] + probs[:, 7]
    return _apart(raised, np.divide(probs[:, 0], both, out=np.ones_like(both), where=both > 0))


def _apart(seven: Any, share: Any) -> Any:
    """Return seven probabilities (N, 7) as eight: neutral keeps its share (N,), contempt gets the rest."""
    neutral, kept = seven[:, :1], share[:, None]
    return np.concatenate([neutral * kept, seven[:, 1:], neutral * (1 - kept)], axis=1)
