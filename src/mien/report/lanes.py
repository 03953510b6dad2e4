"""What the page and the picture of a timeline have in common: who is shown, in which colours, on what axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mien.core.arrays import Flags, Ids
from mien.core.emotions import colours_of
from mien.tracking.people import UNCERTAIN, Person
from mien.tracking.timeline import Summary

MOST_LANES = 30
MOST_TALL = 8
"""Of more people each has a low lane, on a page until its figures are opened."""

SHORTEST_SEEN_S = 1.0
"""People seen for less are not shown; in a video shorter than ten times that, those seen for less than a tenth."""

SHORT_S = 60.0
"""Times of a video that is shorter are given in tenths of a second."""

MOST_NAMED = 8
"""Of the ids that are not counted as people so many are named."""

DOUBTS = "not sure", "small", "turned", "blurred"
"""Why a face is uncertain, as people are told it, in the order of ``QUALITIES``: of a good view the net is not sure."""

TENTHS_S = 10.0
"""The axis of a shorter time is marked in tenths of a second."""

STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)


def shown(summary: Summary) -> tuple[Person, ...]:
    """Return the people who get a lane, those seen longest first."""
    least_s = min(SHORTEST_SEEN_S, (summary.end_s - summary.start_s) / 10)
    return tuple(person for person in summary.people[:MOST_LANES] if person.seen_s >= least_s)


def left_out(summary: Summary) -> str:
    """Say how many people get no lane, and how many ids are not counted as people, and why; "" where there are none."""
    sentences: list[str] = []
    if more := len(summary.people) - len(shown(summary)) + summary.forgotten:
        why = f"the {MOST_LANES} seen longest have one" if len(shown(summary)) == MOST_LANES else "too briefly seen"
        sentences.append(f"{more:,} more {'person has' if more == 1 else 'people have'} no lane here: {why}.")
    if summary.not_people:
        sentences.append(f"{not_counted(summary)}.")
    return " ".join(sentences)


def not_counted(summary: Summary) -> str:
    """Say which ids are not counted as people."""
    ids = [str(key) for key in summary.not_people[:MOST_NAMED]]
    if len(summary.not_people) > MOST_NAMED:
        ids.append("...")
    one = len(summary.not_people) == 1
    who = f"{'id' if one else 'ids'} {', '.join(ids)}"
    verb = "is not counted as a person" if one else "are not counted as people"
    return f"{len(summary.not_people):,} more ({who}) {verb}: too little of what was seen is surely a face"


def nobody(summary: Summary) -> str:
    """Say why there is no lane at all."""
    if summary.people or summary.forgotten:
        return "Nobody was seen for long enough to show."
    return "No face was found that surely is one." if summary.not_people else "No face was found in this video."


def headline(person: Person) -> str:
    """Say in a few words what a person showed."""
    if not person.shares:
        return f"{UNCERTAIN} throughout"
    half = person.dominant == UNCERTAIN or person.shares[0][1] > 0.5
    return f"{'mostly' if half else 'most often'} {person.dominant}"


def uncertain_bins(person: Person) -> Flags:
    """Return in which of its bins (M,) a person is drawn as uncertain: where that is half the time or more."""
    return person.uncertain >= 0.5


def bin_doubts(person: Person) -> Ids:
    """Return for each of its bins (M,) why it is drawn as uncertain: a place in ``DOUBTS``, -1 where it is not."""
    return np.where(uncertain_bins(person), person.doubtful.argmax(axis=1), -1)


def uncertain_bands(person: Person) -> list[tuple[int, int, str]]:
    """Return the hatched bands of a lane: first bin, the bin behind the last, and the reason, of ``DOUBTS``."""
    why = bin_doubts(person)
    bands = [(doubt, runs(person.bins[why == place]), person.bins[why == place]) for place, doubt in enumerate(DOUBTS)]
    found = [(int(bins[rows[0]]), int(bins[rows[-1]]) + 1, doubt) for doubt, parts, bins in bands for rows in parts]
    return sorted(found)


def doubts(summary: Summary) -> list[str]:
    """Return the reasons for what is hatched in any lane, of ``DOUBTS``, in their order."""
    found = {doubt for person in shown(summary) for *_, doubt in uncertain_bands(person)}
    return [doubt for doubt in DOUBTS if doubt in found]


def percent(share: float) -> str:
    """Return a share of 0 to 1 in whole percent: "<1" for a little and ">99" for nearly all, not 0 and 100."""
    if 1e-6 < share < 0.01:
        return "<1\N{NO-BREAK SPACE}%"
    return ">99\N{NO-BREAK SPACE}%" if 0.99 < share < 1 - 1e-6 else f"{100 * share:.0f}\N{NO-BREAK SPACE}%"


def signed(value: float) -> str:
    """Return a number from -1 to 1 with its sign."""
    return f"{round(value, 2) + 0.0:+.2f}"  # adding zero makes a zero of a minus zero


def palette(labels: Sequence[str]) -> dict[str, str]:
    """Return label -> colour as #rrggbb."""
    return {label: "#{:02x}{:02x}{:02x}".format(*colour) for label, colour in colours_of(labels).items()}


def runs(bins: Ids) -> list[Ids]:
    """Return the rows of bins (M,) that follow one another without a gap, together."""
    return [rows for rows in np.split(np.arange(len(bins)), np.flatnonzero(np.diff(bins) > 1) + 1) if len(rows)]


def clock(time_s: float, digits: int = 0) -> str:
    """Return a time as m:ss or h:mm:ss, with so many digits after the point."""
    sign, ticks = ("-" if time_s < 0 else ""), round(abs(time_s) * 10**digits)
    whole, fraction = divmod(ticks, 10**digits)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{sign}{head}:{seconds:02d}" + (f".{fraction:0{digits}d}" if digits else "")


def time_text(time_s: float, summary: Summary) -> str:
    """Return a time as ``clock`` does, in tenths of a second where the video is short."""
    return clock(time_s, int(summary.end_s - summary.start_s < SHORT_S))


def length(time_s: float, summary: Summary) -> str:
    """Return for how long something lasts as ``time_text`` does, in hundredths where that would be 0."""
    return clock(time_s, 2) if 0 < time_s < 0.05 else time_text(time_s, summary)


def ticks(start_s: float, end_s: float, most: int = 7) -> list[tuple[float, str]]:
    """Return at most so many round times from start to end, in seconds, and what to write there."""
    step = next((step for step in STEPS_S if (end_s - start_s) / step < most - 1), STEPS_S[-1])
    first, last = int(np.ceil(start_s / step - 1e-6)), int(np.floor(end_s / step + 1e-6))
    return [
        (place * step, clock(place * step, int(step < 1 or end_s - start_s < TENTHS_S)))
        for place in range(first, last + 1)
    ]
