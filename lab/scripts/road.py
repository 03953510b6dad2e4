"""Writes the tables and pictures of docs/ROAD.md from the run folders: what each step of the road bought.

    python lab/scripts/road.py [RUN ...] [--page FILE ...] [--images FOLDER]

A run is a folder of ``mien train`` with recipe.toml, history.csv and metrics.json (scored on PublicTest). The runs come
in the order of the road and the last is the shipped model. Any page may hold any of the tables, between marks:
road-steps, road-fit, road-f1, road-made.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image as Pillow

from docpage import ROOT, fill, table
from mien.core.errors import DataError
from mien.core.output import write_whole
from mien.core.packaged import default_model
from mien.evaluation.scores import protocols_of
from mien.inference.classifier import Classifier
from mien.report.files import confusion_title
from mien.report.page import read_history
from mien.report.plots import History, best_epoch, confusion_figure, curves_figure, ladder_figure, to_png

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
CLAIMS = {
    "1-baseline": ("57.5 %", ""),
    "2-deeper": ("", "+14"),
    "3-augmented": ("", "+7"),
    "4-regularised": ("84 %", ""),
}
"""Run -> accuracy and points over the step before, as the published project claims them."""

CLAIMED_F1 = {"4-regularised": "0.80"}


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder as it was read.

    Attributes:
        name: the folder's.
        history: a row an epoch.
        metrics: the content of ``metrics.json``.
    """

    name: str
    history: History
    metrics: dict[str, Any]

    def block(self, protocol: str, kind: str = "all") -> dict[str, Any]:
        """Return the scores under a protocol, on "all" faces or the "clean" ones."""
        return protocols_of(self.metrics)[protocol][kind]


def read_run(folder: Path) -> Run:
    """Read a run folder.

    Raises:
        DataError: it lacks a file, was scored on another split than PublicTest, or not by the protocols of the road.
    """
    path = folder / "metrics.json"
    history = read_history(folder / "history.csv")
    if not path.is_file() or not history:
        raise DataError(f"{folder} is no finished run: expected history.csv and metrics.json; run 'mien train RECIPE'")
    run = Run(folder.name, history, json.loads(path.read_text(encoding="utf-8")))
    missing = {"seven", "fer"} - set(protocols_of(run.metrics))
    if missing or run.metrics["split"] != "valid":
        raise DataError(f"{path} lacks PublicTest under seven and fer; run 'mien evaluate' without --protocol")
    return run


def steps(runs: Sequence[Run]) -> str:
    """Return the table of what each step bought, beside what was claimed."""
    head = ["run", "epochs", "hours", "claimed", "step", "`seven`, all", "step", "clean", "step"]
    head += ["macro-F1 (claimed)", "`fer`, all", "clean"]
    rows: list[list[str]] = []
    for before, run in zip([None, *runs], runs, strict=False):
        seven, clean = run.block("seven"), run.block("seven", "clean")
        low, high = seven["interval"]
        claimed_f1 = f" ({CLAIMED_F1[run.name]})" if run.name in CLAIMED_F1 else ""
        rows.append(
            [
                f"`{run.name}`",
                str(len(run.history)),
                # Some epochs were paused for hours.
                f"{len(run.history) * median(row['seconds'] for row in run.history) / 3600:.1f}",
                *CLAIMS.get(run.name, ("", "")),
                f"**{_percent(seven)}** [{100 * low:.1f}, {100 * high:.1f}]",
                gain(seven, before and before.block("seven")),
                _percent(clean),
                gain(clean, before and before.block("seven", "clean")),
                f"{seven['macro_f1']:.2f}{claimed_f1}",
                _percent(run.block("fer")),
                _percent(run.block("fer", "clean")),
            ]
        )
    return table(head, rows)


def gain(block: dict[str, Any], before: dict[str, Any] | None) -> str:
    """Return the points of accuracy over the step before, with their sign; nothing for the first step."""
    return f"{100 * (block['accuracy'] - before['accuracy']):+.1f}" if before else ""


