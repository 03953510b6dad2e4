"""Views of ``mien live``: a window, a terminal, or lines in a pipe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live as Screen
from rich.table import Table
from rich.text import Text

from mien.apps.cli.screen import coloured_bar, fits
from mien.apps.live.window import Window
from mien.draw.history import History
from mien.draw.panel import Panel, Status
from mien.tracking.tracked_result import TrackedResult

LINE_INTERVAL_S = 1.0
"""Time between two results that are printed to a pipe, at least."""


class WindowView:
    """Shows panels in a window."""

    def __init__(self, window: Window) -> None:
        self._window, self._panel, self._history = window, Panel(), History()

    def show(self, result: TrackedResult | None, status: Status) -> None:
        """Draw the panel at the window's current size."""
        if result is not None:
            self._history.add(result)
        self._window.show(self._panel(result, self._history, status, self._window.size))

    def events(self) -> Sequence[str]:
        """Return the keys pressed in the window."""
        return self._window.events()


class TerminalView:
    """Shows a table on a terminal, or lines where that is too narrow, updated with the faces; a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._screen = Screen(console=console, refresh_per_second=10, transient=True)

    def __enter__(self) -> TerminalView:
        """Begin the table in the last lines of the terminal."""
        self._screen.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the table."""
        self._screen.stop()

    def show(self, result: TrackedResult | None, status: Status) -> None:
        """Change the table; it is drawn ten times a second."""
        self._screen.update(Group(*([self._faces(result)] if result is not None else []), _below(status)))

    def events(self) -> Sequence[str]:
        """Return no keys: a terminal has Ctrl-C."""
        return ()

    def _faces(self, result: TrackedResult) -> Table | Text:
        shown = table(result)
        return shown if len(result) and fits(self._console, shown) else _short(result)


class LineView:
    """Prints a line a face, once in ``LINE_INTERVAL_S``, for other programs.

    Args:
        say: takes each line.
        warn: takes what is wrong, once.
    """

    def __init__(self, say: Callable[[str], None], warn: Callable[[str], None]) -> None:
        self._say, self._warn = say, warn
        self._next_s = 0.0
        self._said = "", ""

    def show(self, result: TrackedResult | None, status: Status) -> None:
        """Print a line a face, if enough time has passed: seconds, id, emotion, probability and doubts."""
        said = status.note, status.trouble
        for text in said:
            if text and text not in self._said:
                self._warn(text)
        self._said = said
        if result is None or result.frame.time_s < self._next_s:
            return
        self._next_s = result.frame.time_s + LINE_INTERVAL_S
        for line in lines(result):
            self._say(line)

    def events(self) -> Sequence[str]:
        """Return no keys."""
        return ()


def lines(result: TrackedResult) -> list[str]:
    """Return a line a face: seconds, id, emotion, probability and doubts, with tabs between."""
    start = f"{result.frame.time_s:.2f}"
    if not len(result):
        return [f"{start}\tno face found"]
    return ["\t".join([start, str(face.id), face.emotion, f"{face.confidence:.3f}", *face.doubts]) for face in result]


def table(result: TrackedResult) -> Table:
    """Return the faces of a result as a table: a row a face."""
    shown = Table(box=None, pad_edge=False)
    for heading in ("face", "emotion", "", "probability", "runner-up"):
        shown.add_column(heading, justify="right" if heading in {"face", "probability"} else "left")
    for face in sorted(result, key=lambda face: face.id):
        second = next(name for name in face.ranking if name != face.emotion)
        shown.add_row(
            f"#{face.id}",
            face.emotion,
            coloured_bar(face.emotion, face.confidence),
            " ".join([f"{face.confidence:.0%}", *face.doubts]),
            f"{second} {face.probabilities[second]:.0%}",
        )
    return shown


def _short(result: TrackedResult) -> Text:
    """Return a line a face, or one that there is none: id, emotion, probability and doubts."""
    faces = sorted(result, key=lambda face: face.id)
    told = [" ".join([f"#{one.id} {one.emotion} {one.confidence:.0%}", *one.doubts]) for one in faces]
    return Text("\n".join(told or ["no face in view"]))


def _below(status: Status) -> Text:
    """Return the line below the table."""
    parts = [f"{status.fps:.0f} fps, {status.delay_ms:.0f} ms; Ctrl-C ends"]
    if status.recorded_s is not None:
        parts.insert(0, f"recording {status.recorded_s:.0f} s")
    return Text("\n".join(part for part in ("; ".join(parts), status.note, status.trouble) if part), style="dim")
