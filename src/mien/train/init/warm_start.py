"""Warm starts: the trained nets that another one builds on, its teachers and the one whose weights it starts from.

Each is a run folder, or the file that ``mien export --int8`` wrote; a packaged net goes by its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from mien.core.errors import UsageError
from mien.core.types import Floats
from mien.inference.classifier import model_file
from mien.train.init.from_onnx import exported_recipe, exported_weights
from mien.train.init.net2net import net2wider
from mien.train.recipe import Recipe, read_recipe
from mien.train.targets import LABELS


def describe_runs(sources: Sequence[Path], recipe: Recipe, role: str) -> list[dict[str, str]]:
    """Return name and sha256 of the net of each finished run or exported file.

    Raises:
        UsageError: a folder holds no finished run, there is no such file, or its classes are not those of the recipe.
    """
    expected = LABELS[recipe.target]
    described: list[dict[str, str]] = []
    for source in sources:
        file = _net_file(source)
        if not file.is_file() or (source.is_dir() and not (source / "calibration.json").is_file()):
            raise UsageError(
                f"{role} {source} holds no finished run; finish it with 'mien train --run {source}', or name a "
                "packaged net, 'mien' or 'mien-s'"
            )
        found = LABELS[recipe_of(source).target]
        if found != expected:
            raise UsageError(
                f"{role} {source} names the classes {', '.join(found)}; the recipe needs {', '.join(expected)}; "
                f"choose a {role} with the same target"
            )
        name = (source if source.is_dir() else file).resolve().name
        described.append({"name": name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()})
    return described


def same_runs(some: Sequence[dict[str, str]], others: Sequence[dict[str, str]]) -> bool:
    """Return whether two descriptions mean the same nets in the same order."""
    return [run["sha256"] for run in some] == [run["sha256"] for run in others]


def recipe_of(source: Path) -> Recipe:
    """Return the recipe that made the net of a finished run or of an exported file."""
    return read_recipe(source / "recipe.toml") if source.is_dir() else exported_recipe(_net_file(source))


def weights_of(source: Path, faces: Floats) -> list[Floats]:
    """Return the weights of the net of a finished run, or of an exported file (``exported_weights``)."""
    if not source.is_dir():
        return exported_weights(_net_file(source), faces)
    saved: Any = keras.saving.load_model(_net_file(source), compile=False)
    return saved.get_weights()


def copy_weights(source: Path, net: keras.Model, recipe: Recipe, faces: Floats) -> None:
    """Give a net the weights of a trained one; a wider ``compact`` predicts almost the same.

    Args:
        source: the finished run, or the exported file.
        net: what the recipe builds.
        recipe: of the net.
        faces: (N, S, S, 1), grey levels; some hundreds.

    Raises:
        UsageError: the finished net has other layers.
    """
    weights = weights_of(source, faces)
    shapes = [tuple(variable.shape) for variable in net.weights]
    if _is_wider(recipe, recipe_of(source)):
        weights = net2wider(weights, shapes, recipe.seed)
    if [array.shape for array in weights] != shapes:
        raise UsageError(f"{source} holds another net than the recipe builds; compare model, width and their like")
    net.set_weights(weights)


def _net_file(source: Path) -> Path:
    """Return where the net is: in its run folder, or a file, which a packaged net has a name for."""
    return source / "model.keras" if source.is_dir() else model_file(source)


def _is_wider(recipe: Recipe, begun: Recipe) -> bool:
    """Return whether the nets of two recipes are chains of the same layers, the first with more channels."""
    chains = recipe.model == begun.model == "compact" and not recipe.squeeze and not begun.squeeze
    return chains and recipe.width > begun.width
