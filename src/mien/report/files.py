"""The files that a report leaves: metrics.json, predictions.csv and its pictures.

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

from mien.core.files import write_whole
from mien.core.metrics import calibration
from mien.core.protocols import UNCOUNTED
from mien.report.evaluate import DIGITS, Report
from mien.report.plots import confusion_figure, reliability_figure, robustness_figure, to_png
from mien.report.robustness import examples


def write_report(report: Report, out: Path) -> list[str]:
    """Write ``metrics.json``, ``predictions.csv``, ``confusion.png`` and ``reliability.png``; return the names written.

    Where the report holds accuracies under corruption, ``robustness.png`` too. The folder is made if need be; each file
    appears whole or not at all. The pictures show all counted faces.
    """
    out.mkdir(parents=True, exist_ok=True)
    panels, lines = {}, {}
    for name, view in report.views.items():
        block = protocols_of(report.document)[name]["all"]
        panels[confusion_title(name, block)] = (np.array(block["confusion"]), view.classes)
        counted = view.truth != UNCOUNTED
        kinds = {"without temperature": view.raw, "as shipped": view.probs}
        lines[name] = {kind: calibration(view.truth[counted], probs[counted]) for kind, probs in kinds.items()}
    files = {
        "predictions.csv": _predictions(report).encode(),
        "confusion.png": to_png(confusion_figure(panels)),
        "reliability.png": to_png(reliability_figure(lines)),
    }
    if "robustness" in report.document:
        files["robustness.png"] = _robustness(report.document["robustness"])
    files["metrics.json"] = (json.dumps(report.document, indent=1) + "\n").encode()
    for name, content in files.items():
        write_whole(out / name, content)
    return list(files)


def protocols_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return protocol -> {"all": ..., "clean": ...} of a ``metrics.json`` of either layout."""
    return document["protocols"] if "protocols" in document else {document["protocol"]: document}


def confusion_title(protocol: str, block: dict[str, Any]) -> str:
    """Return the title of a confusion matrix: protocol, accuracy and number of faces."""
    return f"{protocol}: {100 * block['accuracy']:.1f} % of {block['n']:,} faces"


def _robustness(blocks: dict[str, Any]) -> bytes:
    """Return the picture of the block "robustness" of ``metrics.json``, as PNG."""
    lines: dict[str, list[float]] = {}
    for name, block in blocks.items():
        share = "" if block["share"] is None else f", {100 * block['share']:.1f} % of the original"
        line = f"{name}, {block['n']:,} faces: mean of the corruptions {100 * block['mean']:.1f} %{share}"
        lines[line] = [block["accuracy"], *block["corruptions"].values()]
    return to_png(robustness_figure(examples(), lines))


def _predictions(report: Report) -> str:
    """Return a line a face: its row, whether it is clean, truth and prediction by protocol, the model's answers."""
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
