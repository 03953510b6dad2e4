"""Warm starts: the weights of trained nets, as the start of another net or as its teachers.

A trained net is given as a run folder, as a file of ``mien export --int8``, or by the name of a packaged net.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from onnx import numpy_helper

from mien.core.arrays import Floats
from mien.core.errors import UsageError
from mien.core.packaged import PACKAGED_NAMES
from mien.inference.classifier import Classifier, model_file
from mien.train.batch_norm import initialize_batch_norm
from mien.train.init.net2net import net2wider
from mien.train.nets.models import MODELS
from mien.train.recipe import Recipe, parse_recipe, read_recipe
from mien.train.targets import TARGET_CLASSES


def describe_runs(sources: Sequence[Path], recipe: Recipe, role: str) -> list[dict[str, str]]:
    """Return name and sha256 of the net of each completed run or exported file.

    Raises:
        UsageError: a folder holds no completed run, there is no such file, or its classes are not those of the recipe.
    """
    expected = TARGET_CLASSES[recipe.target]
    described: list[dict[str, str]] = []
    for source in sources:
        file = _net_file(source)
        if not file.is_file() or (source.is_dir() and not (source / "calibration.json").is_file()):
            raise UsageError(
                f"{role} {source} holds no completed run; complete it with 'mien train --run {source}', or name a "
                f"packaged net, {PACKAGED_NAMES}"
            )
        found = TARGET_CLASSES[recipe_of(source).target]
        if found != expected:
            raise UsageError(
                f"{role} {source} names the classes {', '.join(found)}; the recipe needs {', '.join(expected)}; "
                f"choose a {role} with the same target"
            )
        name = (source if source.is_dir() else file).resolve().name
        described.append({"name": name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()})
    return described


def same_runs(some: Sequence[dict[str, str]], others: Sequence[dict[str, str]]) -> bool:
    """Return whether two descriptions are of the same nets in the same order."""
    return [run["sha256"] for run in some] == [run["sha256"] for run in others]


def recipe_of(source: Path) -> Recipe:
    """Return the recipe of the net in a completed run or an exported file."""
    return read_recipe(source / "recipe.toml") if source.is_dir() else exported_recipe(_net_file(source))


def weights_of(source: Path, faces: Floats) -> list[Floats]:
    """Return the weights of the net in a completed run or an exported file (``exported_weights``)."""
    if not source.is_dir():
        return exported_weights(_net_file(source), faces)
    saved: Any = keras.saving.load_model(_net_file(source), compile=False)
    return saved.get_weights()


def copy_weights(source: Path, net: keras.Model, recipe: Recipe, faces: Floats) -> None:
    """Give a net the weights of a trained one; a wider ``compact`` predicts almost the same.

    Args:
        source: the completed run, or the exported file.
        net: built by the recipe.
        recipe: of the net.
        faces: (N, S, S, 1), grey levels; some hundreds.

    Raises:
        UsageError: the trained net has other layers.
    """
    weights = weights_of(source, faces)
    shapes = [tuple(variable.shape) for variable in net.weights]
    if _is_wider(recipe, recipe_of(source)):
        weights = net2wider(weights, shapes, recipe.seed)
    if [array.shape for array in weights] != shapes:
        raise UsageError(f"{source} holds another net than the recipe builds; compare model, width and their like")
    net.set_weights(weights)


def _net_file(source: Path) -> Path:
    """Return the file of a net: in its run folder, the given file, or that of a packaged net."""
    return source / "model.keras" if source.is_dir() else model_file(source)


def _is_wider(recipe: Recipe, begun: Recipe) -> bool:
    """Return whether the first of two recipes is that of a wider net, otherwise alike, that net2net can start."""
    chains = recipe.model == begun.model == "compact" and not recipe.squeeze and not begun.squeeze
    return chains and recipe.width > begun.width


def exported_recipe(file: Path) -> Recipe:
    """Return the recipe of an exported net, which is in its card.

    Raises:
        ModelError: the file is no model of mien.
        UsageError: its card holds no recipe, or one of another mien.
    """
    notes = Classifier(file).card.notes
    if "recipe" not in notes:
        raise UsageError(f"{file} has no recipe in its card; name a run folder, or a file of 'mien export'")
    return parse_recipe(notes["recipe"], f"the recipe in {file}")


def exported_weights(file: Path, faces: Floats) -> list[Floats]:
    """Return the dequantised weights of an int8 file, in the order of Keras.

    Batch normalisation is folded into the convolutions of the file. Here it gets the statistics of the given faces, and
    the scale and offset that undo them, so that training goes on from the predictions of the file.

    Args:
        file: a ``compact`` net without squeeze-and-excitation, which is a chain of convolutions.
        faces: (N, S, S, 1), grey levels; some hundreds.

    Raises:
        ModelError: the file is no model of mien.
        UsageError: it holds another kind of net, or a float one.
    """
    recipe = exported_recipe(file)
    layers = _layers(onnx.load(file).graph)
    net = MODELS[recipe.model](recipe, len(TARGET_CLASSES[recipe.target]))
    convolutions = [layer for layer in net.layers if isinstance(layer, keras.layers.Conv2D)]
    norms = [layer for layer in net.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if recipe.model != "compact" or recipe.squeeze or len(layers) != len(convolutions) + 1:
        raise UsageError(
            f"{file} is not an int8 'compact' net, the only exported one that can be a start or a teacher; name its "
            "run folder instead, or a file that 'mien export RUN --int8' wrote of such a net"
        )
    for convolution, (kernel, _) in zip(convolutions, layers[:-1], strict=True):
        convolution.set_weights([kernel.transpose(2, 3, 1, 0)])
    net.layers[-1].set_weights(list(layers[-1]))
    initialize_batch_norm(net, convolutions, norms, [bias for _, bias in layers[:-1]], faces)
    return net.get_weights()


def _layers(graph: onnx.GraphProto) -> list[tuple[Floats, Floats]]:
    """Return dequantised weights and biases of each layer that has both, in order."""
    constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in constants:
            levels, scale, zero = (constants[name] for name in node.input)
            # There is one scale a filter, which is the first axis.
            along = (-1, *[1] * (levels.ndim - 1))
            values = (levels.astype(np.float32) - zero.reshape(along)) * scale.reshape(along)
            constants[node.output[0]] = values.astype(np.float32)
    found: list[tuple[Floats, Floats]] = []
    for node in graph.node:
        if node.op_type in ("Conv", "Gemm") and len(node.input) == 3:
            weights, bias = (constants[name] for name in node.input[1:])
            found.append((weights.T if _is_transposed(node) else weights, bias))
    return found


def _is_transposed(node: Any) -> bool:
    return any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
