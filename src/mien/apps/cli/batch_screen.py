"""What ``mien batch`` prints: progress, failures and a summary."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from mien.apps.batch.job import Done
from mien.apps.batch.units import Unit
from mien.apps.cli import verbosity
from mien.apps.cli.screen import ProgressScreen, count
from mien.core.errors import MienError

MOST_FAILURES_NAMED = 20
"""The most failures that are named one by one if all are in the data set."""

TOLD_S = 60.0
"""How often progress is printed with ``--verbose``."""


class BatchScreen(ProgressScreen):
    """Shows and counts the outcomes of units.

    Args:
        failures_in: where all failures are written; None if they are printed one by one.

    Attributes:
        pictures, faces, failed, before, lost: how many so far: of all runs; of these lost pictures are not done.
        refused: how many arguments led to no file.
    """

    def __init__(self, failures_in: str | None = None) -> None:
        super().__init__(
            TextColumn("pictures"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[said]}"),
            TimeRemainingColumn(),
        )
        self.pictures = self.faces = self.failed = self.before = self.lost = self.refused = 0
        self._emotions, self._uncertain = Counter[str](), 0
        self._failures_in, self._named = failures_in, 0
        self._since_s = self._told_s = time.monotonic()
        self._task = self._progress.add_task("", total=None, said="")

    def count(self, units: Iterable[Unit]) -> None:
        """Set the number of pictures to come, which is counted during the work, for the time left."""
        threading.Thread(target=self._count, args=(units,), daemon=True).start()

    def _count(self, units: Iterable[Unit]) -> None:
        with suppress(MienError):  # the work itself will fail with it
            total = 0
            for unit in units:
                if not unit.pictures:  # a tar file, which nobody has read yet
                    return
                total += unit.pictures
            self._progress.update(self._task, total=total)

    def refuse(self, name: str, why: str) -> None:
        """Print why an argument leads to no file."""
        self.refused += 1
        verbosity.complain(why)

    def show(self, done: Done) -> None:
        """Show the outcome of a unit."""
        if done.lost:
            self.lost += done.pictures
            verbosity.note(f"unit {done.number}: {done.lost}")
            return
        self.pictures += done.pictures
        self.faces += done.faces
        self.failed += done.failed
        self.before += done.pictures * done.before
        self._uncertain += done.uncertain
        self._emotions.update(done.emotions)
        for _, why in done.failures:
            self._name(why)
        self._progress.update(self._task, completed=self.pictures, said=self._said())
        if time.monotonic() - self._told_s > TOLD_S:
            self._told_s = time.monotonic()
            verbosity.detail(f"{self.pictures:,} pictures, {self._said()}")

    def _name(self, why: str) -> None:
        self._named += 1
        if self._failures_in is None or self._named <= MOST_FAILURES_NAMED:
            verbosity.complain(why)
        elif self._named == MOST_FAILURES_NAMED + 1:
            verbosity.complain(f"more pictures failed; all are listed in {self._failures_in}")

    def _said(self) -> str:
        rate = (self.pictures - self.before) / max(time.monotonic() - self._since_s, 1e-3)
        return f"{rate:,.1f}/s" + (f", {self.failed:,} failed" if self.failed else "")

    def close(self, *, out: str, resumed: int = 0) -> None:
        """Print the summary on a terminal.

        Args:
            out: where the results are.
            resumed: pictures that were done before, besides those of units.
        """
        self._progress.stop()
        if not self._console.is_terminal:
            return
        parts = [f"{count(self.pictures, 'picture')}, {count(self.faces, 'face')}"]
        if self._uncertain:
            parts[0] += f", {self._uncertain:,} uncertain"
        if certain := self._emotions.total():
            parts.append(", ".join(f"{name} {number / certain:.0%}" for name, number in self._emotions.most_common(3)))
        if before := self.before + resumed:
            parts.append(f"{before:,} were done before")
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        parts.append(f"results in {out}")
        self._console.print("; ".join(parts), markup=False, highlight=False, soft_wrap=True)
