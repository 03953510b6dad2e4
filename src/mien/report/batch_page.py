"""What came of a batch: one self-contained page, and the same in a few lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from mien.core.spelling import spelled
from mien.imaging.quality import QUALITIES
from mien.report.lanes import DOUBTS, palette, percent
from mien.report.markup import page, pairs, section, table
from mien.results.rows import model_name
from mien.results.totals import Totals

MOST_REASONS = 20
"""Reasons of failures that are listed, those of most files."""

MOST_INPUTS = 10

LONG_S = 120.0
"""Longer times are in minutes, and those of as many minutes in hours."""


@dataclass(frozen=True, slots=True)
class BatchRun:
    """One run of a batch.

    Attributes:
        totals: of this run and those before.
        before: how many of the pictures and clips earlier runs did.
        took_s: how long it took.
        rate: how many pictures and frames it did a second.
    """

    totals: Totals
    before: int
    took_s: float
    rate: float


def batch_page(run: BatchRun, manifest: Mapping[str, Any]) -> str:
    """Return the page as HTML; all but what ``run_line`` says is the same for the same inputs and settings.

    Args:
        run: what was done.
        manifest: of the data set.
    """
    totals, inputs = run.totals, manifest["inputs"]
    title = f"Batch of {inputs[0]}" + (f" and {len(inputs) - 1:,} more" if len(inputs) > 1 else "")
    parts = [
        f"<p class=note>{run_line(run)}.</p>",
        section("Emotions", _emotions(totals, manifest["labels"])),
        section("Size of the faces", _sizes(totals)),
        section("Failures", _failures(totals)),
        section("Notes", f"<p>{_noted(totals)}</p>" if totals.noted else ""),
        section("How this was made", pairs(_made(manifest))),
    ]
    return spelled(page(title, in_short(totals), parts))


def text_lines(run: BatchRun) -> list[str]:
    """Return what the page says above its settings, without what there is nothing of."""
    totals = run.totals
    shares = [
        ("certain", _ranked(totals.emotions)),
        ("uncertain", _ranked(totals.uncertain)),
        ("why uncertain", _doubts(totals)),
        ("longer side of a face", _size_rows(totals)),
    ]
    listed = [(what, "; ".join(_shares(rows))) for what, rows in shares if rows]
    failed = [("failed", f"{number:,}: {why}") for why, number in _reasons(totals)]
    noted = [("noted", _noted(totals))] if totals.noted else []
    return [in_short(totals), run_line(run), *(f"{what}: {text}" for what, text in listed + failed + noted)]


def in_short(totals: Totals) -> str:
    """Say how much was done, in one line."""
    files = [_count(totals.pictures, "picture")] if totals.pictures or not totals.clips else []
    if totals.clips:
        files.append(f"{_count(totals.clips, 'video')} of {_count(totals.frames, 'frame')}")
    parts = [" and ".join(files), _count(totals.faces, "face")]
    if uncertain := totals.uncertain.total():
        parts[1] += f", {percent(uncertain / totals.faces)} uncertain"
    return " · ".join([*parts, *([f"{totals.failed:,} failed"] if totals.failed else [])])


def run_line(run: BatchRun) -> str:
    """Say how long the run took."""
    before = f"; {_count(run.before, 'file')} of earlier runs" if run.before else ""
    rate = f", {run.rate:,.1f} pictures and frames a second" if run.rate else ""
    return f"The run took {_lasted(run.took_s)}{rate}{before}"


def _emotions(totals: Totals, labels: Sequence[str]) -> str:
    if not totals.faces:
        return ""
    certain, uncertain = totals.emotions.total(), totals.uncertain.total()
    colours = palette(labels)
    rows = [
        [
            escape(label) + _bar(totals.emotions[label], certain, colours[label]),
            *_cells(totals.emotions[label], certain),
            *_cells(totals.uncertain[label], uncertain),
        ]
        for label in labels
    ]
    rows.append(["all", f"{certain:,}", "", f"{uncertain:,}", ""])
    why = f" Why faces are uncertain: {'; '.join(_shares(_doubts(totals)))}." if uncertain else ""
    return (
        table(["", "certain", "share", "uncertain", "share"], rows)
        + "<p class=note>Faces, of a video those in each frame. Uncertain ones are counted apart, under the emotion "
        f"that is most probable, which is not to be relied on.{why}</p>"
    )


def _sizes(totals: Totals) -> str:
    rows = [[size, *_cells(number, totals.faces)] for size, number in _size_rows(totals)]
    note = "<p class=note>The longer side of the box around a face, in pixels of the picture.</p>"
    return table(["", "faces", "share"], rows) + note if rows else ""


def _failures(totals: Totals) -> str:
    items = "".join(f"<li><b>{number:,}</b> {escape(why)}</li>" for why, number in _reasons(totals))
    note = "<p class=note>Each file with its whole reason is in <code>failures</code>.</p>"
    return f"<ul>{items}</ul>{note}" if items else ""


def _noted(totals: Totals) -> str:
    return f"{_count(totals.noted, 'video')} with notes in the table of clips, such as that a file is cut off"


def _made(manifest: Mapping[str, Any]) -> dict[str, object]:
    """Return the versions, settings and inputs of a manifest."""
    inputs, settings = manifest["inputs"], {**manifest["settings"], **manifest["listed"]}
    more = f" and {len(inputs) - MOST_INPUTS:,} more" if len(inputs) > MOST_INPUTS else ""
    given = {f"--{name}": _set_to(value) for name, value in settings.items() if value}
    return {
        "mien": manifest["mien"],
        "model": model_name(manifest["model"]),
        "inputs": " ".join(inputs[:MOST_INPUTS]) + more,
        **given,
        "not set": ", ".join(f"--{name}" for name, value in settings.items() if not value),
        "digest of the files": manifest["listing"]["sha256"],
        "schema": manifest["schema"],
    }


def _set_to(value: Any) -> str:
    return "yes" if value is True else f"{value:g}" if isinstance(value, float) else str(value)


def _reasons(totals: Totals) -> list[tuple[str, int]]:
    """Return the reasons of failures, the most frequent first, and the others together."""
    ranked = _ranked(totals.reasons)
    others = sum(number for _, number in ranked[MOST_REASONS:])
    return [*ranked[:MOST_REASONS], *([("other reasons", others)] if others else [])]


def _ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return counts, the highest first and of equal ones by name, in whatever order they were counted."""
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def _size_rows(totals: Totals) -> list[tuple[str, int]]:
    sizes = sorted((int(size), number) for size, number in totals.sizes.items())
    return [(f"{size} to {2 * size - 1} px", number) for size, number in sizes]


def _doubts(totals: Totals) -> list[tuple[str, int]]:
    return [
        (why, totals.doubts[quality]) for quality, why in zip(QUALITIES, DOUBTS, strict=True) if totals.doubts[quality]
    ]


def _shares(rows: Sequence[tuple[str, int]]) -> Iterator[str]:
    total = sum(number for _, number in rows)
    return (f"{what} {percent(number / total)}" for what, number in rows)


def _bar(number: int, total: int, colour: str) -> str:
    return f'<span class=bar style="--w:{100 * number / total:.1f};--c:{colour}"></span>' if number else ""


def _cells(number: int, total: int) -> list[str]:
    return [f"{number:,}", percent(number / total) if number else ""]


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _lasted(seconds: float) -> str:
    if seconds < LONG_S:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 60 * LONG_S else f"{seconds / 3600:.1f} hours"
