"""Looks again at the gap that the audit found, on faces on which it was not found, and beside the votes.

    python lab/scripts/audit_again.py DATA PHOTOS [--out FILE]

DATA and PHOTOS are those of audit.py, which found on the reported half of the validation faces that nets are certain
less often on faces of ages 3 to 9 than of 20 to 29. Of many gaps the largest is told there, so it is too large by luck.
Here the two are compared on either half: in the share of faces of which a net is certain; in the same at equal
agreement, that is less the share of all faces of the half whose votes agree as much; and in the agreement, the share of
the votes for the label. Thresholds were chosen on the other half, but not by age. FILE is docs/runs/audit_again.json;
docs/MODEL_CARD.md gets its table.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit import PAGE, SOURCE, groups_of
from docpage import ROOT, fill, table
from mien.core.emotions import EIGHT, to_seven
from mien.core.metrics import RESAMPLES, Doubles
from mien.core.output import write_whole
from mien.core.packaged import PACKAGED, packaged_model
from mien.data.groups_table import read_groups
from mien.evaluation.data_sets import Predicted, viewer
from mien.evaluation.ensemble import Scorer, load_scorer, normalised
from mien.evaluation.evaluate import predict_split
from mien.evaluation.scores import rounded

OUT = ROOT / "docs" / "runs" / "audit_again.json"
COLUMN, LOW, HIGH = "age", "3-9", "20-29"

AGREEMENTS = (0.5, 0.6, 0.7, 0.8, 0.9)
"""Shares of the votes for the label at which faces of equal agreement are parted."""

HALVES = {"reported": "where it was found", "choosing": "the other half", "both": "both"}
MEASURES = ("certain", "certain at equal agreement", "votes for the label", "accuracy")


def again(data: Path, photos: Path) -> dict[str, Any]:
    """Return the content of ``audit_again.json``: net -> half -> what was found."""
    with TemporaryDirectory() as folder:
        people = groups_of(photos, Path(folder) / "groups.csv")
        return {name: _of_net(load_scorer([packaged_model(name)]), data, people) for name in PACKAGED}


def _of_net(scorer: Scorer, data: Path, people: Path) -> dict[str, Any]:
    found = predict_split(data, "valid", scorer)
    ages = read_groups(people, found.faces)[COLUMN][found.faces.sources == SOURCE]
    part = found.of_source(SOURCE)
    choosing = part.faces.choosing
    halves = {"reported": ~choosing, "choosing": choosing, "both": np.ones(len(ages), np.bool_)}
    return {
        "sha256": scorer.classifiers[0].sha256,
        **{half: half_of(measured(part, scorer, chosen), ages[chosen]) for half, chosen in halves.items()},
    }


def measured(part: Predicted, scorer: Scorer, chosen: NDArray[np.bool_]) -> Doubles:
    """Return ``MEASURES`` of the chosen faces, (N, 4); NaN for a face that does not count under ``seven``."""
    prior = scorer.prior(None)
    view = viewer(part, scorer)("seven", prior)
    shares = normalised(to_seven(part.faces.votes[:, : len(EIGHT)].astype(np.float64)))
    truth = np.where(view.counted, view.truth, 0)
    agreement = shares[np.arange(len(truth)), truth]
    certain = (view.probs.max(axis=1) >= scorer.classifiers[0].card.uncertain_at(prior)).astype(np.float64)
    right = (view.probs.argmax(axis=1) == view.truth).astype(np.float64)
    rows = np.stack([certain, certain, agreement, right], axis=1)
    rows[~view.counted] = np.nan
    rows = rows[chosen]
    rows[:, 1] -= expected(rows[:, 0], rows[:, 2])
    return rows


def expected(certain: Doubles, agreement: Doubles) -> Doubles:
    """Return for each face (N,) the share certain of the faces whose votes agree about as much; NaN counts as none."""
    level, known = np.digitize(agreement, AGREEMENTS), ~np.isnan(certain)
    means = [certain[known & (level == place)] for place in range(len(AGREEMENTS) + 1)]
    return np.array([same.mean() if len(same) else np.nan for same in means])[level]


def half_of(rows: Doubles, ages: NDArray[np.str_], seed: int = 0) -> dict[str, Any]:
    """Return how far the two groups lie apart in each of ``MEASURES`` (N, 4), with 95 % bootstrap intervals."""
    rng, known = np.random.default_rng(seed), ~np.isnan(rows[:, 0])
    groups = [rows[known & (ages == name)] for name in (LOW, HIGH)]
    drawn = [rng.multinomial(len(one), np.full(len(one), 1 / len(one)), RESAMPLES) @ one / len(one) for one in groups]
    gaps, resampled = groups[1].mean(axis=0) - groups[0].mean(axis=0), drawn[1] - drawn[0]
    bounds = np.quantile(resampled, [0.025, 0.975], axis=0).T
    return {
        "faces": [len(one) for one in groups],
        "gaps": {
            name: {"gap": rounded(gap), "interval": [rounded(bound) for bound in pair]}
            for name, gap, pair in zip(MEASURES, gaps, bounds, strict=True)
        },
    }


def read_parts(found: dict[str, Any]) -> dict[str, str]:
    """Return the name of the card's table -> the table."""
    rows = [
        [f"`{net}`, {words}", " and ".join(map(str, one[half]["faces"])), *map(_cell, one[half]["gaps"].values())]
        for net, one in found.items()
        for half, words in HALVES.items()
    ]
    return {"audit-again": table([f"{HIGH} above {LOW}, points", "faces", *MEASURES], rows)}


def _cell(one: dict[str, Any]) -> str:
    low, high = one["interval"]
    return f"{100 * one['gap']:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"


def main() -> None:
    """Score the nets, write the document and fill the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    found = again(given.data, given.photos)
    write_whole(given.out, (json.dumps(found, indent=1) + "\n").encode())
    fill(PAGE, read_parts(found))


if __name__ == "__main__":
    main()
