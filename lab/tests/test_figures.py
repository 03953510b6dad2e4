"""The figures in the README and the docs are those of the files that commands wrote."""

import json
import math
import re
from pathlib import Path

import pytest

import results
import scale
from docpage import ROOT
from mien.core.packaged import PACKAGED, packaged_model
from mien.inference.classifier import Classifier

RUNS, STEPS, SETS = (results.folders(names) for names in (results.RUNS, results.STEPS, results.SETS))
METRICS = json.loads((RUNS[0] / "metrics.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", results.PAGES)
def test_the_tables_are_those_of_the_run_folders(page: str):
    text = (ROOT / page).read_text(encoding="utf-8")
    shown = {name: part for name, part in results.read_parts(RUNS, STEPS, SETS).items() if f"<!-- {name} -->" in text}
    assert shown
    for name, part in shown.items():
        assert f"<!-- {name} -->\n{part}\n<!-- /{name} -->" in text, f"run: python lab/scripts/results.py ({name})"


def test_the_tables_of_scale_are_those_that_were_measured():
    text = scale.PAGE.read_text(encoding="utf-8")
    for name, part in scale.read_parts().items():
        assert f"<!-- {name} -->\n{part}\n<!-- /{name} -->" in text, f"run: python lab/scripts/scale.py ({name})"


def test_units_are_counted_as_they_are_cut():
    numbers = (1, 64, 65, 64 * 64 + 1, 520_192, 520_193, 10**6)
    assert [scale.units(number) for number in numbers] == [1, 1, 2, 65, 448, 449, 507]


@pytest.mark.parametrize(("name", "run"), list(zip(PACKAGED, RUNS, strict=True)))
def test_the_scored_files_are_the_packaged_ones(name: str, run: Path):
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert Classifier(packaged_model(name)).sha256 == metrics["sha256"]


def test_the_packaged_net_reaches_what_it_must():
    seven, majority = (METRICS["protocols"][name]["all"]["accuracy"] for name in ("seven", "majority"))
    assert seven >= 0.84
    assert majority >= 0.87


def test_the_small_net_is_small_and_reaches_what_it_must():
    metrics = json.loads((RUNS[1] / "metrics.json").read_text(encoding="utf-8"))
    seven, majority = (metrics["protocols"][name]["all"]["accuracy"] for name in ("seven", "majority"))
    assert metrics["file_bytes"] <= 1e6
    assert seven >= 0.825
    assert majority >= 0.855


@pytest.mark.parametrize(
    ("file", "measured", "said", "pages"),
    [
        ("video", r"640x360 +mien, analysis +([\d.]+)", "at {} frames a second", ["docs/how-to/video.md"]),
        ("video", r"1280x720 +mien, analysis +([\d.]+)", "at {}", ["README.md", "docs/how-to/video.md"]),
        ("live", r"1280x720 at 30 +no .*? (\d+), \d+ ", "{} ms", ["README.md", "docs/index.md", "docs/how-to/live.md"]),
    ],
)
def test_speeds_are_those_that_were_measured(file: str, measured: str, said: str, pages: list[str]):
    found = re.search(measured, (ROOT / "docs" / "benchmarks" / f"{file}.txt").read_text(encoding="utf-8"))
    assert found
    figure = said.format(math.floor(float(found[1]) + 0.5))
    for page in pages:
        assert figure in (ROOT / page).read_text(encoding="utf-8"), (page, figure)
