import json

import numpy as np
import pytest

import mien
from mien.core import errors
from mien.core.crop_spec import CropSpec
from mien.core.emotions import EIGHT, SEVEN
from mien.core.errors import ModelError, UsageError
from mien.core.faces import NO_FACES, Faces
from mien.core.frame import Frame
from mien.core.model_card import PRIOR_STEPS, ModelCard
from mien.core.result import Result
from mien.detection.detectors import without_landmarks
from mien.inference.analyzer import Analyzer, load

PRIOR = (0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.02, 0.08)
"""Of the eight; fear is a quarter as common as contempt."""


class FakeClassifier:
    """Says that every face shows contempt and a little fear."""

    sha256 = "0" * 64

    def __init__(self, labels: tuple[str, ...] = EIGHT, prior: float = 0.0, uncertain_below: float = 0.7) -> None:
        self.card = ModelCard(
            "fake",
            "1",
            labels,
            CropSpec(size_px=24, channels=3),
            temperature=1.0,
            class_shares=PRIOR if labels == EIGHT else (1 / len(labels),) * len(labels),
            prior=prior,
            uncertain_below=(uncertain_below,) * 4 + (0.9,),
            certain_share=(0.5,) * len(PRIOR_STEPS),
            data_sha256="",
        )
        self.seen: list[tuple[int, ...]] = []

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        self.seen.append(crops.shape)
        row = np.array([0, 0, 0, 0, 0, 0, 0.25, 0.75], np.float32)[-len(self.card.labels) :]
        return np.tile(row, (len(crops), 1))


def two_faces(image: np.ndarray) -> Faces:
    boxes = np.array([[0, 0, 10, 10], [20, 20, 40, 40]], np.float32)
    return Faces(boxes, np.full((2, 5, 2), np.nan, np.float32), np.array([0.9, 0.8], np.float32))


def one_face(image: np.ndarray) -> Faces:
    """The middle of the picture, half as wide and high."""
    height, width = image.shape[:2]
    return without_landmarks(np.array([[width / 4, height / 4, width * 3 / 4, height * 3 / 4]], np.float32))


def no_faces(image: np.ndarray) -> Faces:
    return NO_FACES


FRAME = Frame(np.zeros((60, 80, 3), np.uint8))
DETAILED = Frame(np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8))


def test_each_face_is_cut_as_the_card_says_and_contempt_counts_as_neutral():
    classifier = FakeClassifier()
    result = Analyzer(two_faces, classifier)(FRAME)
    assert classifier.seen == [(2, 24, 24, 3)]
    assert result.labels == SEVEN
    assert [face.emotion for face in result] == ["neutral", "neutral"]
    assert [face.confidence for face in result] == [0.75, 0.75]
    assert next(iter(result)).ranking[:2] == ["neutral", "fear"]
    assert result.ids.tolist() == [-1, -1]


def test_contempt_joins_neutral_before_the_prior_acts():
    result = Analyzer(two_faces, FakeClassifier(), prior=1)(FRAME)
    odds = np.array([0.75 / (0.3 + 0.08), 0.25 / 0.02])
    np.testing.assert_allclose(result.probs[0], [odds[0] / odds.sum(), 0, 0, 0, 0, 0, odds[1] / odds.sum()], rtol=1e-5)
    assert next(iter(result)).emotion == "fear"
    assert result.probs.dtype == np.float32


def test_the_prior_is_the_cards_unless_another_is_given():
    classifier = FakeClassifier(prior=1.0)
    assert Analyzer(two_faces, classifier).prior == 1
    assert next(iter(Analyzer(two_faces, classifier)(FRAME))).emotion == "fear"
    assert next(iter(Analyzer(two_faces, classifier, prior=0)(FRAME))).emotion == "neutral"
    for prior in (-0.1, 1.5, float("nan")):
        with pytest.raises(UsageError, match="unknown prior"):
            Analyzer(two_faces, classifier, prior)


@pytest.mark.parametrize(("threshold", "uncertain"), [(0.7, False), (0.75, False), (0.76, True), (1.001, True)])
def test_a_face_under_the_threshold_is_uncertain(threshold: float, uncertain: bool):
    result = Analyzer(one_face, FakeClassifier(uncertain_below=threshold))(DETAILED)
    assert result.quality == ("good",)
    assert result.uncertain.tolist() == [uncertain]
    assert [face.uncertain for face in result] == [uncertain]


