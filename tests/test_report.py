"""The page that argues how good models are holds the figures of ``mien evaluate``, and is whole."""

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command import Command
from mien.core.metrics import accuracy
from mien.core.model_card import ModelCard
from mien.data.split import save_split
from mien.data.synthetic import synthetic
from mien.evaluation.evaluate import evaluate
from mien.evaluation.evidence import ModelEvidence, Tables, collect
from mien.evaluation.group_words import group_cell
from mien.evaluation.leaks import leaks
from mien.evaluation.peers import NONE, peers_on
from mien.evaluation.people import people
from mien.evaluation.seeds import mean_and_spread, same_recipe
from mien.imaging.corruptions import CORRUPTIONS, REGIONS, STRENGTHS, region_hidden
from mien.report import evidence_errors as errors
from mien.report.doubtful import AGREED, COLUMNS, doubtful
from mien.report.evidence_page import evidence_page
from mien.report.sections import class_table
from test_evaluate import made_split
from tiny_net import biased, tiny_card, tiny_net

KINDS = [
    ("neutral", {"neutral": 10}, "neutral", True),
    ("happiness", {"happiness": 9, "neutral": 1}, "happiness", False),
    ("surprise", {"fear": 10}, "fear", True),
    ("anger", {"sadness": 5, "anger": 4, "neutral": 1}, "sadness", True),
    ("contempt", {"contempt": 6, "neutral": 4}, "neutral", True),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two data sets, of each emotion some; of faces that are called surprise and anger the labels differ."""
    folder = tmp_path_factory.mktemp("data")
    split = made_split(KINDS * 16)
    split.sources[60:] = "web"
    save_split(replace(split, choosing=np.arange(80) // 5 % 2 == 0), folder / "valid.npz")
    (folder / "good.onnx").write_bytes(tiny_net(tiny_card()))
    (folder / "worse.onnx").write_bytes(biased(tiny_net(tiny_card()), 1, by=9.0))
    write_table(folder / "groups.csv", "age", [("old", "young")[row % 3 == 0] for row in range(80)])
    write_table(folder / "peers.csv", "other program", [KINDS[row % 5][2] for row in range(80)])
    return folder


def write_table(path: Path, column: str, cells: list[str]) -> None:
    """A line a face of ``made_split``."""
    lines = [f"{row}.png,{cell}" for row, cell in enumerate(cells)]
    path.write_text("\n".join([f"file,{column}", *lines]), encoding="utf-8")


@pytest.fixture(scope="module")
def known(data: Path) -> list[ModelEvidence]:
    tables = Tables([data / "groups.csv"], [data / "peers.csv"])
    return [
        collect(data / name, [data], tables=tables, beside=name == "worse.onnx", quick=True)
        for name in ("good.onnx", "worse.onnx")
    ]


@pytest.fixture(scope="module")
def page(known: list[ModelEvidence]) -> str:
    found = [face for one in known[0].sets for face in doubtful(one)]
    return evidence_page(known, found, "r.relabel.csv", with_faces=True)


def test_the_figures_are_those_of_evaluate(data: Path, known: list[ModelEvidence], page: str):
    document = evaluate(data / "good.onnx", data, groups=[data / "groups.csv"]).document
    rows = [row for row in document.get("sets", []) if row["half"] == "reported"]
    assert [one.row for one in known[0].sets] == rows
    assert [len(one.faces) for one in known[0].sets] == [row["n"] for row in rows] == [30, 10]
    for row in rows:
        low, high = row["interval"]
        line = (
            f"<td>{row['n']}</td><td><b>{100 * row['accuracy']:.1f} %</b></td><td>{100 * low:.1f} to {100 * high:.1f}"
        )
        assert line in page
        assert f"<td>{row['clean']['n']}</td>" in page
        for scores in row["per_class"].values():
            assert f"<td>{scores['recall']:.3f}</td><td>{scores['f1']:.3f}</td>" in page
    for one, row in zip(known[0].sets, rows, strict=True):
        assert accuracy(one.view.truth, one.view.probs.argmax(axis=1)) == pytest.approx(row["accuracy"], abs=1e-6)
        assert (one.block["kept"], one.block["accuracy"]) == (row["kept"], row["accuracy_kept"])
    tables = document.get("groups", [])
    assert known[0].groups == tables
    assert [len(one["groups"]) for one in tables] == [2, 2]
    for row in (row for one in tables for row in one["groups"]):
        cells = "".join(f"<td>{cell}</td>" for cell in (f"{row['n']}", group_cell(row, "accuracy")))
        assert f"<th scope=row>{row['group']}</th>{cells}" in page


def test_two_runs_are_called_by_their_folders(data: Path):
    for run in ("first", "second"):
        (data / run).mkdir()
        (data / run / "model.onnx").write_bytes((data / "good.onnx").read_bytes())
    known = [collect(data / run / "model.onnx", [data], quick=True) for run in ("first", "second")]
    page = evidence_page(known, [], "r.relabel.csv", with_faces=True)
    assert "How well first/model.onnx names emotions" in page
    assert "<dt>model second/model.onnx</dt>" in page


def test_the_page_needs_no_network_and_is_small(page: str):
    assert not re.findall(r"(?:src|href)=(?!\"data:)|url\(|@import|<script|https?://", page)
    assert len(page) < 5_000_000
    assert page.count("<h1>") == 1
    assert re.findall("<h2>(.*?)</h2>", page) == [
        "In short",
        "How often it is right",
        "What leaks add",
        "Which is better",
        "Which emotions it takes for which",
        "Whether it knows when it is wrong",
        "On whom it errs",
        "Where people disagree",
        "What it gets most wrong",
        "What it costs",
        "How this was made",
    ]


def test_the_other_model_is_tested_against_the_first(page: str):
    assert re.search(r"On 30 faces of ferplus good\.onnx is better: \d+\.\d points of accuracy", page)


def test_other_programs_stand_beside_it(known: list[ModelEvidence], page: str):
    (other,) = known[0].sets[0].peers
    assert other.name == "other program"
    assert other.accuracy > known[0].sets[0].row["accuracy"]
    assert f"<td>other program</td><td>30</td><td><b>{100 * other.accuracy:.1f} %</b></td>" in page
    assert "On 30 faces of ferplus other program is better" in page


def test_what_a_program_says_is_read_leniently_and_what_is_no_emotion_is_wrong():
    said = np.array(["Happy", "contempt", "no face", "", "sad"])
    (one,) = peers_on(np.array([1, 0, 2, 3, 4]), {"one": said, "silent": np.full(5, "")})
    assert one.predicted.tolist() == [1, 0, NONE, NONE, 3]
    assert (one.accuracy, one.balanced_accuracy) == (0.4, 0.4)


class TestSeeds:
    def run(self, seed: int, rate: float = 0.1) -> ModelCard:
        return replace(tiny_card(), notes={"recipe": f'name = "a"\nlearning_rate = {rate}\nseed = {seed}\n'})

    def test_runs_that_differ_by_their_seed_alone_belong_together(self):
        cards = [self.run(0), self.run(1, rate=0.2), self.run(3), tiny_card(), None, self.run(0)]
        assert same_recipe(cards) == [[0, 2]]
        assert same_recipe([self.run(0), replace(self.run(1), data_sha256="other")]) == []

    def test_their_mean_and_spread_are_told(self, data: Path, tmp_path: Path):
        for seed, by in ((0, 0.0), (1, 9.0)):
            (tmp_path / f"{seed}.onnx").write_bytes(biased(tiny_net(self.run(seed)), 1, by=by))
        known = [collect(tmp_path / f"{seed}.onnx", [data], quick=True) for seed in (0, 1)]
        mean, spread = mean_and_spread([one.sets[0].row["accuracy"] for one in known])
        assert spread > 0
        page = evidence_page(known, [], "r.relabel.csv", with_faces=True)
        assert f"<td>0, 1</td><td>ferplus</td><td>{100 * mean:.1f} ± {100 * spread:.1f} %</td>" in page

    def test_the_spread_is_that_of_a_sample(self):
        assert mean_and_spread([1.0, 3.0]) == (2.0, pytest.approx(2**0.5))


class TestLeaks:
    def test_faces_known_by_heart_raise_the_accuracy(self):
        clean = np.arange(100) >= 20
        found = leaks((np.arange(100) % 2 == 0) | ~clean, clean)
        assert found is not None
        assert (found.leaked, found.right_leaked, found.right_clean) == (20, 1.0, 0.5)
        assert found.added == pytest.approx(0.1)
        assert 0 < found.interval[0] < 0.1 < found.interval[1] < 0.2

    @pytest.mark.parametrize("clean", [np.ones(4, bool), np.zeros(4, bool)])
    def test_without_leaks_or_without_others_nothing_is_said(self, clean: np.ndarray):
        assert leaks(np.ones(4, np.bool_), clean) is None


def test_faces_that_people_agree_on_are_mistakes_and_others_have_labels_in_doubt(known: list[ModelEvidence]):
    found = doubtful(known[0].sets[0])
    kinds = {(one.label, one.prediction, one.doubts_label) for one in found}
    assert kinds == {("fear", "surprise", False), ("sadness", "anger", True)}
    assert [one.confidence for one in found] == sorted((one.confidence for one in found), reverse=True)
    divided = next(one for one in found if one.doubts_label)
    assert (divided.votes_for_label, divided.votes_for_prediction) == (0.5, 0.4)
    assert divided.votes_for_label < AGREED
    assert divided.file.endswith(".png")


def test_without_faces_they_are_named(known: list[ModelEvidence]):
    found = doubtful(known[0].sets[0])
    assert "<img" in errors.mistakes(found, "t.csv", with_faces=True)
    named = errors.mistakes(found, "t.csv", with_faces=False)
    assert "<img" not in named
    assert found[0].file in named


def test_where_people_agree_is_told_apart(known: list[ModelEvidence]):
    shown = errors.where_people_disagree(known[0])
    assert "ferplus, 90 % and more" in shown
    assert "ferplus, 50 to 70 %" in shown
    assert "ferplus, 70 to 90 %" not in shown


class TestPeople:
    def test_one_of_a_panel_that_agrees_is_right(self):
        votes = np.zeros((40, 10), np.uint8)
        votes[np.arange(40), np.arange(40) % 7] = 9
        votes[np.arange(40), (np.arange(40) + 1) % 7] = 1
        found = people(votes)
        assert found is not None
        assert found.one == 0.9
        assert 0.9 < found.panel[0] <= found.panel[1] <= found.ceiling[1] <= 1
        assert found.panel[0] <= found.ceiling[0]

    def test_of_votes_of_another_form_nothing_is_said(self):
        assert people(np.full((4, 10), 20, np.uint8)) is None
        assert people(np.eye(10, dtype=np.uint8)[:4] * 10) is None
        assert people(np.zeros((0, 10), np.uint8)) is None


class TestHarm:
    def test_each_corruption_has_five_strengths_and_the_last_harms_most(self):
        faces = synthetic(6, seed=0).images
        for _, series in STRENGTHS.values():
            assert len(series) == 5
            off = [np.abs(corrupt(faces).astype(int) - faces).mean() for corrupt in series.values()]
            assert off[0] < off[-1]

    @pytest.mark.parametrize(
        ("name", "strength", "same"),
        [("blur", "1/32", "blur"), ("noise", "0.1", "noise"), ("JPEG", "20", "jpeg_20"), ("roll", "20", "roll_20_deg")],
    )
    def test_those_that_robustness_knows_are_among_them(self, name: str, strength: str, same: str):
        faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48)).astype(np.uint8)
        np.testing.assert_array_equal(STRENGTHS[name][1][strength](faces), CORRUPTIONS[same](faces))

    def test_a_third_is_hidden_where_it_says(self):
        faces = np.zeros((1, 48, 48), np.uint8)
        assert {region: int((region_hidden(faces, region) > 0).sum()) for region in REGIONS} == dict.fromkeys(
            REGIONS, 768
        )
        assert region_hidden(faces, "lower third")[0, 32:].all()
        assert region_hidden(faces, "left third")[0, :, :16].all()


def test_the_command_writes_the_page_and_the_table(data: Path, mien: Command, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mien.evaluation.trials.EXPLAINED", 1)
    monkeypatch.setattr("mien.inference.explain.MASKS", 20)
    given = [data / "good.onnx", "--data", data, "--out", "new/r.html"]
    found = mien("report", *given)
    assert (found.code, "written to new/r.html and new/r.relabel.csv" in found.out) == (0, True)
    page = Path("new/r.html").read_text(encoding="utf-8")
    assert "With a third of the face hidden" in page
    right = collect(data / "good.onnx", [data], quick=True).sets[0].row["accuracy"]
    assert re.search(rf"Of the corruptions <b>.* instead of {100 * right:.1f}", page)
    with Path("new/r.relabel.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert tuple(lines[0]) == COLUMNS
    assert {(line["label"], line["prediction"], line["doubt"]) for line in lines} == {
        ("fear", "surprise", "model"),
        ("sadness", "anger", "label"),
    }
    assert mien("report", *given).code == 2


def test_an_emotion_that_no_face_has_is_given_no_scores():
    row = {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}
    block: Any = {"per_class": {"fear": row, "anger": {**row, "support": 3}}}
    assert class_table(block).count("<td>0.000</td>") == 3
