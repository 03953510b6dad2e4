"""One self-contained HTML page of a timeline: a lane for each person, drawn as stacked areas of probabilities.

The areas, figures and thumbnails are in the page as it is; the script adds what the pointer or the keys ask for, and
plays the film where it lies beside the page. Nothing comes from a network, and the same timeline gives the same page.
"""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from string import Template
from typing import Any
from urllib.parse import quote

import numpy as np

from mien.core.spelling import spelled
from mien.core.types import Image
from mien.imaging.convert import to_pillow
from mien.report.events import Event, strips
from mien.report.lane_svg import HATCH, areas, hatching
from mien.report.lanes import clock, headline, left_out, length, nobody, palette, percent, shown, ticks, uncertain_bins
from mien.tracking.people import Person
from mien.tracking.timeline import Summary

MOST_TRANSITIONS = 6

HEIGHT_AND_HATCHES = (
    "Height is probability. Hatched is what is uncertain: the net is not sure enough, or the face is small, turned or "
    "blurred. Shares and changes are those of the time that is certain."
)


UNSURE = '<i class="unsure"></i>'


def timeline_page(
    summary: Summary,
    clip: str,
    model: str,
    *,
    film: str | None = None,
    film_start_s: float = 0.0,
    notes: Sequence[str] = (),
    events: Sequence[Event] = (),
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
    """
    room = resources.files("mien.report")
    html, theme, style, script = (
        room.joinpath(name).read_text(encoding="utf-8")
        for name in ("timeline.html", "theme.css", "timeline.css", "timeline.js")
    )
    page = Template(html).substitute(
        title=escape(clip),
        style=theme + style,
        facts=escape(_facts(summary)),
        notes="".join(f"<p>{escape(note[:1].upper() + note[1:])}</p>" for note in notes),
        content=_content(summary, film, events),
        footer=f"What a net reads in faces need not be what people feel. Model: {escape(model)}.",
        data=_json(page_data(summary, film_start_s)),
        script=script,
    )
    return spelled(page)


def page_data(summary: Summary, film_start_s: float = 0.0) -> dict[str, Any]:
    """Return what the page's script knows: for each lane the bins of its person, percents, and what is uncertain."""
    people = [
        {
            "name": _name(person),
            "bins": person.bins.tolist(),
            "percents": np.rint(100 * person.probs).astype(int).tolist(),
            "uncertain": uncertain_bins(person).astype(int).tolist(),
        }
        for person in shown(summary)
    ]
    return {
        "labels": list(summary.labels),
        "colours": list(palette(summary.labels).values()),
        "start_s": round(summary.start_s, 6),
        "end_s": round(summary.end_s, 6),
        "bin_s": summary.bin_s,
        "film_start_s": film_start_s,
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
    keys = "".join(f"<li>{_swatch(colours[label])}{escape(label)}</li>" for label in summary.labels)
    click = '<span id="how"> Click or Enter plays it.</span>' if film else ""
    return "\n".join(
        [
            _film(film),
            f'{HATCH}<ul class="legend" aria-label="Emotions">{keys}<li>{UNSURE}uncertain</li></ul>',
            f'<p class="soft">{HEIGHT_AND_HATCHES}</p>',
            f'<p class="soft screen">Point, tap or use the arrow keys to see a moment.{click}</p>',
            *(_person(person, summary, colours, events) for person in people),
            rest,
        ]
    )


def _film(film: str | None) -> str:
    """Return the player, and what stands in its place where the file is missing."""
    if film is None:
        return ""
    return (
        f'<video src="{escape(quote(os.fsencode(film)))}" controls preload="metadata"></video>'
        f'<p id="missing" class="soft screen" hidden>Put {escape(film)} beside this page to play moments here.</p>'
    )


def _person(person: Person, summary: Summary, colours: Mapping[str, str], events: Sequence[Event]) -> str:
    """Return the block of one person."""
    duration_s = summary.end_s - summary.start_s
    between = f"{length(person.first_s, summary)} to {length(person.last_s, summary)}"
    name, seen = escape(_name(person)), length(person.seen_s, summary)
    return f"""<section class="person">
<div><div class="who">{_portrait(person)}<div><h2>{name}</h2>
<p>{escape(headline(person))}</p>
<p class="soft">in view {seen} ({_percent(person.seen_s / duration_s)})<br>{between}</p></div></div>
{_shares(person, summary, colours)}</div>
<div>{strips(events, summary)}
<div class="lane" tabindex="0" role="slider" aria-label="{name}: probabilities over time" \
aria-valuemin="{summary.start_s:.1f}" aria-valuemax="{summary.end_s:.1f}" aria-valuenow="{summary.start_s:.1f}" \
aria-valuetext="{clock(summary.start_s)}">{areas(person, summary, colours)}{hatching(person, summary)}\
<div class="cursor" hidden></div></div>
<div class="axis" aria-hidden="true">{_axis(summary)}</div>
{_changes(person, colours)}</div>
</section>"""


def _axis(summary: Summary) -> str:
    """Return the words under a lane; those at its ends do not reach beyond it."""
    duration_s = summary.end_s - summary.start_s or 1.0
    words: list[str] = []
    for time_s, text in ticks(summary.start_s, summary.end_s):
        share = (time_s - summary.start_s) / duration_s
        side = ' class="left"' if share < 0.03 else ' class="right"' if share > 0.97 else ""
        words.append(f'<span{side} style="left:{100 * share:.2f}%">{text}</span>')
    return "".join(words)


def _shares(person: Person, summary: Summary, colours: Mapping[str, str]) -> str:
    """Return the time in view as a bar, and in figures what share of it is uncertain, and how the rest is divided."""
    pieces = [(seconds, f"--c:{colours[label]}") for label, seconds in person.seconds.items() if seconds > 0]
    part = 100 / (person.seen_s or 1.0)  # flexible boxes fill a row from a sum of 1 on
    bar = "".join(f'<span style="--w:{part * seconds:.2f};{colour}"></span>' for seconds, colour in pieces)
    unsure = certain = ""
    if person.uncertain_s:
        bar += f'<span class="unsure" style="--w:{part * person.uncertain_s:.2f}"></span>'
        unsure = f'<p class="figures">{UNSURE}uncertain {_percent(person.uncertain_share)}</p>'
        certain = f'<p class="figures soft">certain for {length(person.certain_s, summary)}, of which</p>'
    figures = "".join(
        f"<li>{_swatch(colours[label])}{escape(label)} {_percent(share)}</li>" for label, share in person.shares
    )
    if figures:
        certain += f'<ul class="figures" aria-label="Share of the time that is certain">{figures}</ul>'
    return f'<div class="shares" aria-hidden="true">{bar}</div>{unsure}{certain if figures else ""}'


def _changes(person: Person, colours: Mapping[str, str]) -> str:
    """Return the most frequent changes of the emotion shown with certainty; nothing where none is."""
    if not person.shares:
        return ""
    if not person.transitions:
        when = "where certain" if person.uncertain_s else "throughout"
        return f'<p class="changes figures">{escape(person.shares[0][0])} {when}</p>'
    arrows = {
        f"{_swatch(colours[a])}{escape(a)} → {_swatch(colours[b])}{escape(b)}": count
        for (a, b), count in person.transitions.items()
    }
    often = list(arrows.items())[:MOST_TRANSITIONS]
    items = [f"<li>{arrow}{f' {count:,}&times;' if count > 1 else ''}</li>" for arrow, count in often]
    total = sum(arrows.values())
    rest = total - sum(count for _, count in often)
    more = f"<li>{rest:,} other</li>" if rest else ""
    head = f"<li>{total:,} {'change' if total == 1 else 'changes'}:</li>"
    return f'<ul class="changes figures" aria-label="Changes">{head}{"".join(items)}{more}</ul>'


def _portrait(person: Person) -> str:
    if person.thumbnail is None:
        return '<div class="noface" aria-hidden="true">?</div>'
    return f'<img alt="{escape(_name(person))}" src="{_jpeg_uri(person.thumbnail)}">'


def _jpeg_uri(image: Image) -> str:
    buffer = io.BytesIO()
    to_pillow(image).save(buffer, "JPEG", quality=88)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _name(person: Person) -> str:
    return person.title


def _swatch(colour: str) -> str:
    return f'<i style="--c:{colour}"></i>'


def _percent(share: float) -> str:
    return escape(percent(share))


def _json(value: Any) -> str:
    """Return JSON that cannot end the element it stands in."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
