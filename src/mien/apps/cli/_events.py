"""The parts of clips that ``mien video`` takes: --events and --baseline."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from mien.apps.cli import verbosity
from mien.apps.cli.clip_options import seconds
from mien.core.errors import UsageError
from mien.report.events import Event

FORM = "columns name and start, and optionally end and clip"


def read_events(path: Path) -> tuple[Event, ...]:
    """Return the events of a CSV file; one without an end lasts until the next one of its clip begins.

    Raises:
        UsageError: the file cannot be read, or a line is no event.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise UsageError(f"cannot read {path}: {why}; --events takes a CSV file with the {FORM}") from error
    events = list(_parsed(text, path))
    return tuple(event if event.end_s else _until_the_next(event, events) for event in events)


def _parsed(text: str, path: Path) -> Iterator[Event]:
    """Yield the events of a table; an end that is not given is 0."""
    reader = csv.DictReader(text.splitlines())
    if missing := {"name", "start"} - set(reader.fieldnames or ()):
        found = ", ".join(f"'{name}'" for name in reader.fieldnames or ())
        raise UsageError(
            f"{path} has no column '{min(missing)}', it has {found or 'none'}; "
            f"--events takes a CSV file with the {FORM}, and commas between them"
        )
    for row in reader:
        where = f"{path}, line {reader.line_num}"
        try:
            start_s = seconds(row["start"] or "")
            end_s = seconds(row["end"]) if row.get("end") else 0.0
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from error
        if row.get("end") and end_s <= start_s:
            raise UsageError(f"{where}: the event ends at {end_s:g} s and begins at {start_s:g} s; it must end later")
        if not row["name"]:
            raise UsageError(f"{where}: the event has no name; give it one")
        yield Event(row["name"], start_s, end_s, row.get("clip") or "")


def _until_the_next(event: Event, events: list[Event]) -> Event:
    later = [one.start_s for one in events if one.clip == event.clip and one.start_s > event.start_s]
    return Event(event.name, event.start_s, min(later, default=math.inf), event.clip)


def tell_left_out(events: Sequence[Event], clips: Sequence[str]) -> None:
    """Say which names in the column clip are those of no clip, as they may be misspelt."""
    strange = dict.fromkeys(event.clip for event in events if not any(map(event.is_of, clips)))
    for name in strange if clips else ():
        verbosity.note(f"--events: the events of '{name}' are left out, as no clip is called so; got {clips[0]}")


def parse_baseline(text: str) -> Event:
    """Return the part of a clip that FROM-TO names.

    Raises:
        UsageError: the text is not of that form.
    """
    start, dash, end = text.partition("-")
    if not dash:
        raise UsageError(f"'{text}' is not a part of a video; expected FROM-TO, as in 0-5 or 0:10-0:15")
    start_s, end_s = seconds(start), seconds(end)
    if end_s <= start_s:
        raise UsageError(f"--baseline {text} ends before it begins; expected FROM-TO, as in 0-5 or 0:10-0:15")
    return Event("baseline", start_s, end_s)
