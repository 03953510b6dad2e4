"""The comparison of two models in tables and plain words."""

from __future__ import annotations

from collections.abc import Sequence

from mien.core.significance import p_text
from mien.evaluation.compare import Compared, Comparison, SetComparison

HEADS = ("", "faces", "B - A", "95 %", "only B", "only A", "p", "real")
"""Columns of ``compared_rows``; A is the first model, B the second; "only" counts faces that one alone gets right."""


def compared_rows(looks: Sequence[Compared]) -> list[list[str]]:
    """Return a row of text a look, under ``HEADS``; differences are in points."""
    return [_row(look) for look in looks]


def _row(look: Compared) -> list[str]:
    low, high = look["accuracy"]["interval"]
    return [
        look["name"],
        f"{look['n']:,}",
        f"{100 * look['accuracy']['difference']:+.1f}",
        f"[{100 * low:+.1f}, {100 * high:+.1f}]",
        f"{look['gained']:,}",
        f"{look['lost']:,}",
        p_text(look["p_holm"]).removeprefix("p ").removeprefix("= "),
        "yes" if look["real"] else "no",
    ]


def verdicts(document: Comparison) -> list[str]:
    """Return what is found on each data set, in sentences."""
    first, second = names(document)
    return [verdict(one, first, second) for one in document["sets"]]


def names(document: Comparison) -> tuple[str, str]:
    """Return what to call the two models."""
    first, second = (one["model"] for one in document["models"])
    return (first, second) if first != second else (f"{first} (A)", f"{second} (B)")


def verdict(one: SetComparison, first: str, second: str) -> str:
    """Return what is found on a data set, in sentences."""
    look = one["all"]
    ahead = second if look["accuracy"]["difference"] >= 0 else first
    points = abs(100 * look["accuracy"]["difference"])
    where = f"On {look['n']:,} faces of {one['source']}"
    tested = f"McNemar's {p_text(look['p_holm'])}"
    if look["real"]:
        said = f"{where} {ahead} is better: {points:.1f} points of accuracy ({tested})."
    else:
        said = (
            f"{where} the two are not told apart: {ahead} is {points:.1f} points ahead, which may be luck ({tested}). "
            f"As many faces would have shown a difference from {100 * look['detectable']:.1f} points on."
        )
    return f"{said} {_parts(one['emotions'], first, second, 'emotion')}{_parts(one['groups'], first, second, 'group')}"


def _parts(looks: Sequence[Compared], first: str, second: str, kind: str) -> str:
    """Return on which parts the difference is real."""
    if not looks:
        return ""
    real = [look for look in looks if look["real"]]
    if not real:
        return f"By {kind} no difference is real. "
    told = ", ".join(
        f"{look['name']} ({second if look['accuracy']['difference'] > 0 else first} by "
        f"{abs(100 * look['accuracy']['difference']):.1f} points)"
        for look in real
    )
    return f"By {kind} it is real for {told}. "
