"""The files that a report leaves: metrics.json, predictions.csv and two pictures.

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

from mien.core.metrics import calibration
from mien.core.protocols import UNCOUNTED
from mien.report.evaluate import DIGITS, Report
from mien.report.plots import confusion_figure, reliability_figure, to_png


def write_report(report: Report, out: Path) -> None:
    """Write ``metrics.json``, ``predictions.csv``, ``confusion.png`` and ``reliability.png``.

    The folder is made if need be; each file appears whole or not at all. The pictures show all counted faces.
    """
    out.mkdir(parents=True, exist_ok=True)
    panels, lines = {}, {}
    for name, view in report.views.items():
        block = protocols_of(report.document)[name]["all"]
        panels[confusion_title(name, block)] = (np.array(block["confusion"]), view.classes)
        counted = view.truth != UNCOUNTED
        kinds = {"without temperature": view.raw, "as shipped": view.probs}
        lines[name] = {kind: calibration(view.truth[counted], probs[counted]) for kind, probs in kinds.items()}
    write_whole(out / "confusion.png", to_png(confusion_figure(panels)))
    write_whole(out / "reliability.png", to_png(reliability_figure(lines)))
    write_whole(out / "predictions.csv", _predictions(report).encode())
    write_whole(out / "metrics.json", (json.dumps(report.document, indent=1) + "\n").encode())


def protocols_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return protocol -> {"all": ..., "clean": ...} of a ``metrics.json`` of either layout."""
    return document["protocols"] if "protocols" in document else {document["protocol"]: document}


def confusion_title(protocol: str, block: dict[str, Any]) -> str:
    """Return the title of a confusion matrix: protocol, accuracy and number of faces."""
    return f"{protocol}: {100 * block['accuracy']:.1f} % of {block['n']:,} faces"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it, so that nobody reads half of it."""
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(content)
    beside.replace(path)


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
