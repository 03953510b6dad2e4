"""The picture of a timeline: a lane of stacked areas for each person, over one axis of time."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from mien.core.errors import MissingExtra, UsageError
from mien.core.output import write_whole
from mien.core.spelling import spelled
from mien.report.events import Event, event_labels
from mien.report.lanes import (
    MOST_TALL,
    doubts,
    headline,
    left_out,
    length,
    nobody,
    palette,
    percent,
    runs,
    shown,
    ticks,
    uncertain_bands,
)
from mien.tracking.people import Person
from mien.tracking.timeline import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg")

HATCHED: dict[str, Any] = {"facecolor": (1, 1, 1, 0.6), "edgecolor": "#3c444d", "linewidth": 0}
"""How what is uncertain is drawn, over the areas and in the legend."""

HATCHES = {"not sure": "/////", "small": "....", "turned": "-----", "blurred": "|||||"}
"""What tells apart why, of ``DOUBTS``."""

NOTE_LETTERS = 120
"""Letters in a line of the note under the lanes."""

NAME_PT = 13
"""Height of a row of events' names."""

LANE_IN, LOW_LANE_IN = 1.0, 0.5
"""Height of a lane in inches, and where there are more than ``MOST_TALL``."""

MOST_LETTERS = 14
"""Letters of a name, at most, for which there is room beside a lane."""


def write_timeline(summary: Summary, path: Path, title: str = "", events: Sequence[Event] = ()) -> None:
    """Write the picture, PNG or SVG by the file's suffix; it appears whole or not at all.

    The same timeline gives the same bytes.

    Raises:
        UsageError: the suffix is neither.
        MissingExtra: matplotlib is not installed.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"a timeline is drawn as .png or .svg; got '{path.name}'")
    figure = timeline_figure(summary, title, events)
    import matplotlib as mpl

    metadata: dict[str, Any] = {"Software": None} if suffix == ".png" else {"Date": None, "Creator": None}
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "mien"}), warnings.catch_warnings():
        # A name in letters that matplotlib's font lacks is drawn with boxes.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(buffer, format=suffix[1:], dpi=110, metadata=metadata)
    write_whole(path, buffer.getvalue())


def require_matplotlib() -> None:
    """Find out whether a picture could be drawn, before hours are spent on what it shows.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        import_module("mien.report.plots")
    except MissingExtra as error:
        raise MissingExtra(
            "a timeline's picture needs matplotlib, which is not installed; run: pip install 'mien[video]'"
        ) from error


