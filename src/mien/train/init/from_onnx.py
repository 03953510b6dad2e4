"""The weights of a net out of the file that ``mien export --int8`` made of it, for when its run folder is gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from onnx import numpy_helper

from mien.core.errors import UsageError
from mien.core.types import Floats
from mien.inference.classifier import Classifier
from mien.train.batch_norm import initialize_batch_norm
from mien.train.nets.models import MODELS
from mien.train.recipe import Recipe, parse_recipe
from mien.train.targets import LABELS


def exported_recipe(file: Path) -> Recipe:
    """Return the recipe that made an exported net; it is in the card.

    Raises:
        ModelError: the file is no model of mien.
        UsageError: its card holds no recipe, or one of another mien.
    """
    notes = Classifier(file).card.notes
    if "recipe" not in notes:
        raise UsageError(
            f"{file} does not say by which recipe it was made; name a run folder, or a file of 'mien export'"
        )
    return parse_recipe(notes["recipe"], f"the recipe in {file}")


def exported_weights(file: Path, faces: Floats) -> list[Floats]:
    """Return the weights of the net that an int8 file was made of, as exact as its 8 bits, in the order of Keras.

    Its batch normalisation is part of the convolutions there. It is given back the statistics of the given faces, and
    the scale and offset that undo them, so that the net trains on from what it answers.

    Args:
        file: a ``compact`` net without squeeze-and-excitation, which is a chain of convolutions.
        faces: (N, S, S, 1), grey levels; some hundreds.

    Raises:
        ModelError: the file is no model of mien.
        UsageError: it holds another kind of net, or one in float.
    """
    recipe = exported_recipe(file)
    layers = _layers(onnx.load(file).graph)
    net = MODELS[recipe.model](recipe, len(LABELS[recipe.target]))
    convolutions = [layer for layer in net.layers if isinstance(layer, keras.layers.Conv2D)]
    norms = [layer for layer in net.layers if isinstance(layer, keras.layers.BatchNormalization)]
    if recipe.model != "compact" or recipe.squeeze or len(layers) != len(convolutions) + 1:
        raise UsageError(
            f"{file} holds no 'compact' net in 8 bits, which is what a start or a teacher can be read from; name its "
            "run folder instead, or a file that 'mien export RUN --int8' wrote of such a net"
        )
    for convolution, (kernel, _) in zip(convolutions, layers[:-1], strict=True):
        convolution.set_weights([kernel.transpose(2, 3, 1, 0)])
    net.layers[-1].set_weights(list(layers[-1]))
    initialize_batch_norm(net, convolutions, norms, [bias for _, bias in layers[:-1]], faces)
    return net.get_weights()


def _layers(graph: onnx.GraphProto) -> list[tuple[Floats, Floats]]:
    """Return weights and biases of each layer that has both, in their order; 8 bits as the values that they mean."""
    constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in constants:
            levels, scale, zero = (constants[name] for name in node.input)
            # Scales are one a filter, which is the first axis.
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
