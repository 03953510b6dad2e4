"""The classifier: crops of faces to probabilities, by the net and the card in an ONNX file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from mien.core.errors import ModelError, UsageError
from mien.core.model_card import ModelCard
from mien.core.packaged import PACKAGED, default_model, packaged_model

CARD_KEY = "mien"
"""The key of the card in the metadata of an ONNX file."""

INPUT_NAME = "faces"
"""The graph's input: (N, S, S, C) uint8."""

OUTPUT_NAME = "probabilities"
"""The graph's output: (N, K) float32, rows sum to 1."""

BATCH_SIZE = 256
"""Faces in one run of the graph unless another number is given, so that memory does not grow with N."""

DEVICES = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}
"""The devices that a user can name, with what ONNX Runtime calls them."""

DEVICE_INSTALLS = {
    "cuda": "run 'pip uninstall onnxruntime', then 'pip install onnxruntime-gpu'",
    "coreml": "it comes with ONNX Runtime for macOS",
    "openvino": "run 'pip uninstall onnxruntime', then 'pip install onnxruntime-openvino'",
}
"""How to install a device that the installed ONNX Runtime lacks."""


def model_file(model: str | Path | None) -> Path:
    """Return the path of a model: the default for None, a packaged one for its name, else the file itself.

    A file with the name of a packaged model takes precedence.
    """
    if model is None:
        return default_model()
    return packaged_model(str(model)) if str(model) in PACKAGED and not Path(model).exists() else Path(model)


