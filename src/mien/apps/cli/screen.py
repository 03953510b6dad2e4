"""What ``mien image`` prints: tables, progress and a summary on a terminal, plain lines in a pipe."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from mien.apps.cli import verbosity
from mien.core.emotions import COLOURS
from mien.core.result import Face, Result
from mien.inference.pipeline import Outcome

BAR_LENGTH = 10
"""Characters of a full bar."""

EIGHTHS = " ▏▎▍▌▋▊▉█"
"""A character filled to 0, 1, ... 8 eighths from the left."""

UNBOUNDED = 10_000
"""Characters a line: more than any table takes."""

MOST_FILES_NAMED = 3
"""The most written files that are named one by one."""


class ProgressScreen:
    """The output of a command, with a progress bar on a terminal; a context manager that removes the bar.

    Args:
        columns: of the bar.
        wanted: whether the bar is shown.
    """

    def __init__(self, *columns: ProgressColumn, wanted: bool = True) -> None:
        self._console = verbosity.console()
        # On one terminal tables and the bar must go through one console, or they would write into each other.
        beside = self._console if self._console.is_terminal else verbosity.console(stderr=True)
        self._progress = Progress(
            *columns, console=beside, transient=True, disable=not wanted or not beside.is_terminal
        )

    def __enter__(self) -> Self:
        """Show the progress bar."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the progress bar."""
        self._progress.stop()


class Screen(ProgressScreen):
    """Shows outcomes as they come, and counts them.

    Args:
        count: pictures to come; a progress bar is shown from two on.
        tables: whether faces are shown; failures and the summary always are.
        silent: whether only failures are shown; they go to standard error in any case.

    Attributes:
        failures: (name, reason) so far.
    """

    def __init__(self, count: int, *, tables: bool, silent: bool) -> None:
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            wanted=count > 1 and not silent,
        )
        self.failures: list[tuple[str, str]] = []
        self._tables, self._silent = tables, silent
        self._pictures, self._emotions, self._uncertain, self._files = 0, Counter[str](), 0, list[Path]()
        self._since_s = time.monotonic()
        self._task = self._progress.add_task("pictures", total=count, rate="")

    def fail(self, name: str, why: str) -> None:
        """Print why there is no result for a picture or an argument."""
        self.failures.append((name, why))
        self._advance()
        verbosity.complain(why)

    def show(self, outcome: Outcome, files: Sequence[Path]) -> None:
        """Show a result and the files that were written of it."""
        assert outcome.result is not None
        self._pictures += 1
        self._emotions.update(face.emotion for face in outcome.result if not face.uncertain)
        self._uncertain += sum(face.uncertain for face in outcome.result)
        self._files += files
        self._advance()
        verbosity.detail(f"{outcome.path}: {_facts(outcome)}, after {time.monotonic() - self._since_s:.2f} s")
        if self._silent or not self._tables:
            return
        lines = "\n".join(plain_lines(outcome.path, outcome.result))
        if not self._console.is_terminal:
            verbosity.output(lines)
        elif not len(outcome.result):
            self._console.print(Text(f"{cell(outcome.path)}: no face found"), soft_wrap=True)
        else:
            print_fitting(self._console, table(outcome), lines)

    def close(self, *, skipped: int, resumed: int, out: Path | None) -> None:
        """Print the summary on a terminal."""
        self._progress.stop()
        if self._silent or not self._console.is_terminal:
            return
        certain = self._emotions.total()
        faces = certain + self._uncertain
        parts = [f"{count(self._pictures, 'picture')}, {count(faces, 'face')}"]
        if self._uncertain:
            parts[0] += f", {self._uncertain:,} uncertain"
        if faces > 1 and certain:
            shares = (f"{name} {number / certain:.0%}" for name, number in self._emotions.most_common(3))
            parts.append(", ".join(shares) + (" of the others" if self._uncertain else ""))
        if resumed:
            parts.append(f"{resumed:,} were done before")
        if skipped:
            parts.append(f"{count(skipped, 'other file')} skipped")
        if self.failures:
            parts.append(f"{len(self.failures):,} failed")
        if out is not None:
            parts.append(f"results in {out}")
        if self._files:
            parts.append("wrote " + _listed(self._files))
        self._console.print("; ".join(parts), markup=False, highlight=False, soft_wrap=True)

    def _advance(self) -> None:
        self._progress.advance(self._task)
        speed = self._progress.tasks[0].speed
        self._progress.update(self._task, rate=f"{speed:.1f}/s" if speed else "")


