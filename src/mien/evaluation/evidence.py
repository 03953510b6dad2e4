"""All that a report tells of models: scores, faces and answers by data set, and what harm does to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.core import metrics
from mien.core.emotions import SEVEN
from mien.core.errors import DataError
from mien.core.priors import shown_at
from mien.data.split import Split
from mien.evaluation.coverage import Coverage, coverage, coverage_block
from mien.evaluation.data_sets import Predicted, reported, score_sets, viewer
from mien.evaluation.document import CoverageBlock, Heading, SetRow, SpeedRow
from mien.evaluation.ensemble import Probs, Scorer, crops_of, load_scorer
from mien.evaluation.evaluate import heading, predict_split
from mien.evaluation.faithfulness import Faithfulness, faithfulness
from mien.evaluation.people import People, people
from mien.evaluation.scores import View
from mien.evaluation.speed import measure_speed
from mien.imaging.corruptions import REGIONS, STRENGTHS, region_hidden
from mien.inference.explain import evidence

EXPLAINED = 8
"""Faces on which maps of evidence are judged: 850 runs of the net each."""

HARMED = 600
"""Faces that are corrupted, at most: some fifty runs of the net each."""


@dataclass(frozen=True, slots=True, eq=False)
class SetEvidence:
    """What a model says of the N faces of one data set that chose nothing and count under ``seven``.

    Attributes:
        row: their scores, as ``mien evaluate`` gives them under "sets".
        faces: the faces.
        view: their truth and the model's answers.
        curve: accuracy over the share kept.
        block: that at the model's own threshold.
        people: what people come to on them; None where the votes do not say.
    """

    row: SetRow
    faces: Split
    view: View
    curve: Coverage
    block: CoverageBlock
    people: People | None


@dataclass(frozen=True, slots=True, eq=False)
class ModelEvidence:
    """What is known of one model.

    Attributes:
        name: what to call it: its file, with its folder where that is a run, as every run calls its file model.onnx.
        heading: which file it is.
        sets: by data set.
        speed: on this machine.
        untouched: accuracy on the first ``HARMED`` faces of the first data set, and how many they are.
        strengths: corruption -> strength as text -> accuracy on these; empty if not measured.
        regions: hidden region -> accuracy on these.
        explained: mean scores of maps of evidence; None if not measured.
    """

    name: str
    heading: Heading
    sets: list[SetEvidence]
    speed: list[SpeedRow]
    untouched: tuple[float, int]
    strengths: dict[str, dict[str, float]]
    regions: dict[str, float]
    explained: Faithfulness | None


def collect(
    model: Path, data: Sequence[Path], split: str = "valid", *, prior: float | str | None = None, harm: bool = True
) -> ModelEvidence:
    """Return what is known of a model.

    Args:
        model: the ONNX file.
        data: folders that ``mien prepare`` wrote.
        split: "valid", of which the half is taken that chose nothing, or "test".
        prior: of all scores; None is the model's own.
        harm: whether faces are corrupted and explained too, which takes some fifty times as long as the rest.

    Raises:
        DataError: a split cannot be read, or no face of them counts.
        ModelError: the model cannot be read.
    """
    scorer = load_scorer([model])
    at = scorer.prior(prior)
    folders = [predict_split(folder, split, scorer) for folder in data]
    rows = [row for row in score_sets(folders, split, scorer, at) if row["half"] != "choosing"]
    sets = [_of_set(row, folders, split, scorer, at) for row in rows]
    if not sets:
        raise DataError(f"no face of {', '.join(map(str, data))} counts under the protocol 'seven'; check the votes")
    first = sets[0]
    speed = measure_speed(scorer, crops_of(first.faces, scorer.crop))
    if not harm:
        return ModelEvidence(_name(model), heading(scorer, at), sets, speed, (0.0, 0), {}, {}, None)
    some = first.faces.images[:HARMED]
    right = _scored(first, scorer, at)
    strengths = {
        name: {strength: right(corrupt(some)) for strength, corrupt in series.items()}
        for name, (_, series) in STRENGTHS.items()
    }
    regions = {region: right(region_hidden(some, region)) for region in REGIONS}
    untouched = right(some), len(some)
    maps = _explained(first, scorer, at)
    return ModelEvidence(_name(model), heading(scorer, at), sets, speed, untouched, strengths, regions, maps)


def _name(model: Path) -> str:
    return f"{model.resolve().parent.name}/{model.name}" if model.name == "model.onnx" else model.name


def _of_set(row: SetRow, folders: Sequence[Predicted], split: str, scorer: Scorer, prior: float) -> SetEvidence:
    """Return the faces and answers behind a row of scores."""
    folder = next(one for one in folders if one.data == row["data"] and row["source"] in one.faces.sources)
    part = folder.of_source(row["source"])
    view = viewer(part, scorer)("seven", prior)
    chosen = reported(part.faces, split)[1] & view.counted
    faces, view = part.faces.take(chosen), _taken(view, chosen)
    threshold = None if scorer.single is None else scorer.single.card.uncertain_at(prior)
    return SetEvidence(row, faces, view, coverage(view), coverage_block(view, threshold), people(faces.votes))


def _taken(view: View, chosen: NDArray[np.bool_]) -> View:
    raw = None if view.raw is None else view.raw[chosen]
    arrays = (view.truth[chosen], view.probs[chosen], raw, view.weights[chosen], view.distance[chosen])
    return View(view.classes, *arrays)


def _scored(one: SetEvidence, scorer: Scorer, prior: float) -> Callable[[NDArray[np.uint8]], float]:
    """Return what gives the accuracy on changed pictures of the first faces of a data set."""

    def right(images: NDArray[np.uint8]) -> float:
        faces = one.faces.take(np.arange(len(images)))
        probs = _judged(scorer, prior)(crops_of(replace(faces, images=images), scorer.crop))
        return metrics.accuracy(one.view.truth[: len(images)], probs.argmax(axis=1))

    return right


def _judged(scorer: Scorer, prior: float) -> Callable[[NDArray[np.uint8]], Probs]:
    return lambda crops: shown_at(scorer(crops), scorer.class_shares, SEVEN, prior)


def _explained(one: SetEvidence, scorer: Scorer, prior: float) -> Faithfulness:
    """Return the mean scores of the maps of the first faces of the set, each of its strongest emotion."""
    judge = _judged(scorer, prior)
    scores: list[Faithfulness] = []
    for crop in crops_of(one.faces, scorer.crop)[:EXPLAINED]:
        strongest = int(judge(crop[None])[0].argmax())
        scores.append(faithfulness(crop, evidence(crop, judge)[strongest], strongest, judge))
    return Faithfulness(*(float(mean) for mean in np.mean(scores, axis=0)))
