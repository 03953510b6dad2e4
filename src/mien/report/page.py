"""One self-contained HTML page of a run folder: scores, curves, confusion, recipe and environment.

No script, no font and no picture from elsewhere: the page can be mailed, archived and read without a network.
"""

from __future__ import annotations

import base64
import csv
import json
import math
from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from mien.core.errors import DataError
from mien.core.files import write_whole
from mien.report.files import confusion_title, protocols_of
from mien.report.plots import confusion_figure, curves_figure, to_png
from mien.report.robustness import score_rows

MEANING = {
    "seven": "what most taggers chose; contempt counts as neutral",
    "majority": "what more than half of the taggers chose, eight emotions (FER+'s own rule)",
    "fer": "the original labels of FER2013, which are noisy",
}
SPLITS = {"train": "Training", "valid": "PublicTest", "test": "PrivateTest"}


def write_page(run_dir: Path) -> Path:
    """Write ``report.html`` of a run folder, and draw its ``curves.png`` afresh; return the page's path.

    What the folder does not hold yet is left out, so that the page can be looked at while training goes on.

    Raises:
        DataError: the folder holds no run, or a file in it cannot be read.
    """
    if not (run_dir / "recipe.toml").is_file():
        raise DataError(f"{run_dir} holds no run: expected recipe.toml in it; make one with 'mien train RECIPE'")
    history = read_history(run_dir / "history.csv")
    metrics = _read_json(run_dir / "metrics.json")
    if history:
        write_curves(run_dir)
    sections = [
        _scores(metrics),
        _section("Learning curves", _wide_picture(run_dir / "curves.png", "loss and accuracy by epoch")),
        _classes(metrics),
        _section("Calibration", _wide_picture(run_dir / "reliability.png", "claimed against true accuracy")),
        _robustness(metrics, run_dir),
        _section("Recipe", f"<pre>{escape(_read_text(run_dir / 'recipe.toml').strip())}</pre>"),
        _section("Environment", _pairs(_read_json(run_dir / "env.json"))),
    ]
    template = Template(resources.files("mien.report").joinpath("page.html").read_text(encoding="utf-8"))
    name = run_dir.resolve().name
    summary = _summary(run_dir, history, metrics)
    page = template.substitute(title=escape(name), summary=escape(summary), sections="\n".join(filter(None, sections)))
    write_whole(run_dir / "report.html", page.encode())
    return run_dir / "report.html"


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


def _scores(metrics: dict[str, Any]) -> str:
    """Return the table of headline figures, two rows a protocol."""
    if not metrics:
        return _section("Scores", "<p>Not scored yet: <code>mien evaluate</code> writes metrics.json.</p>")
    rows: list[list[str]] = []
    for name, blocks in protocols_of(metrics).items():
        for kind in ("all", "clean"):
            rows.append([f"<b>{escape(name)}</b>, {kind}", *_figures(blocks[kind])])
    head = ["protocol, faces", "n", "accuracy", "95 %", "macro F1", "balanced", "ECE", "ECE raw", "JSD"]
    known = [f"<b>{name}</b>: {MEANING[name]}" for name in protocols_of(metrics) if name in MEANING]
    split = metrics["split"]
    return _section(
        "Scores",
        f"<p>Of model.onnx, on {SPLITS.get(split, '')} (<code>{escape(split)}</code>).</p>{_table(head, rows)}"
        f"<p class=note>Clean faces have no near twin in the training data. {'; '.join(known)}. ECE: how far claimed "
        "and true accuracy differ, raw without the temperature. JSD: distance to the taggers' votes, in nats.</p>",
    )


def _figures(block: dict[str, Any]) -> list[str]:
    """Return the cells of one block."""
    if not block["n"]:
        return ["0", *[""] * 7]
    low, high = block["interval"]
    return [
        f"{block['n']:,}",
        f"<b>{_percent(block['accuracy'])}</b>",
        f"{100 * low:.1f} to {100 * high:.1f}",
        f"{block['macro_f1']:.3f}",
        _percent(block["balanced_accuracy"]),
        f"{block['ece']:.3f}",
        f"{block['ece_raw']:.3f}",
        "" if block["jsd"] is None else f"{block['jsd']:.3f}",
    ]


