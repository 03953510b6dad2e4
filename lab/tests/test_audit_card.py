"""The audit in the model card is that of its file, and of the nets that ship."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import audit
import audit_again
from docpage import ROOT
from mien.core.packaged import PACKAGED, packaged_model
from mien.inference.classifier import Classifier

FOUND = json.loads(audit.OUT.read_text(encoding="utf-8"))
AGAIN = json.loads(audit_again.OUT.read_text(encoding="utf-8"))


def test_the_card_holds_the_tables_of_the_audit():
    text = (ROOT / "docs" / "MODEL_CARD.md").read_text(encoding="utf-8")
    for script, found in ((audit, FOUND), (audit_again, AGAIN)):
        for name, part in script.read_parts(found).items():
            assert f"<!-- {name} -->\n{part}\n<!-- /{name} -->" in text, f"run: python {script.__file__} ({name})"


def test_the_nets_are_those_that_ship():
    ship = {name: Classifier(packaged_model(name)).sha256 for name in PACKAGED}
    assert [{name: one["sha256"] for name, one in found.items()} for found in (FOUND, AGAIN)] == [ship, ship]


def test_what_the_card_says_in_words_is_what_was_found():
    gaps = [
        (name, table["column"], gap) for name, one in FOUND.items() for table in one["people"] for gap in table["gaps"]
    ]
    real = [(name, column, gap["figure"], gap["low"], gap["high"]) for name, column, gap in gaps if gap["real"]]
    assert real == [("mien", "age", "kept", "3-9", "20-29")]
    least = {column: gap["detectable"] for _, column, gap in gaps if gap["figure"] == "accuracy"}
    assert 0.075 < least["sex"] < 0.085
    assert all(0.165 < least[column] < 0.205 for column in ("age", "origin"))
    assert {table["half"] for one in FOUND.values() for table in one["people"]} == {"reported"}
    assert {table["n"] for one in FOUND.values() for table in one["people"]} == {993}


def test_groups_are_those_of_the_photos(tmp_path: Path):
    lines = ["file,source,age,sex,origin", "1.jpg,fairface,3-9,Male,East Asian", "2.jpg,expw,,,"]
    (tmp_path / "votes.csv").write_text("\n".join(lines) + "\n")
    with audit.groups_of(tmp_path, tmp_path / "groups.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["file", "source", "age", "sex", "origin"],
            ["1.jpg", "fairface", "3-9", "Male", "East Asian"],
        ]


class TestTheGapLookedAtAgain:
    def test_what_the_card_says_in_words_is_what_was_found(self):
        kept = [gap["gap"] for one in FOUND["mien"]["people"] for gap in one["gaps"] if gap["figure"] == "kept"]
        assert AGAIN["mien"]["reported"]["gaps"]["certain"]["gap"] == pytest.approx(max(kept), abs=1e-6)
        for one in AGAIN.values():
            other, both = one["choosing"]["gaps"], one["both"]["gaps"]
            assert other["certain"]["interval"][0] < 0 < other["certain"]["interval"][1]
            assert other["votes for the label"]["interval"][0] > 0
            low, high = both["certain at equal agreement"]["interval"]
            assert low < 0 < high

    def test_faces_of_equal_agreement_are_expected_to_be_equally_certain(self):
        certain = np.array([1.0, 0.0, 1.0, 1.0, np.nan])
        agreement = np.array([0.55, 0.52, 0.95, 0.91, 0.55])
        np.testing.assert_array_equal(audit_again.expected(certain, agreement), [0.5, 0.5, 1.0, 1.0, 0.5])

    def test_the_gap_is_that_of_the_faces_that_count(self):
        rows = np.repeat([[1.0, 0.2, 0.9, 1.0], [0.0, 0.1, 0.6, 1.0], [np.nan] * 4], 20, axis=0)
        found = audit_again.half_of(rows, np.repeat(["20-29", "3-9", "3-9"], 20))
        assert found["faces"] == [20, 20]
        assert {name: one["gap"] for name, one in found["gaps"].items()} == pytest.approx(
            {"certain": 1.0, "certain at equal agreement": 0.1, "votes for the label": 0.3, "accuracy": 0.0}
        )
