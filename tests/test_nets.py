"""The nets and their options, and what torch computes in place of Keras' own layers."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from mien.train.init.pretrained import PRETRAINED
from mien.train.nets.models import MODELS
from mien.train.recipe import CHOICES, FIRST_TRY, override
from mien.train.targets import TARGET_CLASSES

LIKE_KERAS = """
import keras
import numpy as np
from mien.train.nets.layers import Conv2D

random = np.random.default_rng(0)
for size in (7, 8):
    for padding in ("same", "valid"):
        for kernel, stride in ((1, 1), (1, 2), (3, 1), (3, 2), (4, 2), (5, 3)):
            pictures = random.normal(size=(2, size, size + 3, 3)).astype(np.float32)
            expected = (theirs := keras.layers.Conv2D(4, kernel, strides=stride, padding=padding))(pictures)
            ours = Conv2D(4, kernel, strides=stride, padding=padding)
            ours.build(pictures.shape)
            ours.set_weights(theirs.get_weights())
            found, expected = map(keras.ops.convert_to_numpy, (ours(pictures), expected))
            np.testing.assert_allclose(found, expected, atol=1e-5)
print(keras.backend.backend())
"""


def test_a_recipe_may_name_each_net_and_each_target_and_no_other():
    assert CHOICES["model"] == tuple(MODELS)
    assert set(PRETRAINED) <= set(MODELS)
    assert set(CHOICES["target"]) == set(TARGET_CLASSES)


@pytest.mark.parametrize(
    ("changes", "parameters"),
    [
        (["model=baseline"], 1_914_951),
        (["model=deeper"], 3_619_655),
        (["model=regularised"], 3_623_239),
        (["model=compact"], 1_915_175),
        (["model=residual"], 2_801_063),
        (["model=residual", "squeeze=true"], 2_845_663),
        (["squeeze=true"], 1_937_475),
        (["stem_stride=2"], 1_915_175),
        (["model=dlib"], 4_402_343),
        (["model=facenet"], 9_638_119),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_net_has_the_size_of_its_description(changes: list[str], parameters: int):
    recipe = override(FIRST_TRY, ["width=32", *changes])
    net = MODELS[recipe.model](recipe, 7)
    assert net.input_shape == (None, 48, 48, 1)
    assert net.output_shape == (None, 7)
    assert net.count_params() == parameters


@pytest.mark.parametrize(("model", "stem_stride", "side"), [("compact", 2, 3), ("residual", 1, 6), ("residual", 2, 3)])
def test_the_last_convolution_sees_the_whole_face_in_few_places(model: str, stem_stride: int, side: int):
    recipe = override(FIRST_TRY, [f"model={model}", f"stem_stride={stem_stride}", "width=2"])
    pooling = next(layer for layer in MODELS[model](recipe, 7).layers[::-1] if "pooling" in layer.name)
    assert pooling.input.shape == (None, side, side, 16)


def test_a_strided_convolution_on_torch_is_that_of_keras():
    if find_spec("torch") is None:
        pytest.skip("torch is not installed")
    done = subprocess.run(
        [sys.executable, "-c", LIKE_KERAS],
        env={"KERAS_BACKEND": "torch", "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "torch"
