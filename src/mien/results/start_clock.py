"""The clock of ``mien video --start-clock``: what it showed at each time of a clip, to lay other recordings beside."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from mien.core.errors import UsageError
from mien.results.document import Setting


def parse_start_clock(text: str) -> str | float:
    """Return what a clock showed when a clip began: a date and time in ISO 8601, or seconds.

    Raises:
        UsageError: the text is neither.
    """
    try:
        if math.isfinite(seconds := float(text)):
            return seconds
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError as error:
        raise UsageError(
            f"--start-clock takes date and time, as 2026-11-29T14:05:00 or with +01:00 behind, or seconds; got '{text}'"
        ) from error


def clock_at(start: Setting, time_s: float | None) -> str | float | None:
    """Return what the clock shows at a time of a clip; None without a clock or a time.

    Args:
        start: what ``parse_start_clock`` gave.
        time_s: in the clip.
    """
    if time_s is None or not start:
        return None
    if isinstance(start, str):
        return (datetime.fromisoformat(start) + timedelta(seconds=time_s)).isoformat(timespec="microseconds")
    return round(start + time_s, 6)
