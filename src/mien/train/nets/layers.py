"""Keras layers that torch runs without copies between memory layouts.

For torch, Keras makes contiguous channels-first copies of channels-last arrays, two for each convolution and one for
each pooling, and computes batch normalisation in float32 from elementary steps. A permuted view of a channels-last
array is already torch's channels-last format, so none of that is needed: ``benchmarks/training.py`` measures the gain.
With other backends these layers are Keras' own. Saved models name them as ``mien>Conv2D`` and so on.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops


def _is_torch() -> bool:
    return keras.backend.backend() == "torch"


def _same_padding(length: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return the padding before and after one axis with which ceil(length / stride) values come out."""
    total = max((math.ceil(length / stride) - 1) * stride + kernel - length, 0)
    return total // 2, total - total // 2


@keras.saving.register_keras_serializable(package="mien")
class Conv2D(keras.layers.Conv2D):
    """A convolution; with padding ``same`` and a stride, an odd pixel of padding comes last, as in Keras."""

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Convolve (N, H, W, C) with (h, w, C, F)."""
        if not _is_torch():
            return super().convolution_op(inputs, kernel)
        import torch

        functional = torch.nn.functional
        pictures = inputs.permute(0, 3, 1, 2)
        filters = ops.convert_to_tensor(kernel).permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
        if self.padding == "same" and self.strides != (1, 1):
            # As int, as torch's exporter would put arithmetic on traced sizes into the graph.
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
        # The 1, one grey level, keeps noise in a flat picture from being amplified to full contrast.
        return centred / ops.sqrt(variance + 1.0)
