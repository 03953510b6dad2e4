"""Which of two models is better, on the same faces: overall, by emotion and by group, and whether that is real."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import DataError
from mien.core.protocols import UNCOUNTED, Labels
from mien.core.significance import TOLD_APART, holm
from mien.data.groups_table import Groups
from mien.evaluation.data_sets import Predicted, reported, viewer
from mien.evaluation.document import Heading
from mien.evaluation.ensemble import Scorer, load_scorer
from mien.evaluation.evaluate import heading, predict_split
from mien.evaluation.groups import FEW, group_columns, group_order
from mien.evaluation.paired import Paired, detectable, paired
from mien.evaluation.scores import rounded
from mien.inference.classifier import BATCH_SIZE


class Compared(Paired):
    """Two models on some faces; ``p_holm`` is p corrected for all looks of the same kind.

    ``real`` says whether that is under 0.05. ``detectable`` is the smallest difference in accuracy that as many faces
    would show in 80 % of samples, before any correction.
    """

    name: str
    p_holm: float
    real: bool
    detectable: float


class SetComparison(TypedDict):
    """The comparison on one data set: on all of its faces, on those of each emotion, and on those of each group."""

    data: str
    source: str
    half: str
    all: Compared
    emotions: list[Compared]
    groups: list[Compared]


class Comparison(TypedDict):
    """The whole comparison, of the second model with the first."""

    models: list[Heading]
    split: str
    sets: list[SetComparison]


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What two models call the N faces of a data set that are compared.

    Attributes:
        truth: (N,) class indices.
        before, after: (N,) what the first and the second model call them.
        classes: the emotions.
        groups: column -> the group of each face, "" for none.
    """

    truth: Labels
    before: Labels
    after: Labels
    classes: tuple[str, ...]
    groups: Groups

    def on(self, faces: NDArray[np.bool_]) -> Paired:
        """Return the comparison on some of the faces."""
        return paired(self.truth[faces], self.before[faces], self.after[faces])


def compare(
    first: Path,
    second: Path,
    data: Sequence[Path],
    split: str = "valid",
    *,
    groups: Sequence[Path] | None = None,
    prior: float | str | None = None,
    device: str = "cpu",
    threads: int | None = None,
    batch_size: int = BATCH_SIZE,
) -> Comparison:
    """Compare two model files on the same faces under ``seven``, each data set apart; of ``valid`` the reported half.

    Args:
        first: the ONNX file that is compared with.
        second: the one that is compared.
        data: folders that ``mien prepare`` wrote.
        split: "valid" or "test".
        groups: tables of groups, as ``mien.evaluation.evaluate.evaluate`` takes them.
        prior: of both; None is each model's own.
        device: on which the nets run, as in ``mien.load``.
        threads: processor threads that a net uses; None is one a core.
        batch_size: faces that go through a net at once, at most.

    Raises:
        DataError: a split or a table cannot be read, or no face of them counts.
        ModelError: a model cannot be read.
        UsageError: not a prior.
    """
    scorers = [load_scorer([model], False, threads, device, batch_size) for model in (first, second)]
    priors = [scorer.prior(prior) for scorer in scorers]
    found: list[SetComparison] = []
    for folder in data:
        before, after = (predict_split(folder, split, scorer) for scorer in scorers)
        columns = group_columns(groups or [], before)
        for source in before.faces.by_source():
            here = before.faces.sources == source
            parts = [one.of_source(source) for one in (before, after)]
            of_source = {name: labels[here] for name, labels in columns.items()}
            found += _of_source(parts, scorers, priors, split, of_source)
    if not found:
        raise DataError(f"no face of {', '.join(map(str, data))} counts under the protocol 'seven'; check the votes")
    headings = [heading(scorer, at) for scorer, at in zip(scorers, priors, strict=True)]
    overall = corrected([one["all"] for one in found])
    sets: list[SetComparison] = [{**one, "all": whole} for one, whole in zip(found, overall, strict=True)]
    return {"models": headings, "split": split, "sets": sets}


def _of_source(
    parts: Sequence[Predicted], scorers: Sequence[Scorer], priors: Sequence[float], split: str, columns: Groups
) -> Iterator[SetComparison]:
    """Yield the comparison on a data set, unless none of its faces counts."""
    faces = parts[0].faces
    views = [viewer(*one)("seven", at) for one, at in zip(zip(parts, scorers, strict=True), priors, strict=True)]
    half, chosen = reported(faces, split)
    chosen = chosen & (views[0].truth != UNCOUNTED)
    if chosen.any():
        before, after = (view.probs[chosen].argmax(axis=1) for view in views)
        groups = {name: labels[chosen] for name, labels in columns.items()}
        predictions = Predictions(views[0].truth[chosen], before, after, views[0].classes, groups)
        yield {"data": parts[0].data, "source": str(faces.sources[0]), "half": half, **compare_predictions(predictions)}


class _Looks(TypedDict):
    """The looks at one data set."""

    all: Compared
    emotions: list[Compared]
    groups: list[Compared]


def compare_predictions(predictions: Predictions) -> _Looks:
    """Return the comparison on all faces, on those of each emotion, and on those of each group of ``FEW`` or more."""
    everyone = np.ones(len(predictions.truth), np.bool_)
    by_emotion = {name: predictions.truth == place for place, name in enumerate(predictions.classes)}
    by_group = {
        f"{column} {name}": labels == name
        for column, labels in predictions.groups.items()
        for name in group_order(labels[labels != ""])
    }
    return {
        "all": _looks(predictions, {"all": everyone}, 1)[0],
        "emotions": _looks(predictions, by_emotion, 1),
        "groups": _looks(predictions, by_group, FEW),
    }


def _looks(predictions: Predictions, parts: Mapping[str, NDArray[np.bool_]], least: int) -> list[Compared]:
    """Return the comparison on each part of at least so many faces, corrected together."""
    found = [(name, predictions.on(faces)) for name, faces in parts.items() if faces.sum() >= least]
    return corrected(
        [
            {**one, "name": name, "p_holm": one["p"], "real": False, "detectable": rounded(detectable(one))}
            for name, one in found
        ]
    )


def corrected(looks: Sequence[Compared]) -> list[Compared]:
    """Return looks with their p corrected for all of them."""
    ps = holm([look["p"] for look in looks]).tolist()
    return [{**look, "p_holm": rounded(p), "real": p < TOLD_APART} for look, p in zip(looks, ps, strict=True)]
