"""The backend of Keras: loaded without its start-up messages, and which backend can export ONNX files."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec

from mien.core.errors import MissingExtra
from mien.core.matplotlib import import_matplotlib

EXPORTERS = {"tensorflow": ("tensorflow", "tf2onnx"), "torch": ("torch",)}
"""Backends with which Keras exports ONNX, and the packages that they need for it."""

LITERT_EXPORTERS = {"tensorflow": ("tensorflow",)}
"""The same for LiteRT."""

STARTUP_NOTES = re.compile(
    rb"WARNING: All log messages before absl::|[IW]\d{4} \d\d:|\d{4}-\d\d-\d\d .*: [IW] |To enable the following"
    rb"|E\d{4} .*failed call to cuInit"  # there is no GPU
)
"""Beginnings of the lines that TensorFlow prints as it starts, though nothing is wrong."""


def load_backend() -> None:
    """Import Keras and its backend.

    Raises:
        MissingExtra: a package is missing, or no installed backend could export the trained net as ONNX.
    """
    for package in ("keras", "onnx"):
        if find_spec(package) is None:
            raise MissingExtra(f"training needs the package '{package}', which is missing; pip install 'mien[train]'")
    with suppress(ImportError):
        import_matplotlib()  # Keras would import it anyway, if it is installed
    with _without_notes():
        try:
            import keras

            keras.utils.set_random_seed(0)  # this loads TensorFlow if it is installed, with other backends too
            keras.ops.zeros(1)  # at the first tensor the backend searches for devices
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


def exporting_backend(exporters: Mapping[str, tuple[str, ...]] = EXPORTERS) -> str | None:
    """Return the backend to export files with: the one in use if it can, else an installed one, else None."""
    import keras

    able = [name for name, packages in exporters.items() if all(map(find_spec, packages))]
    own = keras.backend.backend()
    return own if own in able else next(iter(able), None)


@contextmanager
def _without_notes() -> Generator[None]:
    """Capture standard error, that of C++ included, and drop the start-up messages from it.

    TensorFlow's variable silences most of them, but not those printed before it is read. Users who set the variable get
    all of them.
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
            os.write(2, b"".join(line for line in held if not STARTUP_NOTES.match(line)))
