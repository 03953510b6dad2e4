"""Two models on the same faces, on cases whose truth is known."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from command import Command
from mien.core.emotions import SEVEN
from mien.core.errors import DataError
from mien.core.significance import mcnemar, p_text
from mien.data.split import save_split
from mien.evaluation.compare import Predictions, compare, compare_predictions
from mien.evaluation.evaluate import evaluate
from mien.evaluation.groups import FEW
from mien.evaluation.paired import detectable, paired
from test_evaluate import made_split
from tiny_net import biased, tiny_card, tiny_net
from views import right_by_chance


@pytest.mark.parametrize(
    ("gained", "lost", "p"), [(0, 0, 1.0), (3, 3, 1.0), (5, 0, 2 / 32), (0, 5, 2 / 32), (8, 2, 2 * 56 / 1024)]
)
def test_p_is_that_of_a_coin(gained: int, lost: int, p: float):
    assert mcnemar(gained, lost) == pytest.approx(p)


def test_p_is_said_as_people_write_it():
    said = [p_text(p) for p in (0.0, 0.0009, 0.001, 0.0333, 1.0)]
    assert said == ["p < 0.001", "p < 0.001", "p = 0.001", "p = 0.033", "p = 1"]


def test_equal_nets_are_not_told_apart():
    truth = np.tile(np.arange(7), 10)
    found = paired(truth, truth, truth)
    assert (found["gained"], found["lost"], found["p"]) == (0, 0, 1.0)
    assert found["accuracy"] == found["balanced_accuracy"] == {"difference": 0.0, "interval": [0.0, 0.0]}


def test_a_gain_counts_by_face_and_by_emotion():
    truth = np.repeat([0, 1], [90, 10])
    before = np.where(np.arange(100) < 80, 0, 2)  # 80 of 90, none of 10
    after = np.where(np.arange(100) >= 95, 1, before)  # and 5 of 10
    found = paired(truth, before, after)
    assert (found["n"], found["gained"], found["lost"], found["p"]) == (100, 5, 0, 2 / 32)
    assert found["accuracy"]["difference"] == pytest.approx(0.05)
    assert found["balanced_accuracy"]["difference"] == pytest.approx(0.25)
    for name, difference in (("accuracy", 0.05), ("balanced_accuracy", 0.25)):
        low, high = found[name]["interval"]
        assert 0 < low < difference < high


def predictions(
    rng: np.random.Generator, n: int, gain: np.ndarray | float, groups: np.ndarray | None = None
) -> Predictions:
    """Two nets whose mistakes are of their own, the second right more often by a gain."""
    truth = np.arange(n) % len(SEVEN)
    return Predictions(
        truth,
        right_by_chance(rng, truth, 0.8),
        right_by_chance(rng, truth, 0.8 + gain),
        SEVEN,
        {} if groups is None else {"age": groups},
    )


class TestTruths:
    def test_a_better_net_is_told_and_a_worse_one(self):
        for gain in (0.1, -0.1):
            look = compare_predictions(predictions(np.random.default_rng(1), 2000, gain))["all"]
            assert look["real"]
            assert look["accuracy"]["difference"] == pytest.approx(gain, abs=0.03)
            assert look["accuracy"]["interval"][0] < gain < look["accuracy"]["interval"][1]

    def test_equal_nets_are_seldom_told_apart(self):
        rng = np.random.default_rng(2)
        ps = [paired_p(predictions(rng, 700, 0.0)) for _ in range(200)]
        assert np.mean(np.array(ps) < 0.05) < 0.09

    def test_eight_in_ten_differences_are_found_that_are_as_large_as_is_said(self):
        rng = np.random.default_rng(3)
        one = predictions(rng, 700, 0.05)
        least = detectable(paired(one.truth, one.before, one.after))
        ps = [paired_p(predictions(rng, 700, least)) for _ in range(200)]
        assert 0.7 < np.mean(np.array(ps) < 0.05) < 0.9

    def test_a_gain_on_one_emotion_is_told_for_it_alone(self):
        truth = np.arange(2100) % len(SEVEN)
        look = compare_predictions(predictions(np.random.default_rng(4), 2100, np.where(truth == 2, 0.19, 0.0)))
        assert [one["name"] for one in look["emotions"] if one["real"]] == ["surprise"]
        assert [one["n"] for one in look["emotions"]] == [300] * 7

    def test_many_emotions_ask_for_more(self):
        emotions = compare_predictions(predictions(np.random.default_rng(5), 700, 0.0))["emotions"]
        assert min(one["p_holm"] for one in emotions) > min(one["p"] for one in emotions)

    def test_a_gain_in_one_group_is_told_for_it_alone(self):
        groups = np.where(np.arange(2000) < FEW - 1, "few", np.where(np.arange(2000) % 2, "old", "young"))
        look = compare_predictions(predictions(np.random.default_rng(7), 2000, 0.12 * (groups == "old"), groups))
        assert [one["name"] for one in look["groups"] if one["real"]] == ["age old"]
        assert [one["name"] for one in look["groups"]] == ["age old", "age young"]


def paired_p(one: Predictions) -> float:
    right_before, right_after = one.before == one.truth, one.after == one.truth
    return mcnemar(int((right_after & ~right_before).sum()), int((right_before & ~right_after).sum()))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Happy faces, half of them reported; one net reads them rightly, the other calls all of them neutral."""
    split = made_split([("happiness", {"happiness": 10}, "happiness", True)] * 80)
    save_split(replace(split, names=np.arange(80).astype(str)), tmp_path / "valid.npz")
    (tmp_path / "good.onnx").write_bytes(tiny_net(tiny_card()))
    (tmp_path / "bad.onnx").write_bytes(biased(tiny_net(tiny_card()), 0, by=99.0))
    return tmp_path


