"""Pictures of two trade-offs: the prior, and how many faces count as uncertain.

Raises:
    MissingExtra: on import, when matplotlib is not installed.
"""

from __future__ import annotations

from typing import Literal

from mien.evaluation.coverage import Coverage
from mien.evaluation.document import CoverageBlock, PriorSweep
from mien.report.plots import (
    BLUE,
    FAINT,
    INK,
    LADDER,
    ORANGE,
    STYLE,
    Axes,
    Figure,
    MaxNLocator,
    PercentFormatter,
    rc_context,
)

Score = Literal["accuracy", "balanced_accuracy", "macro_f1"]

LINES: dict[Score, str] = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
}


def prior_figure(block: PriorSweep) -> Figure:
    """Draw the block "prior_sweep" of ``metrics.json``: scores over the prior, the shipped one marked."""
    rows, shipped = block["rows"], block["shipped"]
    priors = [row["prior"] for row in rows]
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axis = figure.subplots()
        for colour, (key, name) in zip(LADDER, LINES.items(), strict=False):
            scores = [row[key] for row in rows]
            if shipped is None:
                axis.plot(priors, scores, color=colour, label=name)
                continue
            score = scores[priors.index(shipped)]
            axis.plot(priors, scores, color=colour, label=f"{name}: {100 * score:.1f} % as shipped")
            axis.plot([shipped], [score], "o", color=colour, markersize=8)
        if shipped is not None:
            axis.axvline(shipped, color=INK, linewidth=1, linestyle=":", label=f"shipped prior: {shipped:g}")
        axis.set(
            title="What raising the rare emotions buys and costs",
            xlabel="prior: 0 as in FER+, 1 balanced",
            xlim=(-0.02, 1.02),
        )
        axis.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1], ["0\nFER+", "0.2", "0.4", "0.6", "0.8", "1\nbalanced"])
        _percent(axis)
        axis.margins(y=0.12)
        figure.legend(loc="outside lower center", ncols=2)
    return figure


def coverage_figure(curve: Coverage, block: CoverageBlock) -> Figure:
    """Draw accuracy over the share of faces kept; the point at the file's own threshold is marked.

    Args:
        curve: the whole curve, faces as they are.
        block: the block "coverage" of ``metrics.json``.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(6.5, 5), layout="constrained")
        axis = figure.subplots()
        axis.plot(curve.share, curve.accuracy, color=BLUE)
        end = float(curve.accuracy[-1])
        axis.plot([1], [end], "o", color=BLUE, markersize=8, clip_on=False)
        axis.annotate(
            f"{100 * end:.1f} % of all",
            (1, end),
            xytext=(-8, -8),
            textcoords="offset points",
            ha="right",
            va="top",
            color=BLUE,
            weight="bold",
        )
        kept, right = block["kept"], block["accuracy"]
        if kept is not None and right is not None:
            axis.plot([kept, kept, 0], [0, right, right], color=ORANGE, linewidth=1.2, linestyle=":")
            axis.plot([kept], [right], "o", color=ORANGE, markersize=9)
            axis.annotate(
                f"{100 * right:.1f} % right on the {100 * kept:.1f} % that remain\n"
                f"(confidence of {block['uncertain_below']:.3f} or more)",
                (0.03, 0.05),
                xycoords="axes fraction",
                va="bottom",
                color=ORANGE,
                weight="bold",
            )
        low = min(end, float(curve.accuracy[len(curve.accuracy) // 20 :].min()))
        axis.set(
            title="Accuracy of the faces kept, seven emotions",
            xlabel="share of faces kept, the surest first",
            xlim=(0, 1.02),
        )
        axis.set(ylim=(max(0, low - 0.06), 1.01))
        axis.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        _percent(axis)
    return figure


def _percent(axis: Axes) -> None:
    """Label the vertical axis in percent, with faint lines across."""
    # Steps of 2.5 would be labelled as if they were 2 and 3.
    axis.yaxis.set_major_locator(MaxNLocator(steps=(1, 2, 5, 10)))
    axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axis.grid(axis="y", color=FAINT, linewidth=0.8)
    axis.set_axisbelow(True)
