"""Ctrl-C, and a request to terminate, that let files be finished."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

import typer

from mien.apps.cli import voice

Thing = TypeVar("Thing")

STOPPED = 130
"""The exit code of every command that was asked to end before it was done."""


def until(stopped: Callable[[], bool], things: Iterable[Thing]) -> Generator[Thing]:
    """Yield things until an end is asked for; the one that is in hand then is the last."""
    for thing in things:
        yield thing
        if stopped():
            return


def end(advice: str) -> typer.Exit:
    """Say that a command was stopped and how to go on, and return what ends it."""
    voice.note(f"stopped; {advice}")
    return typer.Exit(STOPPED)


@contextmanager
def terminable() -> Generator[None]:
    """Let a request to terminate, as Docker and Slurm send it, interrupt as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def stoppable() -> Generator[Callable[[], bool]]:
    """Let the first Ctrl-C, or a request to terminate, ask for an end; a second one interrupts as ever.

    Yields:
        whether an end was asked for.
    """
    asked = False
    wanted = (signal.SIGINT, signal.SIGTERM)

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        restore()

    before = {number: signal.signal(number, ask) for number in wanted}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    try:
        yield lambda: asked
    finally:
        restore()
