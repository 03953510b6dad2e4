"""Events: named parts of a clip, such as a stimulus that was shown, and their bars over a lane."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

from mien.report.lanes import clock
from mien.tracking.timeline import Summary

LETTER = 0.0085
"""Width of a letter of an event's name as a share of a lane's width: 7 pixels of 824, as on a desk."""


@dataclass(frozen=True, slots=True)
class Event:
    """A part of a clip.

    Attributes:
        name: of the part, as "advert".
        start_s: when it begins, in seconds of the clip.
        end_s: when it ends; infinity is the clip's end.
        clip: name or path of the clip; "" is any.
    """

    name: str
    start_s: float
    end_s: float = math.inf
    clip: str = ""

    def has(self, time_s: float) -> bool:
        """Return whether a frame at a time belongs to it."""
        return self.start_s <= time_s < self.end_s

    def is_of(self, path: str) -> bool:
        """Return whether it is a part of the clip at a path."""
        return self.clip in ("", path, Path(path).name)


def in_view(events: Sequence[Event], summary: Summary) -> list[Event]:
    """Return the events that overlap a timeline, cut to it, in the order in which they begin."""
    cut = [
        Event(event.name, max(event.start_s, summary.start_s), min(event.end_s, summary.end_s), event.clip)
        for event in events
    ]
    return sorted((event for event in cut if event.start_s < event.end_s), key=lambda event: event.start_s)


def layers(events: Sequence[Event]) -> list[list[Event]]:
    """Return the events in rows in which none overlaps another, as few as need be; they come in order."""
    rows: list[list[Event]] = []
    for event in events:
        for row in rows:
            if row[-1].end_s <= event.start_s:
                row.append(event)
                break
        else:
            rows.append([event])
    return rows


@dataclass(frozen=True, slots=True)
class Label:
    """Where the name of an event goes over a lane; shares of the lane's width.

    Attributes:
        event: the event, cut to what the timeline shows.
        text: its name, cut where it is wider than the lane.
        start: where the event begins.
        end: where it ends.
        left: where the name begins: with the event, or further left where it would leave the lane.
        room: how wide it may be before it meets the next name of its row.
    """

    event: Event
    text: str
    start: float
    end: float
    left: float
    room: float

    @property
    def is_moved(self) -> bool:
        """Whether the name ends with the lane, as it would leave it otherwise."""
        return self.left < self.start


def event_labels(events: Sequence[Event], summary: Summary) -> list[list[Label]]:
    """Return the names of events in rows in which none meets another, as few as need be."""
    rows: list[list[Label]] = []
    for event in in_view(events, summary):
        label = _label(event, summary)
        for row in rows:
            last = row[-1]
            if max(last.end, last.left + _width(last.text)) <= min(label.start, label.left):
                row[-1] = replace(last, room=label.left - last.left)
                row.append(label)
                break
        else:
            rows.append([label])
    return rows


def _label(event: Event, summary: Summary) -> Label:
    """Return the label of an event as if it were alone."""
    length_s, text = summary.end_s - summary.start_s, event.name
    if _width(text) > 1:
        text = f"{text[: int(1 / LETTER) - 3]}…"
    start, end = ((time_s - summary.start_s) / length_s for time_s in (event.start_s, event.end_s))
    left = max(0.0, min(start, 1 - _width(text)))
    return Label(event, text, start, end, left, 1 - left)


def _width(text: str) -> float:
    return LETTER * (len(text) + 2)


def event_rows(events: Sequence[Event], summary: Summary) -> str:
    """Return the events as bars with their names, to stand over a lane; "" where there are none."""
    rows = event_labels(events, summary)
    return "".join(f'<div class="events"><div class="strip">{"".join(map(_strip, row))}</div></div>' for row in rows)


def _strip(label: Label) -> str:
    event = label.event
    words = escape(f"{event.name}: {clock(event.start_s, 1)} to {clock(event.end_s, 1)}")
    kind = ' class="end"' if label.is_moved else ""
    bar = f"left:{100 * label.start:.2f}%;width:{100 * (label.end - label.start):.2f}%"
    # Its beginning may be out of view where the lane is zoomed, its end where it is over.
    name = (
        f"--from:{100 * label.left:.2f}%;--to:{100 * label.end:.2f}%;right:{100 * (1 - label.left - label.room):.2f}%"
    )
    return f'<b style="{bar}"></b><span{kind} style="{name}" title="{words}">{escape(label.text)}</span>'
