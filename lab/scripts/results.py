"""Writes the tables of the shipped models' scores into the README and the docs.

    python lab/scripts/results.py [RUN ...] [--steps RUN ...] [--page FILE ...]

A run is a folder that holds the metrics.json of `mien evaluate MODEL --data DIR --speed --robustness`; the first is the
packaged model's. The steps are those that led to it, in their order. The sets are runs compared by data set: on
the faces of valid that chose nothing, by metrics.json (earlier nets have sets.json for it), and on other sets, by
unseen.json, the metrics.json of `mien evaluate MODEL --data DIR --split test`. A page may hold any of the tables,
between marks: results-headline, results-protocols, results-priors, results-steps, results-sets, and results-photos,
which has the packaged model's sets in plain words.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docpage import ROOT, fill, table
from mien.core.model_card import PRIOR_STEPS, ModelCard
from mien.core.packaged import default_model
from mien.evaluation.document import Metrics, any_face, protocols_of
from mien.inference.classifier import Classifier
from mien.report.headline import headline

RUNS = ("17-photos", "17-photos-s")
STEPS = (
    "5-compact",
    "6-robust",
    "7-again",
    "8-wide",
    "facenet",
    "facenet-taught",
    "facenet-best",
    "13-wide",
    "12-patient",
    "16-photos",
    "17-photos",
)
SETS = ("12-patient", "16-photos", "17-photos", "12-patient-s", "16-photos-s", "17-photos-s")
PHOTOS = {"fairface": "everyday photos", "wild": "emotional photos", "ferplus": "FER2013"}
"""What the README calls the data sets that it shows."""

FEW = 30
"""Faces of which a percentage would say more than is known."""

PAGES = ("README.md", "docs/MODEL_CARD.md", "docs/UNCERTAINTY.md", "lab/log.md", "docs/PHOTOS.md", "docs/RESULTS.md")


def headlines(names: Sequence[str], documents: Sequence[Metrics]) -> str:
    """Return what counts of each model, a column a model; what only some have is empty in the others."""
    columns = [{_shared(row.measure): row for row in headline(document)} for document in documents]
    rows: list[list[str]] = []
    for measure in dict.fromkeys(measure for column in columns for measure in column):
        values = [column[measure].value if measure in column else "" for column in columns]
        on = dict.fromkeys(column[measure].on for column in columns if measure in column and column[measure].value)
        if any(values):
            rows.append([measure, *values, "; ".join(on)])
    return table(["on PublicTest", *(f"`{name}`" for name in names), "measured on"], rows)


def _shared(measure: str) -> str:
    """Return the name of a measure without the prior of one model's card, so that all models have one row for it."""
    return re.sub(r"prior [\d.]+$", "the shipped prior", measure)


def protocols(document: Metrics) -> str:
    """Return the scores of one model, a row a protocol and set of faces."""
    rows: list[list[str]] = []
    for name, blocks in protocols_of(document).items():
        for kind, block in (("all", blocks["all"]), ("clean", blocks["clean"])):
            if not any_face(block):
                continue
            low, high = (100 * bound for bound in block["interval"])
            rows.append(
                [
                    f"`{name}`, {kind}",
                    f"{block['n']:,}",
                    f"{100 * block['accuracy']:.1f} % [{low:.1f}, {high:.1f}]",
                    *(f"{block[key]:.3f}" for key in ("macro_f1", "balanced_accuracy", "ece", "jsd")),
                ]
            )
    head = ["protocol", "faces", "accuracy, 95 % interval", "macro-F1", "balanced accuracy"]
    return table([*head, "calibration error", "divergence from the votes"], rows)


def by_set(names: Sequence[str], sets: Sequence[Sequence[dict[str, Any]]]) -> str:
    """Return accuracy, mean recall and calibration error of each model, a row a data set.

    Args:
        names: of the models.
        sets: for each model its rows of "sets"; what chose it is left out.
    """
    found = [{row["source"]: row for row in rows if row["half"] != "choosing"} for rows in sets]
    rows = [
        [source, f"{row['n']:,}", *(_set_cell(model[source]) if source in model else "" for model in found)]
        for source, row in found[0].items()
    ]
    return table(["data set", "faces", *(f"`{name}`" for name in names)], rows)


