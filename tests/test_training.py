"""Training, resuming and export, on drawn faces and the default backend."""

import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from mien.core.errors import ModelError, TrainingError, UsageError
from mien.core.model_card import ModelCard
from mien.core.temperature import tempered
from mien.data.split import Split
from mien.data.synthetic import synthetic
from mien.inference.classifier import Classifier
from mien.train import export as exporting
from mien.train.callbacks import Epochs
from mien.train.epochs import Batches, learning_rate
from mien.train.export import export
from mien.train.loop import evenly, train
from mien.train.recipe import FIRST_TRY, read_recipe
from mien.train.tflite import tflite_predict
from runs import Copies, behind, history_of, net_of, shallow, without_bias_correction

TINY = replace(
    FIRST_TRY,
    name="tiny",
    epochs=3,
    batch_size=16,
    optimizer="sgd",
    learning_rate=0.05,
    warmup_epochs=1,
    weight_decay=1e-3,
    average=0.9,
    width=2,
    rotation_deg=10,
    zoom=0.1,
    shift=0.1,
    light=0.2,
    erase=0.5,
)


@pytest.fixture(scope="module", autouse=True)
def shallow_nets() -> Iterator[None]:
    with shallow():
        yield


@pytest.fixture(scope="module")
def faces() -> tuple[Split, Split]:
    return synthetic(64, seed=0), synthetic(32, seed=1)


