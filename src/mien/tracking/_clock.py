"""A clock that never goes back."""

from __future__ import annotations

import math


class Clock:
    """Turns the times of successive frames into the seconds between them.

    A time that stands still, goes back (a film that begins again) or is not finite counts as no time at all, and
    the clock goes on from there.
    """

    def __init__(self) -> None:
        self._last_s: float | None = None

    def __call__(self, time_s: float) -> float:
        """Return the seconds since the call before; 0 at the first, never less."""
        if not math.isfinite(time_s):
            return 0.0
        last_s, self._last_s = self._last_s, time_s
        return 0.0 if last_s is None else max(0.0, time_s - last_s)
