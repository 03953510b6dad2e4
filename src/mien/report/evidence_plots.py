"""Pictures of a report on models: scores between what people come to, and what corruptions cost.

Raises:
    MissingExtra: on import, when matplotlib is not installed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mien.evaluation.people import People
from mien.report.markup import picture
from mien.report.plots import (
    BLUE,
    FAINT,
    INK,
    LADDER,
    ORANGE,
    STYLE,
    Axes,
    Figure,
    PercentFormatter,
    rc_context,
    to_png,
)

DPI = 80
"""Of the pictures of the page, which are many."""


class Point(NamedTuple):
    """An accuracy, its interval, and what people come to on the same faces."""

    name: str
    accuracy: float
    interval: Sequence[float]
    people: People | None


def accuracy_figure(points: Sequence[Point]) -> Figure:
    """Draw accuracies with their intervals, a line each, and behind them what people come to, where it is known."""
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 1.6 + 0.5 * len(points)), layout="constrained")
        axis = figure.subplots()
        places = range(len(points), 0, -1)
        for place, (_, value, (low, high), people) in zip(places, points, strict=True):
            if people:
                _people(axis, place, people)
            axis.plot([low, high], [place, place], color=BLUE, linewidth=3, solid_capstyle="round")
            axis.plot([value], [place], "o", color=BLUE, markersize=8)
            axis.annotate(f"{100 * value:.1f}", (value, place), (0, 8), textcoords="offset points", ha="center")
        lines, names = axis.get_legend_handles_labels()
        first = dict(zip(reversed(names), reversed(lines), strict=True))
        if first:
            figure.legend(list(first.values())[::-1], list(first)[::-1], loc="outside lower left", ncols=3)
        axis.set_yticks(list(places), [point.name for point in points])
        axis.set_ylim(0.4, len(points) + 0.8)
        axis.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        axis.grid(axis="x", color=FAINT)
        axis.set_title("Accuracy with its 95 % interval")
    return figure


def _people(axis: Axes, place: int, people: People) -> None:
    """Draw what people come to behind one line."""
    height = [place - 0.4, place + 0.4]
    axis.plot([people.one] * 2, height, color=ORANGE, linestyle="--", linewidth=1.6, label="one person")
    axis.fill_betweenx(height, *people.panel, color=LADDER[2], alpha=0.25, label="a fresh panel of ten")
    axis.fill_betweenx(height, *people.ceiling, color=INK, alpha=0.15, label="the best that anything can")


def strengths_figure(found: Mapping[str, Mapping[str, float]], whats: Mapping[str, str], untouched: float) -> Figure:
    """Draw the accuracy at five strengths of each corruption, small plots side by side.

    Args:
        found: corruption -> strength as text -> accuracy.
        whats: corruption -> what the strength is.
        untouched: the accuracy on faces as they are.
    """
    with rc_context({**STYLE, "font.size": 11}):
        figure = Figure(figsize=(12, 5.6), layout="constrained")
        axes = figure.subplots(2, -(-len(found) // 2), sharey=True)
        for axis, (name, series) in zip(axes.flat, found.items(), strict=False):
            axis.axhline(untouched, color=ORANGE, linestyle=":", linewidth=1.2)
            axis.plot(list(series), list(series.values()), "o-", color=BLUE)
            axis.set_title(name)
            axis.set_xlabel(whats[name])
            axis.set_ylim(0, 1)
            axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
            axis.grid(axis="y", color=FAINT)
    return figure


def drawn(figure: Figure, says: str) -> str:
    """Return a figure as a picture of the page."""
    return picture(to_png(figure, DPI), says)