@pytest.fixture(scope="module")
def run(faces: tuple[Split, Split], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    return train(TINY, *faces, folder, [Copies(folder)])


class StopAfter(keras.callbacks.Callback):
    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if self.epoch == 0:
            raise KeyboardInterrupt

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.epoch -= 1


def test_a_run_leaves_what_it_promises(run: Path):
    assert {path.name for path in run.iterdir()} == {
        "recipe.toml",
        "env.json",
        "history.csv",
        "calibration.json",
        "checkpoint.npz",
        "model.keras",
    }
    assert [row["epoch"] for row in history_of(run)] == ["1", "2", "3"]


@pytest.mark.parametrize("epoch", [1, TINY.epochs])
def test_a_stopped_run_resumes_to_the_same_result(run: Path, faces: tuple[Split, Split], epoch: int):
    stopped = behind(run, epoch)
    assert len(history_of(stopped)) == epoch
    resumed = train(TINY, *faces, stopped)
    assert history_of(resumed) == history_of(run)
    for one, other in zip(net_of(resumed).get_weights(), net_of(run).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_the_best_epoch_is_kept_through_a_stop(faces: tuple[Split, Split], tmp_path: Path, average: float):
    recipe = replace(TINY, schedule="constant", warmup_epochs=0, learning_rate=0.5, average=average, keep="best")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, *faces, tmp_path / "run", [StopAfter(epoch=2)])
    with without_bias_correction():
        run = train(recipe, *faces, tmp_path / "run")
    scores = [float(row["val_accuracy"]) for row in history_of(run)]
    best = 1 + scores.index(max(scores))
    assert best < recipe.epochs, "the last epoch shows nothing"
    with without_bias_correction():
        until = train(replace(recipe, keep="last", epochs=best), *faces, tmp_path / "until")
    learnt, expected = (net_of(path) for path in (run, until))
    for one, other in zip(learnt.trainable_weights, expected.trainable_weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_a_run_that_stops_early_ends_alike_when_it_is_resumed_and_stays_as_it_is_when_it_is_extended(
    faces: tuple[Split, Split], tmp_path: Path
):
    # At such a rate no epoch is better than the first: two more are waited for, and five are not trained.
    steep = replace(TINY, schedule="constant", warmup_epochs=0, learning_rate=1.0, average=0.0)
    recipe = replace(steep, optimizer="adamw", epochs=8, early_stopping=2, callbacks="CSVLogger")
    said, folder = list[str](), tmp_path / "run"
    run = train(recipe, *faces, folder, [Copies(folder)], say=said.append)
    assert len(history_of(run)) == 3
    assert said == ["starting from random weights", "stopped after 2 epochs without a lower validation loss"]
    resumed = train(recipe, *faces, behind(run, epoch=2))
    logged = [line.partition(",")[0] for line in (resumed / "log.csv").read_text().splitlines()]
    assert logged == ["epoch", "0", "1", "2"]
    assert history_of(resumed) == history_of(run)
    for one, other in zip(net_of(resumed).get_weights(), net_of(run).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    train(replace(recipe, epochs=9), *faces, run, [StopAfter(epoch=0)], say=said.append)
    assert said[2:] == said[1:2]


def test_a_best_epoch_that_is_lost_is_said_before_training(run: Path, faces: tuple[Split, Split]):
    recipe, stopped = replace(TINY, keep="best"), behind(run, epoch=2)
    (stopped / "recipe.toml").write_text(recipe.to_toml())
    with pytest.raises(UsageError, match=r"best\.npz is missing"):
        train(recipe, *faces, stopped, [StopAfter(epoch=0)])


def test_a_finished_run_is_not_trained_again(run: Path, faces: tuple[Split, Split]):
    before = (run / "model.keras").read_bytes()
    train(TINY, *faces, run, [StopAfter(epoch=0)])
    assert (run / "model.keras").read_bytes() == before


def test_another_recipe_or_other_data_is_kept_out_of_a_run_folder(run: Path, faces: tuple[Split, Split]):
    with pytest.raises(UsageError, match=r"another recipe \(epochs 3 instead of 2\); name another folder with --run"):
        train(replace(TINY, epochs=2), *faces, run)
    with pytest.raises(UsageError, match=r"another recipe \(epochs 3 instead of 4, width 2 instead of 3\)"):
        train(replace(TINY, epochs=4, width=3), *faces, run)
    with pytest.raises(UsageError, match="other data; name another folder with --run"):
        train(TINY, faces[1], faces[1], run)


def test_a_finished_run_is_extended(run: Path, faces: tuple[Split, Split], tmp_path: Path):
    longer, copy = replace(TINY, epochs=4), shutil.copytree(run, tmp_path / "longer")
    said: list[str] = []
    train(longer, *faces, copy, say=said.append)
    *before, last = history_of(copy)
    assert before == history_of(run)
    planned = learning_rate(longer, steps=4)
    assert not isinstance(planned, float)
    # Zero behind the third epoch, and then what a run of four has at its end but for the last step.
    assert (float(before[-1]["learning_rate"]), last["epoch"]) == (0, "4")
    assert float(planned(12)) > 0
    assert said == [
        "resuming at epoch 4 of 4 in a run that was planned for 3; the learning rate is now that of a run of 4 epochs, "
        f"{float(planned(12)):.2g} at first"
    ]
    assert json.loads((copy / "env.json").read_text())["planned_epochs"] == [3]
    train(longer, *faces, copy, [StopAfter(epoch=0)])  # it is finished again


def test_a_net_starts_from_what_its_recipe_names_unless_another_is_given(
    run: Path, faces: tuple[Split, Split], tmp_path: Path
):
    said: list[str] = []
    recipe = replace(TINY, start=str(run), epochs=1, learning_rate=1e-9, average=0.0)
    named = train(recipe, *faces, tmp_path / "named", say=said.append)
    given = train(replace(recipe, start="mien"), *faces, tmp_path / "given", start=run, say=said.append)
    train(replace(recipe, start=""), *faces, tmp_path / "named", start=run)  # the same start, and finished
    assert said == [f"starting from {run}"] * 2
    started = [json.loads((one / "env.json").read_text())["start"] for one in (named, given)]
    assert started[0] == started[1] != []
    for begun in (named, given):
        np.testing.assert_allclose(
            net_of(begun).trainable_weights[0].numpy(), net_of(run).trainable_weights[0].numpy(), atol=1e-6
        )
    with pytest.raises(KeyboardInterrupt):
        train(replace(recipe, start=""), *faces, tmp_path / "random", [StopAfter(epoch=0)], say=said.append)
    assert said[2:] == ["starting from random weights"]


def test_a_run_that_cannot_go_on_is_left_as_it_is(run: Path, faces: tuple[Split, Split], tmp_path: Path):
    copy = shutil.copytree(run, tmp_path / "tidied")
    (copy / "checkpoint.npz").unlink()
    with pytest.raises(
        UsageError, match=r"checkpoint.npz is missing, so the run cannot be resumed.* --from .*tidied --run DIR"
    ):
        train(replace(TINY, epochs=4), *faces, copy)
    assert train(TINY, *faces, copy) == copy


def test_a_folder_without_a_finished_epoch_is_taken_anew(faces: tuple[Split, Split], tmp_path: Path):
    for recipe in (replace(TINY, width=3), TINY):
        with pytest.raises(KeyboardInterrupt):
            train(recipe, *faces, tmp_path, [StopAfter(epoch=0)], limit=20)
        assert read_recipe(tmp_path / "recipe.toml") == recipe
    assert json.loads((tmp_path / "env.json").read_text())["faces"] == 20


def test_a_loss_that_is_no_number_ends_the_run(faces: tuple[Split, Split], tmp_path: Path):
    batches = Batches(faces[0].images[..., None], np.zeros((64, 8), np.float32), TINY)
    epochs = Epochs(TINY, keras.Sequential(), batches, faces[1], tmp_path)
    epochs.set_model(keras.Sequential())
    epochs.on_epoch_begin(2)
    epochs.on_train_batch_end(0, {"loss": 1.0})
    with pytest.raises(TrainingError, match=r"NaN or infinite in epoch 3; .*learning_rate=0.005\).*precision=float32"):
        epochs.on_train_batch_end(1, {"loss": float("nan")})


def test_the_exported_file_predicts_as_the_net_does(run: Path, faces: tuple[Split, Split], tmp_path: Path):
    path = export(run, tmp_path / "model.onnx")
    classifier = Classifier(path)
    crops = faces[1].images[..., None]
    net = net_of(run)
    expected = tempered(net.predict(crops, verbose=0), classifier.card.temperature)
    np.testing.assert_allclose(classifier(crops), expected, atol=1e-4)
    assert classifier(crops[:0]).shape == (0, 8)
    assert 'name = "tiny"' in classifier.card.notes["recipe"]
    assert 0 <= classifier.card.metrics["valid/seven/accuracy"] <= 1


def test_a_litert_file_answers_as_the_onnx_file_does_on_500_faces_and_has_its_card(run: Path, tmp_path: Path):
    classifier = Classifier(export(run, tmp_path / "model.onnx"))
    path = export(run, tmp_path / "model.tflite")
    faces = synthetic(500, seed=2).images[..., None]
    np.testing.assert_allclose(tflite_predict(path.read_bytes(), faces), classifier(faces), atol=1e-5)
    with zipfile.ZipFile(path) as packed:
        assert ModelCard.from_json(packed.read("card.json").decode()) == classifier.card


def test_a_file_that_differs_from_the_net_is_refused(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exporting, "PROBABILITY_TOLERANCE", -1.0)
    with pytest.raises(ModelError, match="ONNX Runtime and Keras differ by"):
        export(run, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_an_unfinished_run_is_not_exported(tmp_path: Path):
    with pytest.raises(UsageError, match=r"holds no completed run: model\.keras is missing"):
        export(tmp_path)


def test_first_statistics_come_from_rows_at_even_distances():
    assert evenly(np.arange(1000) * 2, 4).tolist() == [0, 500, 1000, 1500]
    assert evenly(np.array([7, 9]), 4).tolist() == [7, 7, 9, 9]


@pytest.fixture(autouse=True)
def float32() -> Iterator[None]:
    yield
    assert keras.config.dtype_policy().name == "float32"
