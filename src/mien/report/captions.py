"""Captions of a timeline, SubRip or WebVTT: who shows what, for a player to put over the video.

Sources: https://www.w3.org/TR/webvtt1/ and https://www.matroska.org/technical/subtitles.html#srt-subtitles
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from mien.tracking.people import UNCERTAIN, Person
from mien.tracking.timeline import Summary

SHORTEST_CAPTION_S = 0.5
"""What is shown for less gives way to what is shown before or after it; nobody could read it."""

MOST_LINES = 4


@dataclass(slots=True)
class Cue:
    """Lines that stand from a time to another."""

    start_s: float
    end_s: float
    lines: tuple[str, ...]


def srt(summary: Summary, zero_s: float = 0.0) -> str:
    """Return the captions as SubRip; "" where nobody is seen.

    Of one person in view the emotion alone is told, unless the person has a name; of several each has a line, those
    seen longest first. Where there are more than ``MOST_LINES``, those whose face is certain go before the others, and
    then those seen longest.

    Args:
        summary: how the video went.
        zero_s: the time of the video at which the film begins that is captioned.
    """
    blocks = (
        f"{number}\n{_times(cue, zero_s, ',')}\n" + "\n".join(cue.lines) + "\n"
        for number, cue in enumerate(cues(summary), 1)
    )
    return "\n".join(blocks)


def vtt(summary: Summary, zero_s: float = 0.0) -> str:
    """Return the captions as WebVTT, otherwise as ``srt`` does."""
    blocks = (
        f"{_times(cue, zero_s, '.')}\n" + "\n".join(escape(line, quote=False) for line in cue.lines) + "\n"
        for cue in cues(summary)
    )
    return "\n".join(["WEBVTT\n", *blocks])


def cues(summary: Summary) -> list[Cue]:
    """Return what to show and when: in order, apart, none shorter than ``SHORTEST_CAPTION_S`` unless the video is."""
    joined: list[Cue] = []
    for row in _rows(_changes(summary)):
        joined += _join(row)
    for cue in joined:
        # Alone, with room on either side; at the very end of the video it begins earlier instead.
        cue.end_s = min(max(cue.end_s, cue.start_s + SHORTEST_CAPTION_S), max(summary.end_s, cue.end_s))
        cue.start_s = max(min(cue.start_s, cue.end_s - SHORTEST_CAPTION_S), min(summary.start_s, cue.start_s))
    return joined


def _changes(summary: Summary) -> list[Cue]:
    """Return a cue for each time in which the lines stay the same."""
    rank = {person.id: place for place, person in enumerate(summary.people)}
    events = [
        (time_s, begins, person, span.emotion)
        for person in summary.people
        for span in person.spans
        for time_s, begins in ((span.start_s, True), (span.end_s, False))
    ]
    # Of one time, ends come first: a person's next span begins where the one before it ends.
    events.sort(key=lambda event: (event[0], event[1], rank[event[2].id]))
    found: list[Cue] = []
    in_view: dict[int, tuple[Person, str]] = {}
    for place, (time_s, begins, person, emotion) in enumerate(events):
        if begins:
            in_view[person.id] = person, emotion
        else:
            del in_view[person.id]
        until_s = events[place + 1][0] if place + 1 < len(events) else time_s
        if in_view and until_s > time_s:
            first = sorted(in_view, key=lambda key: (in_view[key][1] == UNCERTAIN, rank[key]))[:MOST_LINES]
            _put(found, Cue(time_s, until_s, _lines([in_view[key] for key in sorted(first, key=rank.__getitem__)])))
    return found


def _lines(shown: Sequence[tuple[Person, str]]) -> tuple[str, ...]:
    words = [(person, " ".join(emotion.split())) for person, emotion in shown]
    alone = len(words) == 1 and not words[0][0].name
    return (words[0][1],) if alone else tuple(f"{person.title}: {word}" for person, word in words)


def _put(cues: list[Cue], cue: Cue) -> None:
    """Add a cue, or prolong the last one where it says the same and ends where this one begins."""
    if cues and cues[-1].lines == cue.lines and cues[-1].end_s == cue.start_s:
        cues[-1].end_s = cue.end_s
    else:
        cues.append(cue)


def _rows(cues: Sequence[Cue]) -> list[list[Cue]]:
    """Return the cues in rows without a pause; a pause too short to see is filled by the cue before it."""
    rows: list[list[Cue]] = []
    for cue in cues:
        if rows and cue.start_s - rows[-1][-1].end_s < SHORTEST_CAPTION_S:
            rows[-1][-1].end_s = cue.start_s
            _put(rows[-1], cue)
        else:
            rows.append([cue])
    return rows


def _join(row: Sequence[Cue]) -> list[Cue]:
    """Return a row in which each cue that is too short has been joined with its neighbours, under the longest."""
    joined: list[Cue] = []
    longest_s = 0.0  # for how long the lines of the last cue stood on their own
    for cue in row:
        own_s = cue.end_s - cue.start_s
        if not joined or joined[-1].end_s - joined[-1].start_s >= SHORTEST_CAPTION_S:
            joined.append(cue)
            longest_s = own_s
        else:
            joined[-1].end_s = cue.end_s
            if own_s > longest_s:
                joined[-1].lines, longest_s = cue.lines, own_s
    if len(joined) > 1 and joined[-1].end_s - joined[-1].start_s < SHORTEST_CAPTION_S:
        last = joined.pop()
        joined[-1].end_s = last.end_s
    merged: list[Cue] = []
    for cue in joined:
        _put(merged, cue)
    return merged


def _times(cue: Cue, zero_s: float, point: str) -> str:
    return f"{_stamp(cue.start_s - zero_s, point)} --> {_stamp(cue.end_s - zero_s, point)}"


def _stamp(time_s: float, point: str) -> str:
    """Return hh:mm:ss and milliseconds; times before the video's zero are zero."""
    seconds, milliseconds = divmod(round(max(time_s, 0.0) * 1000), 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{point}{milliseconds:03d}"