class Classifier:
    """Probabilities of emotions for crops of faces, by the net in an ONNX file.

    Args:
        source: the file that ``mien export`` wrote, or its bytes.
        threads: how many threads ONNX Runtime may use; None leaves it the choice (a thread a core).
        device: "cpu", "cuda" (an NVIDIA card), "coreml" (macOS) or "openvino" (Intel), as far as the installed ONNX
            Runtime has it.
        batch_size: faces in one run of the graph, at most.

    Attributes:
        card: the card in the file.
        sha256: digest of the file.

    Raises:
        ModelError: there is no such file, it is not a model of mien, or it does not start on the device.
        UsageError: an unknown device, or one that the installed ONNX Runtime lacks.
        ValueError: threads or batch_size is less than 1.
    """

    card: ModelCard
    sha256: str

    def __init__(
        self, source: Path | bytes, threads: int | None = None, device: str = "cpu", batch_size: int = BATCH_SIZE
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size must be 1 or more; got {batch_size}")
        provider = _provider(device)
        name, content = _read(source)
        self._session = _session(name, content, threads, provider)
        if provider not in self._session.get_providers():  # it falls back without an error
            raise ModelError(
                f"{name} does not start on device '{device}': ONNX Runtime {ort.__version__} could not load what "
                "it needs (for cuda, CUDA and cuDNN in the versions that it is built for); install that, or use "
                "device 'cpu'"
            )
        self.card = _card(name, self._session)
        self.sha256 = hashlib.sha256(content).hexdigest()
        self._batch_size = batch_size
        self._source = source
        self._settings = _lasting(source), threads, device, batch_size

    def __reduce__(self) -> tuple[Callable[..., Classifier], tuple[str | Path | bytes | int | None, ...]]:
        """Make copies load the file again, here or in another process; refuse if the file has changed."""
        return _reloaded, (self.sha256, *self._settings)

    def content(self) -> bytes:
        """Return the bytes of the file, read again.

        Raises:
            ModelError: it is no longer there.
        """
        return _read(self._source)[1]

    def __call__(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classify faces.

        Args:
            crops: (N, S, S, C) uint8, S and C as in ``card.crop``, grey or RGB; N may be 0.

        Returns:
            (N, K) float32, columns in the order of ``card.labels``; rows sum to 1.

        Raises:
            ValueError: crops of another shape or dtype.
        """
        spec = self.card.crop
        face = (spec.size_px, spec.size_px, spec.channels)
        if crops.ndim != 4 or crops.shape[1:] != face or crops.dtype != np.uint8:
            expected = ", ".join(map(str, face))
            raise ValueError(f"this model takes crops (N, {expected}) uint8; got {crops.shape} {crops.dtype}")
        probs = np.empty((len(crops), len(self.card.labels)), np.float32)
        for start in range(0, len(crops), self._batch_size):
            rows = slice(start, start + self._batch_size)
            (probs[rows],) = self._session.run([OUTPUT_NAME], {INPUT_NAME: np.ascontiguousarray(crops[rows])})
        return probs


def _lasting(source: Path | bytes) -> str | Path | bytes:
    """Return by what another process finds a model: a packaged one's name, an absolute path, or the bytes."""
    if isinstance(source, bytes):
        return source
    return next((name for name in PACKAGED if packaged_model(name) == source), source.absolute())


def _reloaded(sha256: str, source: str | Path | bytes, threads: int | None, device: str, batch_size: int) -> Classifier:
    copied = Classifier(packaged_model(source) if isinstance(source, str) else source, threads, device, batch_size)
    if copied.sha256 != sha256:
        raise ModelError(
            f"the model file of a copied analyzer has changed: expected sha256 {sha256[:12]}, got {copied.sha256[:12]} "
            f"in {source if isinstance(source, Path) else 'the packaged file'}; load it again"
        )
    return copied


def _read(source: Path | bytes) -> tuple[str, bytes]:
    """Return what to call a model in messages, and its bytes."""
    if isinstance(source, bytes):
        return "these bytes", source
    try:
        return str(source), source.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(f"no model file {source}; check the path, or write one with 'mien export RUN'") from error
    except OSError as error:
        raise ModelError(
            f"cannot read {source} ({error.strerror}); expected an ONNX file written by 'mien export RUN'"
        ) from error


def _provider(device: str) -> str:
    """Return what ONNX Runtime calls a device."""
    if device not in DEVICES:
        raise UsageError(f"unknown device '{device}'; expected one of {', '.join(DEVICES)}")
    known: list[str] = ort.get_available_providers()
    if DEVICES[device] not in known:
        there = [name for name, provider in DEVICES.items() if provider in known]
        raise UsageError(
            f"device '{device}' is not there: the installed ONNX Runtime {ort.__version__} has {', '.join(there)}; "
            f"use one of those, or get it: {DEVICE_INSTALLS[device]}"
        )
    return DEVICES[device]


def _session(name: str, content: bytes, threads: int | None, provider: str) -> Any:
    """Load a graph."""
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be 1 or more, or None for a thread a core; got {threads}")
    options: Any = ort.SessionOptions()
    options.log_severity_level = 3  # errors only: warnings about optimisation mean nothing to a user
    options.intra_op_num_threads = threads or 0
    # Threads that wait busily take half of a machine on which several threads analyse pictures.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(content, options, providers=[provider])
    except Exception as error:  # ONNX Runtime's errors share no base class of their own
        raise ModelError(
            f"{name} is not an ONNX model that ONNX Runtime {ort.__version__} can run ({error}); "
            "expected a file written by 'mien export RUN'"
        ) from error


def _card(name: str, session: Any) -> ModelCard:
    """Read the card and check that the graph fits it."""
    metadata = cast("dict[str, str]", session.get_modelmeta().custom_metadata_map)
    if CARD_KEY not in metadata:
        raise ModelError(f"{name} carries no card of mien, so its labels and crop are unknown; use 'mien export RUN'")
    card = ModelCard.from_json(metadata[CARD_KEY])
    found = [(port.name, port.type, port.shape[1:]) for port in (*session.get_inputs(), *session.get_outputs())]
    size_px, channels = card.crop.size_px, card.crop.channels
    expected = [
        (INPUT_NAME, "tensor(uint8)", [size_px, size_px, channels]),
        (OUTPUT_NAME, "tensor(float)", [len(card.labels)]),
    ]
    if found != expected:
        raise ModelError(
            f"the graph of {name} does not fit its card: expected {expected} after the batch dimension, got {found}; "
            "write the file again with 'mien export RUN'"
        )
    return card
