"""OpenVINO reads the packaged nets as they are, and names the same emotions as ONNX Runtime."""

import numpy as np
import pytest

from mien.core.packaged import PACKAGED, packaged_model
from mien.data.synthetic import synthetic
from mien.inference.classifier import Classifier

FLOAT32 = {"INFERENCE_PRECISION_HINT": "f32"}
"""Where a processor has bfloat16, OpenVINO would compute in it."""


@pytest.mark.parametrize("name", PACKAGED)
def test_emotions_are_the_same_and_probabilities_nearly(name: str):
    core = pytest.importorskip("openvino").Core()
    faces, path = synthetic(500, seed=3).images[..., None], packaged_model(name)
    probabilities, expected = core.compile_model(str(path), "CPU", FLOAT32)(faces)[0], Classifier(path)(faces)
    # In 8 bits the two round differently.
    np.testing.assert_allclose(probabilities, expected, atol=0.02)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), expected.argmax(axis=1))
