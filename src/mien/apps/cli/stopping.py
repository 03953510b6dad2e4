"""Ctrl-C and SIGTERM: a command finishes its files before it ends."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

import typer

from mien.apps.cli import verbosity

Thing = TypeVar("Thing")

STOPPED = 130
"""The exit code of a command that was stopped."""


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def until(stopped: Callable[[], bool], things: Iterable[Thing]) -> Generator[Thing]:
    """Yield things until the command is stopped; the one in work is the last."""
    for thing in things:
        yield thing
        if stopped():
            return


def end(advice: str) -> typer.Exit:
    """Print that a command was stopped and how to go on, and return the exit to raise."""
    verbosity.note(f"stopped; {advice}")
    return typer.Exit(STOPPED)


@contextmanager
def terminable() -> Generator[None]:
    """Make SIGTERM, which Docker and Slurm send, interrupt as Ctrl-C does.

    Raises:
        KeyboardInterrupt: also if the interruption surfaced as another error, as from an import in C.
    """
    asked = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        raise KeyboardInterrupt

    # A shell makes programs in the background ignore Ctrl-C.
    wanted = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in wanted}
    try:
        yield
    except Exception as error:
        if asked:
            raise KeyboardInterrupt from error
        raise
    finally:
        _restore(before)


@contextmanager
def whole_or_nothing() -> Generator[None]:
    """Print "nothing was written" on Ctrl-C, for commands that write all files at the end."""
    try:
        with terminable():
            yield
    except KeyboardInterrupt:
        raise end("nothing was written") from None


@contextmanager
def stoppable() -> Generator[Callable[[], bool]]:
    """Make the first Ctrl-C or SIGTERM a request to stop; a second one interrupts as usual.

    Yields:
        A function that returns whether to stop.
    """
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        _restore(before)

    before = {number: signal.signal(number, ask) for number in _SIGNALS}
    try:
        yield lambda: asked
    finally:
        _restore(before)


def _restore(handlers: dict[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
