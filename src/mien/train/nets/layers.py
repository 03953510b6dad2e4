"""Keras layers under their own names that torch runs without copying between memory layouts.

Keras hands torch channels-last arrays by way of contiguous channels-first copies, two for each convolution and one for
each pooling, and computes batch normalisation in float32 from elementary steps. A permuted view of a channels-last
array already is what torch calls channels-last, so none of that is needed: ``benchmarks/training.py`` measures what
this buys. With every other backend these layers are Keras' own.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops


def _is_torch() -> bool:
    return keras.backend.backend() == "torch"


def _same_padding(length: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return how many pixels go before and behind one axis, so that ceil(length / stride) places come out."""
    total = max((math.ceil(length / stride) - 1) * stride + kernel - length, 0)
    return total // 2, total - total // 2


@keras.saving.register_keras_serializable(package="mien")
class Conv2D(keras.layers.Conv2D):
    """A convolution; padding ``valid`` or ``same``, which with a stride is Keras' own: the odd pixel comes last."""

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Convolve (N, H, W, C) with (h, w, C, F)."""
        if not _is_torch():
            return super().convolution_op(inputs, kernel)
        import torch

        functional = torch.nn.functional
        pictures = inputs.permute(0, 3, 1, 2)
        filters = ops.convert_to_tensor(kernel).permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
        if self.padding == "same" and self.strides != (1, 1):
            # As int, since torch's exporter would put the arithmetic on traced sizes into the graph.
            size = map(int, pictures.shape[2:])
            rows, columns = map(_same_padding, size, self.kernel_size, self.strides)
            outputs = functional.conv2d(functional.pad(pictures, (*columns, *rows)), filters, stride=self.strides)
        else:
            outputs = functional.conv2d(pictures, filters, stride=self.strides, padding=self.padding)
        return outputs.permute(0, 2, 3, 1)


@keras.saving.register_keras_serializable(package="mien")
class BatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation over the last axis; statistics in float32, the result in the input's type."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise (N, H, W, C)."""
        if not _is_torch():
            return super().call(inputs, training=training, mask=mask)
        import torch

        state = (self.moving_mean, self.moving_variance, self.gamma, self.beta)
        return torch.nn.functional.batch_norm(
            inputs.permute(0, 3, 1, 2),
            *(ops.convert_to_tensor(variable) for variable in state),
            training=bool(training),
            momentum=1 - self.momentum,
            eps=self.epsilon,
        ).permute(0, 2, 3, 1)


@keras.saving.register_keras_serializable(package="mien")
class MaxPooling2D(keras.layers.MaxPooling2D):
    """Max pooling without padding."""

    def call(self, inputs: Any) -> Any:
        """Pool (N, H, W, C)."""
        if not _is_torch():
            return super().call(inputs)
        import torch

        pooled = torch.nn.functional.max_pool2d(inputs.permute(0, 3, 1, 2), self.pool_size, self.strides)
        return pooled.permute(0, 2, 3, 1)


@keras.saving.register_keras_serializable(package="mien")
class Standardize(keras.layers.Layer):
    """Each picture (N, H, W, C) shifted and scaled to zero mean and unit variance."""

    def call(self, inputs: Any) -> Any:
        """Standardise each picture of the batch."""
        mean = ops.mean(inputs, axis=(1, 2, 3), keepdims=True)
        centred = inputs - mean
        variance = ops.mean(ops.square(centred), axis=(1, 2, 3), keepdims=True)
        # One grey level of deviation keeps the noise of a flat picture from being blown up to full contrast.
        return centred / ops.sqrt(variance + 1.0)
