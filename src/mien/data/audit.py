"""Audit of a data set: what is in it and what is wrong with it, in figures that fit on a page."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.core.emotions import EIGHT
from mien.core.errors import DataError
from mien.core.protocols import CLASSES, PROTOCOLS, TAGGERS, UNCOUNTED
from mien.data.near_duplicates import Duplicates
from mien.data.samples import Drop, Samples
from mien.data.split import COLUMNS, SPLITS, Split

Table = dict[str, dict[str, int]]

LEFT_OUT = "left out"
"""Name of the column of a balance for faces that the protocol does not count."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What ``mien prepare`` found.

    Attributes:
        read: split -> number of faces read.
        kept: split -> number of faces written.
        drops: every picture that is in no split.
        notes: sentence -> number of pictures that it is about.
        balance: protocol -> part -> emotion (or ``LEFT_OUT``) -> number of faces written. A part is a split or, of
            several data sets, a split's faces of one: "train, ferplus".
        agreement: part -> the taggers' agreement: figures 0 to 1 by name, see ``agreement``; only for parts in which
            every face has ten votes, not all of them for one column.
        pixel_twins: split -> split -> number of faces read of the first with an exact duplicate in the second.
        near_twins: the same for near-duplicates, exact ones included. Both names are keys of ``audit.json``.
        clean: split -> number of faces written without a near-duplicate in train.
        sha256: split -> digest of its arrays.
    """

    read: dict[str, int]
    kept: dict[str, int]
    drops: tuple[Drop, ...]
    notes: dict[str, int]
    balance: dict[str, Table]
    agreement: dict[str, dict[str, float]]
    pixel_twins: Table
    near_twins: Table
    clean: dict[str, int]
    sha256: dict[str, str] = field(default_factory=dict[str, str])

    def drop_counts(self) -> Table:
        """Return reason -> split -> number of drops."""
        table: dict[str, Counter[str]] = {}
        for drop in self.drops:
            table.setdefault(drop.why, Counter())[drop.split] += 1
        return {why: dict(counts) for why, counts in table.items()}

    def to_json(self) -> str:
        """Return the audit as one JSON object."""
        return json.dumps({**asdict(self), "drop_counts": self.drop_counts()}, indent=1)


def load_audit(folder: Path) -> Audit:
    """Read the ``audit.json`` of a prepared folder.

    Raises:
        DataError: there is none, or it is not an audit.
    """
    path = folder / "audit.json"
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        del values["drop_counts"]
        values["drops"] = tuple(Drop(**drop) for drop in values["drops"])
        return Audit(**values)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path} is not an audit of mien ({error}); run 'mien prepare' again") from error


def audit(samples: Samples, splits: dict[str, Split], duplicates: Duplicates, why: NDArray[np.str_]) -> Audit:
    """Return the audit of samples, their splits and duplicates, and why (N,) each was dropped (empty: kept)."""
    names = np.array(SPLITS)[samples.splits]
    dropped = np.flatnonzero(why != "")
    drops = [Drop(str(names[at]), str(samples.rows[at]), str(why[at])) for at in dropped.tolist()]
    present = [name for name in SPLITS if (names == name).any()]
    parts = _parts(splits)
    return Audit(
        read={name: int((names == name).sum()) for name in present},
        kept={name: len(split) for name, split in splits.items()},
        drops=(*samples.unread, *drops),
        notes=dict(samples.notes),
        balance={protocol: {name: balance(part, protocol) for name, part in parts.items()} for protocol in PROTOCOLS},
        agreement={name: figures for name, part in parts.items() if (figures := agreement(part.votes))},
        pixel_twins=_by_split(duplicates.exact, names, present),
        near_twins=_by_split(duplicates.near, names, present),
        clean={name: int(split.clean.sum()) for name, split in splits.items()},
        sha256={name: split.sha256() for name, split in splits.items()},
    )


def _parts(splits: dict[str, Split]) -> dict[str, Split]:
    """Return the splits or, of several data sets, the faces of each split from each data set."""
    if len({source for split in splits.values() for source in split.sources.tolist()}) == 1:
        return splits
    return {f"{name}, {source}": part for name, split in splits.items() for source, part in split.by_source().items()}


def balance(split: Split, protocol: str) -> dict[str, int]:
    """Return emotion -> number of faces with this label under the protocol, and how many it leaves out."""
    labels = PROTOCOLS[protocol](split.votes, split.emotions)
    counts = {name: int((labels == index).sum()) for index, name in enumerate(CLASSES[protocol])}
    return {**counts, LEFT_OUT: int((labels == UNCOUNTED).sum())}


def agreement(votes: NDArray[np.uint8]) -> dict[str, float]:
    """Return how far the taggers agree, each figure from 0 to 1.

    Empty if each face has votes for one column only, or if there are more votes than FER+ has taggers, as such votes
    are means.

    Args:
        votes: (N, 10) uint8.

    Returns:
        ``top share``: the mean share of the votes that the top emotion of the eight holds. ``majority``: the share of
        faces that the protocol ``majority`` counts. ``one against the rest, PROTOCOL``: how often one tagger gives the
        label that the others give, over the faces that the protocol counts; a vote for unknown or NF counts as wrong.
    """
    total = np.maximum(votes.sum(axis=1, dtype=np.int64), 1)
    if total.max() > TAGGERS or not ((votes > 0).sum(axis=1) > 1).any():
        return {}
    no_emotions = np.full(len(votes), -1, np.int8)
    figures = {
        "top share": float((votes[:, : len(EIGHT)].max(axis=1) / total).mean()),
        "majority": float((PROTOCOLS["majority"](votes, no_emotions) != UNCOUNTED).mean()),
    }
    for protocol in ("seven", "majority"):
        right, cast = one_against_the_rest(votes, protocol)
        if cast:
            figures[f"one against the rest, {protocol}"] = right / cast
    return figures


def one_against_the_rest(votes: NDArray[np.uint8], protocol: str) -> tuple[int, int]:
    """Return how many votes agree with the label by the other votes for the face, and how many votes there are."""
    no_emotions = np.full(len(votes), -1, np.int8)
    label = PROTOCOLS[protocol]
    counted = votes[label(votes, no_emotions) != UNCOUNTED]
    right = 0
    for column in range(COLUMNS):
        voted = counted[counted[:, column] > 0]
        rest, alone = voted.copy(), np.zeros_like(voted)
        rest[:, column] -= 1
        alone[:, column] = 2  # a single vote would be an outlier under `majority`
        cast = label(alone, no_emotions[: len(voted)])
        agrees = (cast != UNCOUNTED) & (cast == label(rest, no_emotions[: len(voted)]))
        right += int(voted[agrees, column].sum(dtype=np.int64))
    return right, int(counted.sum(dtype=np.int64))


def _by_split(duplicate: NDArray[np.bool_], names: NDArray[np.str_], present: list[str]) -> Table:
    return {
        name: {other: int(duplicate[names == name, SPLITS.index(other)].sum()) for other in present} for name in present
    }
