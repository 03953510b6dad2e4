"""What all commands have in common: ``--quiet`` and ``--verbose``, and ``~`` in paths."""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from mien.apps.cli import verbosity
from mien.core.errors import UsageError
from mien.version import __version__

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Also say the model, the settings, more of each file, and the time.")
]

PACKAGES = ("onnxruntime", "opencv-python-headless", "pillow", "numpy", "av", "keras")
"""What reads, finds, names and trains, as far as it is installed."""

LISTED = 3
"""How many of several values are named."""


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Return a command as the command line calls it: with --quiet and --verbose, and with ~ in its paths expanded."""

    @wraps(function)
    def called(*, quiet: bool, verbose: bool, **given: Any) -> None:
        if quiet and verbose:
            raise UsageError("--quiet and --verbose are opposites; leave one out")
        with verbosity.speaking(
            verbosity.Level.QUIET if quiet else verbosity.Level.VERBOSE if verbose else verbosity.Level.NORMAL
        ):
            given = {name: at_home(value) for name, value in given.items()}
            with _accounted(function.__name__, given):
                function(**given)

    signature = inspect.signature(function, eval_str=True)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in (("quiet", Quiet), ("verbose", Verbose))
    ]
    called.__doc__ = _flowing(function)  # Typer keeps the ends of the lines
    called.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *added])  # type: ignore[attr-defined]
    return called


def _flowing(function: Callable[..., None]) -> str:
    """Return what a function's documentation says, a line a paragraph."""
    return "\n\n".join(part.replace("\n", " ") for part in (inspect.getdoc(function) or "").split("\n\n"))


@contextmanager
def _accounted(name: str, given: dict[str, Any]) -> Generator[None]:
    """Tell where a command runs and with what settings, and in the end how long it took."""
    if not verbosity.is_verbose():
        yield
        return
    begun_s = time.monotonic()
    verbosity.detail(_environment())
    verbosity.detail(f"{name.replace('_', '-')} with {_settings(given)}")
    try:
        yield
    finally:
        verbosity.detail(f"took {time.monotonic() - begun_s:.2f} s")


def _environment() -> str:
    """Return the versions of mien, of Python and of ``PACKAGES``, and the system."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    parts = [f"mien {__version__}", f"Python {platform.python_version()}"]
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            parts.append(f"{package} {version(package)}")
    return f"{', '.join(parts)}; {platform.platform()}"


def _settings(given: dict[str, Any]) -> str:
    """Return a command's options and arguments, but for those that nobody set."""
    named = {key.replace("_", "-"): value for key, value in given.items() if value is not None and value is not False}
    return ", ".join(f"{key} {_text(value)}" for key, value in named.items())


def _text(value: Any) -> str:
    if value is True:
        return "yes"
    if not isinstance(value, list):
        return str(value)
    more = f" and {len(value) - LISTED} more" if len(value) > LISTED else ""
    return " ".join(map(str, value[:LISTED])) + more


def at_home(value: Any) -> Any:
    """Return what an option or an argument was given, with ``~`` at the start of its paths written out.

    Raises:
        UsageError: one path is in the home of a user whom this machine does not know. Of a list, such paths stay as
            they are, for whoever reads their files to name.
    """
    if isinstance(value, list):
        return [_expanded(one) for one in value]
    expanded = _expanded(value)
    home, below, _ = str(value).partition("/")
    # A file may be called ~draft.csv, and there may be a folder ~old.
    if home.startswith("~") and below and expanded == value and not os.path.lexists(home):
        raise UsageError(
            f"there is no user '{home[1:]}', in whose home {value} is; for a folder of that name put ./ before it"
        )
    return expanded


def _expanded(value: Any) -> Any:
    if isinstance(value, str | Path) and str(value).startswith("~"):
        return type(value)(os.path.expanduser(value))  # noqa: PTH111, as Path's own fails on unknown users
    return value
