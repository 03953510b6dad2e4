"""The nets. Each takes grey faces (N, 48, 48, 1) of values 0 to 255 and answers logits (N, K), not probabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from mien.train.layers import BatchNormalization, Conv2D, MaxPooling2D, Standardize
from mien.train.recipe import Recipe

SIZE_PX = 48

LEVELS = {"scale": 1 / 64, "offset": -2.0}
"""About zero mean and unit variance: FER2013's grey levels have mean 129 and deviation 65."""


def baseline(recipe: Recipe, classes: int) -> keras.Model:
    """Three blocks of two convolutions, then two dense layers: the first rung of the published road."""
    faces = keras.Input((SIZE_PX, SIZE_PX, 1))
    x = layers.Rescaling(**LEVELS)(faces)
    for _ in range(2):
        x = _relu_conv(_relu_conv(x, 64), 64)
        x = layers.Dropout(0.5)(MaxPooling2D(2)(x))
    x = MaxPooling2D(2)(_relu_conv(_relu_conv(x, 128), 128))
    return keras.Model(faces, _dense_head(x, classes, dropout=0.2), name="net")


def deeper(recipe: Recipe, classes: int) -> keras.Model:
    """Five stages of two convolutions, without batch normalisation or dropout: the second and third rung."""
    return _five_stages(classes, norm=False, dropout=False)


def regularised(recipe: Recipe, classes: int) -> keras.Model:
    """Five stages of two convolutions with batch normalisation and dropout: the fourth rung."""
    return _five_stages(classes, norm=True, dropout=True)


def compact(recipe: Recipe, classes: int) -> keras.Model:
    """VGG13 with batch normalisation and global pooling, each face standardised inside the graph.

    Stages of 2, 2, 3 and 3 convolutions of ``width`` x 1, 2, 4 and 8 filters. Dropout comes behind the pooling, where
    a quarter of the random numbers does, and rises to ``recipe.dropout`` before the head.
    """
    faces = keras.Input((SIZE_PX, SIZE_PX, 1))
    x = Standardize()(faces)
    for stage, depth in enumerate((2, 2, 3, 3)):
        for _ in range(depth):
            x = Conv2D(recipe.width * 2**stage, 3, padding="same", use_bias=False)(x)
            x = layers.ReLU()(BatchNormalization()(x))
        x = MaxPooling2D(2)(x) if stage < 3 else layers.GlobalAveragePooling2D()(x)
        x = layers.Dropout(recipe.dropout * (stage + 1) / 4)(x)
    return keras.Model(faces, layers.Dense(classes, dtype="float32")(x), name="net")


def _five_stages(classes: int, *, norm: bool, dropout: bool) -> keras.Model:
    def stage(x: Any, filters: int, norm: bool) -> Any:
        for _ in range(2):
            x = _norm_conv(x, filters) if norm else _relu_conv(x, filters)
        return x

    faces = keras.Input((SIZE_PX, SIZE_PX, 1))
    x = stage(layers.Rescaling(**LEVELS)(faces), 64, norm)
    if dropout:
        x = layers.Dropout(0.5)(x)
    x = MaxPooling2D(2)(stage(x, 64, norm=False))
    x = stage(x, 128, norm)
    x = MaxPooling2D(2)(stage(x, 128, norm=False))
    x = stage(x, 256, norm)
    return keras.Model(faces, _dense_head(x, classes, dropout=0.2 if dropout else 0.0), name="net")


def _relu_conv(x: Any, filters: int) -> Any:
    return layers.ReLU()(Conv2D(filters, 3)(x))


def _norm_conv(x: Any, filters: int) -> Any:
    return layers.ReLU()(BatchNormalization()(Conv2D(filters, 3)(x)))


def _dense_head(x: Any, classes: int, dropout: float) -> Any:
    x = layers.Flatten()(x)
    for _ in range(2):
        x = layers.Dropout(dropout)(layers.Dense(1024, activation="relu")(x))
    return layers.Dense(classes, dtype="float32")(x)


MODELS: dict[str, Callable[[Recipe, int], keras.Model]] = {
    "baseline": baseline,
    "deeper": deeper,
    "regularised": regularised,
    "compact": compact,
}
"""Name to function: a recipe and the number of classes -> the net."""
