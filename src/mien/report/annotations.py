"""Annotations of a timeline, for the annotation programs ELAN, Praat and BORIS.

A tier (in BORIS a subject) is a person, an annotation (a state event) a time in which the person showed one emotion
with certainty; where the face is uncertain or unseen there is none. Times are the clip's, as in the table of --data.
"""

from __future__ import annotations

import json
import mimetypes
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

from mien.core.spelling import spelled
from mien.report.events import Event, in_view, layers
from mien.results.document import Setting
from mien.tracking.people import UNCERTAIN
from mien.tracking.timeline import Summary
from mien.version import __version__

PLAYERS = 8
"""How many videos a BORIS project shows side by side."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A clip that is annotated, and where and when that is written.

    Attributes:
        clip: the clip.
        folder: where the file goes.
        made: when it is made, with the time zone.
        fps: frames a second of the clip.
        duration_s: how long it is.
        has_audio: whether it has sound.
        events: its parts, which have tiers of their own.
        start_clock: what a clock showed at its beginning (``mien.results.start_clock``); None where nobody said.
    """

    clip: Path
    folder: Path
    made: datetime
    fps: float
    duration_s: float
    has_audio: bool
    events: tuple[Event, ...] = ()
    start_clock: Setting = None

    @property
    def beside(self) -> str:
        """The path from the folder to the clip, with slashes; absolute if there is no relative one."""
        try:
            return Path(os.path.relpath(self.clip, self.folder)).as_posix()
        except ValueError:  # on another drive of Windows
            return self.clip.resolve().as_posix()


@dataclass(frozen=True, slots=True)
class Segment:
    """A time, in milliseconds, in which one emotion was shown with certainty, or that of an event."""

    start_ms: int
    end_ms: int
    label: str


def tiers(summary: Summary, events: Sequence[Event] = ()) -> dict[str, list[Segment]]:
    """Return a person's title -> what it showed with certainty, in order; people by their ids.

    Behind them come events, those that overlap in tiers "events", "events 2" and so on.
    """
    people = {
        person.title: [
            Segment(start_ms, end_ms, span.emotion)
            for span in person.spans
            if span.emotion != UNCERTAIN
            and (start_ms := round(1000 * span.start_s)) < (end_ms := round(1000 * span.end_s))
        ]
        for person in sorted(summary.people, key=lambda person: person.id)
    }
    rows = [
        [Segment(round(1000 * event.start_s), round(1000 * event.end_s), event.name) for event in row]
        for row in layers(in_view(events, summary))
    ]
    return people | {"events" if row == 1 else f"events {row}": told for row, told in enumerate(rows, 1)}


def eaf(summary: Summary, of: Recording) -> str:
    """Return the document of ELAN, in the format EAF 3.0.

    Source: https://www.mpi.nl/tools/elan/EAF_Annotation_Format_3.0_and_ELAN.pdf
    """
    schema = "http://www.w3.org/2001/XMLSchema-instance"
    ET.register_namespace("xsi", schema)
    root = ET.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": f"mien {__version__}",
            "DATE": of.made.isoformat(timespec="seconds"),
            "FORMAT": "3.0",
            "VERSION": "3.0",
            f"{{{schema}}}noNamespaceSchemaLocation": "http://www.mpi.nl/tools/elan/EAFv3.0.xsd",
        },
    )
    header = ET.SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    url, kind = of.clip.resolve().as_uri(), mimetypes.guess_type(of.clip.name)[0] or "unknown"
    beside = spelled(of.beside if of.beside.startswith((".", "/")) else f"./{of.beside}")
    ET.SubElement(header, "MEDIA_DESCRIPTOR", MEDIA_URL=url, MIME_TYPE=kind, RELATIVE_MEDIA_URL=beside)
    order = ET.SubElement(root, "TIME_ORDER")
    number = 0
    for name, segments in tiers(summary, of.events).items():
        tier = ET.SubElement(root, "TIER", LINGUISTIC_TYPE_REF="emotion", TIER_ID=name, PARTICIPANT=name)
        for segment in segments:
            number += 1
            slots = {f"ts{2 * number - 1}": segment.start_ms, f"ts{2 * number}": segment.end_ms}
            for slot, time_ms in slots.items():
                ET.SubElement(order, "TIME_SLOT", TIME_SLOT_ID=slot, TIME_VALUE=str(time_ms))
            first, last = slots
            place = {"ANNOTATION_ID": f"a{number}", "TIME_SLOT_REF1": first, "TIME_SLOT_REF2": last}
            annotation = ET.SubElement(ET.SubElement(tier, "ANNOTATION"), "ALIGNABLE_ANNOTATION", place)
            ET.SubElement(annotation, "ANNOTATION_VALUE").text = segment.label
    ET.SubElement(header, "PROPERTY", NAME="lastUsedAnnotationId").text = str(number)
    if of.start_clock:
        ET.SubElement(header, "PROPERTY", NAME="startClock").text = str(of.start_clock)
    kinds = {"LINGUISTIC_TYPE_ID": "emotion", "TIME_ALIGNABLE": "true", "GRAPHIC_REFERENCES": "false"}
    ET.SubElement(root, "LINGUISTIC_TYPE", kinds)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def textgrid(summary: Summary, of: Recording) -> str:
    """Return the TextGrid of Praat, in the long form; without people it has one empty tier, as Praat requires one.

    Source: https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html
    """
    found = tiers(summary, of.events) or {"nobody": []}
    ends = [round(1000 * summary.end_s), *(segment.end_ms for segments in found.values() for segment in segments), 1]
    end_ms = max(ends)
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {_seconds(end_ms)}",
        "tiers? <exists>",
        f"size = {len(found)}",
        "item []:",
    ]
    for number, (name, segments) in enumerate(found.items(), 1):
        intervals = _without_gaps(segments, end_ms)
        lines += [f"    item [{number}]:", '        class = "IntervalTier"', f"        name = {_quoted(name)}"]
        lines += [
            "        xmin = 0",
            f"        xmax = {_seconds(end_ms)}",
            f"        intervals: size = {len(intervals)}",
        ]
        for place, interval in enumerate(intervals, 1):
            lines += [
                f"        intervals [{place}]:",
                f"            xmin = {_seconds(interval.start_ms)}",
                f"            xmax = {_seconds(interval.end_ms)}",
                f"            text = {_quoted(interval.label)}",
            ]
    return "\n".join(lines) + "\n"


