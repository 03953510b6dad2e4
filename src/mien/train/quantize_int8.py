"""Quantisation: export of a run folder to an int8 ONNX file, with a check against the float net.

The choices, as measured on PublicTest with ``5-compact`` (``benchmarks/classifier.py`` has the speed):

- The first and the last layer stay in float, with what comes before and after them. They have 0.1 % of the weights;
  with the first convolution in 8 bits the top class changed on 1.2 % of the faces instead of 0.5 %, and the file was
  slower.
- The range of an activation is the smallest and largest value seen. Percentiles and entropy were no closer to the float
  net; these methods print and keep every activation in memory.
- Weights take all 8 bits. A processor without VNNI adds pairs of products in 16 bits, which can overflow: emulated on
  200 faces, 6 of 1.6e10 pairs did, and no top class changed. Seven bits (``reduce_range``) rule it out, but
  changed the top class of 0.6 % instead of 0.5 %, over four random choices of calibration faces.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from mien.core.errors import DataError, ModelError
from mien.core.output import write_whole
from mien.data.split import load_split
from mien.inference.classifier import CARD_KEY, INPUT_NAME, Classifier
from mien.train.export import export

CALIBRATION_FACES = 500
"""Number of training faces on which the ranges of activations are measured."""

MOST_DISAGREEMENT = 0.02
"""Largest share of these faces whose top class may change; ``5-compact`` changes on 0.8 %."""

WEIGHTED_NODES = ("Conv", "Gemm", "MatMul")
"""Types of nodes with weights: all but the first and the last become int8."""

UNWEIGHTED_NODES = ("Add", "MaxPool", "Mul", "Relu")
"""Types of nodes without weights that stay in 8 bits, so that nothing is converted to float between layers."""

CALIBRATION_BATCH = 50


def export_int8(run_dir: Path, data: Path, out: Path | None = None) -> Path:
    """Write the int8 ONNX file of a completed run and return its path, ``RUN/model.int8.onnx`` by default.

    Args:
        run_dir: the run folder.
        data: folder of a prepared data set, whose training faces give the ranges.
        out: the file to write.

    Raises:
        UsageError: the folder holds no completed run.
        DataError: there is no training split, it is empty, or its faces have another size.
        ModelError: the float file differs from Keras, or the int8 file from the float one.
    """
    faces = calibration_faces(data)
    with tempfile.TemporaryDirectory() as folder:
        model = export(run_dir, Path(folder) / "model.onnx")
        return quantize(model, faces, out or run_dir / "model.int8.onnx")


def calibration_faces(data: Path, seed: int = 0) -> NDArray[np.uint8]:
    """Return ``CALIBRATION_FACES`` grey training faces (N, S, S, 1) uint8, or all where there are fewer."""
    images = load_split(data, "train").images
    rows = np.random.default_rng(seed).permutation(len(images))[:CALIBRATION_FACES]
    return images[np.sort(rows)][..., None]


def quantize(model: Path, faces: NDArray[np.uint8], out: Path) -> Path:
    """Write the int8 version of an exported model, atomically.

    Args:
        model: the float file that ``mien export`` wrote.
        faces: (N, S, S, C) uint8, as the model takes them; the ranges of the activations are measured on them.
        out: the file to write.

    Returns:
        ``out``.

    Raises:
        DataError: there are no faces, or they have another shape than the model takes.
        ModelError: the top class changes on more than ``MOST_DISAGREEMENT`` of the faces.
    """
    classifier = Classifier(model)
    spec = classifier.card.crop
    if not len(faces) or faces.shape[1:] != (spec.size_px, spec.size_px, spec.channels):
        raise DataError(
            f"the net takes faces (N, {spec.size_px}, {spec.size_px}, {spec.channels}) with N > 0; got {faces.shape}; "
            "name the data that it was trained on"
        )
    graph = _quantized(model, faces)
    notes = {**classifier.card.notes, "precision": "int8", "ranges": f"{len(faces)} training faces"}
    onnx.helper.set_model_props(graph, {CARD_KEY: replace(classifier.card, notes=notes).to_json()})
    content = graph.SerializeToString()
    changed = float(np.mean(_top_classes(Classifier(content), faces) != _top_classes(classifier, faces)))
    if changed > MOST_DISAGREEMENT:
        raise ModelError(
            f"{out} is not written: in int8 the top class changes on {changed:.1%} of {len(faces)} faces; "
            f"expected at most {MOST_DISAGREEMENT:.0%}; ship the float file of this net"
        )
    write_whole(out, content)
    return out


def _in_batches(faces: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Return the faces in batches, as the activations of a large net for all of them would fill the memory."""
    return [faces[start : start + CALIBRATION_BATCH] for start in range(0, len(faces), CALIBRATION_BATCH)]


def _top_classes(classifier: Classifier, faces: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the top class (N,) of each face."""
    return np.concatenate([classifier(batch).argmax(axis=1) for batch in _in_batches(faces)])


class _Batches(CalibrationDataReader):
    """Feeds the faces to ONNX Runtime's calibration."""

    def __init__(self, faces: NDArray[np.uint8]) -> None:
        self._batches = iter(_in_batches(faces))

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the next batch, None after the last."""
        batch = next(self._batches, None)
        return None if batch is None else {INPUT_NAME: batch}


def _quantized(model: Path, faces: NDArray[np.uint8]) -> onnx.ModelProto:
    """Return the graph with unsigned activations and signed weights by channel (U8S8) in its inner layers."""
    with tempfile.TemporaryDirectory() as folder, _quiet():
        folded, written = Path(folder) / "folded.onnx", Path(folder) / "int8.onnx"
        # Folds the batch normalisation that the converter left, and infers all shapes.
        quant_pre_process(model, folded, skip_symbolic_shape=True)
        quantize_static(
            folded,
            written,
            _Batches(faces),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=[*WEIGHTED_NODES, *UNWEIGHTED_NODES],
            nodes_to_exclude=_ends(onnx.load(folded)),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        return onnx.load(written)


def _ends(model: onnx.ModelProto) -> list[str]:
    """Return the names of the nodes up to the first layer with weights, and from the last one on."""
    nodes, constants = model.graph.node, {constant.name for constant in model.graph.initializer}
    places = [i for i, node in enumerate(nodes) if node.op_type in WEIGHTED_NODES and node.input[1] in constants]
    return [node.name for node in (*nodes[: places[0] + 1], *nodes[places[-1] :])] if places else []


@contextmanager
def _quiet() -> Generator[None]:
    """Silence the log messages of the tools, and keep their ``logging.info`` from setting up a root handler."""
    root, handler, before = logging.getLogger(), logging.NullHandler(), logging.root.manager.disable
    root.addHandler(handler)
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
        root.removeHandler(handler)
