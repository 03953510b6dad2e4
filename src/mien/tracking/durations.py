"""For how long each result of a video counts."""

from __future__ import annotations

from collections import deque
from statistics import median

LONGEST_S = 1.0
"""A result counts until the next one, but for no longer than this or twice the usual interval, the longer of them.

So a hole in a video does not prolong what was seen before it, and one frame every ten seconds counts for ten.
"""

USUAL = 15
"""The usual interval is the median of so many, the latest."""


class Durations:
    """Takes the times of results one by one.

    Attributes:
        time_s: of the latest result, or of the end; 0 before the first.
    """

    def __init__(self) -> None:
        self.time_s = 0.0
        self._begun = False
        self._intervals: deque[float] = deque(maxlen=USUAL)

    def next(self, time_s: float) -> tuple[float, float]:
        """Return from when to when the result before counts; a time before the latest one counts as that one."""
        if not self._begun:
            self._begun, self.time_s = True, time_s
        elif time_s > self.time_s:
            self._intervals.append(time_s - self.time_s)
        return self.end(time_s)

    def end(self, end_s: float) -> tuple[float, float]:
        """Return from when to when the last result counts, in a video that ends at a time."""
        start_s, self.time_s = self.time_s, max(self.time_s, end_s)
        usual_s = median(self._intervals) if self._intervals else 0.0
        return start_s, min(self.time_s, start_s + max(LONGEST_S, 2 * usual_s))
