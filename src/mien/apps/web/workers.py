"""The work of the service: in as many processes as there are cores, which can be ended; the others wait for a turn."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from anyio import CapacityLimiter, move_on_after, to_thread
from fastapi import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from mien.apps.web.analyzers import Analyzers
from mien.apps.web.limits import LEFT_S, RETRY_S, WAIT_S, WAITING, WORK_BYTES
from mien.core.child import Child, ChildDiedError
from mien.core.errors import ImageError, MienError
from mien.inference.ordered_map import cores

T = TypeVar("T")

PROGRAM = "mien.apps.web.child"

BUSY = "the service has too much to do; come again after a moment"


class Worker(Child):
    """A process with analyzers of its own, which are loaded meanwhile.

    Args:
        alone: for a picture that is read alone.
        shared: while others are read.
    """

    def __init__(self, alone: Analyzers, shared: Analyzers) -> None:
        super().__init__(PROGRAM)
        self.started = False
        self.tell((alone, shared, WORK_BYTES))

    def do(self, work: Callable[[Analyzers], T], is_shared: bool) -> T:
        """Return what work returns there.

        Args:
            work: can be pickled, as what it returns.
            is_shared: which of the analyzers it is given.

        Raises:
            ChildDiedError: the process ended.
            MienError: as work does.
        """
        if not self.started:
            self.hear()
            self.started = True
        reply = self.ask((work, is_shared))
        if isinstance(reply, MienError):
            raise reply
        return reply


class Workers:
    """Processes that do what is to be done for requests, and are started again whenever one was ended.

    Args:
        analyzers: what they find and name faces with.
        shared: the same while several pictures are read at once, with fewer threads; None is those.
        count: how many processes; None is one a core.

    Attributes:
        analyzers: as given.
        count: how many there are.
        ended: how many processes ended before they had done their work.
    """

    def __init__(self, analyzers: Analyzers, shared: Analyzers | None = None, count: int | None = None) -> None:
        self.analyzers, self._shared, self.ended = analyzers, shared or analyzers, 0
        self.count = count or cores()
        self._turns, self._threads = CapacityLimiter(self.count), CapacityLimiter(self.count)
        self._idle: deque[Worker] = deque()
        self._all: set[Worker] = set()

    def start(self) -> None:
        """Start all processes, so that the first requests need not wait for it."""
        while len(self._all) < self.count:
            self._idle.append(self._made())

    def close(self) -> None:
        """End all processes, and with them what they do."""
        for worker in self._all:
            worker.kill()

    def waiting(self) -> int:
        """Return how many requests wait for their turn."""
        return self._turns.statistics().tasks_waiting

    async def run(self, work: Callable[[Analyzers], T], receive: Receive | None = None) -> T:
        """Do work in a process when its turn comes, and return what it returns.

        Args:
            work: can be pickled, as what it returns.
            receive: of the request, whose body has been read; when its caller leaves, the work is ended after a moment.

        Raises:
            HTTPException: too many wait, or its turn does not come soon.
            ClientDisconnect: the caller left.
            ImageError: the process was ended, as the work took too long or too much.
            MienError: as work does.
        """
        async with self._turn():
            worker = self._idle.pop() if self._idle else self._made()
            try:
                async with _watched(receive, worker) as has_left:
                    if has_left():
                        raise ClientDisconnect
                    try:
                        is_shared = self._turns.borrowed_tokens > 1
                        return await to_thread.run_sync(worker.do, work, is_shared, limiter=self._threads)
                    except ChildDiedError as died:
                        why = self._replaced(worker, died)
                        raise ClientDisconnect if has_left() else why from died
            finally:
                if worker in self._all:
                    self._idle.append(worker)

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None]:
        if self.waiting() >= WAITING:
            raise busy()
        turn = object()
        with move_on_after(WAIT_S) as waited:
            await self._turns.acquire_on_behalf_of(turn)
        if waited.cancelled_caught:
            raise busy()
        try:
            yield
        finally:
            self._turns.release_on_behalf_of(turn)

    def _replaced(self, worker: Worker, died: ChildDiedError) -> MienError:
        """Start another process in the place of one that ended, and return what its caller is told."""
        self._all.remove(worker)
        self.ended += 1
        with suppress(OSError):  # then the next turn tries
            # Behind the others, as it takes a moment.
            self._idle.appendleft(self._made())
        if not worker.started:
            return MienError("the process that reads pictures does not start; ask again, or look for free memory")
        how = "takes longer than it may" if died.timed_out else "ends the process that reads it"
        return ImageError(
            f"too costly: the picture {how}, given up after {died.after_s:.1f} s; save it again as a plain "
            "JPEG or PNG, or make it smaller"
        )

    def _made(self) -> Worker:
        self._all.add(worker := Worker(self.analyzers, self._shared))
        return worker


def busy() -> HTTPException:
    """Return the error that sends a caller away for a moment."""
    return HTTPException(503, BUSY, {"Retry-After": str(RETRY_S)})


@asynccontextmanager
async def _watched(receive: Receive | None, worker: Worker) -> AsyncGenerator[Callable[[], bool]]:
    """End a process when the caller of a request has left; yields what says whether that happened."""
    if receive is None:
        yield lambda: False
        return
    left = asyncio.Event()
    watching = asyncio.create_task(_end_when_left(receive, left, worker))
    try:
        await asyncio.sleep(0)  # the task begins, and knows where the caller left before
        yield left.is_set
    finally:
        watching.cancel()


async def _end_when_left(receive: Receive, left: asyncio.Event, worker: Worker) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    left.set()
    # Most pictures are done by then, and starting another process takes longer than they do.
    await asyncio.sleep(LEFT_S)
    worker.end()
