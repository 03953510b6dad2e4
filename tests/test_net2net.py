"""A wider net that begins where a narrower one ended."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from mien.data.synthetic import synthetic
from mien.train.init import net2net as module
from mien.train.init.net2net import net2wider
from mien.train.nets.models import MODELS
from mien.train.recipe import FIRST_TRY

NARROW = replace(FIRST_TRY, width=2)
FACES = synthetic(16, seed=0).images[..., None].astype(np.float32)


@pytest.fixture(scope="module")
def narrow() -> keras.Model:
    net = MODELS["compact"](NARROW, 8)
    random = np.random.default_rng(0)
    net.set_weights([array + random.normal(0, 0.2, array.shape) ** 2 for array in net.get_weights()])
    return net


@pytest.mark.parametrize("width", [3, 4, 7])
def test_the_wider_net_predicts_as_the_narrower_one(narrow: keras.Model, width: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "COPY_NOISE", 0.0)
    wide = MODELS["compact"](replace(NARROW, width=width), 8)
    wide.set_weights(net2wider(narrow.get_weights(), [tuple(variable.shape) for variable in wide.weights], seed=0))
    answers = narrow.predict(FACES, verbose=0)
    assert answers.std(axis=0).min() > 1e-3
    np.testing.assert_allclose(wide.predict(FACES, verbose=0), answers, rtol=1e-3, atol=1e-4)


def test_no_two_channels_are_equal(narrow: keras.Model):
    wide = MODELS["compact"](replace(NARROW, width=4), 8)
    first = net2wider(narrow.get_weights(), [tuple(variable.shape) for variable in wide.weights], seed=0)[0]
    assert first.shape == (3, 3, 1, 4)
    assert len(np.unique(first.reshape(9, 4), axis=1).T) == 4
    np.testing.assert_array_equal(first[..., :2], narrow.get_weights()[0])