class TestFiles:
    def test_the_reported_half_is_compared_as_evaluate_scores_it(self, data: Path):
        found = compare(data / "bad.onnx", data / "good.onnx", [data])
        (one,) = found["sets"]
        reported = [row for row in evaluate(data / "good.onnx", data).document["sets"] if row["half"] == "reported"]
        assert (one["half"], one["all"]["n"]) == ("reported", reported[0]["n"]) == ("reported", 40)
        assert one["all"]["accuracy"]["difference"] == reported[0]["accuracy"] == 1.0
        assert (one["all"]["gained"], one["all"]["lost"], one["all"]["real"]) == (40, 0, True)

    def test_the_command_says_which_is_better_and_keeps_the_figures(self, data: Path, mien: Command):
        lines = [f"{row},{'ab'[row % 3 == 0]}" for row in range(80)]
        (data / "groups.csv").write_text("\n".join(["file,kind", *lines]) + "\n")
        nets, table = [data / "bad.onnx", data / "good.onnx"], data / "groups.csv"
        given = [*nets, "--data", data, "--groups", table, "--out", "new/o.json"]
        found = mien("compare", *given)
        said = " ".join(found.out.split())
        assert found.code == 0
        assert "On 40 faces of ferplus good.onnx is better: 100.0 points of accuracy (McNemar's p < 0.001)." in said
        assert "By emotion it is real for happiness (good.onnx by 100.0 points)." in said
        assert json.loads(Path("new/o.json").read_text())["sets"][0]["all"]["gained"] == 40
        assert mien("compare", *given).code == 2

    def test_a_model_is_no_better_than_itself(self, data: Path, mien: Command):
        said = " ".join(mien("compare", data / "good.onnx", data / "good.onnx", "--data", data).out.split())
        assert "the two are not told apart" in said
        assert "By emotion no difference is real." in said

    def test_faces_of_which_none_counts(self, data: Path):
        save_split(made_split([("fear", {"NF": 10}, "fear", True)]), data / "test.npz")
        with pytest.raises(DataError, match="counts under the protocol 'seven'"):
            compare(data / "bad.onnx", data / "good.onnx", [data], "test")
