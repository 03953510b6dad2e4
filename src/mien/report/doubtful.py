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
    "file",
    "label",
    "prediction",
    "confidence",
    "votes_for_label",
    "votes_for_prediction",
    "doubt",
)
"""Columns of the table to relabel by: votes are shares, 0 to 1; doubt is "model" or "label"."""


@dataclass(frozen=True, slots=True, eq=False)
class Doubtful:
    """A face whose label is not what a model predicts.

    Attributes:
        data, source, file: which face it is.
        image: (S, S) uint8, grey.
        label, prediction: what people and the model call it.
        confidence: the model's probability of its prediction.
        votes_for_label, votes_for_prediction: shares of the votes for emotions.
    """

    data: str
    source: str
    file: str
    image: NDArray[np.uint8]
    label: str
    prediction: str
    confidence: float
    votes_for_label: float
    votes_for_prediction: float

    @property
    def doubts_label(self) -> bool:
        """Whether people were divided, so that the label is in doubt and not the model."""
        return self.votes_for_label < AGREED


def doubtful(one: SetEvidence) -> list[Doubtful]:
    """Return the faces of a data set that are read otherwise than labelled, the most confident predictions first."""
    view, faces = one.view, one.faces
    predicted = view.probs.argmax(axis=1)
    shares = normalised(to_seven(faces.votes[:, : len(EIGHT)].astype(np.float64)))
    wrong = np.flatnonzero(predicted != view.truth)
    ordered = wrong[np.argsort(-view.probs[wrong, predicted[wrong]], kind="stable")]
    return [
        Doubtful(
            one.row["data"],
            one.row["source"],
            str(faces.names[place]),
            faces.images[place],
            view.classes[view.truth[place]],
            view.classes[predicted[place]],
            float(view.probs[place, predicted[place]]),
            float(shares[place, view.truth[place]]),
            float(shares[place, predicted[place]]),
        )
        for place in ordered.tolist()
    ]


def png(image: NDArray[np.uint8]) -> bytes:
    """Return a picture (H, W), grey, or (H, W, 3), RGB, as a PNG."""
    file = io.BytesIO()
    Pillow.fromarray(image).save(file, "PNG")
    return file.getvalue()


def relabel_table(found: list[Doubtful]) -> str:
    """Return the faces as CSV, under ``COLUMNS``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in found:
        shares = (f"{share:.3f}" for share in (one.confidence, one.votes_for_label, one.votes_for_prediction))
        doubt = "label" if one.doubts_label else "model"
        writer.writerow([one.data, one.source, one.file, one.label, one.prediction, *shares, doubt])
    return text.getvalue()
