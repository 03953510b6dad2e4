"""Ctrl-C, and a request to terminate, that let files be finished."""

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
"""The exit code of every command that was asked to end before it was done."""


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def until(stopped: Callable[[], bool], things: Iterable[Thing]) -> Generator[Thing]:
    """Yield things until an end is asked for; the one that is in hand then is the last."""
    for thing in things:
        yield thing
        if stopped():
            return


def end(advice: str) -> typer.Exit:
    """Say that a command was stopped and how to go on, and return what ends it."""
    verbosity.note(f"stopped; {advice}")
    return typer.Exit(STOPPED)


@contextmanager
def terminable() -> Generator[None]:
    """Let a request to terminate, as Docker and Slurm send it, interrupt as Ctrl-C does.

    Raises:
        KeyboardInterrupt: also where the interruption came out as another error, as from an import in C.
    """
    asked = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        raise KeyboardInterrupt

    # Programs in the background of a shell are told to ignore Ctrl-C.
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
    """Say that an interrupted command has written nothing, as one that writes all its files in the end."""
    try:
        with terminable():
            yield
    except KeyboardInterrupt:
        raise end("nothing was written") from None


@contextmanager
def stoppable() -> Generator[Callable[[], bool]]:
    """Let the first Ctrl-C, or a request to terminate, ask for an end; a second one interrupts as ever.

    Yields:
        whether an end was asked for.
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
