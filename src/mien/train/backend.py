"""Keras and the backend that it runs on: loaded without their start-up notes, and which backend writes ONNX files."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from importlib.util import find_spec

from mien.core.errors import MissingExtra
from mien.core.matplotlib import import_matplotlib

EXPORTERS = {"tensorflow": ("tensorflow", "tf2onnx"), "torch": ("torch",)}
"""Backends whose nets Keras writes as ONNX without a converter that mien does not install, and what they need."""

NOTE = re.compile(
    rb"WARNING: All log messages before absl::|[IW]\d{4} \d\d:|\d{4}-\d\d-\d\d .*: [IW] |To enable the following"
    rb"|E\d{4} .*failed call to cuInit"  # there is no GPU
)
"""How the lines begin that TensorFlow writes as it starts, where nothing is wrong."""


def load_backend() -> None:
    """Import Keras and its backend.

    Raises:
        MissingExtra: a package is missing, or no backend is there that could write the trained net as ONNX.
    """
    for package in ("keras", "onnx"):
        if find_spec(package) is None:
            raise MissingExtra(f"training needs the package '{package}', which is missing; pip install 'mien[train]'")
    with suppress(ImportError):
        import_matplotlib()  # which Keras would, where it is installed
    with _without_notes():
        try:
            import keras

            keras.utils.set_random_seed(0)  # for other backends too this is what loads TensorFlow, where it is
            keras.ops.zeros(1)  # now the backend looks for devices
        except (ImportError, ValueError) as error:
            raise MissingExtra(
                f"Keras cannot load its backend: {error}; install it, or name another one with the variable "
                "KERAS_BACKEND (tensorflow, torch or jax)"
            ) from error
    if exporting_backend() is None:
        raise MissingExtra(
            f"a net that is trained with {keras.backend.backend()} is written as ONNX by TensorFlow or torch, and "
            "neither is installed; pip install 'mien[train]', or pip install torch"
        )


def exporting_backend() -> str | None:
    """Return the backend that writes ONNX files: the one in use if it can, or another one that is installed."""
    import keras

    able = [name for name, packages in EXPORTERS.items() if all(map(find_spec, packages))]
    own = keras.backend.backend()
    return own if own in able else next(iter(able), None)


@contextmanager
def _without_notes() -> Generator[None]:
    """Hold back what is written to standard error, by C++ too, and pass on what is more than a note.

    TensorFlow's variable keeps most of its notes off the screen, but not those it writes before it reads it. Who sets
    the variable wants to see them.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(screen, 2)
            os.close(screen)
            held.seek(0)
            os.write(2, b"".join(line for line in held if not NOTE.match(line)))
