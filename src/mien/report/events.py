"""Events: named parts of a clip, as a stimulus that was shown, and the strip that names them over a lane."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from mien.report.lanes import clock
from mien.tracking.timeline import Summary


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
    """Return the events that a timeline shows something of, cut to what it shows, in the order of their beginning."""
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


def strips(events: Sequence[Event], summary: Summary) -> str:
    """Return the events as bars with their names, to stand over a lane; "" where there are none."""
    part = 100 / (summary.end_s - summary.start_s or 1.0)
    return "".join(
        '<div class="events">'
        + "".join(
            f'<span style="left:{part * (event.start_s - summary.start_s):.2f}%;'
            f'width:{part * (event.end_s - event.start_s):.2f}%" '
            f'title="{escape(event.name)}: {clock(event.start_s, 1)} to {clock(event.end_s, 1)}">'
            f"{escape(event.name)}</span>"
            for event in row
        )
        + "</div>"
        for row in layers(in_view(events, summary))
    )
