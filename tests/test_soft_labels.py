"""Soft labels for augmented faces, and learning from them, on drawn faces and the default backend."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from command import Command
from mien.core.errors import DataError, UsageError
from mien.core.metrics import softmax
from mien.data.split import Split, load_split, save_split
from mien.data.synthetic import synthetic
from mien.inference.classifier import Classifier
from mien.train.nets.models import MODELS
from mien.train.recipe import FIRST_TRY, Recipe
from mien.train.soft_labels import SOFT_LABEL_VOTES, label_views, read_teachers
from mien.train.targets import make_targets
from runs import net_of, shallow

PLAIN = replace(FIRST_TRY, name="plain", batch_size=16, width=2, flip=False, teacher_share=1.0, owes="nothing")
FACES = synthetic(32, seed=0)


@pytest.fixture(scope="module", autouse=True)
def shallow_nets() -> Iterator[None]:
    with shallow():
        yield


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("teachers") / "teacher"
    folder.mkdir()
    (folder / "recipe.toml").write_text(PLAIN.to_toml())
    (folder / "calibration.json").write_text("{}")
    MODELS["compact"](PLAIN, 8).save(folder / "model.keras")
    return folder


def asked(recipe: Recipe, teacher: Path, views: int = 1) -> list[Split]:
    return list(label_views(recipe, FACES, [teacher], views))


def in_order(split: Split) -> np.ndarray:
    """The places of the faces of a split among those of the source."""
    flat = FACES.images.reshape(len(FACES), -1).astype(int)
    return np.array([np.abs(flat - image.ravel()).sum(axis=1).argmin() for image in split.images])


def test_the_votes_for_an_unchanged_face_are_the_teachers_prediction(teacher: Path):
    (view,) = asked(PLAIN, teacher)
    places = in_order(view)
    np.testing.assert_array_equal(view.images, FACES.images[places])
    answers = softmax(net_of(teacher).predict(FACES.images[places][..., None].astype(np.float32), verbose=0))
    np.testing.assert_allclose(view.votes[:, :8] / SOFT_LABEL_VOTES, answers, atol=0.51 / SOFT_LABEL_VOTES)
    assert not view.votes[:, 8:].any()


def test_without_a_share_of_the_teachers_they_are_the_taggers(teacher: Path):
    (view,) = asked(replace(PLAIN, teacher_share=0.0), teacher)
    targets = make_targets(FACES, "eight-votes", 0.0)[1][in_order(view)]
    np.testing.assert_allclose(view.votes[:, :8] / SOFT_LABEL_VOTES, targets, atol=0.51 / SOFT_LABEL_VOTES)


def test_views_are_framed_and_mixed_but_not_harmed(teacher: Path):
    harmed = replace(PLAIN, erase=1.0, degrade=1.0)
    np.testing.assert_array_equal(asked(harmed, teacher)[0].images, asked(PLAIN, teacher)[0].images)
    for change in ({"flip": True}, {"rotation_deg": 20.0}, {"light": 0.3}, {"mix": 1.0}):
        first, second = asked(replace(PLAIN, **change), teacher, views=2)
        assert not np.array_equal(first.images, asked(PLAIN, teacher)[0].images), change
        assert not np.array_equal(first.images, second.images), change


def test_other_targets_and_teachers_without_numbers_are_refused(teacher: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="eight-votes"):
        asked(replace(PLAIN, target="seven"), teacher)
    broken = keras.saving.load_model(teacher / "model.keras", compile=False)
    broken.set_weights([np.full_like(weights, np.nan) for weights in broken.get_weights()])
    for name in ("recipe.toml", "calibration.json"):
        (tmp_path / name).write_text((teacher / name).read_text())
    broken.save(tmp_path / "model.keras")
    with pytest.raises(DataError, match="NaN or infinities"):
        asked(PLAIN, tmp_path)


def test_the_command_writes_a_folder_that_train_learns_from_and_names_the_teachers(
    mien: Command, teacher: Path, tmp_path: Path
):
    data, taught, run, recipe = (tmp_path / name for name in ("data", "taught", "run", "plain.toml"))
    data.mkdir()
    save_split(FACES, data / "train.npz")
    save_split(synthetic(16, seed=1), data / "valid.npz")
    recipe.write_text(replace(PLAIN, epochs=1, average=0.0).to_toml())
    outcome = mien("soft-labels", recipe, "--data", data, "--teacher", teacher, "--views", 3, "--out", taught)
    assert outcome.code == 0, outcome.err
    assert len(load_split(taught, "train")) == 3 * len(FACES)
    assert mien("train", recipe, "--data", taught, "--run", run).code == 0
    (named,) = json.loads((run / "env.json").read_text(encoding="utf-8"))["teachers"]
    assert named["name"] == "teacher"
    notes = Classifier(run / "model.onnx").card.notes
    assert (notes["teachers"], notes["owes"]) == ("teacher", "nothing")


def test_the_earlier_names_of_command_and_file_still_work(mien: Command, tmp_path: Path):
    outcome = mien("answer", "--help")
    assert outcome.code == 0
    assert outcome.err == "mien: 'mien answer' is called 'mien soft-labels' now\n"
    (tmp_path / "answers.json").write_text('{"teachers": [{"name": "old"}]}', encoding="utf-8")
    assert read_teachers(tmp_path) == [{"name": "old"}]
    (tmp_path / "soft_labels.json").write_text('{"teachers": [{"name": "new"}]}', encoding="utf-8")
    assert read_teachers(tmp_path) == [{"name": "new"}]
