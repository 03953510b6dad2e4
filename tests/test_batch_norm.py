"""Batch normalisation's statistics, made anew from the training faces."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from mien.data.synthetic import synthetic
from mien.train import batch_norm
from mien.train.augment.layers import augment
from mien.train.batch_norm import reestimate_batch_norm
from mien.train.epochs import Batches
from mien.train.nets.models import MODELS
from mien.train.recipe import FIRST_TRY

RECIPE = replace(FIRST_TRY, batch_size=16, width=2, dropout=0.0, flip=False)
FACES = synthetic(64, seed=0).images[..., None]


@pytest.fixture
def net() -> keras.Model:
    made = MODELS["compact"](RECIPE, 8)
    random = np.random.default_rng(0)
    made.set_weights([array + random.normal(0, 0.1, array.shape) ** 2 for array in made.get_weights()])
    return made


def first_norm(net: keras.Model) -> keras.layers.BatchNormalization:
    return next(layer for layer in net.layers if isinstance(layer, keras.layers.BatchNormalization))


def test_statistics_are_the_mean_over_the_batches(net: keras.Model, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batch_norm, "REESTIMATE_BATCHES", 3)
    batches = Batches(FACES, np.zeros((64, 8), np.float32), RECIPE)
    norm = first_norm(net)
    before, momentum = net.get_weights(), norm.momentum
    reestimate_batch_norm(augment(RECIPE, net), batches, RECIPE)
    entering = keras.Model(net.input, norm.input)
    seen = np.stack([np.asarray(entering(batches[place][0].astype(np.float32))) for place in range(3)])
    np.testing.assert_allclose(norm.moving_mean, seen.mean((0, 1, 2, 3)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, seen.var((1, 2, 3)).mean(axis=0), rtol=1e-3)
    trained = {id(variable) for variable in net.trainable_variables}
    for variable, old in zip(net.weights, before, strict=True):
        assert np.array_equal(variable, old) == (id(variable) in trained)
    assert norm.momentum == momentum


def test_they_depend_on_the_recipe_alone(net: keras.Model):
    recipe = replace(RECIPE, flip=True, rotation_deg=20, erase=0.5, dropout=0.3)
    batches = Batches(FACES, np.zeros((64, 8), np.float32), recipe)
    model = augment(recipe, net)
    found = []
    for _ in range(2):
        reestimate_batch_norm(model, batches, recipe)
        found.append(np.asarray(first_norm(net).moving_mean))
    np.testing.assert_array_equal(*found)
