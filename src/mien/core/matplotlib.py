"""Matplotlib, imported without its own log messages."""

from __future__ import annotations

import logging
from importlib import import_module


def import_matplotlib() -> None:
    """Import matplotlib's figures, without the warning that it prints if the home folder cannot be written.

    Raises:
        ImportError: it is not installed.
    """
    log = logging.getLogger("matplotlib")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        import_module("matplotlib.figure")
    finally:
        log.setLevel(before)