def _set_cell(row: dict[str, Any]) -> str:
    low, high = (100 * bound for bound in row["interval"])
    accuracy = f"{100 * row['accuracy']:.1f} [{low:.1f}, {high:.1f}]"
    return f"{accuracy} / {100 * row['balanced_accuracy']:.1f} / {row['ece']:.3f}"


def in_plain_words(sets: Sequence[dict[str, Any]]) -> str:
    """Return how often one model is right, a column a data set, and how many faces of each emotion it finds.

    Args:
        sets: its rows of "sets"; what chose it is left out.
    """
    found = {row["source"]: row for row in sets if row["half"] != "choosing"}
    shown = [found[source] for source in PHOTOS]
    emotions = {
        f"{emotion} found": [_found(row["per_class"][emotion]) for row in shown] for emotion in shown[0]["per_class"]
    }
    rows = {
        "faces": [f"{row['n']:,}" for row in shown],
        "right": [f"**{100 * row['accuracy']:.0f} %**" for row in shown],
        "not uncertain": [f"{100 * row['kept']:.0f} %" for row in shown],
        "right where not uncertain": [f"**{100 * row['accuracy_kept']:.0f} %**" for row in shown],
        **emotions,
    }
    return table(["", *PHOTOS.values()], [[name, *cells] for name, cells in rows.items()])


def _found(scores: dict[str, Any]) -> str:
    recall, faces = scores["recall"], scores["support"]
    if not faces:
        return "none there"
    return f"{100 * recall:.0f} %" if faces >= FEW else f"{round(recall * faces)} of {faces}"


def priors(card: ModelCard) -> str:
    """Return when a face is uncertain at each prior, by the model's card."""
    rows = [
        [f"{prior:g}", f"{below:.3f}", f"{100 * share:.1f} %"]
        for prior, below, share in zip(PRIOR_STEPS, card.uncertain_below, card.certain_share, strict=True)
    ]
    return table(["prior", "uncertain below", "faces that are not uncertain, weighted for the prior"], rows)


def read_parts(runs: Sequence[Path], steps: Sequence[Path], sets: Sequence[Path]) -> dict[str, str]:
    """Return the name of each table -> the table, of run folders and of the packaged model."""
    names, documents = [run.name for run in runs], [_metrics(run) for run in runs]
    return {
        "results-headline": headlines(names, documents),
        "results-protocols": protocols(documents[0]),
        "results-priors": priors(Classifier(default_model()).card),
        "results-photos": in_plain_words(_sets(runs[0])),
        "results-sets": by_set([run.name for run in sets], [_sets(run) for run in sets]),
        "results-steps": headlines([step.name for step in steps], [_metrics(step) for step in steps]),
    }


def folders(names: Sequence[str]) -> list[Path]:
    """Return the run folders of these names, which are in docs or in the lab."""
    places = [ROOT / "docs" / "runs", ROOT / "lab" / "runs"]
    return [next(place / name for place in places if (place / name).is_dir()) for name in names]


def _metrics(run: Path, name: str = "metrics.json") -> Any:
    return json.loads((run / name).read_text(encoding="utf-8"))


def _sets(run: Path) -> list[dict[str, Any]]:
    seen = _metrics(run).get("sets") or _metrics(run, "sets.json")["sets"]
    return [*seen, *_metrics(run, "unseen.json")["sets"]]


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", type=Path, default=folders(RUNS))
    parser.add_argument("--steps", nargs="*", type=Path, default=folders(STEPS))
    parser.add_argument("--sets", nargs="*", type=Path, default=folders(SETS))
    parser.add_argument("--page", nargs="*", type=Path, default=[ROOT / page for page in PAGES])
    arguments = parser.parse_args()
    found = read_parts(arguments.runs, arguments.steps, arguments.sets)
    for page in arguments.page:
        fill(page, found)


if __name__ == "__main__":
    main()