def timeline_figure(summary: Summary, title: str = "", events: Sequence[Event] = ()) -> Figure:
    """Return the picture; events are parts of the video, which are named over the first lane and marked in all.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    require_matplotlib()
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.patches import Patch

    from mien.report.plots import STYLE, Figure, rc_context

    people, colours, more = shown(summary), palette(summary.labels), left_out(summary)
    lane_in = LANE_IN if len(people) <= MOST_TALL else LOW_LANE_IN
    with rc_context(STYLE):
        names_in = NAME_PT / 72 * len(event_labels(events, summary))
        figure = Figure(
            figsize=(12, lane_in * max(len(people), 1) + (1.6 if more else 1.3) + names_in),
            layout=ConstrainedLayoutEngine(w_pad=0.12),
        )
        if title:
            figure.suptitle(spelled(title), x=0.01, ha="left", weight="bold", parse_math=False)
        if not people:
            figure.text(0.5, 0.5, more or nobody(summary), ha="center", va="center")
            return figure
        axes = figure.subplots(len(people), 1, sharex=True, squeeze=False)[:, 0]
        for axis, person in zip(axes, people, strict=True):
            _lane(axis, person, summary, list(colours.values()))
            _who(axis, person, summary, tall=lane_in == LANE_IN)
        _mark(figure, list(axes), events, summary)
        places, words = zip(*ticks(summary.start_s, summary.end_s, 10), strict=True)
        axes[-1].set_xticks(places, words)
        if more:
            axes[-1].set_xlabel("\n".join(wrap(more, NOTE_LETTERS)), loc="left", color="#777777", fontsize=10)
        patches = [Patch(facecolor=colour, label=label) for label, colour in colours.items()]
        patches += [Patch(**HATCHED, hatch=HATCHES[doubt], label=doubt) for doubt in doubts(summary)]
        if len(patches) > len(colours):
            patches[len(colours)].set_label(f"uncertain: {patches[len(colours)].get_label()}")
        style: dict[str, Any] = {"ncols": len(patches), "handlelength": 1, "handleheight": 1, "columnspacing": 1.2}
        figure.legend(handles=patches, loc="outside lower center", fontsize=10, **style)
    return figure


def _lane(axis: Axes, person: Person, summary: Summary, colours: list[str]) -> None:
    """Draw the lane of one person: areas, and over them what is uncertain."""
    for rows in runs(person.bins):
        # Level from the first bin's beginning to its middle, and from the last one's middle to its end.
        middles = person.bins[rows] + 0.5
        bins = np.concatenate([[middles[0] - 0.5], middles, [middles[-1] + 0.5]])
        times_s = (summary.start_s + bins * summary.bin_s).clip(max=summary.end_s)
        axis.stackplot(times_s, np.pad(person.probs[rows], ((1, 1), (0, 0)), "edge").T, colors=colours, linewidth=0)
    for doubt, hatch in HATCHES.items():
        bands = [
            (summary.start_s + first * summary.bin_s, (end - first) * summary.bin_s)
            for first, end, why in uncertain_bands(person)
            if why == doubt
        ]
        if bands:
            axis.broken_barh(bands, (0, 1), **HATCHED, hatch=hatch)
    axis.set(xlim=(summary.start_s, max(summary.end_s, summary.start_s + summary.bin_s)), ylim=(0, 1), yticks=(0, 1))
    axis.yaxis.tick_right()
    axis.tick_params(axis="y", length=0, labelsize=8, labelcolor="#777777")
    axis.set_facecolor("#f4f6f8")
    axis.spines[:].set_visible(False)
    axis.tick_params(axis="x", color="#888888", length=4)


def _who(axis: Axes, person: Person, summary: Summary, *, tall: bool) -> None:
    """Write beside a lane whose it is, with the portrait."""
    words = headline(person)
    if tall:
        words += f"\n{length(person.seen_s, summary)} in view"
    if tall and person.uncertain_s and person.certain_s:
        words += f"\n{percent(person.uncertain_share)} uncertain"
    style: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "top"}
    name, below = _shortened(person.title), -19 if tall else -15
    axis.annotate(name, (0, 1), xytext=(-112, -2 if tall else 0), weight="bold", parse_math=False, **style)
    axis.annotate(words, (0, 1), xytext=(-112, below), fontsize=10, parse_math=False, **style)
    if person.thumbnail is not None:
        _portrait(axis, person.thumbnail, 52 if tall else 28)


def _shortened(title: str) -> str:
    return title if len(title) <= MOST_LETTERS else f"{title[: MOST_LETTERS - 1]}…"


def _mark(figure: Figure, axes: Sequence[Axes], events: Sequence[Event], summary: Summary) -> None:
    """Draw a line where an event begins and one where it ends, and over the first lane its name and how long it is."""
    from matplotlib.transforms import offset_copy

    first, length_s = axes[0], summary.end_s - summary.start_s
    for number, row in enumerate(event_labels(events, summary)):
        level = offset_copy(first.get_xaxis_transform(), figure, y=4 + NAME_PT * number, units="points")
        for label in row:
            start_s, end_s = label.event.start_s, label.event.end_s
            for axis in axes:
                for time_s in {start_s, end_s} - {summary.start_s, summary.end_s}:
                    axis.axvline(time_s, color="#333333", linewidth=1, linestyle=":")
            first.hlines(1, start_s, end_s, colors="#777777", linewidth=2, transform=level, clip_on=False)
            first.annotate(
                spelled(label.text),
                (summary.start_s + length_s * (1.0 if label.is_moved else label.left), 1),
                xycoords=("data", "axes fraction"),
                xytext=(0, 6 + NAME_PT * number),
                textcoords="offset points",
                ha="right" if label.is_moved else "left",
                fontsize=9,
                parse_math=False,
            )


def _portrait(axis: Axes, thumbnail: np.ndarray[Any, np.dtype[np.uint8]], side_pt: float) -> None:
    """Put a thumbnail (S, S, 3) uint8 left of the words."""
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    picture = OffsetImage(thumbnail, zoom=side_pt / len(thumbnail), interpolation="bilinear")
    box = AnnotationBbox(
        picture,
        (0, 1),
        (-120, 0),
        "axes fraction",
        boxcoords="offset points",
        box_alignment=(1, 1),
        frameon=False,
        pad=0,
    )
    axis.add_artist(box)
