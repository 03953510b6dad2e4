"""Scores the packaged nets by age, sex and origin of FairFace's faces, and by what the pictures are like, for the card.

    python lab/scripts/audit.py DATA PHOTOS [--out FILE]

DATA is a folder of ``mien prepare``, made of FER2013 with FER+ and of PHOTOS among others; PHOTOS holds votes.csv with
the columns age, sex and origin (docs/how-to/own-faces.md). Only the half of the validation faces that chose nothing is
scored. FILE is docs/runs/audit.json; docs/MODEL_CARD.md gets its tables.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from docpage import ROOT, fill, table
from mien.core.output import write_whole
from mien.core.packaged import PACKAGED, packaged_model
from mien.core.significance import p_text
from mien.evaluation.document import Gap, GroupTable
from mien.evaluation.evaluate import evaluate
from mien.evaluation.group_words import NAMES, amount, group_cell
from mien.evaluation.picture_groups import PICTURE

OUT = ROOT / "docs" / "runs" / "audit.json"
PAGE = ROOT / "docs" / "MODEL_CARD.md"
PEOPLE = ("age", "sex", "origin")
SOURCE = "fairface"

TESTED = ("accuracy", "adjusted_accuracy", "kept", "accuracy_kept")
"""The figures whose gaps the card tells, real or not; of the others it tells those that are real."""


def groups_of(photos: Path, out: Path) -> Path:
    """Write the table of groups of a folder's votes.csv to a file, and return it."""
    with (photos / "votes.csv").open(newline="", encoding="utf-8") as file:
        lines = [line for line in csv.DictReader(file) if line["source"] == SOURCE]
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "source", *PEOPLE])
        writer.writerows([line["file"], SOURCE, *(line[name].replace("_", " ") for name in PEOPLE)] for line in lines)
    return out


def audit(data: Path, photos: Path) -> dict[str, Any]:
    """Return the content of ``audit.json``: for each net the tables by people and, tested apart, by picture."""
    with TemporaryDirectory() as folder:
        people = groups_of(photos, Path(folder) / "groups.csv")
        return {name: _of_net(packaged_model(name), data, people) for name in PACKAGED}


def _of_net(net: Path, data: Path, people: Path) -> dict[str, Any]:
    by_people, by_picture = (
        evaluate(net, data, protocols=["seven"], groups=[groups]).document for groups in (people, Path(PICTURE))
    )
    shared = {key: by_people[key] for key in ("sha256", "prior", "split", "split_sha256")}
    return {**shared, "people": by_people.get("groups"), "picture": by_picture.get("groups")}


def read_parts(found: dict[str, Any]) -> dict[str, str]:
    """Return the name of each table of the card -> the table."""
    return {
        "audit-people": people_table(found),
        "audit-gaps": gaps_table({name: one["people"] for name, one in found.items()}),
        "audit-pictures": gaps_table({name: one["picture"] for name, one in found.items()}, only_real=True),
    }


def people_table(found: dict[str, Any]) -> str:
    """Return the figures of each group of people, both nets side by side."""
    names = list(found)
    rows: list[list[str]] = []
    for tables in zip(*(found[name]["people"] for name in names), strict=True):
        for groups in zip(*(one["groups"] for one in tables), strict=True):
            first = groups[0]
            small = groups[1]
            cells = [group_cell(first, figure) for figure in TESTED]
            rows.append(
                [f"{tables[0]['column']} {first['group']}", f"{first['n']:,}", *cells, group_cell(small, TESTED[0])]
            )
    heads = [f"`{names[0]}` {NAMES[figure]}" for figure in TESTED]
    return table(["", "faces", *heads, f"`{names[1]}` {NAMES[TESTED[0]]}"], rows)


def gaps_table(found: dict[str, Sequence[GroupTable]], only_real: bool = False) -> str:
    """Return a row for each gap that is told, of both nets."""
    rows: list[list[str]] = []
    for name, tables in found.items():
        looks = [(one, gap) for one in tables for gap in one["gaps"]]
        told = [(one, gap) for one, gap in looks if gap["real"] or (not only_real and gap["figure"] in TESTED)]
        rows += [_gap_row(f"`{name}`", one, gap) for one, gap in told]
        rows += [[f"`{name}`", f"the other {len(looks) - len(told)} tested", "", "", "", "no", ""]]
    head = ["net", "figure", "lowest", "highest", "gap", "real", "would have shown from"]
    return table(head, rows)


def _gap_row(net: str, one: GroupTable, gap: Gap) -> list[str]:
    figure = NAMES.get(gap["figure"], gap["figure"].replace("recall_", "recall of "))
    real = f"{'**yes**' if gap['real'] else 'no'} ({p_text(gap['p_holm'])})"
    on = figure if one["source"] == SOURCE and one["column"] in PEOPLE else f"{figure}, {one['source']}"
    size, least = amount(gap["figure"], gap["gap"]), amount(gap["figure"], gap["detectable"])
    return [net, f"{on} by {one['column']}", gap["low"], gap["high"], size, real, least]


def main() -> None:
    """Score the nets, write the document and fill the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    found = audit(given.data, given.photos)
    write_whole(given.out, (json.dumps(found) + "\n").encode())
    fill(PAGE, read_parts(found))


if __name__ == "__main__":
    main()
