"""Scores of each data set under ``seven``, never pooled, as taggers of different sets use the words differently.

A validation set has two rows: one half chose nets, biases and thresholds; the other half is the one to quote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import DataError
from mien.data.split import Split
from mien.evaluation.coverage import certain, coverage
from mien.evaluation.document import SetRow
from mien.evaluation.ensemble import Probs, Scorer
from mien.evaluation.scores import Viewer, scores_of, scores_or_none

HEADS = ("data set", "half", "faces", "accuracy", "recall", "ECE", "certain", "right")
"""Columns of ``sets_table``: recall is the mean over classes; certain is a share of faces, right a share of those."""


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """The predictions of a model for the N faces of one data folder.

    Attributes:
        data: the folder's name.
        faces: the N faces.
        probs: (N, K) float64, the probabilities at prior 0.
    """

    data: str
    faces: Split
    probs: Probs

    def of_source(self, source: str) -> Predicted:
        """Return the faces of one data set with their predictions."""
        here = self.faces.sources == source
        return Predicted(self.data, self.faces.take(here), self.probs[here])


def viewer(predicted: Predicted, scorer: Scorer) -> Viewer:
    """Return the views of the faces under the protocols."""
    temperature = None if scorer.single is None else scorer.single.card.temperature
    return Viewer(predicted.faces, predicted.probs, scorer.labels, scorer.class_shares, temperature)


def score_sets(folders: Sequence[Predicted], split: str, scorer: Scorer, prior: float) -> list[SetRow]:
    """Return the block "sets" of ``metrics.json``, a row a data set, and of ``valid`` a row a half.

    A row has the keys of a protocol's block, and ``data``, ``source``, ``half`` ("all", "reported", "choosing"),
    ``kept`` and ``accuracy_kept``: the share of faces that are not uncertain, and their accuracy. A
    set without a face that counts has no row.
    """
    sets = [one.of_source(source) for one in folders for source in one.faces.by_source()]
    return [row for one in sets for row in _rows(one, split, scorer, prior)]


def _rows(predicted: Predicted, split: str, scorer: Scorer, prior: float) -> Iterator[SetRow]:
    """Yield the rows of the faces of one data set."""
    threshold = None if scorer.single is None else scorer.single.card.uncertain_at(prior)
    views = viewer(predicted, scorer)
    try:
        view = views("seven", prior)
    except DataError:  # no face of it counts
        return
    distance = views.distance(prior)
    for half, faces in _halves(predicted.faces, split).items():
        chosen = view.counted & faces
        if chosen.any():
            kept, accuracy_kept = certain(coverage(view, chosen), threshold)
            yield {
                "data": predicted.data,
                "source": str(predicted.faces.sources[0]),
                "half": half,
                **scores_of(view, distance, chosen),
                "kept": kept,
                "accuracy_kept": accuracy_kept,
                "clean": scores_or_none(view, distance, chosen & predicted.faces.clean),
            }


def _halves(faces: Split, split: str) -> dict[str, NDArray[np.bool_]]:
    if split != "valid":
        return {"all": np.ones(len(faces), np.bool_)}
    return {"reported": ~faces.choosing, "choosing": faces.choosing}


def reported(faces: Split, split: str) -> tuple[str, NDArray[np.bool_]]:
    """Return the name of the half that chose nothing and its faces (N,): of ``valid`` a half, of others all."""
    name, chosen = next(iter(_halves(faces, split).items()))
    return name, chosen


def sets_table(rows: Sequence[SetRow]) -> list[list[str]]:
    """Return the block as text, a row each, under ``HEADS``; shares are in %."""
    folders = {(row["source"], row["half"]): set[str]() for row in rows}
    for row in rows:
        folders[row["source"], row["half"]].add(row["data"])
    return [_cells(row, alone=len(folders[row["source"], row["half"]]) == 1) for row in rows]


def _cells(row: SetRow, alone: bool) -> list[str]:
    low, high = row["interval"]
    return [
        row["source"] if alone else f"{row['data']}/{row['source']}",
        row["half"],
        f"{row['n']:,}",
        f"{100 * row['accuracy']:.1f} ± {50 * (high - low):.1f}",
        f"{100 * row['balanced_accuracy']:.1f}",
        f"{row['ece']:.3f}",
        *("" if share is None else f"{100 * share:.1f}" for share in (row["kept"], row["accuracy_kept"])),
    ]
