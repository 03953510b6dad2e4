"""The nets. Each takes grey faces (N, 48, 48, 1) of values 0 to 255 and returns logits (N, K)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops

from mien.train.nets.facenet import inception_resnet
from mien.train.nets.layers import BatchNormalization, Conv2D, MaxPooling2D, Standardize
from mien.train.recipe import Recipe

INPUT_PX = 48

LEVEL_SCALING = {"scale": 1 / 64, "offset": -2.0}
"""Gives about zero mean and unit variance: FER2013's grey levels have mean 129 and standard deviation 65."""

COMPACT_DEPTHS = (2, 2, 3, 3)
"""Convolutions in each stage of ``compact``."""

DLIB_DEPTHS = (3, 4, 3, 3)
"""Blocks in each stage of ``dlib``."""


def baseline(recipe: Recipe, classes: int) -> keras.Model:
    """Three blocks of two convolutions, then two dense layers: the published project's first step (docs/ROAD.md)."""
    faces = keras.Input((INPUT_PX, INPUT_PX, 1))
    x = layers.Rescaling(**LEVEL_SCALING)(faces)
    for _ in range(2):
        x = _relu_conv(_relu_conv(x, 64), 64)
        x = layers.Dropout(0.5)(MaxPooling2D(2)(x))
    x = MaxPooling2D(2)(_relu_conv(_relu_conv(x, 128), 128))
    return keras.Model(faces, _dense_head(x, classes, dropout=0.2), name="net")


def deeper(recipe: Recipe, classes: int) -> keras.Model:
    """Five stages of two convolutions, without batch normalisation or dropout: its second and third step."""
    return _five_stages(classes, norm=False, dropout=False)


def regularised(recipe: Recipe, classes: int) -> keras.Model:
    """Five stages of two convolutions with batch normalisation and dropout: its fourth step."""
    return _five_stages(classes, norm=True, dropout=True)


def compact(recipe: Recipe, classes: int) -> keras.Model:
    """VGG13 with batch normalisation and global pooling, each face standardised inside the graph.

    Stages of 2, 2, 3 and 3 convolutions of ``width`` x 1, 2, 4 and 8 filters, the first with ``stem_stride``; with
    ``squeeze`` a squeeze-and-excitation ends each stage. Dropout follows the pooling, which needs a quarter of the
    random numbers, and increases up to ``recipe.dropout`` before the head.
    """
    faces = keras.Input((INPUT_PX, INPUT_PX, 1))
    x = Standardize()(faces)
    for stage, depth in enumerate(COMPACT_DEPTHS):
        for place in range(depth):
            stride = recipe.stem_stride if stage == place == 0 else 1
            x = layers.ReLU()(_conv_norm(x, recipe.width * 2**stage, stride))
        if recipe.squeeze:
            x = _squeeze_excite(x)
        x = MaxPooling2D(2)(x) if stage < 3 else layers.GlobalAveragePooling2D()(x)
        x = layers.Dropout(recipe.dropout * (stage + 1) / 4)(x)
    return keras.Model(faces, layers.Dense(classes, dtype="float32")(x), name="net")


def residual(recipe: Recipe, classes: int) -> keras.Model:
    """ResNet18 (He et al., 2015) for small faces, each standardised inside the graph.

    A 3x3 stem with ``stem_stride`` and no pooling, then stages of two basic blocks of ``width`` x 1, 2, 4 and 8
    filters, all but the first of which halve the resolution; with ``squeeze`` each block ends in a squeeze-and-
    excitation.
    """
    faces = keras.Input((INPUT_PX, INPUT_PX, 1))
    x = layers.ReLU()(_conv_norm(Standardize()(faces), recipe.width, recipe.stem_stride))
    for stage in range(4):
        for place in range(2):
            x = _basic_block(x, recipe.width * 2**stage, 2 if stage and not place else 1, recipe.squeeze)
    x = layers.Dropout(recipe.dropout)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(faces, layers.Dense(classes, dtype="float32")(x), name="net")


