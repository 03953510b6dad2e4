"""What is in a data set, and what is wrong with it, in figures that fit on a page."""

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
from mien.core.protocols import CLASSES, PANEL, PROTOCOLS, UNCOUNTED
from mien.data.near_duplicates import Duplicates
from mien.data.samples import Drop, Samples
from mien.data.split import COLUMNS, SPLITS, Split

Table = dict[str, dict[str, int]]

LEFT_OUT = "left out"
"""The column of a balance that holds the faces that the protocol does not count."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What ``mien prepare`` found.

    Attributes:
        read: split to faces read.
        kept: split to faces written.
        drops: every picture that is in no split.
        notes: other things worth knowing, as a count by sentence.
        balance: protocol, part, emotion (or ``LEFT_OUT``) to faces written. A part is a split, or where there are
            several data sets what a split has of one: "train, ferplus".
        agreement: part to the taggers' agreement: figures 0 to 1 by name, see ``agreement``; only those of which every
            face has ten votes, and some for more than one column.
        pixel_twins: split to split to faces read of the first that stand pixel for pixel elsewhere in the second.
        near_twins: the same for near-duplicates, exact ones included. Both names are keys of ``audit.json``.
        clean: split to faces written without a near-duplicate in train.
        sha256: split to the digest of its arrays.
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
        """Return reason, split to the number of drops."""
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
    """Describe samples, the splits made of them, their duplicates, and why (N,) each was dropped (empty: kept)."""
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
    """Return the splits, or where they are of several data sets what each has of each."""
    if len({source for split in splits.values() for source in split.sources.tolist()}) == 1:
        return splits
    return {f"{name}, {source}": part for name, split in splits.items() for source, part in split.by_source().items()}


def balance(split: Split, protocol: str) -> dict[str, int]:
    """Return emotion to the faces that the protocol labels so, and the number that it leaves out."""
    labels = PROTOCOLS[protocol](split.votes, split.emotions)
    counts = {name: int((labels == index).sum()) for index, name in enumerate(CLASSES[protocol])}
    return {**counts, LEFT_OUT: int((labels == UNCOUNTED).sum())}


def agreement(votes: NDArray[np.uint8]) -> dict[str, float]:
    """Return how far the taggers agree, each figure from 0 to 1.

    Empty where each face has votes for one column only, or where a panel is larger than FER+'s, whose votes are means.

    Args:
        votes: (N, 10) uint8.

    Returns:
        ``top share``: the mean share of the votes that the top emotion of the eight holds. ``majority``: the share of
        faces that the protocol ``majority`` counts. ``one against the rest, PROTOCOL``: how often one tagger gives the
        label that the others give, over the faces the protocol counts; a vote for unknown or NF is a wrong one.
    """
    total = np.maximum(votes.sum(axis=1, dtype=np.int64), 1)
    if total.max() > PANEL or not ((votes > 0).sum(axis=1) > 1).any():
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
    """Return how many votes agree with the label that the face has without them, and how many there are."""
    no_emotions = np.full(len(votes), -1, np.int8)
    label = PROTOCOLS[protocol]
    counted = votes[label(votes, no_emotions) != UNCOUNTED]
    right = 0
    for column in range(COLUMNS):
        voted = counted[counted[:, column] > 0]
        rest, alone = voted.copy(), np.zeros_like(voted)
        rest[:, column] -= 1
        alone[:, column] = 2  # a vote by itself would be an outlier to `majority`
        answer = label(alone, no_emotions[: len(voted)])
        agrees = (answer != UNCOUNTED) & (answer == label(rest, no_emotions[: len(voted)]))
        right += int(voted[agrees, column].sum(dtype=np.int64))
    return right, int(counted.sum(dtype=np.int64))


def _by_split(duplicate: NDArray[np.bool_], names: NDArray[np.str_], present: list[str]) -> Table:
    return {
        name: {other: int(duplicate[names == name, SPLITS.index(other)].sum()) for other in present} for name in present
    }