def test_a_face_that_is_small_or_blurred_is_uncertain_however_sure_the_net_is():
    analyzer = Analyzer(one_face, FakeClassifier(uncertain_below=0.0))
    small, blurred = analyzer(DETAILED.image[::3, ::3].repeat(2, axis=0)), analyzer(FRAME)
    assert [(face.quality, face.uncertain) for face in (blurred[0], analyzer(DETAILED)[0])] == [
        ("blurred", True),
        ("good", False),
    ]
    assert [(face.quality, face.uncertain) for face in small] == [("small", True)]
    found = Analyzer(one_face, FakeClassifier()).uncertain(
        np.array([0.9, 0.9, 0.9, 0.6], np.float32), ("good", "small", "blurred", "good")
    )
    assert found.tolist() == [False, True, True, True]


def test_thresholds_between_priors_lie_on_a_line():
    card = FakeClassifier().card
    assert [card.uncertain_at(prior) for prior in (0, 0.75, 0.875, 1)] == pytest.approx([0.7, 0.7, 0.8, 0.9])


def test_a_model_of_other_labels_keeps_them():
    assert Analyzer(two_faces, FakeClassifier(("calm", "tense")))(FRAME).labels == ("calm", "tense")


def test_the_eight_view_shows_contempt_apart_with_a_prior_of_its_own():
    face = Analyzer(two_faces, FakeClassifier(), view="eight")(FRAME)[0]
    assert tuple(face.probabilities) == EIGHT
    assert (face.emotion, face.confidence) == ("contempt", 0.75)
    raised = Analyzer(two_faces, FakeClassifier(), prior=1, view="eight")(FRAME)
    odds = np.array([0.25 / 0.02, 0.75 / 0.08])
    np.testing.assert_allclose(raised.probs[0], [0] * 6 + list(odds / odds.sum()), rtol=1e-5)
    # By the threshold of the seven-class view, 0.9 at prior 1.
    assert raised.uncertain.tolist() == [True, True]


def test_labels_that_cannot_be_shown_are_explained():
    with pytest.raises(UsageError, match="unknown view 'nine'; expected seven or eight"):
        Analyzer(two_faces, FakeClassifier(), view="nine")
    with pytest.raises(UsageError, match="knows calm, tense, so contempt cannot"):
        Analyzer(two_faces, FakeClassifier(("calm", "tense")), view="eight")


def test_the_faces_of_several_pictures_go_through_the_net_together():
    classifier = FakeClassifier()
    blank = np.zeros((60, 80), np.uint8)
    results = Analyzer(lambda image: two_faces(image) if image.any() else no_faces(image), classifier)(
        [blank + 1, blank, blank + 2]
    )
    assert classifier.seen == [(4, 24, 24, 3)]
    assert [len(result) for result in results] == [2, 0, 2]
    assert Analyzer(two_faces, classifier)([]) == []


def test_a_list_keeps_the_order_of_pictures_and_faces():
    class Brightness(FakeClassifier):
        def __call__(self, crops: np.ndarray) -> np.ndarray:
            return np.eye(8, dtype=np.float32)[crops.reshape(len(crops), -1).max(axis=1)]

    pictures = [np.full((30, 30), level, np.uint8) for level in (3, 1, 6)]
    results = Analyzer(two_faces, Brightness())(pictures)
    assert [face.emotion for result in results for face in result] == [SEVEN[level] for level in (3, 3, 1, 1, 6, 6)]


def test_faces_of_a_reduced_picture_are_in_pixels_of_the_full_one():
    classifier = FakeClassifier()
    frame = Frame(np.zeros((60, 80, 3), np.uint8), size=(319, 240))
    assert frame.scale == 4
    result = Analyzer(two_faces, classifier)(frame)
    np.testing.assert_array_equal(result.faces.boxes, [[0, 0, 40, 40], [80, 80, 160, 160]])
    assert [FRAME.size, FRAME.scale] == [(80, 60), 1]
    assert Frame(np.zeros((5000, 1, 3), np.uint8), size=(1, 10000)).scale == 2


