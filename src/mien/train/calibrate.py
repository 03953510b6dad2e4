"""What the validation faces say of a trained net: the temperature of its logits and its headline accuracies."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from mien.core.metrics import accuracy, fit_temperature
from mien.core.protocols import CLASSES, PROTOCOLS, UNCOUNTED
from mien.data.split import Split
from mien.train.recipe import Recipe
from mien.train.targets import PROTOCOL, as_classes, make_targets


def calibrate(net: keras.Model, recipe: Recipe, split: Split) -> dict[str, Any]:
    """Return the temperature that fits the taggers' first choice best, and the accuracy by the recipe's protocols.

    Fitted on the first choice, a probability is the chance that the panel would name this emotion. The distribution of
    the votes would be the other choice; on PublicTest it gave a worse calibration and, against expectation, also a
    larger divergence from the votes (docs/LOG.md).
    """
    rows, aims = make_targets(split, recipe.target, smoothing=0.0)
    logits = np.asarray(net.predict(split.images[rows][..., None], batch_size=256, verbose=0), np.float32)
    metrics: dict[str, float] = {}
    for protocol in {PROTOCOL[recipe.target], "majority"} if logits.shape[1] == 8 else {PROTOCOL[recipe.target]}:
        truth = PROTOCOLS[protocol](split.votes[rows], split.emotions[rows])
        counted = truth != UNCOUNTED
        predicted = as_classes(logits, CLASSES[protocol]).argmax(axis=1)
        metrics[f"valid/{protocol}/accuracy"] = round(accuracy(truth[counted], predicted[counted]), 4)
    return {
        "temperature": round(fit_temperature(logits, aims.argmax(axis=1)), 4),
        "split": "valid",
        "faces": len(rows),
        "metrics": dict(sorted(metrics.items())),
    }
