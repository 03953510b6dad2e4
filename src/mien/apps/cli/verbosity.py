"""How much a command prints, the same in every command.

Results go to standard output, everything else to standard error. ``--quiet`` leaves only errors, and JSON that was
asked for; ``--verbose`` adds how results were obtained.
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
    """How much is printed."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


LONGEST_WORD = 500
"""Longest word that an error repeats whole, in characters: paths are shorter, pictures in base64 longer."""

SHOWN_OF_WORD = 60
"""Characters of a longer word that an error repeats."""

_level = ContextVar("level", default=Level.NORMAL)


@contextmanager
def speaking(level: Level) -> Generator[None]:
    """Set how much is printed."""
    before = _level.set(level)
    try:
        yield
    finally:
        _level.reset(before)


def is_quiet() -> bool:
    """Return whether only errors are printed."""
    return _level.get() is Level.QUIET


def is_verbose() -> bool:
    """Return whether details are printed."""
    return _level.get() is Level.VERBOSE


def console(stderr: bool = False) -> Console:
    """Return a console for tables and progress, which shows nothing if only errors are printed."""
    from rich.console import Console

    return Console(stderr=stderr, quiet=is_quiet())


def output(text: str, even_quiet: bool = False) -> None:
    """Print the result of a command to standard output.

    Raises:
        OSError: standard output is closed; only results need it.
    """
    if even_quiet or not is_quiet():
        out: TextIO | None = sys.stdout
        if out is None:
            raise OSError(errno.EBADF, "standard output is closed")
        typer.echo(text)


def say(text: str) -> None:
    """Print a summary to standard output, for commands whose results go to files."""
    if not is_quiet():
        typer.echo(text)


def note(text: str) -> None:
    """Print a note, which is no error, to standard error."""
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
    # A name may hold control characters, which would change the terminal.
    safe = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", lambda found: ascii(found[0])[1:-1], text)
    typer.echo(f"mien: {safe}", err=True)


def shortened(text: str) -> str:
    """Return a text with very long words shortened, such as a picture in base64."""
    return re.sub(
        rf"\S{{{LONGEST_WORD + 1},}}", lambda word: f"{word[0][:SHOWN_OF_WORD]}... ({len(word[0]):,} characters)", text
    )