def print_fitting(console: Console, shown: Table, lines: str) -> None:
    """Print a table on a terminal; where it would be cut, lines that say the same."""
    if fits(console, shown):
        console.print(shown)
    else:
        console.print(Text(lines), soft_wrap=True)


def fits(console: Console, shown: Table) -> bool:
    """Return whether a terminal is wide enough for a table."""
    return console.measure(shown, options=console.options.update(max_width=UNBOUNDED)).minimum <= console.width


def table(outcome: Outcome) -> Table:
    """Return the faces of one picture as a table: a row a face, with a bar of its probability."""
    assert outcome.result is not None
    title = Text(cell(outcome.path)) + Text(f"  ({outcome.note})" if outcome.note else "", style="dim")
    shown = Table(title=title, title_justify="left")
    for heading in ("face", "box", "emotion", "", "probability", "runner-up"):
        shown.add_column(heading, justify="right" if heading in {"face", "probability"} else "left")
    for number, face in enumerate(outcome.result, start=1):
        shown.add_row(str(number), *_cells(face))
    return shown


def plain_lines(path: str, result: Result) -> list[str]:
    """Return a line a face for other programs: path, number, emotion, probability and doubts."""
    name = cell(path)
    if not len(result):
        return [f"{name}\tno face found"]
    return [
        "\t".join([name, str(number), face.emotion, f"{face.confidence:.3f}", *face.doubts])
        for number, face in enumerate(result, start=1)
    ]


def _facts(outcome: Outcome) -> str:
    """Return details for ``--verbose``: size of the picture, how it was read, and the score of each face."""
    assert outcome.result is not None
    width, height = outcome.result.frame.size
    scores = ", ".join(f"{face.score:.2f}" for face in outcome.result)
    facts = [f"{width} x {height} pixels", outcome.note, count(len(outcome.result), "face")]
    return ", ".join(fact for fact in facts if fact) + (f" (score {scores})" if scores else "")


def cell(path: str) -> str:
    """Return a path as a cell of a line for other programs: as JSON if it holds characters that cannot be printed."""
    return path if path.isprintable() else json.dumps(path)


def bar(share: float) -> str:
    """Return a bar of a share, 0 to 1, ``BAR_LENGTH`` characters when full."""
    eighths = round(share * BAR_LENGTH * 8)
    return EIGHTHS[8] * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def coloured_bar(emotion: str, share: float) -> Text:
    """Return the bar of a share in the colour of its emotion, padded to its full length."""
    colour = "rgb({},{},{})".format(*COLOURS[emotion]) if emotion in COLOURS else "default"
    return Text(bar(share).ljust(BAR_LENGTH), style=colour)


def _cells(face: Face) -> list[str | Text]:
    second = face.ranking[1]
    reasons = "".join(f" {doubt}" for doubt in face.doubts)
    return [
        " ".join(f"{value:.0f}" for value in face.box),
        face.emotion,
        coloured_bar(face.emotion, face.confidence),
        (">99.9%" if face.confidence >= 0.9995 else f"{face.confidence:.1%}") + reasons,
        f"{second} {face.probabilities[second]:.1%}",
    ]


def count(number: int, thing: str, things: str = "") -> str:
    """Return a number of things in words: "1 face", "2 faces"; ``things`` is the plural where it takes no s."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def _listed(files: Sequence[Path]) -> str:
    if len(files) <= MOST_FILES_NAMED:
        return ", ".join(map(str, files))
    return f"{len(files):,} files, the last {files[-1]}"
