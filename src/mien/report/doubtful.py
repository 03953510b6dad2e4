"""The faces that a model reads otherwise than their labels: its mistakes, and labels that look wrong."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from mien.core.emotions import EIGHT, to_seven
from mien.evaluation.ensemble import normalised
from mien.evaluation.evidence import SetEvidence

AGREED = 0.7
"""The share of the votes for the label from which people agreed on a face; with fewer, the label is in doubt."""

COLUMNS = (
    "data",
    "source",
    "name",
    "label",
    "answer",
    "share_of_answer",
    "votes_for_label",
    "votes_for_answer",
    "doubt",
)
"""Columns of the table to relabel by: shares are 0 to 1; doubt is "model" or "label"."""


@dataclass(frozen=True, slots=True, eq=False)
class Doubtful:
    """A face whose label is not what a model answers.

    Attributes:
        data, source, name: which face it is.
        image: (S, S) uint8, grey.
        label, answer: what people and the model call it.
        share: the model's probability of its answer.
        votes_for_label, votes_for_answer: shares of the votes for emotions.
    """

    data: str
    source: str
    name: str
    image: NDArray[np.uint8]
    label: str
    answer: str
    share: float
    votes_for_label: float
    votes_for_answer: float

    @property
    def doubts_label(self) -> bool:
        """Whether people were divided, so that the label is in doubt and not the model."""
        return self.votes_for_label < AGREED


def doubtful(one: SetEvidence) -> list[Doubtful]:
    """Return the faces of a data set that are read otherwise than labelled, the surest answers first."""
    view, faces = one.view, one.faces
    answers = view.probs.argmax(axis=1)
    shares = normalised(to_seven(faces.votes[:, : len(EIGHT)].astype(np.float64)))
    wrong = np.flatnonzero(answers != view.truth)
    surest = wrong[np.argsort(-view.probs[wrong, answers[wrong]], kind="stable")]
    return [
        Doubtful(
            one.row["data"],
            one.row["source"],
            str(faces.names[place]),
            faces.images[place],
            view.classes[view.truth[place]],
            view.classes[answers[place]],
            float(view.probs[place, answers[place]]),
            float(shares[place, view.truth[place]]),
            float(shares[place, answers[place]]),
        )
        for place in surest.tolist()
    ]


def face_png(one: Doubtful) -> bytes:
    """Return the face as a PNG."""
    file = io.BytesIO()
    Pillow.fromarray(one.image).save(file, "PNG")
    return file.getvalue()


def relabel_table(found: list[Doubtful]) -> str:
    """Return the faces as CSV, under ``COLUMNS``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in found:
        shares = (f"{share:.3f}" for share in (one.share, one.votes_for_label, one.votes_for_answer))
        doubt = "label" if one.doubts_label else "model"
        writer.writerow([one.data, one.source, one.name, one.label, one.answer, *shares, doubt])
    return text.getvalue()
