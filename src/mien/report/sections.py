"""The sections of a run's page with its scores, from the content of ``metrics.json``; empty if that has none."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Literal

import numpy as np

from mien.evaluation.document import Metrics, NoScores, PhotosBlock, Scores, any_face, protocols_of
from mien.evaluation.photos import photo_rows
from mien.evaluation.robustness import score_rows
from mien.report.files import confusion_title, photos_figure
from mien.report.headline import headline, is_published, percent, scored_on
from mien.report.markup import picture, section, table, wide_picture
from mien.report.plots import confusion_figure, to_png

MEANING = {
    "seven": "what most taggers chose; contempt counts as neutral",
    "majority": "what more than half of the taggers chose, eight emotions (FER+'s own rule)",
    "fer": "the original labels of FER2013, which are noisy",
}

OWN_MEANING = {
    "seven": "what most votes are for, or the one label; contempt counts as neutral",
    "majority": "what more than half of the votes are for, or the one label, eight emotions",
    "fer": "the one label that a face came with, seven emotions",
}
"""The same for faces of other data sets."""


FigureName = Literal["ece", "ece_weighted", "ece_raw", "jsd"]

NOT_SCORED = section("Scores", "<p>Not scored yet: <code>mien evaluate</code> writes metrics.json.</p>")


def scores(metrics: Metrics) -> str:
    """Return the table of headline figures, two rows a protocol."""
    rows: list[list[str]] = []
    for name, blocks in protocols_of(metrics).items():
        for kind, block in (("all", blocks["all"]), ("clean", blocks["clean"])):
            rows.append([f"<b>{escape(name)}</b>, {kind}", *figures(block, ("ece", "ece_weighted", "ece_raw", "jsd"))])
    head = ["protocol, faces", "n", "accuracy", "95 %", "macro F1", "balanced", "ECE", "weighted", "raw", "JSD"]
    meaning = MEANING if is_published(metrics) else OWN_MEANING
    known = [f"<b>{name}</b>: {meaning[name]}" for name in protocols_of(metrics) if name in meaning]
    return section(
        "Scores",
        f"<p>Of {escape(metrics['model'])}, on {escape(scored_on(metrics))} "
        f"(<code>{escape(metrics['split'])}</code>).</p>"
        f"{table(head, rows)}"
        f"<p class=note>Clean faces have no near-duplicate in the training data. {'; '.join(known)}. ECE: how far "
        "claimed and true accuracy differ; weighted for the prior at which the scores were taken, raw without the "
        "temperature. JSD: distance to the votes, in nats.</p>",
    )


def figures(block: Scores | NoScores, keys: Sequence[FigureName]) -> list[str]:
    """Return the cells of one block: faces, accuracy and its interval, macro F1, mean recall, and what keys name."""
    if not any_face(block):
        return ["0", *[""] * (4 + len(keys))]
    low, high = block["interval"]
    return [
        f"{block['n']:,}",
        f"<b>{percent(block['accuracy'])}</b>",
        f"{100 * low:.1f} to {100 * high:.1f}",
        f"{block['macro_f1']:.3f}",
        percent(block["balanced_accuracy"]),
        *("" if block[key] is None else f"{block[key]:.3f}" for key in keys),
    ]


def in_short(metrics: Metrics) -> str:
    """Return the table that ``mien evaluate`` prints last."""
    rows = [[escape(cell) for cell in (row.measure, row.value or "-", row.on)] for row in headline(metrics)]
    return section("In short", f"<div class=words>{table(['', '', 'on what, or how to get it'], rows)}</div>")


def uncertainty(metrics: Metrics, run_dir: Path) -> str:
    """Return the accuracy of the certain faces, with the coverage curve."""
    if "coverage" not in metrics:
        return ""
    block = metrics["coverage"]
    drawn = wide_picture(run_dir / "coverage.png", "accuracy over the share of faces kept")
    text = "Faces are kept from the surest down; the curve says how many of those kept are right."
    if block["accuracy"] is not None and block["kept"] is not None:
        text += (
            f" This file calls a face uncertain when its confidence is below {block['uncertain_below']:.3f}. That "
            f"sets {percent(1 - block['kept'])} of these faces aside, and the rest are right in "
            f"{percent(block['accuracy'])} of cases."
        )
    return section("Uncertainty", f"<p>{text}</p>{drawn}")


def prior(metrics: Metrics, run_dir: Path) -> str:
    """Return the scores by prior."""
    if "prior_sweep" not in metrics:
        return ""
    head = ["prior", "accuracy", "balanced accuracy", "macro F1", "ECE weighted"]
    rows = [
        [
            f"<b>{row['prior']:g}</b>" if row["prior"] == metrics["prior"] else f"{row['prior']:g}",
            percent(row["accuracy"]),
            percent(row["balanced_accuracy"]),
            f"{row['macro_f1']:.3f}",
            f"{row['ece_weighted']:.3f}",
        ]
        for row in metrics["prior_sweep"]["rows"]
    ]
    common = "Most faces of FER+ are neutral or happy" if is_published(metrics) else "Some emotions are rare"
    drawn = wide_picture(run_dir / "prior.png", "accuracy, balanced accuracy and macro F1 by prior")
    return section(
        "Prior",
        f"<p>{common}, and a net learns to expect that. Dividing its probabilities by how common each emotion was in "
        "training, to a power from 0 to 1, the prior, makes it name the rare ones more often. All "
        f"scores on this page were taken at {metrics['prior']:g}; these are <b>seven</b>, all faces.</p>"
        f"{drawn}{table(head, rows)}",
    )


def photos(metrics: Metrics) -> str:
    """Return the scores of detector, crop and net on photos, by prior and by emotion."""
    if "photos" not in metrics:
        return ""
    block = metrics["photos"]
    head = ["prior", "accuracy", "balanced", "macro F1", "called neutral"]
    drawn = picture(to_png(photos_figure(block)), "confusion matrix on photos")
    return section(
        "Photos",
        f"<p>Detector, crop and net on {block['n']:,} labelled faces in photos, of which the detector found "
        f"{block['found']:,}. A face that was not found counts as wrong.</p>{table(head, photo_rows(block))}"
        f"<div class=pair>{drawn}{class_table(block)}</div>",
    )


def emotions(metrics: Metrics) -> str:
    """Return the confusion matrix and the scores of each class, by protocol, over all faces."""
    parts: list[str] = []
    for name, blocks in protocols_of(metrics).items():
        block = blocks["all"]
        panel = {confusion_title(name, block): (np.array(block["confusion"]), list(block["per_class"]))}
        drawn = picture(to_png(confusion_figure(panel)), f"confusion matrix under {name}")
        parts.append(f"<div class=pair>{drawn}{class_table(block)}</div>")
    return section("Emotions", "".join(parts))


def class_table(block: Scores | PhotosBlock) -> str:
    """Return the scores of each class of a block; a class that no face has is given none."""
    rows = [
        [
            escape(label),
            *(f"{row[key]:.3f}" if row["support"] else "" for key in ("precision", "recall", "f1")),
            f"{row['support']:,}",
        ]
        for label, row in block["per_class"].items()
    ]
    return table(["emotion", "precision", "recall", "F1", "faces"], rows)


def robustness(metrics: Metrics, run_dir: Path) -> str:
    """Return the accuracies under corruption, a row a corruption and a column a protocol; nothing if not measured."""
    if "robustness" not in metrics:
        return ""
    blocks = metrics["robustness"]
    head = ["all faces", *(f"{escape(name)}, {block['n']:,} faces" for name, block in blocks.items())]
    drawn = wide_picture(run_dir / "robustness.png", "accuracy under each corruption, with an example of each")
    return section("Robustness", f"{drawn}{table(head, score_rows(blocks))}")
