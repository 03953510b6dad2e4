import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from mien.core.emotions import EIGHT, SEVEN
from mien.core.errors import ModelError, UsageError
from mien.core.packaged import PACKAGED, default_model, packaged_model
from mien.inference.classifier import BATCH_SIZE, CARD_KEY, Classifier, model_file
from tiny_net import SIZE_PX, tiny_card, tiny_net

SHIPPED = pytest.mark.skipif(not default_model().is_file(), reason="no model in src/mien/weights yet")


def plain_faces(brightness: list[int], size_px: int = SIZE_PX):
    return np.broadcast_to(np.array(brightness, np.uint8)[:, None, None, None], (len(brightness), size_px, size_px, 1))


@pytest.fixture(scope="module")
def classifier():
    return Classifier(tiny_net(tiny_card()))


def test_rows_are_distributions_over_the_labels(classifier: Classifier):
    probs = classifier(plain_faces([16, 80, 240]))
    assert probs.dtype == np.float32
    assert probs.shape == (3, len(EIGHT))
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(probs.argmax(axis=1), [0, 2, 7])


def test_no_faces_give_no_rows(classifier: Classifier):
    assert classifier(plain_faces([])).shape == (0, len(EIGHT))


def test_chunks_do_not_show(classifier: Classifier):
    faces = plain_faces([place % 256 for place in range(2 * BATCH_SIZE + 3)])
    around = slice(BATCH_SIZE - 2, BATCH_SIZE + 2)
    np.testing.assert_allclose(classifier(faces)[around], classifier(faces[around]))


@pytest.mark.parametrize(
    "crops",
    [
        np.zeros((1, SIZE_PX, SIZE_PX), np.uint8),
        np.zeros((1, SIZE_PX, SIZE_PX + 1, 1), np.uint8),
        np.zeros((1, SIZE_PX, SIZE_PX, 3), np.uint8),
        np.zeros((1, SIZE_PX, SIZE_PX, 1), np.float32),
    ],
)
def test_other_crops_are_refused(classifier: Classifier, crops):
    with pytest.raises(ValueError, match=r"this model takes crops \(N, 8, 8, 1\) uint8; got"):
        classifier(crops)


def test_the_file_describes_itself(tmp_path: Path):
    card = tiny_card(SEVEN, temperature=1.5)
    path = tmp_path / "model.onnx"
    path.write_bytes(tiny_net(card))
    classifier = Classifier(path, threads=1)
    assert classifier.card == card
    assert classifier.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_missing_file_and_a_folder(tmp_path: Path):
    with pytest.raises(ModelError, match=r"no model file .*; check the path"):
        Classifier(tmp_path / "none.onnx")
    with pytest.raises(ModelError, match=r"cannot read .* expected an ONNX file"):
        Classifier(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a net", tiny_net(tiny_card())[:200]])
def test_bytes_that_are_no_model(content: bytes):
    with pytest.raises(ModelError, match="is not an ONNX model"):
        Classifier(content)


def test_a_model_without_a_card():
    with pytest.raises(ModelError, match="carries no card"):
        Classifier(tiny_net(tiny_card(), metadata={"other": "1"}))


@pytest.mark.parametrize("card", ["{", "[]", json.dumps({"labels": ["neutral"]})])
def test_a_card_that_cannot_be_read(card: str):
    with pytest.raises(ModelError, match="card cannot be read"):
        Classifier(tiny_net(tiny_card(), metadata={CARD_KEY: card}))


def test_a_card_that_does_not_fit_its_graph():
    with pytest.raises(ModelError, match="does not fit its card"):
        Classifier(tiny_net(tiny_card(), columns=5))
    with pytest.raises(ModelError, match="does not fit its card"):
        Classifier(tiny_net(tiny_card(), metadata={CARD_KEY: tiny_card(size_px=9).to_json()}))


def test_a_number_of_threads_that_cannot_be():
    with pytest.raises(ValueError, match="threads must be 1 or more"):
        Classifier(tiny_net(tiny_card()), threads=0)
    with pytest.raises(ValueError, match="batch_size must be 1 or more; got 0"):
        Classifier(tiny_net(tiny_card()), batch_size=0)


def test_the_batch_size_changes_no_prediction(classifier: Classifier):
    faces = plain_faces([16, 48, 80, 112, 144])
    np.testing.assert_allclose(Classifier(tiny_net(tiny_card()), batch_size=2)(faces), classifier(faces), atol=1e-6)


def test_a_device_that_is_not_there_is_explained(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UsageError, match="unknown device 'tpu'; expected one of cpu, cuda, coreml, openvino"):
        Classifier(tiny_net(tiny_card()), device="tpu")
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    for device, how in (("cuda", "onnxruntime-gpu"), ("coreml", "macOS"), ("openvino", "onnxruntime-openvino")):
        with pytest.raises(UsageError, match=rf"'{device}' is not there: .* has cpu; use one of those, .*{how}"):
            Classifier(tiny_net(tiny_card()), device=device)


def test_a_device_that_does_not_start_is_explained(monkeypatch: pytest.MonkeyPatch):
    class Fallen:
        """As ONNX Runtime is where it has the provider and not its libraries."""

        def __init__(self, *_: object, providers: list[str]) -> None:
            assert providers == ["CUDAExecutionProvider"]

        def get_providers(self) -> list[str]:
            return ["CPUExecutionProvider"]

    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr("onnxruntime.InferenceSession", Fallen)
    with pytest.raises(ModelError, match=r"does not start on device 'cuda': .* cuDNN"):
        Classifier(tiny_net(tiny_card()), device="cuda")


@SHIPPED
def test_the_shipped_model_keeps_its_contract():
    classifier = Classifier(default_model())
    assert classifier.card.labels == EIGHT
    spec = classifier.card.crop
    assert (spec.size_px, spec.channels) == (48, 1)
    assert classifier.card.temperature > 0
    faces = np.random.default_rng(0).integers(0, 256, (BATCH_SIZE + 1, 48, 48, 1), np.uint8)
    probs = classifier(faces)
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(classifier(faces[:2]), probs[:2], atol=1e-5)
    assert classifier(faces[:0]).shape == (0, len(EIGHT))
    flat = classifier(np.zeros((1, 48, 48, 1), np.uint8))
    assert np.isfinite(flat).all(), "a face without contrast must not divide by zero"


@SHIPPED
def test_the_shipped_graph_takes_no_faces_at_all():
    session = Classifier(default_model())._session
    (probs,) = session.run(None, {"faces": np.zeros((0, 48, 48, 1), np.uint8)})
    assert probs.shape == (0, len(EIGHT))


@SHIPPED
def test_each_model_in_the_package_has_a_name():
    assert {file.stem for file in default_model().parent.glob("*.onnx")} - {"yunet"} == set(PACKAGED)


@SHIPPED
@pytest.mark.parametrize("name", PACKAGED)
def test_a_packaged_model_is_found_by_its_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert Classifier(model_file(name)).card.labels == EIGHT
    Path(name).write_text("a file of that name goes before it")
    assert model_file(name) == Path(name)


def test_no_name_is_the_default_and_any_other_a_file():
    assert model_file(None) == default_model() == packaged_model("mien")
    assert model_file("own.onnx") == Path("own.onnx")
