"""Maps of evidence: found where it is planted, gone from a net that knows nothing, the same every time."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import mien as package
from command import Command
from mien.core.packaged import packaged_model
from mien.core.result import seen
from mien.draw.heat import captioned, heated
from mien.evaluation.faithfulness import faithfulness
from mien.imaging.crop import crop_faces
from mien.inference.analyzer import Analyzer
from mien.inference.classifier import Classifier
from mien.inference.explain import MASKS, evidence, explain, hidden, hiding_masks

SIDE = 24
WHERE = np.zeros((SIDE, SIDE), bool)
WHERE[14:20, 3:10] = True
FACE = np.random.default_rng(0).integers(60, 90, (SIDE, SIDE, 1)).astype(np.uint8)
FACE[WHERE] = 250


def planted(crops: np.ndarray) -> np.ndarray:
    """A net that sees one place alone: the brighter it is, the surer of the first class."""
    seen = 1 / (1 + np.exp(-(crops[:, WHERE, 0].mean(axis=1) - 160) / 20))
    return np.stack([seen, 1 - seen], axis=1)


def ranks_together(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's correlation."""
    first, second = (np.argsort(np.argsort(each.ravel())) for each in (one, other))
    return float(np.corrcoef(first, second)[0, 1])


class TestEvidence:
    def test_it_is_found_where_it_is_planted(self):
        first, second = evidence(FACE, planted)
        assert WHERE.ravel()[first.argmax()]
        assert first[WHERE].mean() > 5 * np.abs(first[~WHERE]).mean()
        np.testing.assert_allclose(second, -first, atol=1e-4)

    def test_the_same_face_has_the_same_map(self):
        np.testing.assert_array_equal(evidence(FACE, planted, 40), evidence(FACE, planted, 40))
        assert not np.array_equal(evidence(FACE, planted, 40), evidence(FACE, planted, 40, seed=1))

    def test_it_explains_better_than_its_opposite(self):
        first = evidence(FACE, planted)[0]
        good, bad = (faithfulness(FACE, one, 0, planted) for one in (first, -first))
        assert good.deletion < 0.3
        assert good.insertion > 0.7
        assert bad.deletion > good.deletion
        assert bad.insertion < good.insertion

    def test_a_net_that_never_changes_its_mind_has_no_evidence(self):
        assert not evidence(FACE, lambda crops: np.full((len(crops), 2), 0.5), 40).any()

    def test_half_of_a_face_is_hidden_and_the_rest_stays(self):
        masks = hiding_masks(200, SIDE, 0)
        assert masks.mean() == pytest.approx(0.5, abs=0.03)
        np.testing.assert_array_equal(hidden(FACE, np.zeros((1, SIDE, SIDE), np.float32))[0], FACE)
        assert hidden(FACE, np.ones((1, SIDE, SIDE), np.float32))[0].std() < FACE.std()


def shuffled_net(seed: int) -> bytes:
    """The small packaged net with the weights of each layer in another order."""
    model = onnx.load(packaged_model("mien-s"))
    rng = np.random.default_rng(seed)
    for tensor in model.graph.initializer:
        weights = numpy_helper.to_array(tensor)
        if weights.ndim >= 2:
            tensor.CopyFrom(
                numpy_helper.from_array(rng.permutation(weights.ravel()).reshape(weights.shape), tensor.name)
            )
    return model.SerializeToString()


def test_a_net_that_has_forgotten_all_has_another_map(examples: Path):
    """Adebayo and others, "Sanity checks for saliency maps", 2018: what shows edges alone would stay the same."""
    trained = package.load("mien-s")
    result = trained(examples / "astronaut.png")
    crop = crop_faces(result.frame.image, seen(result), trained.crop)[0]
    happy = trained.labels.index("happiness")
    first, again = (evidence(crop, trained.probabilities, 300, seed)[happy] for seed in (0, 1))
    assert ranks_together(first, again) > 0.6
    nets = [Analyzer(trained.detector, Classifier(shuffled_net(seed))) for seed in range(6)]
    others = [evidence(crop, net.probabilities, 300)[happy] for net in nets]
    # Maps are smooth, so a single one may resemble another by chance, either way.
    assert abs(np.mean([ranks_together(first, other) for other in others])) < 0.3
    assert max(np.abs(other).max() for other in others) < 0.05 * np.abs(first).max()


