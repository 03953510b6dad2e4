"""LiteRT files (``.tflite``): the same graph as the ONNX file, for phones and boards, by TensorFlow's converter."""

from __future__ import annotations

import io
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mien.core.model_card import ModelCard

SUFFIX = ".tflite"

CARD_FILE = "card.json"
"""Name of the card in the zip behind the graph, which is where TensorFlow Lite's metadata keeps its files."""


def tflite_bytes(model: keras.Model, card: ModelCard) -> bytes:
    """Return the file of a model from faces to probabilities; its graph has no operations but LiteRT's own.

    Any zip program reads the card out of it. Keras must run on TensorFlow.
    """
    import tensorflow as tf

    own = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TensorFlow's about its own use of NumPy
        path = Path(folder) / f"graph{SUFFIX}"
        model.export(path, format="litert", verbose=False, target_spec=own)
        file = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(file, "a") as packed:
        packed.writestr(zipfile.ZipInfo(CARD_FILE), card.to_json())
    return file.getvalue()


def tflite_predict(content: bytes, faces: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the probabilities (N, K) that a file gives faces (N, S, S, 1)."""
    import tensorflow as tf

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the interpreter will move to a package of its own
        interpreter: Any = tf.lite.Interpreter(model_content=content)
    (given,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(given["index"], faces.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], faces)
    interpreter.invoke()
    return interpreter.get_tensor(result["index"])
