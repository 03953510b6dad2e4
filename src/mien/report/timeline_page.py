"""One self-contained HTML page of a timeline: a lane for each person, drawn as stacked areas of probabilities.

The areas, figures and thumbnails are in the page as it is; the scripts add what the pointer or the keys ask for, and
play the film where it lies beside the page. Nothing comes from a network, and the same timeline gives the same page.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

import numpy as np

from mien.core.spelling import spelled
from mien.report.events import Event, event_rows
from mien.report.lane_svg import key, patterns
from mien.report.lanes import (
    DOUBTS,
    MOST_TALL,
    STEPS_S,
    TENTHS_S,
    bin_doubts,
    doubts,
    left_out,
    length,
    nobody,
    palette,
    shown,
)
from mien.report.person_block import axis, person_block, swatch
from mien.tracking.timeline import Summary

SCRIPTS = "timeline.js", "timeline_zoom.js", "timeline_people.js", "timeline_export.js"


def timeline_page(
    summary: Summary,
    clip: str,
    model: str,
    *,
    film: str | None = None,
    film_start_s: float = 0.0,
    notes: Sequence[str] = (),
    events: Sequence[Event] = (),
    blurred: bool = False,
) -> str:
    """Return the page.

    Args:
        summary: what ``Timeline.close`` gave.
        clip: the video's name, the page's title.
        model: which model saw the faces, as ``mien.results.rows.model_name`` says it.
        film: the film to play, relative to the page; the page does without where there is no such file.
        film_start_s: the time of the video at which the film begins.
        notes: what else the reader must know, such as frames that were skipped; a line each.
        events: parts of the video, which are named over each lane.
        blurred: whether its faces are anonymized, for ``is_blurred``.
    """
    room = resources.files("mien.report")
    html, theme, style, *scripts = (
        room.joinpath(name).read_text(encoding="utf-8")
        for name in ("timeline.html", "theme.css", "timeline.css", *SCRIPTS)
    )
    page = Template(html).substitute(
        title=escape(clip),
        style=theme + style,
        facts=escape(_facts(summary)),
        notes="".join(f"<p>{escape(note[:1].upper() + note[1:])}</p>" for note in notes),
        content=_content(summary, film, events),
        footer=f"What a net reads in faces need not be what people feel. Model: {escape(model)}.",
        data=_json(page_data(summary, clip, film_start_s) | {"events": _mark(events), "blurred": blurred}),
        script="".join(scripts),
    )
    return spelled(page)


def shows_events(page: Path, events: Sequence[Event]) -> bool:
    """Return whether a page that was written before shows these events and no others; False where it cannot be read."""
    return f'"events":"{_mark(events)}"' in _text(page)


def is_blurred(page: Path) -> bool:
    """Return whether a page that was written before has anonymized faces; False where it cannot be read."""
    return '"blurred":true' in _text(page)


def _text(page: Path) -> str:
    try:
        return page.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _mark(events: Sequence[Event]) -> str:
    """Return a few letters that tell events apart from others."""
    told = repr([(event.name, event.start_s, event.end_s) for event in events])
    return hashlib.sha256(told.encode(errors="surrogateescape")).hexdigest()[:16]


def page_data(summary: Summary, clip: str = "", film_start_s: float = 0.0) -> dict[str, Any]:
    """Return what the page's scripts know: for each lane the bins of its person, with what is in them.

    Probabilities are in thousandths; why a bin is uncertain is a place in "doubts", -1 where it is not.
    """
    people = [
        {
            "id": person.id,
            "name": person.title,
            "bins": person.bins.tolist(),
            "thousandths": np.rint(1000 * person.probs).astype(int).tolist(),
            "doubt": bin_doubts(person).tolist(),
        }
        for person in shown(summary)
    ]
    return {
        "clip": clip,
        "labels": list(summary.labels),
        "colours": list(palette(summary.labels).values()),
        "doubts": list(DOUBTS),
        "start_s": round(summary.start_s, 6),
        "end_s": round(summary.end_s, 6),
        "bin_s": summary.bin_s,
        "film_start_s": film_start_s,
        "steps_s": list(STEPS_S),
        "tenths_s": TENTHS_S,
        "people": people,
    }


def _facts(summary: Summary) -> str:
    """Return the line under the title."""
    people = len(summary.people) + summary.forgotten
    facts = [
        f"{length(summary.end_s - summary.start_s, summary)} long",
        f"{people:,} {'person' if people == 1 else 'people'}",
        f"{summary.frames:,} {'frame' if summary.frames == 1 else 'frames'} analysed",
    ]
    if summary.people and summary.empty_s >= 0.5:
        facts.append(f"nobody in view for {length(summary.empty_s, summary)}")
    return " · ".join(facts)


def _content(summary: Summary, film: str | None, events: Sequence[Event]) -> str:
    """Return film, legend and lanes, or that there are none."""
    people, colours = shown(summary), palette(summary.labels)
    more = left_out(summary)
    rest = f'<p class="soft">{escape(more)}</p>' if more else ""
    if not people:
        return f'<p class="empty">{nobody(summary)}</p>{rest}{_film(film)}'
    tall = len(people) <= MOST_TALL
    return "\n".join(
        [
            _film(film),
            _legend(summary),
            f'<p class="soft">{_reading(summary)}</p>',
            f'<p class="soft screen">{_handling(film)}</p>',
            '<p id="state" class="soft" role="status" hidden></p>',
            "" if tall else _ruler(summary, events),
            *(person_block(person, summary, colours, events if tall else (), tall=tall) for person in people),
            rest,
            BAR,
        ]
    )


BAR = """<div id="bar" class="screen" role="toolbar" aria-label="Time and people" hidden>
<button id="closer" title="Zoom in (+)" aria-label="Zoom in">+</button>
<button id="farther" title="Zoom out (-)" aria-label="Zoom out">&minus;</button>
<button id="back" title="Earlier" aria-label="Earlier">&lsaquo;</button>
<button id="on" title="Later" aria-label="Later">&rsaquo;</button>
<button id="whole" title="The whole time (0)">Whole</button>
<span id="span"></span>
<button id="everyone" hidden>Show all people</button>
<span id="unsaved" hidden>The names you gave are in this page only until you save it.</span>
<button id="save" hidden>Save page</button>
</div>"""
"""What the scripts show at the lower edge."""


def _legend(summary: Summary) -> str:
    keys = [f"<li>{swatch(colour)}{escape(label)}</li>" for label, colour in palette(summary.labels).items()]
    found = doubts(summary)
    uncertain = [f"<li>{'' if place else 'uncertain: '}{key(doubt)}{doubt}</li>" for place, doubt in enumerate(found)]
    return f'{patterns(found)}<ul class="legend" aria-label="Key">{"".join([*keys, *uncertain])}</ul>'


def _reading(summary: Summary) -> str:
    """Say how lanes and figures are to be read."""
    width = f"{summary.bin_s:g} s" if summary.bin_s < 60 else length(summary.bin_s, summary)
    return (
        f"Height is probability, 0 to 1; a point is the mean of {width}. Hatched is what is uncertain: the net is not "
        "sure, or the face is small, turned or blurred. Shares, means and changes are of the time that is certain."
    )


def _handling(film: str | None) -> str:
    play = '<span id="how">, click or press Enter to play it</span>' if film else ""
    return f"Point, tap or use arrow keys to see the emotions there{play}. Drag to zoom, or press + and -; 0 shows all."


def _ruler(summary: Summary, events: Sequence[Event]) -> str:
    """Return the axis and the events over many low lanes, which have none of their own."""
    scale = event_rows(events, summary) + axis(summary)
    return f'<div class="ruler" aria-hidden="true"><div></div><div>{scale}</div></div>'


def _film(film: str | None) -> str:
    """Return the player, and what stands in its place where the file is missing."""
    if film is None:
        return ""
    return (
        f'<video src="{escape(quote(os.fsencode(film)))}" controls preload="metadata"></video>'
        f'<p id="missing" class="soft screen" hidden>Put {escape(film)} beside this page to play it here.</p>'
    )


def _json(value: Any) -> str:
    """Return JSON that cannot end the element it stands in."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
