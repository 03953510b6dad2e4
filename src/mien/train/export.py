"""Export of a run folder to an ONNX or LiteRT file: one graph from uint8 faces to probabilities, its card inside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime as ort
from keras import ops
from numpy.typing import NDArray

from mien.core.arrays import Floats
from mien.core.crop_spec import CROP_MARGIN, CropSpec
from mien.core.emotions import EIGHT
from mien.core.errors import MissingExtra, ModelError, UsageError
from mien.core.model_card import ModelCard, renamed
from mien.core.output import write_whole
from mien.core.temperature import tempered
from mien.data.synthetic import synthetic
from mien.inference.classifier import CARD_KEY, INPUT_NAME, OUTPUT_NAME
from mien.train.backend import EXPORTERS, LITERT_EXPORTERS, exporting_backend
from mien.train.nets.models import INPUT_PX
from mien.train.recipe import read_recipe
from mien.train.targets import TARGET_CLASSES
from mien.train.tflite import SUFFIX, tflite_bytes, tflite_predict
from mien.version import __version__

PROBABILITY_TOLERANCE = 1e-4
"""Largest difference between a probability of an exported file and of Keras."""


def export(run_dir: Path, out: Path | None = None) -> Path:
    """Write the model file of a completed run and return its path, ``RUN/model.onnx`` by default.

    If the path ends in ``.tflite`` it is a LiteRT file, else an ONNX file. With a backend from which Keras cannot
    export, such as JAX, another one does it in a process of its own.

    Raises:
        UsageError: the folder holds no completed run, or one of an earlier mien.
        ModelError: the file and Keras differ by more than ``PROBABILITY_TOLERANCE``, or the other process failed.
        MissingExtra: no installed backend can export it.
    """
    for name in ("model.keras", "calibration.json"):
        if not (run_dir / name).is_file():
            raise UsageError(f"{run_dir} holds no completed run: {name} is missing; run 'mien train --run {run_dir}'")
    card = make_card(run_dir)
    target = out or run_dir / "model.onnx"
    lite = target.suffix == SUFFIX
    backend = exporting_backend(LITERT_EXPORTERS if lite else EXPORTERS)
    if backend != keras.backend.backend():
        return _export_on(backend, run_dir, target)
    net = keras.saving.load_model(run_dir / "model.keras", compile=False)
    runtime, write, predict = ("LiteRT", _litert, tflite_predict) if lite else ("ONNX Runtime", _onnx, _onnx_predict)
    content = write(net, card)
    difference = _largest_difference(predict, content, net, card.temperature)
    if difference > PROBABILITY_TOLERANCE:
        raise ModelError(
            f"{run_dir} is not exported: {runtime} and Keras differ by {difference:.1e}; "
            f"expected at most {PROBABILITY_TOLERANCE:.0e}"
        )
    write_whole(target, content)
    return target


def _export_on(backend: str | None, run_dir: Path, target: Path) -> Path:
    """Export in a process with another backend."""
    if backend is None:
        able = "TensorFlow writes" if target.suffix == SUFFIX else "TensorFlow and torch write"
        raise MissingExtra(f"only {able} a net as {target.suffix}; pip install 'mien[train]'")
    code = (
        "import sys; from pathlib import Path; from mien.train.export import export; export(*map(Path, sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(run_dir.resolve()), str(target.resolve())],
        env={**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        why = (done.stderr.strip() or "no message").splitlines()[-1]
        raise ModelError(f"{run_dir} is not exported by {backend}: {why}")
    return target


def make_card(run_dir: Path) -> ModelCard:
    """Return the card of a completed run.

    Raises:
        UsageError: its calibration lacks what a card needs now.
    """
    recipe = read_recipe(run_dir / "recipe.toml")
    env: dict[str, Any] = json.loads((run_dir / "env.json").read_text(encoding="utf-8"))
    calibration = renamed(json.loads((run_dir / "calibration.json").read_text(encoding="utf-8")))
    if "class_shares" not in calibration:
        raise UsageError(
            f"{run_dir / 'calibration.json'} was written by an earlier mien and holds no class shares; "
            "train again into another folder with 'mien train --run DIR'"
        )
    return ModelCard(
        name="mien",
        version=__version__,
        labels=TARGET_CLASSES[recipe.target],
        crop=CropSpec(size_px=INPUT_PX, margin=CROP_MARGIN),
        temperature=calibration["temperature"],
        class_shares=tuple(calibration["class_shares"]),
        prior=calibration["prior"],
        uncertain_below=tuple(calibration["uncertain_below"]),
        certain_share=tuple(calibration["certain_share"]),
        data_sha256=env["data_sha256"],
        metrics=calibration["metrics"],
        notes={
            "recipe": recipe.to_toml(),
            **({"teachers": ", ".join(teacher["name"] for teacher in env["teachers"])} if env.get("teachers") else {}),
            **({"owes": recipe.owes} if recipe.owes else {}),
            "for": "naming the emotion that people would see on a face, with a probability that means what it says",
            "not for": "judging what a person feels, intends or is; decisions about people; emotion recognition at "
            "work or in education, which the EU's AI Act forbids (Regulation 2024/1689, article 5)",
        },
    )


def _onnx(net: keras.Model, card: ModelCard) -> bytes:
    graph = _graph(net, card.temperature)
    graph.metadata_props.add(key=CARD_KEY, value=card.to_json())
    return graph.SerializeToString()


def _litert(net: keras.Model, card: ModelCard) -> bytes:
    return tflite_bytes(_to_probabilities(net, card.temperature), card)


def _to_probabilities(net: keras.Model, temperature: float) -> keras.Model:
    """Return the model that is exported: uint8 faces (N, S, S, 1) in, probabilities (N, K) out."""
    faces = keras.Input(net.input_shape[1:], dtype="uint8", name=INPUT_NAME)
    logits = net(keras.layers.Rescaling(1.0, dtype="float32")(faces))
    return keras.Model(faces, _tempered(logits, temperature))


def _graph(net: keras.Model, temperature: float) -> onnx.ModelProto:
    """Return the graph: uint8 faces (N, S, S, 1) in, probabilities (N, K) out."""
    model = _to_probabilities(net, temperature)
    model(np.zeros((1, *net.input_shape[1:]), np.uint8))
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # The converters of Keras warn about their own use of numpy and tracing.
        warnings.simplefilter("ignore")
        model.export(f"{folder}/graph.onnx", format="onnx", verbose=False)
        graph = onnx.load(f"{folder}/graph.onnx")
    _rename(graph, graph.graph.input[0].name, INPUT_NAME)
    _rename(graph, graph.graph.output[0].name, OUTPUT_NAME)
    for value in (graph.graph.input[0], graph.graph.output[0]):
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    onnx.checker.check_model(graph)
    return graph


def _tempered(logits: Any, temperature: float) -> Any:
    """Return the same as ``mien.core.temperature.tempered``, as part of a graph."""
    if logits.shape[1] != len(EIGHT):
        return ops.softmax(logits / temperature)
    gap = logits[:, 7:] - logits[:, :1]
    joined = logits[:, :1] + ops.softplus(gap)
    seven = ops.softmax(ops.concatenate([joined, logits[:, 1:7]], axis=1) / temperature)
    contempt = seven[:, :1] * ops.sigmoid(gap)
    return ops.concatenate([seven[:, :1] - contempt, seven[:, 1:], contempt], axis=1)


def _rename(model: onnx.ModelProto, old: str, new: str) -> None:
    for value in (*model.graph.input, *model.graph.output):
        if value.name == old:
            value.name = new
    for node in model.graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new


def _largest_difference(
    predict: Callable[[bytes, NDArray[np.uint8]], Floats], content: bytes, net: keras.Model, temperature: float
) -> float:
    """Return the largest difference between a file's and Keras' probabilities on synthetic faces and on noise."""
    noise = np.random.default_rng(0).integers(0, 256, (64, INPUT_PX, INPUT_PX), np.uint8)
    faces: NDArray[np.uint8] = np.concatenate([synthetic(64, seed=0).images, noise])[..., None]
    logits = np.asarray(net.predict(faces, verbose=0), np.float32)
    expected = tempered(logits, temperature)
    return float(np.abs(predict(content, faces) - expected).max())


def _onnx_predict(content: bytes, faces: NDArray[np.uint8]) -> Floats:
    session: Any = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run([OUTPUT_NAME], {INPUT_NAME: faces})[0]