def _without_gaps(segments: list[Segment], end_ms: int) -> list[Segment]:
    """Return the segments with empty ones between, before and after them, from 0 to the end."""
    whole: list[Segment] = []
    for segment in [*segments, Segment(end_ms, end_ms, "")]:
        since_ms = whole[-1].end_ms if whole else 0
        if since_ms < segment.start_ms:
            whole.append(Segment(since_ms, segment.start_ms, ""))
        if segment.start_ms < segment.end_ms:
            whole.append(segment)
    return whole


def _seconds(time_ms: int) -> str:
    return f"{time_ms / 1000:g}" if time_ms % 1000 == 0 else f"{time_ms / 1000:.3f}"


def _quoted(text: str) -> str:
    """Return a string as Praat writes it: in quotes, with those inside doubled, on one line."""
    return '"' + " ".join(text.split()).replace('"', '""') + '"'


def boris(summary: Summary, of: Recording) -> str:
    """Return the project of BORIS, in the format 7.0: one observation, with a start and a stop for each segment.

    Source: https://www.boris.unito.it/user_guide/
    """
    found, day = tiers(summary, of.events), of.made.isoformat(timespec="seconds")[:19]
    codes = dict.fromkeys([*summary.labels, *(segment.label for segments in found.values() for segment in segments)])
    project = {
        "time_format": "hh:mm:ss",
        "project_date": day,
        "project_name": of.clip.name,
        "project_description": f"Emotions that mien {__version__} is certain of",
        "project_format_version": "7.0",
        "subjects_conf": {str(place): {"key": "", "name": name, "description": ""} for place, name in enumerate(found)},
        "behaviors_conf": {str(place): _behavior(code, summary.labels) for place, code in enumerate(codes)},
        "observations": {of.clip.name: _observation(of, day, found)},
        "behavioral_categories": [],
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    return json.dumps(project, indent=1) + "\n"


def _observation(of: Recording, day: str, found: dict[str, list[Segment]]) -> dict[str, object]:
    """Return the observation of a clip: its media, and the starts and stops in order of time."""
    events: list[tuple[int, bool, str, str]] = []  # time, whether it begins, person, emotion
    for name, segments in found.items():
        for segment in segments:
            events += [(segment.start_ms, True, name, segment.label), (segment.end_ms, False, name, segment.label)]
    events.sort(key=lambda event: event[:3])  # of one time, ends come first
    return {
        "file": {str(player): [of.beside] if player == 1 else [] for player in range(1, PLAYERS + 1)},
        "type": "MEDIA",
        "date": of.start_clock[:19] if isinstance(of.start_clock, str) else day,
        "description": "",
        "time offset": of.start_clock if isinstance(of.start_clock, float) else 0.0,
        "events": [[time_ms / 1000, name, emotion, "", "", "NA"] for time_ms, _, name, emotion in events],
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "media_creation_date_as_offset": False,
        "media_scan_sampling_duration": 0,
        "image_display_duration": 1,
        "close_behaviors_between_videos": False,
        "media_info": {
            "length": {of.beside: of.duration_s},
            "fps": {of.beside: of.fps},
            "hasVideo": {of.beside: True},
            "hasAudio": {of.beside: of.has_audio},
            "offset": {"1": 0.0},
        },
    }


def _behavior(label: str, emotions: tuple[str, ...]) -> dict[str, object]:
    """Return an emotion, which excludes the others, or an event, as a state."""
    others = ",".join(other for other in emotions if other != label) if label in emotions else ""
    return {
        "type": "State event",
        "key": "",
        "code": label,
        "description": "",
        "color": "",
        "category": "",
        "modifiers": {},
        "excluded": others,
        "coding map": "",
    }


FORMS: dict[str, Callable[[Summary, Recording], str]] = {".eaf": eaf, ".TextGrid": textgrid, ".boris": boris}
"""Suffix -> function that makes the document."""
