"""Finished runs that another one builds on: its teachers, and the one whose weights it starts from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from mien.core.errors import UsageError
from mien.train.recipe import Recipe, read_recipe
from mien.train.targets import LABELS
from mien.train.widen import widen


def describe_runs(runs: Sequence[Path], recipe: Recipe, role: str) -> list[dict[str, str]]:
    """Return name and sha256 of the net of each run folder.

    Raises:
        UsageError: a folder holds no finished run, or its classes are not those of the recipe.
    """
    expected = LABELS[recipe.target]
    described: list[dict[str, str]] = []
    for run in runs:
        if not (run / "calibration.json").is_file() or not (run / "model.keras").is_file():
            raise UsageError(f"{role} {run} holds no finished run; finish it with 'mien train --run {run}'")
        found = LABELS[read_recipe(run / "recipe.toml").target]
        if found != expected:
            raise UsageError(
                f"{role} {run} names the classes {', '.join(found)}; the recipe needs {', '.join(expected)}; "
                f"choose a {role} with the same target"
            )
        digest = hashlib.sha256((run / "model.keras").read_bytes()).hexdigest()
        described.append({"name": run.resolve().name, "sha256": digest})
    return described


def same_runs(some: Sequence[dict[str, str]], others: Sequence[dict[str, str]]) -> bool:
    """Return whether two descriptions mean the same nets in the same order."""
    return [run["sha256"] for run in some] == [run["sha256"] for run in others]


def copy_weights(run: Path, net: keras.Model, recipe: Recipe) -> None:
    """Give a net the weights of a finished run; a wider ``compact`` answers almost as the run's net does.

    Args:
        run: the finished run.
        net: what the recipe builds.
        recipe: of the net.

    Raises:
        UsageError: the run's net has other layers.
    """
    saved: Any = keras.saving.load_model(run / "model.keras", compile=False)
    weights = saved.get_weights()
    shapes = [tuple(variable.shape) for variable in net.weights]
    if _is_wider(recipe, read_recipe(run / "recipe.toml")):
        weights = widen(weights, shapes, recipe.seed)
    if [array.shape for array in weights] != shapes:
        raise UsageError(f"{run} holds another net than the recipe builds; compare model, width and their like")
    net.set_weights(weights)


def _is_wider(recipe: Recipe, begun: Recipe) -> bool:
    """Return whether the nets of two recipes are chains of the same layers, the first with more channels."""
    chains = recipe.model == begun.model == "compact" and not recipe.squeeze and not begun.squeeze
    return chains and recipe.width > begun.width
