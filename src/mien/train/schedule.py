"""How the learning rate goes through a run."""

from __future__ import annotations

import keras

from mien.train.recipe import Recipe

WARMUP_SHARE = 0.5
"""How much of a run the warm-up takes at most, for runs that are cut down to a few epochs."""


def learning_rate(recipe: Recipe, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Return the learning rate of each of the steps that an epoch has: a line up to the peak, then half a cosine."""
    if recipe.schedule == "constant":
        return recipe.learning_rate
    warmup = int(min(recipe.warmup_epochs, WARMUP_SHARE * recipe.epochs) * steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0 if warmup else recipe.learning_rate,
        decay_steps=recipe.epochs * steps - warmup,
        warmup_target=recipe.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
