"""Pictures of scores: confusion, calibration, robustness, learning curves.

Every function returns a ``Figure`` that nobody else holds; there is no pyplot, hence no hidden state and no window.

Raises:
    MissingExtra: on import, when matplotlib is not installed.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import MissingExtra
from mien.core.matplotlib import import_matplotlib
from mien.core.metrics import Calibration

try:
    import_matplotlib()
    from matplotlib import rc_context
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, PercentFormatter
except ImportError as error:
    raise MissingExtra("plots need matplotlib, which is not installed; run: pip install 'mien[train]'") from error

History = Sequence[Mapping[str, float]]
"""One row an epoch, with the keys of ``history.csv``: epoch, loss, accuracy, val_loss, val_accuracy, ..."""

BLUE, ORANGE, INK, FAINT = "#0072b2", "#d55e00", "#222222", "#dddddd"
LADDER = ("#0072b2", "#d55e00", "#009e73", "#aa4499", "#222222", "#56b4e9", "#e69f00")
"""Colours that colour-blind people can tell apart (after Okabe and Ito, 2008), dark enough for type first."""

STYLE: Any = {  # matplotlib types its keys as literals
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.labelcolor": INK,
    "text.color": INK,
    "lines.linewidth": 2.2,
    "legend.frameon": False,
}


def confusion_figure(panels: Mapping[str, tuple[NDArray[np.int64], Sequence[str]]]) -> Figure:
    """Draw confusion matrices side by side.

    Args:
        panels: title -> (matrix (R, K), rows true and columns predicted, and the K names of the columns, the first R of
            which name the rows).

    Each cell is the share of its true class in percent, so that rare classes can be read as well as common ones; the
    number of faces stands beside the class.
    """
    with rc_context(STYLE):
        # Cells are square, so that a matrix with a column more than rows takes less height.
        tallest = max(len(matrix) / matrix.shape[1] for matrix, _ in panels.values())
        figure = Figure(figsize=(5.8 * len(panels), 1.6 + 4 * tallest), layout="constrained")
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        for axis, (title, (matrix, names)) in zip(axes, panels.items(), strict=True):
            _confusion(axis, matrix, names)
            axis.set_title(title, pad=10)
    return figure


def _confusion(axis: Axes, matrix: NDArray[np.int64], names: Sequence[str]) -> None:
    """Draw one matrix."""
    faces = matrix.sum(axis=1)
    percent = 100 * matrix / np.maximum(faces, 1)[:, None]
    axis.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    for row, column in np.argwhere(matrix > 0):
        share = percent[row, column]
        colour = "white" if share > 65 else INK if share >= 1 else "#777777"
        text = f"{share:.0f}" if share >= 1 else "<1"
        weight = "bold" if row == column else "normal"
        axis.text(column, row, text, ha="center", va="center", color=colour, weight=weight)
    across, down = np.arange(matrix.shape[1]), np.arange(len(matrix))
    axis.set_xticks(across, names, rotation=40, ha="right", rotation_mode="anchor")
    axis.set_yticks(down, [f"{name}  {count:,}" for name, count in zip(names, faces, strict=False)])
    axis.set_xticks(across[1:] - 0.5, minor=True)
    axis.set_yticks(down[1:] - 0.5, minor=True)
    axis.grid(which="minor", color="white", linewidth=1.5)
    axis.tick_params(which="both", length=0)
    axis.spines[:].set_visible(False)
    axis.set_xlabel("predicted, % of the true class")
    axis.set_ylabel("true, number of faces")


def curves_figure(history: History) -> Figure:
    """Draw loss and accuracy by epoch, on training and validation faces; the best validation epoch is marked."""
    with rc_context(STYLE):
        figure = Figure(figsize=(10, 4.2), layout="constrained")
        loss, accuracy = figure.subplots(1, 2)
        _pair(loss, history, "loss")
        _pair(accuracy, history, "accuracy")
        accuracy.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        loss.legend()
        if history:
            best = best_epoch(history)
            x, y = best["epoch"], best["val_accuracy"]
            accuracy.plot([x], [y], "o", color=ORANGE, markersize=8)
            accuracy.axhline(y, color=ORANGE, linewidth=1, linestyle=":")
            accuracy.set_title(f"Accuracy (best {100 * y:.1f} %, epoch {x:.0f})")
    return figure


def best_epoch(history: History) -> Mapping[str, float]:
    """Return the row of the first epoch with the highest validation accuracy."""
    return max(history, key=lambda row: row["val_accuracy"])


def _pair(axis: Axes, history: History, key: str) -> None:
    """Draw one quantity on training faces (dashed) and on validation faces (solid)."""
    epochs = [row["epoch"] for row in history]
    marker = "o" if len(history) < 3 else ""
    axis.plot(epochs, [row[key] for row in history], color=BLUE, linestyle="--", marker=marker, label="training")
    axis.plot(epochs, [row[f"val_{key}"] for row in history], color=ORANGE, marker=marker, label="validation")
    axis.set_title(key.capitalize())
    _by_epoch(axis)


def _by_epoch(axis: Axes) -> None:
    """Label the horizontal axis with whole epochs and draw faint lines across."""
    axis.set_xlabel("epoch")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.grid(axis="y", color=FAINT, linewidth=0.8)
    axis.set_axisbelow(True)


def ladder_figure(runs: Mapping[str, History]) -> Figure:
    """Draw the validation accuracy of several runs in one plot, with the best figure of each."""
    drawn = {name: history for name, history in runs.items() if history}
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 5), layout="constrained")
        axis = figure.subplots()
        for place, (name, history) in enumerate(drawn.items()):
            colour = LADDER[place % len(LADDER)]
            accuracies = [row["val_accuracy"] for row in history]
            best = best_epoch(history)
            label = f"{name}  {100 * best['val_accuracy']:.1f} %"
            axis.plot([row["epoch"] for row in history], accuracies, "o-", color=colour, markersize=3, label=label)
            axis.plot([best["epoch"]], [best["val_accuracy"]], "o", color=colour, markersize=8)
        axis.set_title("Accuracy on validation faces, the best epoch marked")
        axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        _by_epoch(axis)
        if drawn:
            axis.legend(loc="lower right")
    return figure


def reliability_figure(panels: Mapping[str, Mapping[str, Calibration]]) -> Figure:
    """Draw claimed against true accuracy, a panel a protocol and a line a kind of probability.

    Args:
        panels: title -> (name of the line -> its calibration), the final one last.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(5.2 * len(panels), 5), layout="constrained")
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        for axis, (title, lines) in zip(axes, panels.items(), strict=True):
            axis.plot([0, 1], [0, 1], color="#999999", linewidth=1.2, linestyle=":")
            styles = [("#888888", "^", ":"), (BLUE, "s", "--"), (ORANGE, "o", "-")][-len(lines) :]
            for (name, line), (colour, marker, dash) in zip(lines.items(), styles, strict=True):
                label = f"{name}: ECE {line.error:.3f}"
                axis.plot(line.confidence, line.accuracy, color=colour, marker=marker, linestyle=dash, label=label)
            axis.set(title=title, xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal")
            axis.set(xlabel="probability of the predicted emotion", ylabel="share that is right")
            axis.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
            axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
            axis.grid(color=FAINT, linewidth=0.8)
            axis.legend(loc="lower right")
    return figure


def robustness_figure(examples: Mapping[str, NDArray[np.uint8]], scores: Mapping[str, Sequence[float]]) -> Figure:
    """Draw a bar of accuracy a corruption and a protocol, and above the bars a face with that corruption.

    Args:
        examples: what was done -> a face (S, S) uint8, grey; first the one to which nothing was done.
        scores: line in the legend, one a protocol -> its accuracies, 0 to 1, in the order of the examples.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(14, 6.6), layout="constrained")
        axis = figure.subplots()
        places, width = np.arange(len(examples)), 0.84 / len(scores)
        for lane, (line, accuracies) in enumerate(scores.items()):
            middles = places + (lane - (len(scores) - 1) / 2) * width
            colour = LADDER[lane % len(LADDER)]
            bars = axis.bar(middles, accuracies, 0.94 * width, color=colour, label=line)
            texts = [f"{100 * accuracy:.{int(len(scores) == 1)}f}" for accuracy in accuracies]
            axis.axhline(accuracies[0], color=colour, linewidth=1.2, linestyle=":")
            behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
            axis.bar_label(bars, texts, padding=3, color=colour, weight="bold", bbox=behind)
        axis.set(xlim=(-0.5, len(examples) - 0.5), ylim=(0, 1), ylabel="accuracy")
        axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        axis.set_xticks(places, list(examples))
        axis.tick_params(axis="x", length=0)
        axis.grid(axis="y", color=FAINT, linewidth=0.8)
        axis.set_axisbelow(True)
        _faces_above(axis, list(examples.values()))
        figure.legend(loc="outside lower left")
        figure.suptitle("Accuracy under corruption", x=0.01, ha="left", weight="bold")
    return figure


def _faces_above(axis: Axes, faces: Sequence[NDArray[np.uint8]]) -> None:
    """Put a face (S, S) uint8 over each whole number of the horizontal axis, above the plot."""
    for place, face in enumerate(faces):
        bounds = (place - 0.42, 1.04, 0.84, 0.3)
        picture = axis.inset_axes(bounds, transform=axis.get_xaxis_transform())
        picture.imshow(face, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        picture.set_anchor("S")
        picture.set_axis_off()


def to_png(figure: Figure, dpi: int = 110) -> bytes:
    """Return a figure as a PNG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()
