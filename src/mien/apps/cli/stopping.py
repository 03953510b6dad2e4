"""Ctrl-C that lets files be finished."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType


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