def fit(runs: Sequence[Run]) -> str:
    """Return the table that tells overfitting: how far the last epoch is from the best one, and from training."""
    head = ["run", "training accuracy", "validation accuracy", "best (epoch)", "validation loss", "least (epoch)"]
    rows: list[list[str]] = []
    for run in runs:
        last = run.history[-1]
        best = best_epoch(run.history)
        least = min(run.history, key=lambda row: row["val_loss"])
        rows.append(
            [
                f"`{run.name}`",
                f"{100 * last['accuracy']:.1f}",
                f"{100 * last['val_accuracy']:.1f}",
                f"{100 * best['val_accuracy']:.1f} ({best['epoch']:.0f})",
                f"{last['val_loss']:.3f}",
                f"{least['val_loss']:.3f} ({least['epoch']:.0f})",
            ]
        )
    return table(head, rows)


def f1(runs: Sequence[Run]) -> str:
    """Return the table of F1 a class under ``seven``, a column a run."""
    classes = [run.block("seven")["per_class"] for run in runs]
    rows = [
        [name, f"{row['support']:,}", *(f"{scores[name]['f1']:.2f}" for scores in classes)]
        for name, row in classes[0].items()
    ]
    return table(["emotion", "faces", *(f"`{run.name}`" for run in runs)], rows)


def made(runs: Sequence[Run], packaged_sha256: str) -> str:
    """Return where the figures come from: how many faces, which files, and whether the last one is the packaged one."""
    counts = {f"{run.block('seven')['n']:,}, {run.block('seven', 'clean')['n']:,} of them clean" for run in runs}
    last = runs[-1]
    same = "the packaged file" if last.metrics["sha256"] == packaged_sha256 else "not the packaged file"
    return "\n".join(
        [
            f"PublicTest, faces under `seven`: {'; '.join(sorted(counts))}.",
            "Written by `python lab/scripts/road.py` from the run folders in `docs/runs`; the models scored there:",
            "",
            *(f"- `{run.name}`: sha256 `{run.metrics['sha256'][:16]}`" for run in runs[:-1]),
            f"- `{last.name}`: sha256 `{last.metrics['sha256'][:16]}`, {same} (`{packaged_sha256[:16]}`)",
        ]
    )


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


def pictures(runs: Sequence[Run]) -> dict[str, bytes]:
    """Return file name -> PNG."""
    by_name = {run.name: run for run in runs}
    missing = {OVERFITTING, REGULARISED} - set(by_name)
    if missing:
        raise DataError(f"the page compares {OVERFITTING} and {REGULARISED}; got {', '.join(by_name)}")
    panels = {
        confusion_title(run.name, block): (np.array(block["confusion"]), list(block["per_class"]))
        for run, block in ((run, run.block("seven")) for run in (by_name[REGULARISED], runs[-1]))
    }
    return {
        "road-ladder.png": to_png(ladder_figure({run.name: run.history for run in runs if run.name in CLAIMS})),
        "road-curves.png": side_by_side([by_name[OVERFITTING], by_name[REGULARISED]]),
        "road-confusion.png": to_png(confusion_figure(panels)),
    }


def _percent(block: dict[str, Any]) -> str:
    """Return the accuracy of a block in percent."""
    return f"{100 * block['accuracy']:.1f}"


def main() -> None:
    """Write the pictures and fill the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="*", default=[ROOT / "docs" / "runs" / name for name in RUNS])
    parser.add_argument("--page", type=Path, action="append", help="a page to fill (default docs/ROAD.md)")
    parser.add_argument("--images", type=Path, default=ROOT / "docs" / "images", help="where the pictures go")
    given = parser.parse_args()
    runs = [read_run(folder) for folder in given.runs]
    for name, content in pictures(runs).items():
        write_whole(given.images / name, content)
    sha256 = Classifier(default_model()).sha256
    parts = {"steps": steps(runs), "fit": fit(runs), "f1": f1(runs), "made": made(runs, sha256)}
    for page in given.page or [ROOT / "docs" / "ROAD.md"]:
        fill(page, {f"road-{name}": part for name, part in parts.items()})


if __name__ == "__main__":
    main()
