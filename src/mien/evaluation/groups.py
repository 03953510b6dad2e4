"""On whom a model errs: every figure by group, and whether the groups differ by more than luck.

Of each figure the two groups are told that lie furthest apart for as many faces as they have: the difference over the
root of 1/n + 1/m, so that a small group, which differs by luck, hides no other. Faces are shuffled among the groups to
see how far luck alone takes them apart; for ``adjusted_accuracy`` only among faces of the same true emotion, as groups
may show different ones. Groups of fewer than ``FEW`` faces behind a figure are shown, but not compared in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mien.core.errors import DataError
from mien.core.metrics import RESAMPLES, Doubles
from mien.core.significance import TOLD_APART, holm
from mien.data.groups_table import Groups, read_groups
from mien.evaluation.data_sets import Predicted, reported, viewer
from mien.evaluation.document import Gap, GroupFigure, GroupRow, GroupTable
from mien.evaluation.ensemble import Scorer
from mien.evaluation.picture_groups import PICTURE, picture_groups
from mien.evaluation.scores import rounded
from mien.evaluation.sums import MEANS, Sums, figures_of, sums_of

FEW = 30
"""Faces behind a figure of a group, below which it is not compared."""

PERMUTATIONS = 9_999
"""Shuffles behind a p, of which the smallest is then 0.0001: enough for some hundred looks."""

POWER_Z = 0.8416
"""The normal deviate below which lie 80 %, the power of ``Gap.detectable``."""

WITHIN_EMOTION = "adjusted_accuracy"
"""The figure for which faces are shuffled among those of their true emotion."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One comparison of the groups of a column in one figure.

    Attributes:
        figure: its name.
        low, high: the groups that lie furthest apart, for their size.
        gap: by how much.
        size: the root of 1/n + 1/m, for the n and m faces behind their figures.
        by_luck: (P,) the largest gap over its size, of shuffled faces.
        spread: the standard error of the difference of the two groups, from the bootstrap.
    """

    figure: str
    low: str
    high: str
    gap: float
    size: float
    by_luck: Doubles
    spread: float

    @property
    def p(self) -> float:
        """The share of shuffles that take groups as far apart, this one among them.

        Source: Phipson and Smyth, "Permutation P-values Should Never Be Zero", 2010.
        """
        # The same sums in another order differ in their last digits.
        return float((1 + (self.by_luck >= self.gap / self.size - 1e-9).sum()) / (1 + len(self.by_luck)))

    def detectable(self, looks: int) -> float:
        """Return the smallest gap of the two that is called real in 80 % of samples, were this one of so many looks.

        What luck exceeds at Holm's first step, and the deviate of a power of 80 % times the standard error.
        """
        return float(np.quantile(self.by_luck, 1 - TOLD_APART / looks)) * self.size + POWER_Z * self.spread


def score_groups(
    folders: Sequence[Predicted], tables: Sequence[Path], split: str, scorer: Scorer, prior: float
) -> list[GroupTable]:
    """Return the block "groups" of ``metrics.json``: a table a data set and column, under ``seven``.

    Of ``valid`` the half is scored that chose nothing.

    Args:
        folders: the faces and their predictions.
        tables: files as ``read_groups`` takes them; ``PICTURE`` stands for the groups of ``picture_groups``.
        split: which one.
        scorer: the model.
        prior: at which the scores are taken.

    Raises:
        DataError: a table that cannot be used, or two with the same column.
    """
    found: list[tuple[GroupTable, list[Look]]] = []
    for folder in folders:
        columns = group_columns(tables, folder)
        for source in folder.faces.by_source():
            here = folder.faces.sources == source
            part = {name: labels[here] for name, labels in columns.items()}
            found += _of_source(folder.of_source(source), part, split, scorer, prior)
    return corrected(found)


def group_columns(tables: Sequence[Path], folder: Predicted) -> Groups:
    """Return the columns of all tables, for the faces of a folder; for tables and errors see ``score_groups``."""
    columns: Groups = {}
    for table in tables:
        read = picture_groups(folder.faces) if str(table) == PICTURE else read_groups(table, folder.faces)
        if twice := sorted(columns.keys() & read.keys()):
            raise DataError(
                f"{table} has the column '{twice[0]}' as another table has; call one of them something else"
            )
        columns |= read
    return columns


def _of_source(
    one: Predicted, columns: Groups, split: str, scorer: Scorer, prior: float
) -> Iterator[tuple[GroupTable, list[Look]]]:
    """Yield the table of each column that has a group among the reported faces of a data set."""
    views = viewer(one, scorer)
    view = views("seven", prior)
    half, chosen = reported(one.faces, split)
    chosen = chosen & view.counted
    if not chosen.any():
        return
    threshold = None if scorer.single is None else scorer.single.card.uncertain_at(prior)
    sums = sums_of(view, views.distance(prior), threshold, chosen)
    for name, labels in columns.items():
        groups = labels[chosen]
        if (groups != "").any():
            rows, looks = compare_groups(sums, groups)
            table: GroupTable = {
                "data": one.data,
                "source": str(one.faces.sources[0]),
                "half": half,
                "column": name,
                "n": len(groups),
                "ungrouped": int((groups == "").sum()),
                "groups": rows,
                "gaps": [],
            }
            yield table, looks


def compare_groups(
    sums: Sums,
    groups: NDArray[np.str_],
    permutations: int = PERMUTATIONS,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[list[GroupRow], list[Look]]:
    """Return the figures of each group of N faces, and a look for each figure that two groups or more have.

    Args:
        sums: of the N faces.
        groups: (N,) the group of each, "" for none.
        permutations: how often the faces are shuffled.
        resamples: bootstrap samples behind an interval.
        seed: of all random numbers.
    """
    rng = np.random.default_rng(seed)
    sums = sums.take(groups != "")
    names, members = _members(groups[groups != ""])
    resampled = np.stack([_resampled(sums.take(member), resamples, rng) for member in members])
    shuffled = _shuffled(sums, np.stack(members).astype(np.float64), permutations, rng)
    rows: list[GroupRow] = [
        {"group": name, "n": int(member.sum()), "figures": {}} for name, member in zip(names, members, strict=True)
    ]
    looks: list[Look] = []
    found = zip(figures_of(resampled, sums.classes), figures_of(shuffled, sums.classes), strict=True)
    for (figure, values, faces), (_, by_luck, behind) in found:
        for row, value, count in zip(rows, values, faces[:, 0], strict=True):
            if count > 0:
                row["figures"][figure] = _figure(value, int(count))
        compared = faces[:, 0] >= FEW
        if compared.sum() > 1:
            luck, _ = _furthest(by_luck, behind)
            looks.append(_look(figure, np.array(names)[compared], values[compared], faces[compared, 0], luck))
    return rows, looks


def _look(figure: str, names: NDArray[np.str_], values: Doubles, faces: Doubles, by_luck: Doubles) -> Look:
    """Return the look at groups (G,) whose values (G, 1 + R) are those of their faces (G,) and of bootstrap samples."""
    _, ((one, other),) = _furthest(values[None, :, 0], faces[None])
    low, high = (one, other) if values[one, 0] <= values[other, 0] else (other, one)
    apart = values[high] - values[low]
    size = float(np.sqrt(1 / faces[low] + 1 / faces[high]))
    return Look(figure, str(names[low]), str(names[high]), float(apart[0]), size, by_luck, float(np.nanstd(apart[1:])))


def _furthest(values: Doubles, faces: Doubles) -> tuple[Doubles, NDArray[np.int64]]:
    """Return how far apart the two groups are (P,) that lie furthest apart for their size, and which they are (P, 2).

    Args:
        values: (P, G) of each group, P times.
        faces: (P, G) behind them; groups of fewer than ``FEW`` do not count.
    """
    pairs = np.array(list(combinations(range(values.shape[1]), 2)))
    one, other = pairs.T
    counted = faces >= FEW
    size = np.sqrt(np.sum([1 / np.maximum(faces[:, each], 1) for each in (one, other)], axis=0))
    apart = np.where(counted[:, one] & counted[:, other], np.abs(values[:, one] - values[:, other]) / size, 0.0)
    return apart.max(axis=1), pairs[apart.argmax(axis=1)]


def _figure(values: Doubles, faces: int) -> GroupFigure:
    """Return a figure (1 + R,) of some faces and of bootstrap samples of them."""
    known = values[1:][~np.isnan(values[1:])]
    low, high = np.quantile(known, [0.025, 0.975])
    return {"value": rounded(values[0]), "interval": [rounded(low), rounded(high)], "faces": faces}


def corrected(found: Sequence[tuple[GroupTable, list[Look]]]) -> list[GroupTable]:
    """Return the tables with their looks, all of them corrected together."""
    looks = [look for _, of_table in found for look in of_table]
    ps = iter(holm([look.p for look in looks]).tolist())
    return [{**table, "gaps": [_gap(look, next(ps), len(looks)) for look in of_table]} for table, of_table in found]


def _gap(look: Look, p_holm: float, looks: int) -> Gap:
    return {
        "figure": look.figure,
        "low": look.low,
        "high": look.high,
        "gap": rounded(look.gap),
        "p": rounded(look.p),
        "p_holm": rounded(p_holm),
        "real": p_holm < TOLD_APART,
        "detectable": rounded(look.detectable(looks)),
    }


def _members(groups: NDArray[np.str_]) -> tuple[list[str], list[NDArray[np.bool_]]]:
    """Return the names of the groups, by the first number in them or else by name, and who is in each."""
    names = group_order(groups)
    return names, [groups == name for name in names]


def group_order(groups: NDArray[np.str_]) -> list[str]:
    """Return the different names, by the first number in them or else by name."""
    return sorted(set(groups.tolist()), key=_by_number)


def _by_number(name: str) -> tuple[float, str]:
    number = re.search(r"\d+(\.\d+)?", name)
    return float(number[0]) if number else np.inf, name


def _resampled(sums: Sums, resamples: int, rng: Generator) -> Doubles:
    """Return the sums (1 + R, D) of faces, then of bootstrap samples of them."""
    rows = sums.rows()
    counts = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), resamples)
    return np.concatenate([rows.sum(axis=0, keepdims=True), counts @ rows])


def _shuffled(sums: Sums, members: Doubles, permutations: int, rng: Generator) -> Doubles:
    """Return the sums (P, G, D) of groups whose faces are shuffled, with members (G, N) telling who is in which."""
    rows, truth = sums.rows(), sums.truth.argmax(axis=1)
    by_truth = np.argsort(truth, kind="stable")
    adjusted = MEANS.index(WITHIN_EMOTION)
    found = np.empty((permutations, len(members), rows.shape[1]))
    among_kin = np.empty(len(rows), np.int64)
    for place in range(permutations):
        found[place] = members[:, rng.permutation(len(rows))] @ rows
        among_kin[by_truth] = np.lexsort((rng.random(len(rows)), truth))
        found[place, :, adjusted] = members[:, among_kin] @ rows[:, adjusted]
    return found
