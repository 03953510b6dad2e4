"""What ``mien batch`` prints: progress, failures and a summary."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from contextlib import suppress

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from mien.apps.batch.job import Done
from mien.apps.batch.units import Unit
from mien.apps.cli import verbosity
from mien.apps.cli.screen import ProgressScreen, count
from mien.core.errors import MienError
from mien.results.totals import Totals

MOST_FAILURES_NAMED = 20
"""The most failures that are named one by one if all are in the data set."""

TOLD_S = 60.0
"""How often progress is printed with ``--verbose``."""


class BatchScreen(ProgressScreen):
    """Shows and counts the outcomes of units.

    Args:
        failures_in: where all failures are written; None if they are printed one by one.

    Attributes:
        totals: of what is done so far, in all runs.
        before: how many pictures and clips an earlier run did.
        lost: how many are not done, as their workers died.
        refused: how many arguments led to no file.
    """

    def __init__(self, failures_in: str | None = None) -> None:
        super().__init__(
            TextColumn("files"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[said]}"),
            TimeRemainingColumn(),
        )
        self.totals = Totals()
        self.before = self.lost = self.refused = 0
        self._looked_at = 0
        self._failures_in, self._named = failures_in, 0
        self._since_s = self._told_s = time.monotonic()
        self._task = self._progress.add_task("", total=None, said="")

    def count(self, units: Iterable[Unit]) -> None:
        """Set the number of files to come, which is counted during the work, for the time left."""
        threading.Thread(target=self._count, args=(units,), daemon=True).start()

    def _count(self, units: Iterable[Unit]) -> None:
        with suppress(MienError):  # the work itself will fail with it
            total = 0
            for unit in units:
                if not unit.files:  # a tar file, which nobody has read yet
                    return
                total += unit.files
            self._progress.update(self._task, total=total)

    def refuse(self, name: str, why: str) -> None:
        """Print why an argument leads to no file."""
        self.refused += 1
        verbosity.complain(why)

    def show(self, done: Done) -> None:
        """Show the outcome of a unit."""
        if done.lost:
            self.lost += done.totals.files
            verbosity.note(f"unit {done.number}: {done.lost}")
            return
        self.totals.add(done.totals)
        if done.before:
            self.before += done.totals.files
        else:
            self._looked_at += done.totals.pictures + done.totals.frames
        for _, why in done.failures:
            self._name(why)
        self._progress.update(self._task, completed=self.totals.files, said=self._said())
        if time.monotonic() - self._told_s > TOLD_S:
            self._told_s = time.monotonic()
            verbosity.detail(f"{files_of(self.totals)}, {self._said()}")

    def _name(self, why: str) -> None:
        self._named += 1
        if self._failures_in is None or self._named <= MOST_FAILURES_NAMED:
            verbosity.complain(why)
        elif self._named == MOST_FAILURES_NAMED + 1:
            verbosity.complain(f"more failed; all are listed in {self._failures_in}")

    def _said(self) -> str:
        failed = self.totals.failed
        return f"{self.rate:,.1f}/s" + (f", {failed:,} failed" if failed else "")

    @property
    def took_s(self) -> float:
        """Return for how long the command has worked."""
        return time.monotonic() - self._since_s

    @property
    def rate(self) -> float:
        """Return how many pictures and frames this run has done a second."""
        return self._looked_at / max(self.took_s, 1e-3)

    def close(self, *, out: str, resumed: int = 0) -> None:
        """Print the summary on a terminal.

        Args:
            out: where the results are.
            resumed: pictures that were done before, besides those of units.
        """
        self._progress.stop()
        if not self._console.is_terminal:
            return
        totals = self.totals
        parts = [f"{files_of(totals)}, {count(totals.faces, 'face')}"]
        if uncertain := totals.uncertain.total():
            parts[0] += f", {uncertain:,} uncertain"
        if certain := totals.emotions.total():
            common = totals.emotions.most_common(3)
            parts.append(", ".join(f"{name} {number / certain:.0%}" for name, number in common))
        if before := self.before + resumed:
            parts.append(f"{before:,} were done before")
        if totals.failed:
            parts.append(f"{totals.failed:,} failed")
        parts.append(f"results in {out}")
        self._console.print("; ".join(parts), markup=False, highlight=False, soft_wrap=True)


def files_of(totals: Totals) -> str:
    """Return how many pictures and clips there are, in words."""
    parts = [count(totals.pictures, "picture")] if totals.pictures or not totals.clips else []
    if totals.clips:
        parts.append(f"{count(totals.clips, 'clip')} of {count(totals.frames, 'frame')}")
    return " and ".join(parts)
