"""What ``--verbose`` says: on what a command runs, with what settings, and with what model."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mien.version import __version__

if TYPE_CHECKING:
    from mien.inference.analyzer import Analyzer

PACKAGES = ("onnxruntime", "opencv-python-headless", "pillow", "numpy", "av", "keras")
"""What reads, finds, names and trains, as far as it is installed."""

LISTED = 3
"""How many of several values are named."""


def environment() -> str:
    """Return the versions of mien, of Python and of ``PACKAGES``, and the system."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    parts = [f"mien {__version__}", f"Python {platform.python_version()}"]
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            parts.append(f"{package} {version(package)}")
    return f"{', '.join(parts)}; {platform.platform()}"


def settings(given: dict[str, Any]) -> str:
    """Return a command's options and arguments, but for those that nobody set."""
    named = {key.replace("_", "-"): value for key, value in given.items() if value is not None and value is not False}
    return ", ".join(f"{key} {_text(value)}" for key, value in named.items())


def model(analyzer: Analyzer) -> str:
    """Return which model names the emotions, and how far it raises rare ones."""
    entry = analyzer.model
    return (
        f"model {entry['name']} {entry['version']}, sha256 {entry['sha256']}, prior {analyzer.prior:g}, "
        f"uncertain below {analyzer.certain_from():.3f}"
    )


def _text(value: Any) -> str:
    if value is True:
        return "yes"
    if not isinstance(value, list):
        return str(value)
    more = f" and {len(value) - LISTED} more" if len(value) > LISTED else ""
    return " ".join(map(str, value[:LISTED])) + more