def _classes(metrics: dict[str, Any]) -> str:
    """Return the confusion matrix and the scores of each class, by protocol, over all faces."""
    parts: list[str] = []
    for name, blocks in protocols_of(metrics).items() if metrics else ():
        block = blocks["all"]
        panel = {confusion_title(name, block): (np.array(block["confusion"]), list(block["per_class"]))}
        rows = [
            [
                escape(label),
                f"{row['precision']:.3f}",
                f"{row['recall']:.3f}",
                f"{row['f1']:.3f}",
                f"{row['support']:,}",
            ]
            for label, row in block["per_class"].items()
        ]
        table = _table(["emotion", "precision", "recall", "F1", "faces"], rows)
        picture = _picture(to_png(confusion_figure(panel)), f"confusion matrix under {name}")
        parts.append(f"<div class=pair>{picture}{table}</div>")
    return _section("Emotions", "".join(parts))


def _robustness(metrics: dict[str, Any], run_dir: Path) -> str:
    """Return the accuracies under corruption, a row a corruption and a column a protocol; nothing if not measured."""
    if "robustness" not in metrics:
        return ""
    blocks = metrics["robustness"]
    head = ["all faces", *(f"{escape(name)}, {block['n']:,} faces" for name, block in blocks.items())]
    picture = _wide_picture(run_dir / "robustness.png", "accuracy under each corruption, with an example of each")
    return _section("Robustness", f"{picture}{_table(head, score_rows(blocks))}")


def _summary(run_dir: Path, history: Sequence[dict[str, float]], metrics: dict[str, Any]) -> str:
    """Return one line on the run: epochs, time, the file that ships."""
    parts: list[str] = []
    if history:
        minutes = sum(row["seconds"] for row in history if math.isfinite(row["seconds"])) / 60
        spent = f"{minutes / 60:.1f} h" if minutes >= 90 else f"{minutes:.0f} min" if minutes >= 1 else "under a minute"
        parts.append(f"{len(history)} epochs in {spent}")
    if (run_dir / "model.onnx").is_file():
        parts.append(f"model.onnx {(run_dir / 'model.onnx').stat().st_size / 1e6:.1f} MB")
    if metrics:
        parts.append(f"sha256 {metrics['sha256'][:12]}…")
    return " · ".join(parts)


def _percent(share: float) -> str:
    """Return a share as text."""
    return f"{100 * share:.1f} %"


def _section(title: str, content: str) -> str:
    """Return a section, or nothing when it has no content."""
    return f"<section><h2>{title}</h2>{content}</section>" if content else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table that scrolls sideways on a narrow screen; its cells are HTML."""
    top = "".join(f"<th scope=col>{cell}</th>" for cell in head)
    body = "".join(
        f"<tr><th scope=row>{row[0]}</th>" + "".join(f"<td>{cell}</td>" for cell in row[1:]) + "</tr>" for row in rows
    )
    return f"<div class=wide><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"


def _pairs(values: dict[str, Any]) -> str:
    """Return a list of names and values; a value that holds others is written on one line."""

    def shown(value: Any) -> str:
        return ", ".join(f"{key} {shown(one)}" for key, one in value.items()) if isinstance(value, dict) else str(value)

    items = "".join(f"<dt>{escape(key)}</dt><dd>{escape(shown(value))}</dd>" for key, value in values.items())
    return f"<dl>{items}</dl>" if items else ""


def _picture(png: bytes, says: str) -> str:
    """Return a PNG as an inlined picture."""
    return f'<img alt="{escape(says)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def _wide_picture(path: Path, says: str) -> str:
    """Return a picture of the folder that scrolls sideways on a narrow screen, nothing where it is missing."""
    return f"<div class=wide>{_picture(path.read_bytes(), says)}</div>" if path.is_file() else ""


def _read_text(path: Path) -> str:
    """Return a text file of the folder, empty where it is missing."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _read_json(path: Path) -> dict[str, Any]:
    """Return an object of the folder, empty where it is missing."""
    try:
        return json.loads(_read_text(path) or "{}")
    except ValueError as error:
        raise DataError(f"{path} is not JSON ({error}); write it again") from error
