"""What the page of a timeline tells of one person: portrait, figures, lane and changes."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape

from mien.core.arrays import Image
from mien.imaging.convert import to_pillow
from mien.imaging.quality import QUALITIES
from mien.report.events import Event, event_rows
from mien.report.lane_svg import areas, hatching
from mien.report.lanes import DOUBTS, clock, headline, length, percent, signed, ticks, time_text
from mien.tracking.people import Person
from mien.tracking.timeline import Summary

MOST_TRANSITIONS = 6

UNSURE = '<i class="unsure"></i>'

TOOLS = (
    '<p class="tools screen" hidden><button data-do="alone">Alone</button><button data-do="hide">Hide</button>'
    '<button data-do="rename">Rename</button><button data-do="csv">CSV</button><button data-do="png">PNG</button></p>'
)


def person_block(
    person: Person, summary: Summary, colours: Mapping[str, str], events: Sequence[Event], *, tall: bool
) -> str:
    """Return the block of one person.

    Args:
        person: who.
        summary: of the video.
        colours: emotion -> colour as #rrggbb.
        events: what is named over the lane.
        tall: whether the figures are open and the lane is high.
    """
    between = f"{time_text(person.first_s, summary)} to {time_text(person.last_s, summary)}"
    name, seen = escape(person.title), length(person.seen_s, summary)
    share = percent(person.seen_s / (summary.end_s - summary.start_s))
    return f"""<section class="person">
<div class="about"><div class="who">{_portrait(person)}<div><h2>{name}</h2>
<p>{escape(headline(person))}</p>
<p class="soft seen">in view {seen} ({escape(share)})<br>{between}</p></div></div>
{_bar(person, colours)}
<details{" open" * tall}><summary>figures</summary>{_figures(person, summary, colours)}</details></div>
<div>{event_rows(events, summary)}
<div class="plot"><div class="lane" tabindex="0" role="slider" aria-label="{name}: probabilities over time" \
aria-valuemin="{summary.start_s:.1f}" aria-valuemax="{summary.end_s:.1f}" aria-valuenow="{summary.start_s:.1f}" \
aria-valuetext="{clock(summary.start_s)}"><div class="strip">{areas(person, summary, colours)}\
{hatching(person, summary)}</div><div class="cursor" hidden></div><div class="pick" hidden></div></div></div>
{axis(summary)}
<div class="under">{_changes(person, colours)}{TOOLS}</div></div>
</section>"""


def axis(summary: Summary) -> str:
    """Return the words under a lane; those at its ends do not reach beyond it."""
    duration_s = summary.end_s - summary.start_s or 1.0
    words: list[str] = []
    for time_s, text in ticks(summary.start_s, summary.end_s):
        share = (time_s - summary.start_s) / duration_s
        side = ' class="left"' if share < 0.03 else ' class="right"' if share > 0.97 else ""
        words.append(f'<span{side} style="left:{100 * share:.2f}%">{text}</span>')
    return f'<div class="axis" aria-hidden="true">{"".join(words)}</div>'


def _bar(person: Person, colours: Mapping[str, str]) -> str:
    """Return the time in view as a bar of what is shown."""
    pieces = [(seconds, f"--c:{colours[label]}") for label, seconds in person.seconds.items() if seconds > 0]
    part = 100 / (person.seen_s or 1.0)  # flexible boxes fill a row from a sum of 1 on
    bar = "".join(f'<span style="--w:{part * seconds:.2f};{colour}"></span>' for seconds, colour in pieces)
    if person.uncertain_s:
        bar += f'<span class="unsure" style="--w:{part * person.uncertain_s:.2f}"></span>'
    return f'<div class="shares" aria-hidden="true">{bar}</div>'


def _figures(person: Person, summary: Summary, colours: Mapping[str, str]) -> str:
    """Return what share of the time is uncertain and why, and how the rest is divided."""
    unsure = certain = table = ""
    if person.uncertain_s:
        unsure = f'<p class="figures">{UNSURE}uncertain {_percent(person.uncertain_share)}{_why(person)}</p>'
        certain = f'<p class="figures soft">certain for {length(person.certain_s, summary)}, of which</p>'
    if person.shares:
        rows = "".join(_row(label, share, person, summary, colours) for label, share in person.shares)
        head = "<tr><td></td><th>share</th><th>mean</th><th>first</th></tr>"
        table = f'{certain}<table class="figures">{head}{rows}</table>'
        if person.valence is not None:
            table += f'<p class="figures">mean valence {signed(person.valence)}</p>'
    return unsure + table


def _row(label: str, share: float, person: Person, summary: Summary, colours: Mapping[str, str]) -> str:
    first = time_text(person.onsets[label], summary)
    cells = f"<td>{_percent(share)}</td><td>{person.means[label]:.2f}</td><td>{first}</td>"
    return f"<tr><th>{swatch(colours[label])}{escape(label)}</th>{cells}</tr>"


def _why(person: Person) -> str:
    """Return why a person is uncertain, with shares of the time in view where there are several reasons."""
    found = [(doubt, person.doubts[name]) for doubt, name in zip(DOUBTS, QUALITIES, strict=True) if person.doubts[name]]
    if len(found) == 1:
        return f": {found[0][0]}"
    return ": " + ", ".join(f"{doubt} {_percent(seconds / person.seen_s)}" for doubt, seconds in found)


def _changes(person: Person, colours: Mapping[str, str]) -> str:
    """Return the most frequent changes of the emotion shown with certainty; nothing where none is."""
    if not person.shares:
        return ""
    if not person.transitions:
        when = "where certain" if person.uncertain_s else "throughout"
        return f'<p class="changes figures">{escape(person.shares[0][0])} {when}</p>'
    arrows = {
        f"{swatch(colours[a])}{escape(a)} → {swatch(colours[b])}{escape(b)}": count
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
    return f'<img alt="{escape(person.title)}" src="{_jpeg_uri(person.thumbnail)}">'


def _jpeg_uri(image: Image) -> str:
    buffer = io.BytesIO()
    to_pillow(image).save(buffer, "JPEG", quality=88)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def swatch(colour: str) -> str:
    """Return a square of a colour, for a legend."""
    return f'<i style="--c:{colour}"></i>'


def _percent(share: float) -> str:
    return escape(percent(share))
