"""Inception-ResNet-v1 (Szegedy et al., 2016), as FaceNet's public reimplementation has it, up to its last stage.

The layers have the names of the pretrained weights, which ``mien.train.init.pretrained`` reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from mien.train.nets.layers import BatchNormalization, Conv2D, MaxPooling2D, Standardize

SIDE_PX = 131
"""Side to which a face is enlarged: as large as FER2013's frame is in the 160 px that the weights were made for."""

Kernel = int | tuple[int, int]
Chain = Sequence[tuple[str, Kernel]]
"""A sequence of convolutions: suffix of each name, and its kernel."""

FIRST_LAYERS = ("Conv2d_1a", "Conv2d_2a", "Conv2d_2b")
"""Layers that stay frozen: edge filters need no change, and their large maps cost the most time to train."""

REPEATS_35, REPEATS_17 = 5, 10
"""Number of blocks of each kind."""

BLOCK35: Sequence[Chain] = (
    [("Conv2d_1x1", 1)],
    [("Conv2d_0a_1x1", 1), ("Conv2d_0b_3x3", 3)],
    [("Conv2d_0a_1x1", 1), ("Conv2d_0b_3x3", 3), ("Conv2d_0c_3x3", 3)],
)
BLOCK17: Sequence[Chain] = (
    [("Conv2d_1x1", 1)],
    [("Conv2d_0a_1x1", 1), ("Conv2d_0b_1x7", (1, 7)), ("Conv2d_0c_7x1", (7, 1))],
)


def inception_resnet(faces: Any, dropout: float, classes: int) -> keras.Model:
    """Return the net from faces (N, S, S, 1) to logits (N, classes): enlarged to 131 px, 6 x 6 places of 896 values."""
    x = ops.image.resize(Standardize()(faces), (SIDE_PX, SIDE_PX), interpolation="bilinear")
    x = _unit(x, 32, 3, "Conv2d_1a_3x3", stride=2)
    x = _unit(x, 32, 3, "Conv2d_2a_3x3", padding="valid")
    x = MaxPooling2D(3, 2)(_unit(x, 64, 3, "Conv2d_2b_3x3"))
    x = _unit(x, 80, 1, "Conv2d_3b_1x1")
    x = _unit(x, 192, 3, "Conv2d_4a_3x3", padding="valid")
    x = _unit(x, 256, 3, "Conv2d_4b_3x3", stride=2)
    for place in range(1, REPEATS_35 + 1):
        x = _block(x, f"Block35_{place}", BLOCK35, filters=32, share=0.17)
    x = _reduction(x)
    for place in range(1, REPEATS_17 + 1):
        x = _block(x, f"Block17_{place}", BLOCK17, filters=128, share=0.1)
    # The pooled values have a standard deviation of only 0.2, so the head would learn slowly.
    x = layers.BatchNormalization(name="head_norm")(layers.GlobalAveragePooling2D()(x))
    x = layers.Dropout(dropout)(x)
    return keras.Model(faces, layers.Dense(classes, dtype="float32")(x), name="net")


def _block(x: Any, name: str, branches: Sequence[Chain], filters: int, share: float) -> Any:
    """Add a share of the joined branches to the input."""
    outputs = []
    for number, chain in enumerate(branches):
        inner = x
        for ending, kernel in chain:
            inner = _unit(inner, filters, kernel, f"{name}_Branch_{number}_{ending}")
        outputs.append(inner)
    inner = Conv2D(x.shape[-1], 1, name=f"{name}_Conv2d_1x1")(layers.Concatenate()(outputs))
    return layers.ReLU()(layers.Add()([x, layers.Rescaling(share)(inner)]))


def _reduction(x: Any) -> Any:
    """Halve the resolution in three ways and join the results."""
    inner = _unit(x, 192, 1, "Mixed_6a_Branch_1_Conv2d_0a_1x1")
    inner = _unit(inner, 192, 3, "Mixed_6a_Branch_1_Conv2d_0b_3x3")
    inner = _unit(inner, 256, 3, "Mixed_6a_Branch_1_Conv2d_1a_3x3", stride=2)
    strided = _unit(x, 384, 3, "Mixed_6a_Branch_0_Conv2d_1a_3x3", stride=2)
    return layers.Concatenate()([strided, inner, MaxPooling2D(3, 2)(x)])


def _unit(x: Any, filters: int, kernel: Kernel, name: str, *, stride: int = 1, padding: str = "same") -> Any:
    """Convolve, normalise and rectify; without padding if there is a stride."""
    padding = "valid" if stride > 1 else padding
    learns = not name.startswith(FIRST_LAYERS)
    x = Conv2D(filters, kernel, strides=stride, padding=padding, use_bias=False, name=name, trainable=learns)(x)
    return layers.ReLU()(BatchNormalization(name=f"{name}_BatchNorm", trainable=learns)(x))
