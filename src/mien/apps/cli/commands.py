"""What all commands have in common: groups of options, ``--quiet`` and ``--verbose``, and ``~`` in paths."""

from __future__ import annotations

import inspect
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from mien.apps.cli import verbosity
from mien.core.errors import UsageError
from mien.version import __version__

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Also print the model, the settings, details of each file, and the time."),
]

PACKAGES = ("onnxruntime", "opencv-python-headless", "pillow", "numpy", "av", "keras")
"""The packages whose versions ``--verbose`` names, if they are installed."""

MOST_VALUES_NAMED = 3
"""The most values of one option that ``--verbose`` names."""


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Return a command for the command line: with --quiet and --verbose, and with ~ in paths expanded.

    Each parameter that is a dataclass becomes an option for each of its fields.
    """

    @wraps(function)
    def called(*, quiet: bool, verbose: bool, **given: Any) -> None:
        if quiet and verbose:
            raise UsageError("--quiet and --verbose are opposites; leave one out")
        with verbosity.speaking(
            verbosity.Level.QUIET if quiet else verbosity.Level.VERBOSE if verbose else verbosity.Level.NORMAL
        ):
            given = {name: at_home(value) for name, value in given.items()}
            with _accounted(function.__name__, given):
                function(**_grouped(given, groups))

    signature = inspect.signature(function, eval_str=True)
    groups: dict[str, Any] = {
        name: one.annotation for name, one in signature.parameters.items() if is_dataclass(one.annotation)
    }
    own = [one for name, one in signature.parameters.items() if name not in groups]
    added = [_option("quiet", Quiet, False), _option("verbose", Verbose, False)]
    parameters = [*own, *chain.from_iterable(map(_options, groups.values())), *added]
    called.__doc__ = _flowing(function)  # Typer would keep the line breaks
    called.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return called


def _options(group: Any) -> list[inspect.Parameter]:
    """Return a parameter for each field of a dataclass, which Typer does not support."""
    kinds = get_type_hints(group, include_extras=True)
    return [
        _option(one.name, kinds[one.name], inspect.Parameter.empty if one.default is MISSING else one.default)
        for one in fields(group)
    ]


def _option(name: str, kind: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _grouped(given: dict[str, Any], groups: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments for a command: its dataclasses, made of the values of their fields."""
    rest = dict(given)
    made = {
        name: group(**{one.name: rest.pop(one.name) for one in fields(group) if one.name in rest})
        for name, group in groups.items()
    }
    return rest | made


def _flowing(function: Callable[..., None]) -> str:
    """Return a function's docstring with one line a paragraph."""
    return "\n\n".join(part.replace("\n", " ") for part in (inspect.getdoc(function) or "").split("\n\n"))


@contextmanager
def _accounted(name: str, given: dict[str, Any]) -> Generator[None]:
    """Say with ``--verbose`` where a command runs, with what settings, and how long it took."""
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
    """Return the options and arguments that were set, in words."""
    named = {key.replace("_", "-"): value for key, value in given.items() if value is not None and value is not False}
    return ", ".join(f"{key} {_text(value)}" for key, value in named.items())


def _text(value: Any) -> str:
    if value is True:
        return "yes"
    if not isinstance(value, list):
        return str(value)
    more = f" and {len(value) - MOST_VALUES_NAMED} more" if len(value) > MOST_VALUES_NAMED else ""
    return " ".join(map(str, value[:MOST_VALUES_NAMED])) + more


def at_home(value: Any) -> Any:
    """Return a value of an option or an argument, with ``~`` at the start of paths expanded.

    Raises:
        UsageError: a path begins with ``~`` and an unknown user. In a list such paths are left as they are: reading the
            files will fail with a message for each.
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
