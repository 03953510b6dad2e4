"""Keras callbacks that a recipe names: of Keras by their names, others by import path, such as ``mine:Logger``."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mien.core.errors import MissingExtra, UsageError
from mien.core.spelling import did_you_mean, near

KERAS_CALLBACKS: dict[str, tuple[str, dict[str, Any]]] = {
    "CSVLogger": ("log.csv", {"append": True}),
    "TensorBoard": ("tensorboard", {}),
}
"""Name in ``keras.callbacks`` -> where in the run folder it writes, and its other arguments."""

PACKAGES = {"TensorBoard": ("tensorflow", "tensorboard")}
"""Name -> the packages that it needs, whichever the backend is."""

IMPORT_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def parse_callbacks(text: str) -> list[str]:
    """Return the names and import paths in a text, which spaces or commas part.

    Raises:
        UsageError: one is neither a name of ``KERAS_CALLBACKS`` nor an import path.
    """
    named = text.replace(",", " ").split()
    for name in named:
        if name not in KERAS_CALLBACKS and not IMPORT_PATH.fullmatch(name):
            meant = did_you_mean(near(name, KERAS_CALLBACKS))
            raise UsageError(
                f"recipe key 'callbacks' names {name[:120]!r}; {f'{meant} ' if meant else ''}"
                f"expected {' or '.join(KERAS_CALLBACKS)}, or an import path such as package.module:Class"
            )
    return named


def make_callbacks(text: str, run_dir: Path) -> list[Any]:
    """Return the Keras callbacks that a recipe names.

    What an import path leads to is a class, or a function that returns a callback. It is called with ``run_dir`` if it
    takes an argument of that name, else without arguments. Modules of the working directory are found too.

    Raises:
        UsageError: there is no such module or name, it cannot be called so, or it makes no callback.
        MissingExtra: a package that a callback of Keras needs is not installed.
    """
    return [
        _of_keras(name, run_dir) if name in KERAS_CALLBACKS else _of_path(name, run_dir)
        for name in parse_callbacks(text)
    ]


def _of_keras(name: str, run_dir: Path) -> Any:
    for package in PACKAGES.get(name, ()):
        if find_spec(package) is None:
            raise MissingExtra(f"{name} needs the package '{package}', which is missing; pip install {package}")
    place, settings = KERAS_CALLBACKS[name]
    return getattr(import_module("keras.callbacks"), name)(str(run_dir / place), **settings)


def _of_path(path: str, run_dir: Path) -> Any:
    make = _imported(path)
    try:
        made = make(run_dir=run_dir) if "run_dir" in inspect.signature(make).parameters else make()
    except Exception as error:  # whose callback it is, whose errors they are
        raise UsageError(
            f"cannot make the callback {path}: {error}; expected a class or function without arguments but run_dir"
        ) from error
    if not isinstance(made, import_module("keras.callbacks").Callback):
        raise UsageError(f"{path} makes a {type(made).__name__}; expected a keras.callbacks.Callback")
    return made


def _imported(path: str) -> Callable[..., Any]:
    module, _, name = path.partition(":")
    try:
        with _working_directory():
            return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"cannot find the callback {path}: {error}; install its package, or mend its name") from error


@contextmanager
def _working_directory() -> Generator[None]:
    """Find modules of the working directory, behind all others, as ``mien`` starts without it."""
    here = str(Path.cwd())
    sys.path.append(here)
    try:
        yield
    finally:
        sys.path.remove(here)
