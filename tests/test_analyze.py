import numpy as np
import pytest

import mien
from mien.core.card import CropSpec, ModelCard
from mien.core.emotions import EIGHT, SEVEN
from mien.core.errors import ModelError
from mien.core.types import Faces, Frame
from mien.infer.analyze import Analyzer


class FakeClassifier:
    """Says that every face shows contempt and a little fear."""

    sha256 = "0" * 64

    def __init__(self, labels: tuple[str, ...] = EIGHT) -> None:
        self.card = ModelCard("fake", "1", labels, CropSpec(size_px=24, channels=3), 1.0, "")
        self.seen: list[tuple[int, ...]] = []

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        self.seen.append(crops.shape)
        row = np.array([0, 0, 0, 0, 0, 0, 0.25, 0.75], np.float32)[-len(self.card.labels) :]
        return np.tile(row, (len(crops), 1))


def two_faces(image: np.ndarray) -> Faces:
    boxes = np.array([[0, 0, 10, 10], [20, 20, 40, 40]], np.float32)
    return Faces(boxes, np.full((2, 5, 2), np.nan, np.float32), np.array([0.9, 0.8], np.float32))


def no_faces(image: np.ndarray) -> Faces:
    return Faces(np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32), np.zeros(0, np.float32))


FRAME = Frame(np.zeros((60, 80, 3), np.uint8))


def test_each_face_is_cut_as_the_card_says_and_contempt_counts_as_neutral():
    classifier = FakeClassifier()
    result = Analyzer(two_faces, classifier)(FRAME)
    assert classifier.seen == [(2, 24, 24, 3)]
    assert result.labels == SEVEN
    assert [face.emotion for face in result] == ["neutral", "neutral"]
    assert [face.confidence for face in result] == [0.75, 0.75]
    assert next(iter(result)).ranking[:2] == ["neutral", "fear"]
    assert result.ids.tolist() == [-1, -1]


def test_a_model_of_other_labels_keeps_them():
    assert Analyzer(two_faces, FakeClassifier(("calm", "tense")))(FRAME).labels == ("calm", "tense")


def test_a_picture_without_a_face_gives_an_empty_result():
    result = Analyzer(no_faces, FakeClassifier())(FRAME)
    assert len(result) == 0
    assert list(result) == []
    assert result.probs.shape == (0, 7)


def test_the_public_names_are_there():
    for name in mien.__all__:
        assert getattr(mien, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = mien.Nothing  # pyright: ignore


def test_values_refuse_arrays_that_do_not_fit():
    with pytest.raises(ValueError, match="must be \\(H, W, 3\\) uint8 RGB"):
        Frame(np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match="faces need boxes"):
        Faces(np.zeros((2, 4), np.float32), np.zeros((1, 5, 2), np.float32), np.zeros(2, np.float32))
    with pytest.raises(ValueError, match="a crop needs"):
        CropSpec(channels=2)


def test_a_card_survives_the_way_to_json_and_a_broken_one_is_explained():
    card = FakeClassifier().card
    assert ModelCard.from_json(card.to_json()) == card
    for text in ("", "[]", "{}", '{"labels": 3}'):
        with pytest.raises(ModelError, match="card cannot be read"):
            ModelCard.from_json(text)
