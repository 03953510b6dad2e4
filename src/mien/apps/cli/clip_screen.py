"""What ``mien video`` prints: progress, a table of people a clip on a terminal, plain lines in a pipe."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from mien.apps.cli import verbosity
from mien.apps.cli.screen import ProgressScreen, cell, coloured_bar, count, print_fitting
from mien.report.lanes import clock, left_out, not_counted, shown
from mien.tracking.people import UNCERTAIN
from mien.tracking.timeline import Summary
from mien.video.reader import Clip

MOST_EMOTIONS_NAMED = 3
"""Emotions of a person that are named, those shown longest."""


class ClipScreen(ProgressScreen):
    """Shows clips as they are analysed.

    Args:
        named: whether plain lines have a field with the name of the person.

    Attributes:
        failed: how many could not be read, or whose files could not be written.
    """

    def __init__(self, named: bool = False) -> None:
        super().__init__(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[place]}"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        self.failed, self._named = 0, named
        self._task = self._progress.add_task("", place="", rate="", visible=False)
        self._frames, self._since, self._start_s = 0, 0.0, 0.0

    def was_done(self, clip: Path) -> None:
        """Say that an earlier run came to the end of a clip."""
        self._say(f"{cell(str(clip))}: was done before")

    def begin(self, clip: Path, facts: Clip, start_s: float, end_s: float | None) -> None:
        """Show that a clip is begun."""
        length = "of unknown length" if facts.duration_s is None else f"{facts.duration_s:.2f} s"
        sound = "sound" if facts.has_audio else "no sound"
        verbosity.detail(f"{clip}: {facts.width} x {facts.height} pixels, {facts.fps:.4g} frames/s, {length}, {sound}")
        last_s = min((one for one in (facts.duration_s, end_s) if one is not None), default=None)
        self._frames, self._since, self._start_s = 0, time.monotonic(), start_s
        # A task of its own, as the total of one cannot be made unknown again.
        self._progress.remove_task(self._task)
        length_s = None if last_s is None else max(last_s - start_s, 0.0)
        self._task = self._progress.add_task(clip.name, total=length_s, place="", rate="")

    def advance(self, time_s: float) -> None:
        """Show that the frame at a time is done."""
        self._frames += 1
        if self._progress.disable:
            return
        rate = self._frames / max(1e-6, time.monotonic() - self._since)
        self._progress.update(
            self._task, completed=time_s - self._start_s, place=clock(time_s), rate=f"{rate:.0f} frames/s"
        )

    def fail(self, why: str) -> None:
        """Say why a clip could not be done."""
        self.failed += 1
        self._progress.update(self._task, visible=False, refresh=True)
        verbosity.complain(why)

    def show(self, clip: Path, summary: Summary, files: Sequence[Path], notes: Sequence[str], stopped: bool) -> None:
        """Show who was seen in a clip and what they showed, and what was written."""
        self._progress.update(self._task, visible=False, refresh=True)
        spent_s = time.monotonic() - self._since
        frames, people = count(self._frames, "frame"), count(len(summary.people), "person", "people")
        verbosity.detail(f"{clip}: {frames} and {people} in {spent_s:.2f} s; wrote {_listed(files) or 'nothing'}")
        if not summary.people:
            found = "no face that surely is one" if summary.not_people else "no face found"
            self._say(f"{cell(str(clip))}: {found} in {count(summary.frames, 'frame')}")
        elif self._console.is_terminal:
            print_fitting(self._console, table(clip, summary), "\n".join(plain_lines(clip, summary, self._named)))
            if more := left_out(summary):
                self._console.print(more, highlight=False)
        else:
            tell = verbosity.say if files else verbosity.output
            tell("\n".join(plain_lines(clip, summary, self._named)))
        if summary.not_people and not (summary.people and self._console.is_terminal):
            verbosity.note(f"{clip}: {not_counted(summary)}")
        for note in notes:
            verbosity.note(f"{clip}: {note}")
        if stopped:
            verbosity.note(f"{clip}: stopped at {clock(summary.end_s)}; --resume goes on from its data")
        self.wrote(files)

    def wrote(self, files: Sequence[Path]) -> None:
        """Say on a terminal what was written."""
        if files and self._console.is_terminal:
            self._say(f"wrote {_listed(files)}")

    def _say(self, text: str) -> None:
        self._progress.update(self._task, visible=False, refresh=True)
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def _listed(files: Sequence[Path]) -> str:
    return ", ".join(map(str, files))


def plain_lines(clip: Path, summary: Summary, named: bool = False) -> list[str]:
    """Return a line a person for other programs: clip, id, first and last second, seconds seen, and what was shown.

    Behind the id stands the name where lines are named, empty for who has none.

    That is the share of the time that is uncertain, and of the rest the emotions with the largest shares.
    """
    name = cell(str(clip))
    return [
        "\t".join(
            [name, str(person.id), *([cell(person.name)] if named else [])]
            + [*(f"{value:.2f}" for value in (person.first_s, person.last_s, person.seen_s))]
            + [f"{UNCERTAIN} {person.uncertain_share:.3f}"]
            + [f"{emotion} {share:.3f}" for emotion, share in person.shares[:MOST_EMOTIONS_NAMED]]
        )
        for person in sorted(summary.people, key=lambda person: person.id)
    ]


def table(clip: Path, summary: Summary) -> Table:
    """Return who was seen in a clip: a row a person, with a bar of the first emotion's share of the time in view."""
    facts = f"  ({clock(summary.end_s - summary.start_s, 1)}, {summary.frames:,} frames)"
    people = Table(title=Text(cell(str(clip))) + Text(facts, style="dim"), title_justify="left")
    for heading in ("person", "from", "to", "seen", UNCERTAIN, "", "where certain"):
        right = heading in {"person", "from", "to", "seen", UNCERTAIN}
        people.add_column(heading, justify="right" if right else "left", no_wrap=heading != "where certain")
    for person in shown(summary):
        ranked = person.shares[:MOST_EMOTIONS_NAMED]
        people.add_row(
            Text(f"{person.id} {person.name}".strip()),
            clock(person.first_s, 1),
            clock(person.last_s, 1),
            f"{person.seen_s:.1f} s",
            f"{person.uncertain_share:.0%}",
            coloured_bar(ranked[0][0], ranked[0][1] * (1 - person.uncertain_share)) if ranked else "",
            ", ".join(f"{emotion} {share:.0%}" for emotion, share in ranked) or "never",
            style="dim" if person.dominant == UNCERTAIN else None,
        )
    return people
