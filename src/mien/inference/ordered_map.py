"""Maps over threads that hold few things at a time: one that keeps the order, and one that waits for no thing."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

HELD_PER_THREAD = 2
"""Items that are held for each thread, in work or waiting for their turn; more take memory and gain nothing."""

T = TypeVar("T")
R = TypeVar("R")


def ordered_map(function: Callable[[T], R], things: Iterable[T], threads: int | None = None) -> Generator[R]:
    """Yield what a function returns for each thing, in order, as soon as it and those before it are done.

    At most ``HELD_PER_THREAD`` things a thread are taken ahead and held.

    Args:
        function: called in several threads at once.
        things: may be endless; they are taken in the thread that asks for results.
        threads: None takes one a core that this process may use.

    Raises:
        ValueError: threads is less than 1.
    """
    workers = cores() if threads is None else threads
    return _results(ThreadPoolExecutor(workers, thread_name_prefix="mien"), function, things, HELD_PER_THREAD * workers)


def unordered_map(function: Callable[[T], R], things: Iterable[T], threads: int) -> Generator[R]:
    """Yield what a function returns for each thing, as soon as it is done; otherwise like ``ordered_map``."""
    pool, waiting = ThreadPoolExecutor(threads, thread_name_prefix="mien"), set[Future[R]]()
    try:
        for thing in things:
            waiting.add(pool.submit(function, thing))
            if len(waiting) == HELD_PER_THREAD * threads:
                ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (one.result() for one in ready)
        while waiting:
            ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (one.result() for one in ready)
    finally:
        pool.shutdown(cancel_futures=True)


def _results(pool: ThreadPoolExecutor, function: Callable[[T], R], things: Iterable[T], held: int) -> Generator[R]:
    waiting: deque[Future[R]] = deque()
    try:
        for thing in things:
            waiting.append(pool.submit(function, thing))
            if len(waiting) == held:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:  # also where the caller stops early, and on Ctrl-C
        pool.shutdown(cancel_futures=True)


def cores() -> int:
    """Return how many cores this process may use, where the system says so."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