def test_the_evidence_of_a_smile_is_low_in_the_face(examples: Path):
    (found,) = explain(examples / "astronaut.png", package.load("mien-s"))
    assert found.emotions == ("happiness",)
    assert found.runs == MASKS + 1
    assert found.maps.shape == (1, 48, 48)
    upper, middle, lower = found.thirds()[0]
    assert upper < 0.3 < middle + lower
    assert found.draw().shape == (264, 480, 3)


class TestFace:
    def test_a_face_is_explained_as_its_picture_is(self, examples: Path):
        analyzer = package.load("mien-s")
        (face,) = result = analyzer(examples / "astronaut.png")
        (of_picture,) = explain(result, analyzer, emotions=1)
        found = face.explain(emotions=1)
        assert (found.emotions, found.picture.shape) == (("happiness",), of_picture.picture.shape)
        np.testing.assert_array_equal(found.maps, of_picture.maps)
        np.testing.assert_array_equal(result[:1][0].explain(1).maps, found.maps)
        with pytest.raises(ValueError, match="emotions must be 1 or more; got 0"):
            face.explain(0)

    def test_no_net_is_pickled_with_a_face(self, examples: Path):
        result = package.load("mien-s")(examples / "astronaut.png")
        for face in (pickle.loads(pickle.dumps(result))[0], pickle.loads(pickle.dumps(result[0]))):
            assert face.probabilities == result[0].probabilities
            with pytest.raises(package.UsageError, match="explain its picture by mien"):
                face.explain()

    def test_emotions_of_little_weight_are_left_out(self, examples: Path):
        analyzer = package.load("mien-s")
        (face,) = analyzer(examples / "grace_hopper.jpg")
        shares = dict(zip(face.probabilities, (0.52, 0.0495, 0.0505), strict=False))
        rest = (1 - sum(shares.values())) / 4
        face = replace(face, probabilities={name: shares.get(name, rest) for name in face.probabilities})
        assert sorted(face.explain(7).emotions) == sorted(set(face.probabilities) - {"happiness"})


class TestCommand:
    def test_a_picture_is_written_and_a_table_printed(self, examples: Path, mien: Command):
        found = mien(
            "explain", examples / "astronaut.png", examples / "coffee.png", "--model", "mien-s", "--out", "out"
        )
        assert found.code == 0
        assert [path.name for path in Path("out").iterdir()] == ["astronaut.explained.mien.png"]
        said = " ".join(found.out.split())
        assert "where the evidence lies" in said
        assert "1 happiness 100.0%" in said, "as mien image counts faces"
        assert "coffee.png: no face found" in said
        assert mien("explain", examples / "astronaut.png", "--out", "out").code == 2

    def test_a_file_that_is_no_picture_is_told_after_the_others(self, mien: Command):
        Path("broken.png").write_bytes(b"no picture")
        assert mien("explain", "broken.png", "--out", "out").code == 1
        assert not Path("out").exists()


def test_a_picture_with_evidence_is_red_where_it_is_and_grey_elsewhere():
    picture = np.full((40, 40, 3), (10, 120, 200), np.uint8)
    drawn = heated(picture, np.where(np.arange(4) > 1, 1.0, -1.0).astype(np.float32) * np.ones((4, 1), np.float32))
    assert drawn[20, 2].tolist() == [drawn[20, 2, 0]] * 3
    assert drawn[20, 37, 0] > drawn[20, 37, 2] + 80
    assert captioned(drawn, "fear 12%").shape == (44, 40, 3)


def test_nothing_cannot_be_explained(examples: Path):
    with pytest.raises(ValueError, match="emotions must be 1 or more; got 0"):
        explain(examples / "coffee.png", emotions=0)
