"""All that a report tells of models: scores, faces and predictions by data set, groups, corruptions, explanations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import DataError
from mien.core.model_card import ModelCard
from mien.data.groups_table import Groups
from mien.data.split import Split
from mien.evaluation.coverage import Coverage, coverage, coverage_block
from mien.evaluation.data_sets import Predicted, reported, score_sets, viewer
from mien.evaluation.document import CoverageBlock, GroupTable, Heading, SetRow, SpeedRow
from mien.evaluation.ensemble import Scorer, crops_of, load_scorer
from mien.evaluation.evaluate import heading, predict_split
from mien.evaluation.groups import group_columns, score_groups
from mien.evaluation.leaks import Leaks, leaks
from mien.evaluation.peers import Peer, peers_on
from mien.evaluation.people import People, people
from mien.evaluation.scores import View
from mien.evaluation.speed import measure_speed
from mien.evaluation.trials import Corrupted, Explained, corrupted, explained


@dataclass(frozen=True, slots=True, eq=False)
class SetEvidence:
    """What a model says of the N faces of one data set that chose nothing and count under ``seven``.

    Attributes:
        row: their scores, as ``mien evaluate`` gives them under "sets".
        faces: the faces.
        view: their truth and the model's probabilities.
        curve: accuracy over the share kept.
        block: that at the model's own threshold.
        people: what people come to on them; None where the votes do not say.
        leaks: what near-duplicates in ``train`` add; None where there are none.
        groups: column -> the group (N,) of each face, "" for none.
        peers: what other programs say of them.
    """

    row: SetRow
    faces: Split
    view: View
    curve: Coverage
    block: CoverageBlock
    people: People | None
    leaks: Leaks | None
    groups: Groups
    peers: list[Peer]


@dataclass(frozen=True, slots=True, eq=False)
class ModelEvidence:
    """What is known of one model.

    Attributes:
        name: what to call it: its file, with its folder where that is a run, as every run calls its file model.onnx.
        heading: which file it is.
        card: what the file says about itself.
        sets: by data set.
        speed: on this machine.
        groups: its figures by group, as ``mien evaluate`` gives them under "groups"; empty if not measured.
        corrupted: its accuracy on corrupted faces of the first data set; None if not measured.
        explained: faces of the first data set with maps of evidence; empty if not measured.
    """

    name: str
    heading: Heading
    card: ModelCard
    sets: list[SetEvidence]
    speed: list[SpeedRow]
    groups: list[GroupTable]
    corrupted: Corrupted | None
    explained: list[Explained]


@dataclass(frozen=True, slots=True)
class Tables:
    """Tables with a line a face: of ``groups``, as ``mien evaluate`` takes them, and of what ``peers`` call it."""

    groups: Sequence[Path] = ()
    peers: Sequence[Path] = ()


class _Scoring(NamedTuple):
    """How faces are scored."""

    scorer: Scorer
    split: str
    prior: float


def collect(
    model: Path,
    data: Sequence[Path],
    split: str = "valid",
    *,
    prior: float | str | None = None,
    tables: Tables | None = None,
    beside: bool = False,
    quick: bool = False,
) -> ModelEvidence:
    """Return what is known of a model.

    Args:
        model: the ONNX file.
        data: folders that ``mien prepare`` wrote.
        split: "valid", of which the half is taken that chose nothing, or "test".
        prior: of all scores; None is the model's own.
        tables: of groups and of other programs.
        beside: whether it only stands beside another model: its groups are not tested, no face is corrupted or
            explained.
        quick: whether no face is corrupted or explained, which takes some fifty times as long as the rest.

    Raises:
        DataError: a split or a table cannot be read, or no face of them counts.
        ModelError: the model cannot be read.
    """
    scorer, tables = load_scorer([model]), tables or Tables()
    at = scorer.prior(prior)
    folders = [predict_split(folder, split, scorer) for folder in data]
    sets = _sets(folders, _Scoring(scorer, split, at), tables)
    if not sets:
        raise DataError(f"no face of {', '.join(map(str, data))} counts under the protocol 'seven'; check the votes")
    first, tried = sets[0], not beside and not quick
    return ModelEvidence(
        name=f"{model.resolve().parent.name}/{model.name}" if model.name == "model.onnx" else model.name,
        heading=heading(scorer, at),
        card=scorer.classifiers[0].card,
        sets=sets,
        speed=measure_speed(scorer, crops_of(first.faces, scorer.crop)),
        groups=[] if beside else score_groups(folders, tables.groups, split, scorer, at),
        corrupted=corrupted(first.faces, first.view, scorer, at) if tried else None,
        explained=explained(first.faces, first.view, scorer, at) if tried else [],
    )


def _sets(folders: Sequence[Predicted], scoring: _Scoring, tables: Tables) -> list[SetEvidence]:
    """Return what is known of each data set with a face that counts."""
    found: list[SetEvidence] = []
    for folder in folders:
        groups, peers = (group_columns(paths, folder) for paths in (tables.groups, tables.peers))
        for row in score_sets([folder], scoring.split, scoring.scorer, scoring.prior):
            if row["half"] != "choosing":
                here = folder.faces.sources == row["source"]
                of_set = [{name: labels[here] for name, labels in columns.items()} for columns in (groups, peers)]
                found.append(_of_set(row, folder.of_source(row["source"]), scoring, *of_set))
    return found


def _of_set(row: SetRow, part: Predicted, scoring: _Scoring, groups: Groups, peers: Groups) -> SetEvidence:
    """Return the faces and predictions behind a row of scores."""
    scorer, split, prior = scoring
    view = viewer(part, scorer)("seven", prior)
    chosen = reported(part.faces, split)[1] & view.counted
    faces, view = part.faces.take(chosen), _taken(view, chosen)
    threshold = None if scorer.single is None else scorer.single.card.uncertain_at(prior)
    return SetEvidence(
        row=row,
        faces=faces,
        view=view,
        curve=coverage(view),
        block=coverage_block(view, threshold),
        people=people(faces.votes),
        leaks=leaks(view.probs.argmax(axis=1) == view.truth, faces.clean),
        groups={name: labels[chosen] for name, labels in groups.items()},
        peers=peers_on(view.truth, {name: labels[chosen] for name, labels in peers.items()}),
    )


def _taken(view: View, chosen: NDArray[np.bool_]) -> View:
    raw = None if view.raw is None else view.raw[chosen]
    arrays = (view.truth[chosen], view.probs[chosen], raw, view.weights[chosen], view.distance[chosen])
    return View(view.classes, *arrays)
