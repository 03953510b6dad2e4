"""The int8 file: how near it stays to the float one, what it keeps of it, and what is refused."""

import logging
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest

from command import Command
from mien.core.errors import DataError, ModelError
from mien.data.split import save_split
from mien.data.synthetic import synthetic
from mien.inference.classifier import CARD_KEY, Classifier
from mien.train import export as exporting
from mien.train import quantize_int8 as quantizing
from mien.train.export import export
from mien.train.loop import train
from mien.train.nets.models import MODELS
from mien.train.quantize_int8 import calibration_faces, quantize
from mien.train.recipe import FIRST_TRY
from runs import without_bias_correction

SMALL = replace(
    FIRST_TRY, name="small", epochs=14, batch_size=16, width=8, average=0.5, rotation_deg=0, zoom=0, shift=0
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    save_split(synthetic(160, seed=0), folder / "train.npz")
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with without_bias_correction():
        return train(SMALL, synthetic(160, seed=0), synthetic(32, seed=1), tmp_path_factory.mktemp("runs") / "small")


@pytest.fixture(scope="module")
def float_model(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(run, tmp_path_factory.mktemp("models") / "model.onnx")


@pytest.fixture(scope="module")
def int8_model(float_model: Path, data: Path) -> Path:
    return quantize(float_model, calibration_faces(data), float_model.with_name("model.int8.onnx"))


def test_int8_predicts_nearly_as_float_does(float_model: Path, int8_model: Path):
    crops = synthetic(200, seed=2).images[..., None]
    expected, answered = Classifier(float_model)(crops), Classifier(int8_model)(crops)
    assert 0 < np.abs(answered - expected).max() < 0.15
    assert np.mean(answered.argmax(axis=1) == expected.argmax(axis=1)) > 0.95
    np.testing.assert_allclose(answered.sum(axis=1), 1, atol=1e-5)
    assert Classifier(int8_model)(crops[:0]).shape == (0, 8)


def test_it_is_smaller_and_keeps_the_card(float_model: Path, int8_model: Path):
    assert int8_model.stat().st_size < 0.5 * float_model.stat().st_size
    before, after = Classifier(float_model).card, Classifier(int8_model).card
    assert after.notes == {**before.notes, "precision": "int8", "ranges": "160 training faces"}
    assert replace(after, notes=before.notes) == before
    assert sorted(path.name for path in int8_model.parent.iterdir()) == ["model.int8.onnx", "model.onnx"]


def test_all_but_the_ends_is_unsigned_by_signed_8_bits(int8_model: Path):
    graph = onnx.load(int8_model).graph
    constants = {each.name: each for each in graph.initializer}
    kernels = [each for each in constants.values() if len(each.dims) == 4]
    assert sum(each.data_type == onnx.TensorProto.INT8 for each in kernels) == 9
    assert [list(each.dims) for each in kernels if each.data_type == onnx.TensorProto.FLOAT] == [[8, 1, 3, 3]]
    zeros = [constants[node.input[2]] for node in graph.node if node.op_type == "QuantizeLinear"]
    assert {each.data_type for each in zeros} == {onnx.TensorProto.UINT8}


def test_the_same_faces_give_the_same_file_and_no_word(
    float_model: Path, int8_model: Path, data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    handlers = list(logging.getLogger().handlers)
    again = quantize(float_model, calibration_faces(data), tmp_path / "again.onnx")
    assert again.read_bytes() == int8_model.read_bytes()
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger().handlers == handlers
    assert logging.root.manager.disable == logging.NOTSET


def test_a_residual_net_stays_in_8_bits_between_its_layers_and_near_the_float_one(
    float_model: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    keras.utils.set_random_seed(0)
    net = MODELS["residual"](replace(SMALL, model="residual", squeeze=True), 8)
    graph = exporting._graph(net, temperature=0.2)
    onnx.helper.set_model_props(graph, {CARD_KEY: Classifier(float_model).card.to_json()})
    onnx.save(graph, tmp_path / "model.onnx")
    # An untrained net answers for all faces nearly alike, so its first choice says little.
    monkeypatch.setattr(quantizing, "MOST_DISAGREEMENT", 1.0)
    path = quantize(tmp_path / "model.onnx", calibration_faces(data), tmp_path / "model.int8.onnx")
    crops = synthetic(64, seed=2).images[..., None]
    expected, answered = Classifier(tmp_path / "model.onnx")(crops), Classifier(path)(crops)
    assert 0 < np.abs(answered - expected).max() < 0.03 < np.ptp(expected, axis=0).max()
    nodes = onnx.load(path).graph.node
    made_by = {name: node.op_type for node in nodes for name in node.output}
    joined = [[made_by.get(name) for name in node.input] for node in nodes if node.op_type == "Add"]
    # One Add a block; one more stands before the first layer, which stays in float as the layer does.
    assert joined.count(["DequantizeLinear", "DequantizeLinear"]) == 8


def test_of_many_faces_a_seeded_choice_is_taken(data: Path, monkeypatch: pytest.MonkeyPatch):
    assert calibration_faces(data).shape == (160, 48, 48, 1)
    monkeypatch.setattr(quantizing, "CALIBRATION_FACES", 20)
    chosen = calibration_faces(data)
    assert chosen.shape == (20, 48, 48, 1)
    np.testing.assert_array_equal(calibration_faces(data), chosen)
    assert not np.array_equal(calibration_faces(data, seed=1), chosen)


def test_a_net_that_int8_changes_is_refused(
    float_model: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(quantizing, "MOST_DISAGREEMENT", -1.0)
    with pytest.raises(ModelError, match=r"in int8 the top class changes on \d+\.\d% of 160 faces; expected at most"):
        quantize(float_model, calibration_faces(data), tmp_path / "model.int8.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("shape", [(0, 48, 48, 1), (2, 64, 64, 1), (2, 48, 48, 3)])
def test_faces_that_the_model_does_not_take_are_refused(float_model: Path, tmp_path: Path, shape: tuple[int, ...]):
    with pytest.raises(DataError, match=r"takes faces \(N, 48, 48, 1\).+; got"):
        quantize(float_model, np.zeros(shape, np.uint8), tmp_path / "model.int8.onnx")


def test_the_command_writes_into_the_run_folder(mien: Command, run: Path, data: Path, int8_model: Path):
    outcome = mien("export", run, "--int8", "--data", data)
    assert outcome.code == 0, outcome.err
    assert outcome.out.replace("\n", "") == f"wrote {run / 'model.int8.onnx'}"
    assert Classifier(run / "model.int8.onnx").card == Classifier(int8_model).card
    assert not (run / "model.onnx").exists()
    again = mien("export", run, "--int8", "--data", data)
    assert (again.code, "is there already; add --force to write over it" in again.err) == (2, True)


@pytest.mark.parametrize(("options", "advice"), [(["--int8"], "add --data DIR"), (["--data", "d"], "add --int8")])
def test_int8_and_data_go_together(mien: Command, tmp_path: Path, options: list[str], advice: str):
    outcome = mien("export", tmp_path, *options)
    assert outcome.code == 2
    assert "--int8 and --data DIR go together" in outcome.err
    assert advice in outcome.err


def test_an_export_under_a_name_of_no_model_is_refused(mien: Command):
    outcome = mien("export", "run", "--out", "net.txt")
    assert (outcome.code, outcome.err) == (2, "mien: --out takes a name that ends in .onnx or .tflite; got net.txt\n")


def test_a_litert_file_in_8_bits_is_refused(mien: Command):
    outcome = mien("export", "run", "--int8", "--data", "data", "--out", "net.tflite")
    assert outcome.code == 2
    assert "--int8 writes ONNX files; got --out net.tflite" in outcome.err
