"""What ``mien batch`` prints: progress, failures and a summary."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from mien.apps.batch.job import Done
from mien.apps.batch.units import Unit
from mien.apps.cli import verbosity
from mien.apps.cli.screen import ProgressScreen
from mien.core.errors import MienError
from mien.report.batch_page import BatchRun, in_short, text_lines
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
        before: of what earlier runs did.
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
        self.totals, self.before = Totals(), Totals()
        self.lost = self.refused = 0
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
            self.before.add(done.totals)
        else:
            self._looked_at += done.totals.pictures + done.totals.frames
        for _, why in done.failures:
            self._name(why)
        self._progress.update(self._task, completed=self.totals.files, said=self._said())
        if time.monotonic() - self._told_s > TOLD_S:
            self._told_s = time.monotonic()
            verbosity.detail(f"{in_short(self.totals)}, {self._said()}")

    def _name(self, why: str) -> None:
        self._named += 1
        if self._failures_in is None or self._named <= MOST_FAILURES_NAMED:
            verbosity.complain(why)
        elif self._named == MOST_FAILURES_NAMED + 1:
            verbosity.complain(f"more failed; all are listed in {self._failures_in}")

    def _said(self) -> str:
        failed = self.totals.failed
        return f"{self.run.rate:,.1f}/s" + (f", {failed:,} failed" if failed else "")

    @property
    def run(self) -> BatchRun:
        """Return what the command has done so far."""
        took_s = time.monotonic() - self._since_s
        return BatchRun(self.totals, self.before.files, took_s, self._looked_at / max(took_s, 1e-3))

    def close(self, *, out: str, resumed: int = 0) -> None:
        """Print what failed in earlier runs, and on a terminal the summary.

        Args:
            out: where the results are.
            resumed: pictures that were done before, besides those of units.
        """
        self._progress.stop()
        if self.before.failed:
            verbosity.complain(
                f"earlier runs did {in_short(self.before)}; what failed is listed in {self._failures_in}; add --resume "
                "to try it again"
            )
        if not self._console.is_terminal:
            return
        lines = [*text_lines(replace(self.run, before=self.before.files + resumed)), f"results in {out}"]
        self._console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
