"""Times in a video as people write them: ``90``, ``1:30`` or ``1:01:30.5``."""

from __future__ import annotations

import re

from mien.core.errors import UsageError

_FORM = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)")


def seconds(text: str) -> float:
    """Return a time in seconds.

    Raises:
        UsageError: it is none, or its minutes or seconds go beyond 59 where there is a larger unit before them.
    """
    match = _FORM.fullmatch(text)
    hours, minutes, rest = match.groups("0") if match else ("0", "0", "inf")
    more = text.count(":")
    if not match or (more and float(rest) >= 60) or (more == 2 and int(minutes) >= 60):
        raise UsageError(
            f"'{text}' is no time in a video; expected seconds (90 or 1.5), m:ss (1:30) or h:mm:ss (1:01:30)"
        )
    return 3600 * int(hours) + 60 * int(minutes) + float(rest)
