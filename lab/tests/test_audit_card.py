"""The audit in the model card is that of its file, and of the nets that ship."""

import csv
import json
from pathlib import Path

import audit
from docpage import ROOT
from mien.core.packaged import PACKAGED, packaged_model
from mien.inference.classifier import Classifier

FOUND = json.loads(audit.OUT.read_text(encoding="utf-8"))


def test_the_card_holds_the_tables_of_the_audit():
    text = (ROOT / "docs" / "MODEL_CARD.md").read_text(encoding="utf-8")
    for name, part in audit.read_parts(FOUND).items():
        assert f"<!-- {name} -->\n{part}\n<!-- /{name} -->" in text, f"run: python lab/scripts/audit.py ({name})"


def test_the_nets_are_those_that_ship():
    assert {name: one["sha256"] for name, one in FOUND.items()} == {
        name: Classifier(packaged_model(name)).sha256 for name in PACKAGED
    }


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
