"""The drawing of one lane of a timeline as SVG: stacked areas of probabilities, and what is hatched of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Ids
from mien.report.lanes import runs, ticks, uncertain_bands
from mien.tracking.people import Person
from mien.tracking.timeline import Summary

HEIGHT = 200
"""Height of a lane in the units of its drawing: half a percent of probability each."""

MARKS = {
    "not sure": '<path d="M-1.5 1.5l3-3M0 6l6-6M4.5 7.5l3-3"/>',
    "small": '<circle cx="1.5" cy="1.5" r="1"/><circle cx="4.5" cy="4.5" r="1"/>',
    "turned": '<path d="M0 3h6"/>',
    "blurred": '<path d="M3 0v6"/>',
}
"""What fills a square of 6 pixels where a face is uncertain, for each of ``DOUBTS``: lines, dots, lines, lines."""


def pattern_id(doubt: str) -> str:
    """Return the id of the pattern that marks why a face is uncertain."""
    return f"hatch-{doubt.replace(' ', '-')}"


def patterns(doubts: Sequence[str]) -> str:
    """Return the patterns that mark why a face is uncertain, once a page."""
    return (
        '<svg class="hatch" aria-hidden="true">'
        + "".join(
            f'<pattern id="{pattern_id(doubt)}" width="6" height="6" patternUnits="userSpaceOnUse" '
            f'patternTransform="scale(1.3)">'
            f'<rect width="6" height="6"/>{MARKS[doubt]}</pattern>'
            for doubt in doubts
        )
        + "</svg>"
    )


def key(doubt: str) -> str:
    """Return a square with the mark of a doubt, for a legend."""
    return (
        f'<svg class="key" aria-hidden="true"><rect width="100%" height="100%" fill="url(#{pattern_id(doubt)})"/></svg>'
    )


def areas(person: Person, summary: Summary, colours: Mapping[str, str]) -> str:
    """Return the stacked areas: two units across are a bin, HEIGHT units down are probability 1.

    Each emotion's area reaches down to the ground behind those below it, so that no seams show between them, and
    is drawn only where it shows, so that its edges do not shine through elsewhere.
    """
    across = 2 * (summary.end_s - summary.start_s) / summary.bin_s or 1.0
    tops = np.rint(HEIGHT * (1 - person.probs.astype(np.float64).cumsum(axis=1))).astype(int).clip(0, HEIGHT)
    pieces = runs(person.bins)
    paths: list[str] = []
    for k in reversed(range(len(summary.labels))):
        heights = (tops[:, k - 1] if k else HEIGHT) - tops[:, k]
        outline = "".join(
            _outline(person.bins, tops[:, k], part, run) for run in pieces for part in _visible(run, heights)
        )
        paths.append(f'<path fill="{colours[summary.labels[k]]}" d="{outline}"/>')
    lines = "".join(
        f'<line x1="{x:.2f}" x2="{x:.2f}" y2="{HEIGHT}"/>'
        for time_s, _ in ticks(summary.start_s, summary.end_s)
        if 0 < (x := 2 * (time_s - summary.start_s) / summary.bin_s) < across
    )
    box = f'viewBox="0 0 {across:.6g} {HEIGHT}" preserveAspectRatio="none"'
    return f'<svg class="areas" {box} aria-hidden="true">{lines}{"".join(paths)}</svg>'


def _visible(run: Ids, heights: NDArray[np.int64]) -> list[Ids]:
    """Return the parts of a run of bins in which an area has some height, with the bin on either side."""
    high = heights[run] > 0
    places = np.flatnonzero(high | np.append(high[1:], False) | np.append(False, high[:-1]))
    return [run[places[part]] for part in runs(places)]


def _outline(bins: Ids, tops: NDArray[np.int64], part: Ids, run: Ids) -> str:
    """Return the path under a line from middle to middle of the bins in a part, level to the ends of the whole run."""
    starts, ends = part[0] == run[0], part[-1] == run[-1]
    line = f"M{2 * bins[part[0]] + (not starts)} {HEIGHT}V{tops[part[0]]}" + "h1" * bool(starts)
    return line + "".join(f"l2 {step}" for step in np.diff(tops[part]).tolist()) + "h1" * bool(ends) + f"V{HEIGHT}z"


def hatching(person: Person, summary: Summary) -> str:
    """Return what lies over the areas where the face is uncertain, "" where it nowhere is."""
    share = 100 * summary.bin_s / (summary.end_s - summary.start_s or summary.bin_s)
    bands = "".join(
        f'<rect x="{first * share:.3f}%" width="{(end - first) * share:.3f}%" height="100%" '
        f'fill="url(#{pattern_id(doubt)})"/>'
        for first, end, doubt in uncertain_bands(person)
    )
    return f'<svg class="uncertain" aria-hidden="true">{bands}</svg>' if bands else ""
