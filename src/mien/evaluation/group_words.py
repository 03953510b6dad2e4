"""The block "groups" of ``metrics.json`` in tables and plain words."""

from __future__ import annotations

from collections.abc import Container, Sequence

from mien.core.significance import p_text
from mien.evaluation.document import Gap, GroupRow, GroupTable

SHOWN = ("accuracy", "adjusted_accuracy", "balanced_accuracy", "kept", "accuracy_kept")
"""The figures that the table of a column shows, all of them shares."""

HEADS = ("group", "faces", "accuracy", "adjusted", "recall", "certain", "right")
"""Columns of ``group_rows``: as in the table of data sets; the second accuracy is ``adjusted_accuracy``."""

NAMES = {
    "accuracy": "accuracy",
    "adjusted_accuracy": "adjusted accuracy",
    "overconfidence": "confidence above accuracy",
    "jsd": "divergence from the votes",
    "kept": "share certain",
    "accuracy_kept": "accuracy where certain",
    "balanced_accuracy": "mean recall",
    "macro_f1": "macro F1",
}
"""What figures are called in sentences."""


def group_rows(table: GroupTable, with_interval: Container[str] = SHOWN) -> list[list[str]]:
    """Return a row of text a group, under ``HEADS``, shares in %.

    Args:
        table: of a column of groups.
        with_interval: the figures that are shown with their 95 % intervals.
    """
    return [
        [row["group"], f"{row['n']:,}", *(group_cell(row, figure, figure in with_interval) for figure in SHOWN)]
        for row in table["groups"]
    ]


def group_cell(row: GroupRow, figure: str, with_interval: bool = True) -> str:
    """Return a share in %, perhaps with its 95 % interval, nothing where none of the group's faces has it."""
    if figure not in row["figures"]:
        return ""
    found = row["figures"][figure]
    value, low, high = (f"{100 * min(max(share, 0), 1):.1f}" for share in (found["value"], *found["interval"]))
    return f"{value} [{low}, {high}]" if with_interval else value


def group_title(table: GroupTable) -> str:
    """Return what a table is about."""
    half = {"reported": ", the half that is reported"}.get(table["half"], "")
    return f"{table['column']}: {table['n']:,} faces of {table['source']}{half}"


def gap_sentences(tables: Sequence[GroupTable]) -> list[str]:
    """Return a sentence for each gap that is real, then for other gaps in accuracy, and one on all that were tested."""
    looks = [(table, gap) for table in tables for gap in table["gaps"]]
    told = [(table, gap) for table, gap in looks if gap["real"] or gap["figure"] == "accuracy"]
    told.sort(key=lambda one: not one[1]["real"])
    sentences = [gap_sentence(gap, f"{table['source']}, {table['column']}: ") for table, gap in told]
    silent = len(looks) - len(told)
    rest = f" Of the {silent} not named here none is." if silent else ""
    return [*sentences, f"{len(looks)} gaps were tested, and p is corrected for that (Holm).{rest}"] if looks else []


def gap_sentence(gap: Gap, before: str = "") -> str:
    """Return whether a gap is real, in a sentence that begins with what it is about."""
    figure = NAMES.get(gap["figure"], gap["figure"].replace("recall_", "recall of "))
    said = (
        f"{before}{figure} is {amount(gap['figure'], gap['gap'])} lower for '{gap['low']}' than for '{gap['high']}'; "
        f"that is {'real' if gap['real'] else 'not told from luck'} ({p_text(gap['p_holm'])})"
    )
    if gap["real"]:
        return f"{said}."
    return f"{said}. As many faces would have shown a gap from {amount(gap['figure'], gap['detectable'])} on."


def amount(figure: str, value: float) -> str:
    """Return a difference of a figure in its unit."""
    return f"{value:.3f}" if figure in ("jsd", "macro_f1") else f"{100 * value:.1f} points"
