"""The sections of a report on models that tell what was tried on faces: corruptions, and maps of evidence."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from mien.draw.heat import heated
from mien.evaluation.evidence import ModelEvidence
from mien.evaluation.trials import Explained
from mien.imaging.corruptions import STRENGTHS
from mien.report.doubtful import png
from mien.report.evidence_plots import drawn, strengths_figure
from mien.report.headline import percent
from mien.report.markup import picture, section, table

SHOWN = 12
"""Faces shown with their maps."""


def corruptions(first: ModelEvidence) -> str:
    """Return what corruptions and hidden regions do, on the first data set; nothing if that was not measured."""
    if not first.corrupted:
        return ""
    found = first.corrupted
    whats = {corruption: what for corruption, (what, _) in STRENGTHS.items()}
    figure = strengths_figure(found.strengths, whats, found.untouched)
    rows = [[part, percent(right), f"{100 * (right - found.untouched):+.1f}"] for part, right in found.regions.items()]
    return section(
        "What bad pictures cost",
        f"<p>Accuracy on the first {found.n:,} faces of {escape(first.sets[0].row['source'])}, changed by five "
        f"strengths of each corruption, the weakest to the left; dotted, on the faces as they are "
        f"({percent(found.untouched)}).</p><div class=wide>{drawn(figure, 'accuracy at five strengths')}</div>"
        f"<h3>With a third of the face hidden</h3>{table(['hidden', 'right', 'points'], rows)}",
    )


def explained(first: ModelEvidence, with_faces: bool) -> str:
    """Return how well maps of evidence explain the model, and some of them; nothing if that was not measured."""
    if not first.explained:
        return ""
    deletion, insertion = np.mean([one.scores for one in first.explained], axis=0)
    text = (
        "<p><code>mien explain</code> shows which places of a face a prediction is read from. On the first "
        f"{len(first.explained)} faces of {escape(first.sets[0].row['source'])}: with the places of most evidence "
        f"hidden first, the prediction keeps {percent(deletion)} on average (deletion); with those shown first and the "
        f"rest hidden, it has {percent(insertion)} (insertion). Places in any order would give the same twice.</p>"
    )
    return section("What it reads predictions from", text + (_maps(first.explained) if with_faces else ""))


def _maps(found: Sequence[Explained]) -> str:
    shown = [
        f"<figure class=map>{picture(_map_png(one), f'face and evidence of {one.prediction}')}"
        f"<figcaption>label {one.label}<br><b>prediction {one.prediction} {100 * one.confidence:.0f}&nbsp;%</b>"
        "</figcaption></figure>"
        for one in found[:SHOWN]
    ]
    note = "<p class=note>Beside each face the same face with the places in red that its prediction is read from.</p>"
    return f"<div class=faces>{''.join(shown)}</div>{note}"


def _map_png(one: Explained) -> bytes:
    face = np.repeat(one.image[..., None], 3, axis=2)
    return png(np.concatenate([face, heated(face, one.evidence)], axis=1))
