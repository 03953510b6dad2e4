"""How much a command says, the same in every command.

Results go to standard output, all else to standard error. ``--quiet`` leaves errors alone, and what was asked for as
JSON; ``--verbose`` adds how results were obtained.
"""

from __future__ import annotations

import errno
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum
from typing import TYPE_CHECKING, TextIO

import typer

if TYPE_CHECKING:
    from rich.console import Console


class Level(IntEnum):
    """How much is said."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


LONGEST_WORD = 500
"""Characters of the longest word that an error repeats whole: paths are shorter, and encoded pictures longer."""

SHOWN_OF_WORD = 60
"""Characters that it repeats of a longer one."""

_level = ContextVar("level", default=Level.NORMAL)


@contextmanager
def speaking(level: Level) -> Generator[None]:
    """Say so much from here on."""
    before = _level.set(level)
    try:
        yield
    finally:
        _level.reset(before)


def is_quiet() -> bool:
    """Return whether errors alone are said."""
    return _level.get() is Level.QUIET


def is_verbose() -> bool:
    """Return whether details are said."""
    return _level.get() is Level.VERBOSE


def console(stderr: bool = False) -> Console:
    """Return a console for tables and progress, which shows nothing where only errors are said."""
    from rich.console import Console

    return Console(stderr=stderr, quiet=is_quiet())


def answer(text: str, even_quiet: bool = False) -> None:
    """Print to standard output what a command is there to print.

    Raises:
        OSError: standard output is closed, where everything else goes on without it.
    """
    if even_quiet or not is_quiet():
        out: TextIO | None = sys.stdout
        if out is None:
            raise OSError(errno.EBADF, "standard output is closed")
        typer.echo(text)


def say(text: str) -> None:
    """Print to standard output what came of a command whose results are elsewhere."""
    if not is_quiet():
        typer.echo(text)


def note(text: str) -> None:
    """Print what is worth knowing, and no error, to standard error."""
    if not is_quiet():
        _tell(text)


def detail(text: str) -> None:
    """Print how a result was obtained to standard error."""
    if is_verbose():
        _tell(text)


def complain(text: str) -> None:
    """Print an error to standard error."""
    _tell(shortened(text))


def _tell(text: str) -> None:
    # A name may hold what would steer the terminal, such as a change of colour.
    safe = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", lambda found: ascii(found[0])[1:-1], text)
    typer.echo(f"mien: {safe}", err=True)


def shortened(text: str) -> str:
    """Return a text without the rest of words that are no words, such as a whole picture in base64."""
    return re.sub(
        rf"\S{{{LONGEST_WORD + 1},}}", lambda word: f"{word[0][:SHOWN_OF_WORD]}... ({len(word[0]):,} characters)", text
    )
