"""The README's figures are those of the files that commands wrote."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
METRICS = json.loads((ROOT / "docs" / "runs" / "5-compact" / "metrics.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", ["all", "clean"])
@pytest.mark.parametrize("protocol", METRICS["protocols"])
def test_a_row_of_the_results(protocol: str, kind: str):
    block = METRICS["protocols"][protocol][kind]
    low, high = (100 * bound for bound in block["interval"])
    row = (
        f"| `{protocol}`, {kind} | {block['n']:,} | {100 * block['accuracy']:.1f} % [{low:.1f}, {high:.1f}] "
        f"| {block['macro_f1']:.3f} | {block['ece']:.3f} | {block['jsd']:.3f} |"
    )
    assert row in README


def test_the_scored_file_is_the_packaged_one():
    from mien.infer.classify import Classifier, default_model

    assert Classifier(default_model()).sha256 == METRICS["sha256"]


def test_the_packaged_net_reaches_what_it_must():
    seven, majority = (METRICS["protocols"][name]["all"]["accuracy"] for name in ("seven", "majority"))
    assert seven >= 0.835
    assert majority >= 0.865
