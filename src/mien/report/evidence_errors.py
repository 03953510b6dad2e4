"""The sections of a report on models that tell where the first errs: emotions, confidence, people, faces."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from mien.core import metrics
from mien.core.emotions import EIGHT, to_seven
from mien.evaluation.ensemble import normalised
from mien.evaluation.evidence import ModelEvidence, SetEvidence
from mien.evaluation.group_words import HEADS, gap_sentences, group_rows
from mien.report.doubtful import Doubtful, png
from mien.report.evidence_plots import drawn
from mien.report.files import confusion_title, reliability_lines
from mien.report.headline import percent
from mien.report.markup import picture, section, table
from mien.report.plots import confusion_figure, reliability_figure
from mien.report.sections import class_table
from mien.report.tradeoffs import coverage_figure

SHOWN = 18
"""Faces shown of each kind that is doubtful."""

VOTE_BOUNDS = (0.9, 0.7, 0.5, 0.0)
"""Shares of the votes for the label at which the rows of ``where_people_disagree`` begin."""


def emotions(first: ModelEvidence) -> str:
    """Return the confusion in shares and in counts, and the scores of each emotion, by data set."""
    parts: list[str] = []
    for one in first.sets:
        matrix, names = np.array(one.row["confusion"]), list(one.row["per_class"])
        title = confusion_title(one.row["source"], one.row)
        matrices = drawn(confusion_figure({title: (matrix, names)}), f"confusion on {one.row['source']}")
        counts = table(
            ["true, faces called", *names],
            [[label, *(f"{count:,}" for count in line)] for label, line in zip(names, matrix.tolist(), strict=True)],
        )
        parts.append(f"<div class=pair>{matrices}{class_table(one.row)}</div><h3>In faces</h3>{counts}")
    return section("Which emotions it takes for which", "".join(parts))


def sureness(first: ModelEvidence) -> str:
    """Return reliability and coverage, by data set."""
    prior, parts = first.heading["prior"], list[str]()
    for one in first.sets:
        lines = reliability_figure({one.row["source"]: reliability_lines(one.view, prior)})
        kept = coverage_figure(one.curve, one.block)
        says = one.row["source"]
        parts.append(
            f"<div class='pair two'>{drawn(lines, f'claimed and true accuracy on {says}')}"
            f"{drawn(kept, f'accuracy over the share kept on {says}')}</div>"
        )
    text = (
        "How often it is right by how confident it is, on the diagonal where confidence is honest; and how often it is "
        "right on the faces that remain when the least confident are set aside."
    )
    return section("Whether it knows when it is wrong", f"<p>{text}</p>{''.join(parts)}")


def groups(first: ModelEvidence) -> str:
    """Return the figures by group, and whether groups differ by more than luck; nothing if none were given."""
    parts = [
        f"<h3>By {escape(one['column'])}, {one['n']:,} faces of {escape(one['source'])}</h3>"
        + table(list(HEADS), [[escape(row[0]), *row[1:]] for row in group_rows(one)])
        for one in first.groups
    ]
    said = "".join(f"<li>{escape(sentence)}</li>" for sentence in gap_sentences(first.groups))
    text = (
        "<p>Of each figure the two groups are compared that lie furthest apart for their size.</p>"
        f"<ul>{said}</ul><p class=note>Shares in % with 95 % intervals. Adjusted is the accuracy that a group "
        "would have if it showed each emotion as often as all faces do; certain is the share of faces that are not "
        "uncertain, right the accuracy on these.</p>"
    )
    return section("On whom it errs", text + "".join(parts)) if parts else ""


def where_people_disagree(first: ModelEvidence) -> str:
    """Return accuracy and divergence from the votes by how far people agreed, by data set."""
    rows: list[list[str]] = []
    for one in first.sets:
        shares = normalised(to_seven(one.faces.votes[:, : len(EIGHT)].astype(np.float64)))
        top = shares[np.arange(len(shares)), one.view.truth]
        high = np.inf
        for low in VOTE_BOUNDS:
            here = (top >= low) & (top < high)
            if here.any():
                rows.append(
                    [f"{one.row['source']}, {_range(low, high)}", *_agreement(one, here, float(top[here].mean()))]
                )
            high = low
    head = ["votes for the label", "faces", "mean share of votes", "right", "mean share it gives the label", "JSD"]
    return section(
        "Where people disagree",
        "<p>A model that does as people do gives the label about the share of the votes that it has.</p>"
        + table(head, rows),
    )


def _range(low: float, high: float) -> str:
    return f"{100 * low:.0f} % and more" if high == np.inf else f"{100 * low:.0f} to {100 * high:.0f} %"


def _agreement(one: SetEvidence, here: np.ndarray, votes: float) -> list[str]:
    truth, probs = one.view.truth[here], one.view.probs[here]
    distance = one.view.distance[here]
    return [
        f"{here.sum():,}",
        percent(votes),
        percent(metrics.accuracy(truth, probs.argmax(axis=1))),
        percent(float(probs[np.arange(len(truth)), truth].mean())),
        "" if np.isnan(distance).all() else f"{np.nanmean(distance):.3f}",
    ]


def mistakes(found: Sequence[Doubtful], file: str, with_faces: bool) -> str:
    """Return the most confident wrong predictions, and labels that look wrong, as pictures; ``file`` holds all."""
    kinds = {
        "People agree, and it predicts something else": [one for one in found if not one.doubts_label],
        "People are divided, and it predicts something else: labels that look wrong": [
            one for one in found if one.doubts_label
        ],
    }
    parts = [
        f"<h3>{title} ({len(faces):,})</h3>{_faces(faces) if with_faces else _named(faces)}"
        for title, faces in kinds.items()
        if faces
    ]
    text = (
        "Under each face stand its label, with the share of the votes for it, and in bold the prediction, with its "
        f"confidence. The most confident come first; all {len(found):,} stand in <code>{escape(file)}</code>, to be "
        "looked at and relabelled."
    )
    return section("What it gets most wrong", f"<p>{text}</p>{''.join(parts)}")


def _faces(found: Sequence[Doubtful]) -> str:
    shown = [f"<figure>{picture(png(one.image), one.file)}{_caption(one)}</figure>" for one in found[:SHOWN]]
    return f"<div class=faces>{''.join(shown)}</div>"


def _caption(one: Doubtful) -> str:
    label, prediction = (f"{100 * share:.0f}&nbsp;%" for share in (one.votes_for_label, one.confidence))
    return f"<figcaption>{one.label} {label}<br><b>{one.prediction} {prediction}</b></figcaption>"


def _named(found: Sequence[Doubtful]) -> str:
    rows = [
        [escape(f"{one.source} {one.file}"), one.label, one.prediction, percent(one.confidence)]
        for one in found[:SHOWN]
    ]
    return table(["face", "label", "prediction", "confidence"], rows)
