"""Writes the tables and pictures of docs/ROAD.md: what each step of the road bought.

    python lab/scripts/road.py [RUN ...] [--alike FILE] [--page FILE ...] [--images FOLDER]

A run is a folder of ``mien train`` with recipe.toml, env.json, history.csv and metrics.json (scored on PublicTest).
FILE is what like_for_like.py wrote: the scores of the runs whose nets are still there; those of the others are in their
metrics.json. The runs come in the order of the road and the last is the shipped model. Any page may hold any of the
tables, between marks: road-rungs, road-steps, road-choice, road-trained, road-fit, road-f1, road-made.
"""

from __future__ import annotations

import argparse
import io
import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image as Pillow

import road_tables
from docpage import ROOT, fill
from like_for_like import OUT
from mien.core.errors import DataError
from mien.core.output import write_whole
from mien.core.packaged import default_model
from mien.evaluation.document import Scores, protocols_of
from mien.inference.classifier import Classifier
from mien.report.files import confusion_title
from mien.report.page import read_history
from mien.report.plots import confusion_figure, curves_figure, ladder_figure, to_png
from mien.train.recipe import read_recipe
from mien.train.recipe_files import recipe_files
from road_tables import CLAIMS, Alike, Run

RUNS = (
    "1-baseline",
    "2-deeper",
    "3-augmented",
    "4-regularised",
    "5-compact",
    "6-robust",
    "7-again",
    "12-patient",
    "16-photos",
    "17-photos",
)
OVERFITTING, REGULARISED = "2-deeper", "4-regularised"


def read_run(folder: Path) -> Run:
    """Read a run folder.

    Raises:
        DataError: it lacks a file, was scored on another split than PublicTest, or not by the protocols of the road.
    """
    path, env = folder / "metrics.json", folder / "env.json"
    history = read_history(folder / "history.csv")
    if not path.is_file() or not env.is_file() or not history:
        raise DataError(
            f"{folder} is no completed run: expected history.csv, env.json and metrics.json; run 'mien train RECIPE'"
        )
    recipe = tomllib.loads((folder / "recipe.toml").read_text(encoding="utf-8"))
    known = recipe_files().get(folder.name)
    run = Run(
        name=folder.name,
        epochs=recipe["epochs"] if known is None else read_recipe(known).epochs,
        history=history,
        metrics=json.loads(path.read_text(encoding="utf-8")),
        env=json.loads(env.read_text(encoding="utf-8")),
        recipe=recipe,
    )
    missing = {"seven", "fer"} - set(protocols_of(run.metrics))
    if missing or run.metrics["split"] != "valid":
        raise DataError(f"{path} lacks PublicTest under seven and fer; run 'mien evaluate' without --protocol")
    return run


def side_by_side(runs: Sequence[Run]) -> bytes:
    """Return a PNG of the learning curves of several runs, next to each other, accuracies on one scale."""
    figures = [curves_figure(run.history) for run in runs]
    accuracies = [figure.axes[1] for figure in figures]
    low, high = zip(*(axis.get_ylim() for axis in accuracies), strict=True)
    for axis in accuracies:
        axis.set_ylim(min(low), max(high))
        axis.set_title(axis.get_title("left"), loc="left", fontsize=11, weight="bold")
    pictures = [_raster(run.name, figure) for run, figure in zip(runs, figures, strict=True)]
    out = io.BytesIO()
    Pillow.fromarray(np.hstack(pictures)).save(out, "PNG", optimize=True)
    return out.getvalue()


def _raster(title: str, figure: Figure) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return a figure as (H, W, 3) uint8 RGB, under a title, small enough to stand beside another."""
    figure.set_size_inches(7.4, 3.9)
    figure.suptitle(title, weight="bold", fontsize=15)
    return np.asarray(Pillow.open(io.BytesIO(to_png(figure))).convert("RGB"))


def pictures(runs: Sequence[Run], alike: Alike) -> dict[str, bytes]:
    """Return file name -> PNG."""
    by_name = {run.name: run for run in runs}
    missing = {OVERFITTING, REGULARISED} - set(by_name)
    if missing:
        raise DataError(f"the page compares {OVERFITTING} and {REGULARISED}; got {', '.join(by_name)}")
    last = alike["runs"][-1]
    blocks: dict[str, Scores] = {REGULARISED: by_name[REGULARISED].block("seven"), last["name"]: last["all"]}
    panels = {
        confusion_title(name, block): (np.array(block["confusion"]), list(block["per_class"]))
        for name, block in blocks.items()
    }
    return {
        "road-ladder.png": to_png(ladder_figure({run.name: run.history for run in runs if run.name in CLAIMS})),
        "road-curves.png": side_by_side([by_name[OVERFITTING], by_name[REGULARISED]]),
        "road-confusion.png": to_png(confusion_figure(panels)),
    }


def parts(runs: Sequence[Run], alike: Alike, packaged_sha256: str) -> dict[str, str]:
    """Return mark -> table."""
    scored_alike = {run["name"] for run in alike["runs"]}
    earlier = [run for run in runs if run.name not in scored_alike]
    return {
        "road-rungs": road_tables.rungs(earlier),
        "road-steps": road_tables.steps(alike),
        "road-choice": road_tables.choice(alike),
        "road-trained": road_tables.trained(runs),
        "road-fit": road_tables.fit(runs),
        "road-f1": road_tables.f1(earlier, alike),
        "road-made": road_tables.made(earlier, alike, packaged_sha256),
    }


def read_alike(path: Path, runs: Sequence[Run]) -> Mapping[str, Any]:
    """Read the document of like_for_like.py.

    Raises:
        DataError: it scores a net that is none of the runs.
    """
    alike = json.loads(path.read_text(encoding="utf-8"))
    unknown = [run["name"] for run in alike["runs"] if run["name"] not in {run.name for run in runs}]
    if unknown:
        raise DataError(f"{path} scores {unknown[0]}, which is none of {', '.join(run.name for run in runs)}")
    return alike


def main() -> None:
    """Write the pictures and fill the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="*", default=[ROOT / "docs" / "runs" / name for name in RUNS])
    parser.add_argument("--alike", type=Path, default=OUT, help="the document of like_for_like.py")
    parser.add_argument("--page", type=Path, action="append", help="a page to fill (default docs/ROAD.md)")
    parser.add_argument("--images", type=Path, default=ROOT / "docs" / "images", help="where the pictures go")
    given = parser.parse_args()
    runs = [read_run(folder) for folder in given.runs]
    alike = read_alike(given.alike, runs)
    for name, content in pictures(runs, alike).items():
        write_whole(given.images / name, content)
    for page in given.page or [ROOT / "docs" / "ROAD.md"]:
        fill(page, parts(runs, alike, Classifier(default_model()).sha256))


if __name__ == "__main__":
    main()