def dlib(recipe: Recipe, classes: int) -> keras.Model:
    """Return dlib's face recognition net (King, 2017) up to its last stage, with batch normalisation.

    The face is enlarged to the scale of dlib's 150 px, which is 131 px in FER2013's frame: at that side no stage
    loses pixels at its border. ``mien train`` gives the net dlib's weights (``mien.train.init.pretrained``).
    """
    faces = keras.Input((INPUT_PX, INPUT_PX, 1))
    x = ops.image.resize(Standardize()(faces), (131, 131), interpolation="bilinear")
    x = MaxPooling2D(3, 2)(layers.ReLU()(_named_conv_norm(x, 0, 32, kernel=7, stride=2)))
    place = 1
    for filters, blocks in zip((32, 64, 128, 256), DLIB_DEPTHS, strict=True):
        for block in range(blocks):
            x = _dlib_block(x, place, filters, 2 if filters > 32 and not block else 1)
            place += 2
    x = layers.Dropout(recipe.dropout)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(faces, layers.Dense(classes, dtype="float32")(x), name="net")


def facenet(recipe: Recipe, classes: int) -> keras.Model:
    """Inception-ResNet-v1 as FaceNet uses it, up to its last stage (``mien.train.nets.facenet``)."""
    return inception_resnet(keras.Input((INPUT_PX, INPUT_PX, 1)), recipe.dropout, classes)


def _dlib_block(x: Any, place: int, filters: int, stride: int) -> Any:
    """Add two convolutions to their input, which is average-pooled and padded with channels where shapes differ."""
    inner = layers.ReLU()(_named_conv_norm(x, place, filters, stride=stride))
    inner = _named_conv_norm(inner, place + 1, filters)
    if stride > 1:
        x = layers.AveragePooling2D(stride)(x)
        x = ops.pad(x, ((0, 0), (0, 0), (0, 0), (0, filters - x.shape[-1])))
    return layers.ReLU()(layers.Add()([inner, x]))


def _named_conv_norm(x: Any, place: int, filters: int, kernel: int = 3, stride: int = 1) -> Any:
    """Convolve and normalise in layers named by their place in the net."""
    padding = "same" if stride == 1 else "valid"
    x = Conv2D(filters, kernel, strides=stride, padding=padding, use_bias=False, name=f"conv{place}")(x)
    return BatchNormalization(name=f"norm{place}")(x)


def _basic_block(x: Any, filters: int, stride: int, squeeze: bool) -> Any:
    inner = layers.ReLU()(_conv_norm(x, filters, stride))
    inner = _conv_norm(inner, filters)
    if squeeze:
        inner = _squeeze_excite(inner)
    same_shape = stride == 1 and x.shape[-1] == filters
    shortcut = x if same_shape else _conv_norm(x, filters, stride, kernel=1)
    return layers.ReLU()(layers.Add()([inner, shortcut]))


def _squeeze_excite(x: Any) -> Any:
    """Weight the channels by their global averages (Hu et al., 2018), with a bottleneck of an eighth of them."""
    channels = x.shape[-1]
    weights = layers.GlobalAveragePooling2D()(x)
    weights = layers.Dense(max(channels // 8, 4), activation="relu")(weights)
    weights = layers.Dense(channels, activation="sigmoid")(weights)
    return layers.Multiply()([x, layers.Reshape((1, 1, channels))(weights)])


def _conv_norm(x: Any, filters: int, stride: int = 1, kernel: int = 3) -> Any:
    return BatchNormalization()(Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False)(x))


def _five_stages(classes: int, *, norm: bool, dropout: bool) -> keras.Model:
    def stage(x: Any, filters: int, norm: bool) -> Any:
        for _ in range(2):
            x = _norm_conv(x, filters) if norm else _relu_conv(x, filters)
        return x

    faces = keras.Input((INPUT_PX, INPUT_PX, 1))
    x = stage(layers.Rescaling(**LEVEL_SCALING)(faces), 64, norm)
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
    "residual": residual,
    "dlib": dlib,
    "facenet": facenet,
}
"""Name -> function of a recipe and the number of classes that returns the net."""
