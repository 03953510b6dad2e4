"""Distillation: what the student learns, what is left alone, and resuming, on drawn faces and the default backend."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from command import Command
from mien.core.errors import UsageError
from mien.core.metrics import softmax
from mien.data.split import Split, save_split
from mien.data.synthetic import synthetic
from mien.train.distill import DistillationLoss, beside_teachers, student_accuracy
from mien.train.loop import train
from mien.train.nets.models import MODELS
from mien.train.recipe import FIRST_TRY, Recipe
from runs import Copies, behind, history_of, net_of, shallow, without_bias_correction

STUDENT = replace(
    FIRST_TRY,
    name="student",
    epochs=2,
    batch_size=16,
    optimizer="sgd",
    weight_decay=1e-3,
    average=0.9,
    width=2,
    teacher_temperature=0.5,
)


@pytest.fixture(scope="module", autouse=True)
def shallow_nets() -> Iterator[None]:
    with shallow():
        yield


@pytest.fixture(scope="module")
def faces() -> tuple[Split, Split]:
    return synthetic(32, seed=0), synthetic(16, seed=1)


@pytest.fixture(scope="module")
def teachers(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("teachers")
    wide, other = replace(STUDENT, name="wide", width=4), replace(STUDENT, name="other", stem_stride=2)
    return [finished_run(recipe, folder / recipe.name) for recipe in (wide, other)]


@pytest.fixture(scope="module")
def run(faces: tuple[Split, Split], teachers: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "student"
    return train(STUDENT, *faces, folder, [Copies(folder)], teachers=teachers)


def finished_run(recipe: Recipe, folder: Path) -> Path:
    """A net with random weights, in what distillation reads of a run folder."""
    folder.mkdir()
    (folder / "recipe.toml").write_text(recipe.to_toml())
    (folder / "calibration.json").write_text("{}")
    MODELS[recipe.model](recipe, 8).save(folder / "model.keras")
    return folder


def test_student_and_teachers_predict_side_by_side(teachers: list[Path], faces: tuple[Split, Split]):
    net = MODELS["compact"](STUDENT, 8)
    pictures = faces[1].images[..., None].astype(np.float32)
    model = beside_teachers(net, teachers, STUDENT, pictures)
    answered = keras.ops.convert_to_numpy(model(pictures, training=True))
    each = [softmax(net_of(run).predict(pictures, verbose=0) / 0.5) for run in teachers]
    np.testing.assert_allclose(answered[:, 8:], np.mean(each, axis=0), atol=1e-5)
    resting = keras.ops.convert_to_numpy(model(pictures, training=False))
    np.testing.assert_allclose(resting[:, :8], net.predict(pictures, verbose=0), atol=1e-5)
    assert [id(each) for each in model.trainable_variables] == [id(each) for each in net.trainable_variables]


def test_no_weight_of_the_student_has_the_name_of_a_teachers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def named(recipe: Recipe, classes: int) -> keras.Model:
        faces = keras.Input((48, 48, 1))
        return keras.Model(faces, keras.layers.Dense(classes, name="head")(keras.layers.Flatten()(faces)))

    monkeypatch.setitem(MODELS, STUDENT.model, named)
    teacher, pictures = finished_run(STUDENT, tmp_path / "teacher"), np.zeros((1, 48, 48, 1), np.float32)
    model = beside_teachers(named(STUDENT, 8), [teacher, teacher], STUDENT, pictures)
    assert len({variable.path for variable in model.variables}) == len(model.variables) == 6


@pytest.mark.parametrize("share", [0.0, 0.7, 1.0])
def test_the_target_is_a_mixture_of_teachers_and_votes(share: float):
    random = np.random.default_rng(0)
    logits = random.normal(size=(5, 3)).astype(np.float32)
    taught, votes = (random.dirichlet(np.ones(3), 5).astype(np.float32) for _ in range(2))
    loss = DistillationLoss(keras.losses.CategoricalCrossentropy(from_logits=True), share)
    found = float(loss(votes, np.concatenate([logits, taught], axis=1)))
    target = share * taught + (1 - share) * votes
    assert found == pytest.approx(-(target * np.log(softmax(logits))).sum(axis=1).mean(), rel=1e-5)


def test_accuracy_is_that_of_the_student():
    votes, output = np.eye(2, dtype=np.float32), np.array([[3, 1, 0, 1], [3, 1, 0, 1]], np.float32)
    assert keras.ops.convert_to_numpy(student_accuracy(votes, output)).tolist() == [1, 0]
    assert keras.ops.convert_to_numpy(student_accuracy(votes, output[:, :2])).tolist() == [1, 0]


def test_a_distilled_run_keeps_the_student_alone_and_names_its_teachers(run: Path, teachers: list[Path]):
    assert net_of(run).count_params() == MODELS["compact"](STUDENT, 8).count_params()
    recorded = json.loads((run / "env.json").read_text(encoding="utf-8"))["teachers"]
    assert [teacher["name"] for teacher in recorded] == ["wide", "other"]
    assert all(len(teacher["sha256"]) == 64 for teacher in recorded)
    assert (run / "checkpoint.npz").is_file()  # from which more epochs would go on


def test_a_stopped_distillation_resumes_to_the_same_result(run: Path, teachers: list[Path], faces: tuple[Split, Split]):
    stopped = behind(run, epoch=1)
    assert [row["epoch"] for row in history_of(stopped)] == ["1"]
    with np.load(stopped / "checkpoint.npz") as arrays:
        kept = sum(arrays[name].size for name in arrays.files)
    # Weights, momentum and average of the student, and a few counters: nothing of the teachers.
    assert kept < 3 * net_of(run).count_params() + 10
    resumed = train(STUDENT, *faces, stopped, teachers=teachers)
    assert history_of(resumed) == history_of(run)
    for one, other in zip(net_of(resumed).get_weights(), net_of(run).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("choose", [lambda runs: runs[:1], lambda runs: []], ids=["one", "none"])
def test_other_teachers_are_kept_out_of_a_run_folder(
    run: Path, teachers: list[Path], faces: tuple[Split, Split], choose: Callable[[list[Path]], list[Path]]
):
    with pytest.raises(UsageError, match="with other teachers; name another folder with --run"):
        train(STUDENT, *faces, run, teachers=choose(teachers))


def test_a_teacher_of_other_classes_or_an_unfinished_one_is_refused(
    teachers: list[Path], faces: tuple[Split, Split], tmp_path: Path
):
    with pytest.raises(UsageError, match="contempt; the recipe needs"):
        train(replace(STUDENT, target="seven"), *faces, tmp_path / "run", teachers=teachers)
    with pytest.raises(UsageError, match="holds no completed run"):
        train(STUDENT, *faces, tmp_path / "run", teachers=[tmp_path])
    assert not (tmp_path / "run").exists()


def test_the_command_needs_finished_teachers(mien: Command, faces: tuple[Split, Split], tmp_path: Path):
    for name, split in zip(("train", "valid"), faces, strict=True):
        save_split(split, tmp_path / f"{name}.npz")
    outcome = mien("distill", "--data", tmp_path)
    assert (outcome.code, "--teacher" in outcome.err) == (2, True)
    outcome = mien("distill", "--data", tmp_path, "--teacher", tmp_path / "none", "--run", tmp_path / "run")
    assert outcome.code == 2
    assert "holds no completed run" in outcome.err
    assert not (tmp_path / "run").exists()


def test_a_net_starts_from_the_weights_of_a_finished_run(
    run: Path, teachers: list[Path], faces: tuple[Split, Split], tmp_path: Path
):
    still = replace(STUDENT, name="still", epochs=1, learning_rate=1e-30, weight_decay=0.0, warmup_epochs=0)
    with without_bias_correction():
        begun = train(still, *faces, tmp_path / "still", start=run)
    for one, other in zip(net_of(begun).trainable_variables, net_of(run).trainable_variables, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=1e-6)
    with pytest.raises(UsageError, match="from another start"):
        train(still, *faces, tmp_path / "still")
    with pytest.raises(UsageError, match="holds another net than the recipe builds"):
        train(still, *faces, tmp_path / "other", start=teachers[0])
