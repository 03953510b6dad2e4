"""A tiny ONNX net for tests: mean brightness in, emotions out, with the card and the ports of a shipped model."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mien.core.crop_spec import CropSpec
from mien.core.emotions import EIGHT
from mien.core.model_card import PRIOR_STEPS, ModelCard
from mien.inference.classifier import CARD_KEY, INPUT_NAME, OUTPUT_NAME

SIZE_PX = 8


def tiny_card(labels: tuple[str, ...] = EIGHT, size_px: int = SIZE_PX, temperature: float = 1.0) -> ModelCard:
    return ModelCard(
        "tiny",
        "0.0.0",
        labels,
        CropSpec(size_px=size_px),
        temperature,
        class_shares=(1 / len(labels),) * len(labels),
        prior=0.0,
        uncertain_below=(0.5,) * len(PRIOR_STEPS),
        certain_share=(1.0,) * len(PRIOR_STEPS),
        data_sha256="",
    )


def tiny_net(card: ModelCard, metadata: dict[str, str] | None = None, columns: int | None = None) -> bytes:
    """A face of mean brightness 32 * k + 16 is class k; the slope of the logits is 1/8 a step, over the temperature."""
    size_px, channels, k = card.crop.size_px, card.crop.channels, columns or len(card.labels)
    centres = 32 * np.arange(k, dtype=np.float32) + 16
    # -(x - c)^2 / 256 without the x^2 that all classes share: linear in x.
    slope, shift = centres / 128, -(centres**2) / 256
    weights = {
        "axes": np.array([1, 2, 3], np.int64),
        "slope": (slope / card.temperature)[None],
        "shift": (shift / card.temperature).astype(np.float32),
        "flat": np.array([-1, 1], np.int64),
    }
    nodes = [
        helper.make_node("Cast", [INPUT_NAME], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "axes"], ["mean"], keepdims=0),
        helper.make_node("Reshape", ["mean", "flat"], ["column"]),
        helper.make_node("Gemm", ["column", "slope", "shift"], ["logits"]),
        helper.make_node("Softmax", ["logits"], [OUTPUT_NAME], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.UINT8, ["N", size_px, size_px, channels])],
        [helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, ["N", k])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {CARD_KEY: card.to_json()} if metadata is None else metadata)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def biased(net: bytes, emotion: int, by: float) -> bytes:
    """The same net, which says one emotion too often."""
    model = onnx.load_from_string(net)
    shift = next(one for one in model.graph.initializer if one.name == "shift")
    shift.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(shift) + by * np.eye(8, dtype="f")[emotion], "shift"))
    return model.SerializeToString()
