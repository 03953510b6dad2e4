"""The files of a report: metrics.json, predictions.csv and its pictures.

Raises:
    MissingExtra: on import, when matplotlib is not installed; import this before minutes of scoring.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from mien.core.metrics import Calibration, calibration
from mien.core.output import whole_files
from mien.core.protocols import UNCOUNTED
from mien.evaluation.coverage import coverage
from mien.evaluation.document import PhotosBlock, RobustnessBlock, Scores, protocols_of
from mien.evaluation.evaluate import Report
from mien.evaluation.robustness import examples
from mien.evaluation.scores import DIGITS, View
from mien.report.plots import Figure, confusion_figure, reliability_figure, robustness_figure, to_png
from mien.report.tradeoffs import coverage_figure, prior_figure
from mien.results.log import explained

REPORT_FILES = (
    "predictions.csv",
    "confusion.png",
    "reliability.png",
    "prior.png",
    "coverage.png",
    "robustness.png",
    "photos.png",
    "metrics.json",
)
"""All files of a report, in the order in which they are written."""


def write_report(report: Report, out: Path) -> list[str]:
    """Write ``metrics.json``, ``predictions.csv`` and the pictures of what was measured; return the names written.

    The pictures show all counted faces: ``confusion.png`` and ``reliability.png``; under ``seven`` ``prior.png`` and
    ``coverage.png``; if measured, ``robustness.png`` and ``photos.png``. The folder is made if it is missing.
    All files of an earlier report are replaced or removed.
    """
    document, views = report.document, report.views
    panels = {}
    for name, view in views.items():
        block = protocols_of(document)[name]["all"]
        panels[confusion_title(name, block)] = (np.array(block["confusion"]), view.classes)
    figures = {
        "confusion.png": confusion_figure(panels),
        "reliability.png": reliability_figure(
            {name: reliability_lines(view, document["prior"]) for name, view in views.items()}
        ),
    }
    if "prior_sweep" in document:
        figures["prior.png"] = prior_figure(document["prior_sweep"])
    if "coverage" in document:
        figures["coverage.png"] = coverage_figure(coverage(views["seven"]), document["coverage"])
    if "robustness" in document:
        figures["robustness.png"] = _robustness(document["robustness"])
    if "photos" in document:
        figures["photos.png"] = photos_figure(document["photos"])
    files = {"predictions.csv": _predictions(report).encode()}
    files |= {name: to_png(figure) for name, figure in figures.items()}
    files["metrics.json"] = (json.dumps(document, indent=1) + "\n").encode()
    with explained(out, resumable=False):
        out.mkdir(parents=True, exist_ok=True)
        with whole_files(out, REPORT_FILES) as beside:
            for name, content in files.items():
                (beside / name).write_bytes(content)
    return list(files)


def reliability_lines(view: View, prior: float) -> dict[str, Calibration]:
    """Return the lines of a reliability diagram, name to calibration.

    Before calibration the probabilities are those without the card's temperature. At a prior above 0 the probabilities
    are meant for faces among which rare emotions are more common, so the split is shown weighted for the prior too.
    """
    truth, probs = view.truth[view.counted], view.probs[view.counted]
    lines = {} if view.raw is None else {"before calibration": calibration(truth, view.raw[view.counted])}
    lines["as shipped"] = calibration(truth, probs)
    if prior > 0:
        lines["weighted for the prior"] = calibration(truth, probs, weights=view.weights[view.counted])
    return lines


def confusion_title(protocol: str, block: Scores | PhotosBlock) -> str:
    """Return the title of a confusion matrix: protocol, accuracy and number of faces."""
    return f"{protocol}: {100 * block['accuracy']:.1f} % of {block['n']:,} faces"


def photos_figure(block: PhotosBlock) -> Figure:
    """Draw the block "photos" of ``metrics.json``: its confusion matrix, with a column for faces not found."""
    title = confusion_title("photos", block)
    return confusion_figure({title: (np.array(block["confusion"]), (*block["per_class"], "not found"))})


def _robustness(blocks: dict[str, RobustnessBlock]) -> Figure:
    """Draw the block "robustness" of ``metrics.json``."""
    lines: dict[str, list[float]] = {}
    for name, block in blocks.items():
        share = "" if block["share"] is None else f", {100 * block['share']:.1f} % of the original"
        line = f"{name}, {block['n']:,} faces: mean of the corruptions {100 * block['mean']:.1f} %{share}"
        lines[line] = [block["accuracy"], *block["corruptions"].values()]
    return robustness_figure(examples(), lines)


def _predictions(report: Report) -> str:
    """Return a line a face: its row, whether it is clean, truth and prediction by protocol, and probabilities."""
    faces = report.split
    columns: dict[str, list[Any]] = {"row": faces.rows.tolist(), "clean": faces.clean.astype(int).tolist()}
    for name, view in report.views.items():
        columns[f"true_{name}"] = ["" if label == UNCOUNTED else view.classes[label] for label in view.truth]
        columns[f"predicted_{name}"] = [view.classes[label] for label in view.probs.argmax(axis=1)]
    for place, label in enumerate(report.labels):
        columns[f"p_{label}"] = [f"{p:.{DIGITS}f}" for p in report.probs[:, place]]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()
