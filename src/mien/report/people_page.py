"""The page of ``mien video --summary FILE.html``: clips side by side, with what each person showed with certainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

from mien.core.spelling import spelled
from mien.report.lanes import palette, percent, signed
from mien.report.person_table import ClipPeople, Parts
from mien.results.rows import Row

MOST_EMOTIONS_LISTED = 3
"""Emotions of a person that are named, those shown most."""

PEOPLE_STYLE = """body { max-width: 96rem }
.clips { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(17rem, 100%), 1fr)); gap: 0 2rem }
.clip { border-top: 1px solid var(--line); padding: 1rem 0 }
.clip h3 { margin: 1.2rem 0 0; font-size: 1rem }
.clip .event { margin-left: .9rem }
.clip .shares { max-width: none; margin: .4rem 0 .2rem }
.clip p { margin: 0 0 .4rem; font-size: .9rem }
@media print { .clip { break-inside: avoid } }
"""

HOW_COUNTED = (
    "Of the frames in which a person is seen: how many show which emotion with certainty, and hatched, how many are "
    "uncertain. Valence is happiness less the strongest of sadness, anger, disgust and fear, from -1 to 1: its mean, "
    "and from where to where it goes, over the certain frames."
)


def people_page(clips: Sequence[ClipPeople], labels: tuple[str, ...], parts: Parts, model: str) -> str:
    """Return the page.

    Args:
        clips: what was counted.
        labels: the emotions.
        parts: what people were counted in beside the whole clips.
        model: which model saw the faces, as ``mien.results.rows.model_name`` says it.
    """
    room, colours = resources.files("mien.report"), palette(labels)
    html, theme, style = (
        room.joinpath(name).read_text(encoding="utf-8") for name in ("timeline.html", "theme.css", "timeline.css")
    )
    keys = "".join(f'<li><i style="--c:{colours[label]}"></i>{escape(label)}</li>' for label in labels)
    legend = f'<ul class="legend" aria-label="Emotions">{keys}<li><i class="unsure"></i>uncertain</li></ul>'
    base = parts.baseline
    corrected = "" if base is None else f" In brackets: less the mean from {base.start_s:g} to {base.end_s:g} s."
    blocks = "".join(_clip(clip, labels, colours) for clip in clips)
    page = Template(html).substitute(
        title=f"{len(clips):,} clip{'' if len(clips) == 1 else 's'}",
        style=theme + style + PEOPLE_STYLE,
        facts="What each person surely showed",
        notes="",
        content=f'{legend}<p class="soft">{HOW_COUNTED}{corrected}</p><div class="clips">{blocks}</div>',
        footer=f"What a net reads in faces need not be what people feel. Model: {escape(model)}.",
        data="{}",
        script="",
    )
    return spelled(page)


def _clip(clip: ClipPeople, labels: tuple[str, ...], colours: Mapping[str, str]) -> str:
    """Return the column of one clip."""
    rows = clip.rows()
    people = "".join(_person(row, labels, colours) for row in rows) or '<p class="soft">nobody was seen</p>'
    return f'<section class="clip"><h2>{escape(Path(clip.path).name)}</h2>{people}</section>'


def _person(row: Row, labels: tuple[str, ...], colours: Mapping[str, str]) -> str:
    """Return one person in a clip, or in an event of it."""
    event = str(row.get("event") or "")
    title = str(row["name"]) or f"person {row['id']}"
    head = f'<p class="event"><b>{escape(event)}</b></p>' if event else f"<h3>{escape(title)}</h3>"
    certain = _number(row, "certain")
    if certain is None:
        return f'{head}<p class="event soft">not seen</p>'
    shares = {label: certain * (_number(row, f"share_{label}") or 0.0) for label in labels}
    bar = "".join(
        f'<span style="--w:{100 * share:.2f};--c:{colours[label]}"></span>' for label, share in shares.items() if share
    )
    if certain < 1:
        bar += f'<span class="unsure" style="--w:{100 * (1 - certain):.2f}"></span>'
    facts = f"seen {percent(_number(row, 'seen') or 0.0)} · certain {percent(certain)}"
    ranked = sorted((label for label in labels if shares[label]), key=lambda label: -shares[label])[
        :MOST_EMOTIONS_LISTED
    ]
    named = [f"{label} {percent(_number(row, f'share_{label}') or 0.0)}" for label in ranked]
    facts += f", of which {', '.join(named)}" if named else ""
    words = f'<p class="soft">{escape(facts)}{_valence(row)}</p>'
    kind = ' class="event"' if event else ""
    return f'{head}<div{kind}><div class="shares" aria-hidden="true">{bar}</div>{words}</div>'


def _valence(row: Row) -> str:
    """Return what is said of valence, nothing where it is not known."""
    mean, least, most = (_number(row, name) for name in ("mean_valence", "min_valence", "max_valence"))
    if mean is None or least is None or most is None:
        return ""
    corrected = _number(row, "corrected_valence")
    less = "" if corrected is None else f" [{signed(corrected)}]"
    return f"<br>valence {signed(mean)}{less}, {signed(least)} to {signed(most)}"


def _number(row: Row, name: str) -> float | None:
    value = row.get(name)
    return None if value is None else float(value)
