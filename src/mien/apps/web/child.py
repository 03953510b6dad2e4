"""The program of the processes that read pictures for the service (``mien.apps.web.workers``).

The first question is two kinds of analyzers, and how many bytes more than with them the process may take. The others
are functions of analyzers and which of the two they are given, to which it replies with what they return, or with their
error.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2

from mien.apps.web.analyzers import Analyzers
from mien.apps.web.limits import START_S
from mien.core.child import limit_memory, limited, parent
from mien.core.errors import MienError


def main() -> None:
    """Reply to requests until there are no more."""
    cv2.setNumThreads(1)
    with parent() as asking:
        questions = asking.asks()
        with limited(START_S):
            *kinds, most_bytes = next(questions)
        limit_memory(most_bytes)
        asking.reply(None)
        for work, kind in questions:
            asking.reply(done(work, kinds[kind]))


def done(work: Callable[[Analyzers], object], analyzers: Analyzers) -> object:
    """Return what work returns, or its error."""
    try:
        return work(analyzers)
    except MienError as error:
        return error


if __name__ == "__main__":
    main()
