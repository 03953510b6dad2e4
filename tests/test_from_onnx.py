"""Weights out of exported files: they answer as the file does, train on from there, and what is refused."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest

from mien.core.errors import ModelError, UsageError
from mien.core.metrics import softmax
from mien.core.packaged import PACKAGED, packaged_model
from mien.core.temperature import tempered
from mien.data.synthetic import synthetic
from mien.inference.classifier import CARD_KEY, Classifier
from mien.train.distill import beside_teachers
from mien.train.export import export
from mien.train.init.warm_start import copy_weights, describe_runs, exported_recipe, exported_weights
from mien.train.loop import train
from mien.train.nets.models import MODELS
from mien.train.quantize_int8 import quantize
from mien.train.recipe import FIRST_TRY, Recipe
from runs import net_of, without_bias_correction
from tiny_net import tiny_card, tiny_net

SMALL = replace(FIRST_TRY, name="small", epochs=4, batch_size=16, width=8, dropout=0.0)


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return synthetic(96, seed=0).images[..., None]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with without_bias_correction():
        return train(SMALL, synthetic(160, seed=0), synthetic(32, seed=1), tmp_path_factory.mktemp("runs") / "small")


@pytest.fixture(scope="module")
def int8_model(run: Path, faces: np.ndarray) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        # Four epochs leave the net so undecided that 8 bits may change more of its answers than a file to ship may.
        patch.setattr("mien.train.quantize_int8.MOST_DISAGREEMENT", 1.0)
        return quantize(export(run), faces, run / "model.int8.onnx")


def net_with(recipe: Recipe, weights: list[np.ndarray]) -> keras.Model:
    net = MODELS[recipe.model](recipe, 8)
    net.set_weights(weights)
    return net


def test_a_packaged_net_gives_its_recipe():
    assert {name: exported_recipe(packaged_model(name)).width for name in PACKAGED} == {"mien": 32, "mien-s": 16}


def test_the_weights_predict_as_the_file_does(int8_model: Path, run: Path, faces: np.ndarray):
    weights = exported_weights(int8_model, faces.astype(np.float32))
    file, pictures = Classifier(int8_model), synthetic(100, seed=2).images[..., None]
    logits = net_with(SMALL, weights).predict(pictures.astype(np.float32), verbose=0)
    answered = tempered(logits, file.card.temperature)
    np.testing.assert_allclose(answered, file(pictures), atol=0.1)
    assert np.mean(answered.argmax(axis=1) == file(pictures).argmax(axis=1)) > 0.95
    np.testing.assert_allclose(weights[-2], net_of(run).get_weights()[-2], atol=1e-6)


def test_training_starts_from_what_the_file_predicts(int8_model: Path, faces: np.ndarray):
    pictures = faces.astype(np.float32)
    net = net_with(SMALL, exported_weights(int8_model, pictures))
    fitted, answered = (keras.ops.convert_to_numpy(net(pictures, training=training)) for training in (True, False))
    np.testing.assert_allclose(fitted, answered, atol=0.02)
    assert answered.std() > 0.1


def test_a_wider_net_starts_from_a_file_and_learns_from_it(int8_model: Path):
    wide = replace(SMALL, width=12)
    pictures = synthetic(32, seed=1).images[..., None]
    levels = pictures.astype(np.float32)
    (described,) = describe_runs([int8_model], wide, "start")
    assert (described["name"], len(described["sha256"])) == ("model.int8.onnx", 64)
    net = MODELS[wide.model](wide, 8)
    copy_weights(int8_model, net, wide, levels)
    student, taught = np.split(beside_teachers(net, [int8_model], wide, levels).predict(levels, verbose=0), 2, axis=1)
    expected = net_with(SMALL, exported_weights(int8_model, levels)).predict(levels, verbose=0)
    np.testing.assert_allclose(student, expected, atol=0.02)
    np.testing.assert_allclose(taught, softmax(expected / SMALL.teacher_temperature), atol=1e-5)
    assert expected.std() > 0.1


def test_another_kind_of_net_is_refused(int8_model: Path, tmp_path: Path, faces: np.ndarray):
    model, card = onnx.load(int8_model), Classifier(int8_model).card
    recipe = replace(SMALL, squeeze=True).to_toml()
    onnx.helper.set_model_props(model, {CARD_KEY: replace(card, notes={"recipe": recipe}).to_json()})
    onnx.save(model, tmp_path / "squeezed.onnx")
    with pytest.raises(UsageError, match="is not an int8 'compact' net"):
        exported_weights(tmp_path / "squeezed.onnx", faces.astype(np.float32))


def test_a_net_from_elsewhere_is_refused(tmp_path: Path):
    (tmp_path / "tiny.onnx").write_bytes(tiny_net(tiny_card()))
    with pytest.raises(UsageError, match="has no recipe in its card; name a run folder"):
        exported_recipe(tmp_path / "tiny.onnx")


def test_a_float_file_is_refused(run: Path, faces: np.ndarray):
    with pytest.raises(UsageError, match="is not an int8"):
        exported_weights(export(run), faces.astype(np.float32))


def test_a_file_that_is_no_model_is_refused(tmp_path: Path):
    (tmp_path / "note.onnx").write_text("not a net")
    with pytest.raises(ModelError, match="is not an ONNX model"):
        train(SMALL, synthetic(16, seed=0), synthetic(16, seed=1), tmp_path / "run", start=tmp_path / "note.onnx")
    assert not (tmp_path / "run").exists()