def test_the_quality_of_each_face_is_said():
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)

    def three(image: np.ndarray) -> Faces:
        boxes = np.array([[0, 0, 10, 10], [10, 10, 40, 40], [42, 42, 80, 60]], np.float32)
        return Faces(boxes, np.full((3, 5, 2), np.nan, np.float32), np.ones(3, np.float32))

    noise[20:, 40:] = np.linspace(0, 200, 40)[None, :, None]
    result = Analyzer(three, FakeClassifier())(noise)
    assert result.quality == tuple(face.quality for face in result) == ("small", "good", "blurred")


def test_rows_are_faces():
    result = Analyzer(two_faces, FakeClassifier())(FRAME)
    assert result[1].box.tolist() == result[-1].box.tolist() == [20, 20, 40, 40]
    with pytest.raises(IndexError):
        _ = result[2]


def test_load_takes_a_detector_of_ones_own(examples):
    analyzer = load(detector=two_faces)
    assert [face.score for face in analyzer(examples / "chelsea.png")] == pytest.approx([0.9, 0.8])
    analyzer = load(detector=two_faces, largest=True)
    assert [face.box.tolist() for face in analyzer(examples / "chelsea.png")] == [[20, 20, 40, 40]]
    assert len(load(detector=two_faces, min_face_px=21)(examples / "chelsea.png")) == 0
    with pytest.raises(UsageError, match="for mien's own detectors"):
        load(detector=two_faces, min_score=0.5)


def test_load_hands_the_choice_of_faces_to_its_detector(examples):
    photo = examples / "astronaut.png"
    assert len(load(min_face_px=100)(photo)) == 1
    assert len(load(min_face_px=200)(photo)) == 0
    assert len(load(min_score=0.99)(photo)) == 0
    with pytest.raises(UsageError, match="unknown detector 'dog'"):
        load(detector="dog")
    with pytest.raises(UsageError, match="'none' has no option"):
        load(detector="none", small_faces=True)


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
    failures = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert {kind.__name__ for kind in failures} <= set(mien.__all__)
    assert mien.load().labels == mien.EMOTIONS


def test_values_refuse_arrays_that_do_not_fit():
    with pytest.raises(ValueError, match="must be \\(H, W, 3\\) uint8 RGB"):
        Frame(np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match="faces need boxes"):
        Faces(np.zeros((2, 4), np.float32), np.zeros((1, 5, 2), np.float32), np.zeros(2, np.float32))
    with pytest.raises(ValueError, match="a crop needs"):
        CropSpec(channels=2)
    faces, ids, probs = two_faces(FRAME.image), np.full(2, -1), np.ones((2, 1), np.float32)
    with pytest.raises(ValueError, match="a result of 2 faces and 1 labels needs"):
        Result(FRAME, faces, ids, probs, ("calm",), np.zeros(1, bool), ("good", "good"))
    with pytest.raises(ValueError, match=r"and 2 qualities; got .* and 1"):
        Result(FRAME, faces, ids, probs, ("calm",), np.zeros(2, bool), ("good",))


def test_a_card_survives_the_way_to_json_and_a_broken_one_is_explained():
    card = FakeClassifier().card
    assert ModelCard.from_json(card.to_json()) == card
    fields = json.loads(card.to_json())
    wrong = ({"class_shares": [1.0]}, {"class_shares": [0.5] * 8}, {"prior": 1.5}, {"uncertain_below": [0.5]})
    earlier = json.dumps({key: value for key, value in fields.items() if key != "class_shares"})
    for text in ("", "[]", "{}", '{"labels": 3}', earlier, *(json.dumps(fields | change) for change in wrong)):
        with pytest.raises(ModelError, match="card cannot be read"):
            ModelCard.from_json(text)


def test_a_card_with_the_names_of_earlier_files_is_read():
    card = FakeClassifier(prior=0.25).card
    fields = json.loads(card.to_json())
    fields["prior"], fields["power"] = fields.pop("class_shares"), fields["prior"]
    assert ModelCard.from_json(json.dumps(fields)) == card


def test_a_prior_may_be_given_by_name():
    classifier = FakeClassifier()
    assert [Analyzer(two_faces, classifier, prior).prior for prior in ("balanced", "ferplus", "0.5")] == [1, 0, 0.5]
