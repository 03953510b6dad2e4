"""One self-contained HTML page of a run folder: scores, curves, confusion, recipe and environment.

No script, no font and no picture from elsewhere: the page can be mailed, archived and read without a network.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from mien.core.errors import DataError
from mien.core.output import write_whole
from mien.core.spelling import spelled
from mien.evaluation.document import Metrics
from mien.report import sections
from mien.report.markup import page, pairs, section, wide_picture
from mien.report.plots import curves_figure, to_png


def write_page(run_dir: Path) -> Path:
    """Write ``report.html`` of a run folder, and draw its ``curves.png`` afresh; return the page's path.

    What the folder does not hold yet is left out, so that the page can be viewed during training.

    Raises:
        DataError: the folder holds no run, or a file in it cannot be read.
    """
    if not (run_dir / "recipe.toml").is_file():
        raise DataError(f"{run_dir} holds no run: expected recipe.toml in it; make one with 'mien train RECIPE'")
    history = read_history(run_dir / "history.csv")
    metrics = _read_metrics(run_dir / "metrics.json")
    if history:
        write_curves(run_dir)
    parts = [
        *([sections.in_short(metrics), sections.scores(metrics)] if metrics else [sections.NOT_SCORED]),
        section("Learning curves", wide_picture(run_dir / "curves.png", "loss and accuracy by epoch")),
        *([sections.emotions(metrics)] if metrics else []),
        section("Calibration", wide_picture(run_dir / "reliability.png", "claimed against true accuracy")),
        *(_measured(metrics, run_dir) if metrics else []),
        section("Recipe", f"<pre>{escape(_read_text(run_dir / 'recipe.toml').strip())}</pre>"),
        section("Environment", pairs(_read_json(run_dir / "env.json"))),
    ]
    html = page(run_dir.resolve().name, _summary(run_dir, history, metrics), parts)
    write_whole(run_dir / "report.html", spelled(html).encode())
    return run_dir / "report.html"


def _measured(metrics: Metrics, run_dir: Path) -> list[str]:
    """Return the sections of what may have been measured beside the scores."""
    return [
        sections.uncertainty(metrics, run_dir),
        sections.prior(metrics, run_dir),
        sections.robustness(metrics, run_dir),
        sections.photos(metrics),
    ]


def write_curves(run_dir: Path) -> Path:
    """Draw ``history.csv`` of a run folder into ``curves.png``; return the picture's path."""
    path = run_dir / "curves.png"
    write_whole(path, to_png(curves_figure(read_history(run_dir / "history.csv"))))
    return path


def read_history(path: Path) -> list[dict[str, float]]:
    """Return the rows of a ``history.csv``, an epoch each; none where there is no file.

    Raises:
        DataError: a cell is not a number.
    """
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [{key: float(cell) for key, cell in row.items()} for row in csv.DictReader(file)]
    except (ValueError, TypeError) as error:
        raise DataError(f"{path} is not the history of a run ({error}); delete it and train again") from error


def _summary(run_dir: Path, history: Sequence[dict[str, float]], metrics: Metrics | None) -> str:
    """Return one line on the run: epochs, time, the file that ships."""
    parts: list[str] = []
    if history:
        minutes = sum(row["seconds"] for row in history if math.isfinite(row["seconds"])) / 60
        spent = f"{minutes / 60:.1f} h" if minutes >= 90 else f"{minutes:.0f} min" if minutes >= 1 else "under a minute"
        parts.append(f"{len(history)} epochs in {spent}")
    if (run_dir / "model.onnx").is_file():
        parts.append(f"model.onnx {(run_dir / 'model.onnx').stat().st_size / 1e6:.1f} MB")
    if metrics and metrics["sha256"]:
        parts.append(f"sha256 {metrics['sha256'][:12]}…")
    return " · ".join(parts)


def _read_text(path: Path) -> str:
    """Return a text file of the folder, empty where it is missing."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _read_metrics(path: Path) -> Metrics | None:
    """Return the scores of the run, None where it has not been scored."""
    metrics: Any = _read_json(path)
    if metrics and ("power" in metrics or "prior" not in metrics):
        raise DataError(f"{path} is of an older mien; score the model again with 'mien evaluate'")
    return metrics or None


def _read_json(path: Path) -> Mapping[str, object]:
    """Return an object of the folder, empty where it is missing."""
    try:
        return json.loads(_read_text(path) or "{}")
    except ValueError as error:
        raise DataError(f"{path} is not JSON ({error}); write it again") from error
