"""Matplotlib, without what it says of its own affairs."""

from __future__ import annotations

import logging
from importlib import import_module


def import_matplotlib() -> None:
    """Import matplotlib's figures; where the home cannot be written, it would print that it makes do without.

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
