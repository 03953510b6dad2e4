"""The work of the service: as many pictures at once as there are cores, the others wait for their turn."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from anyio import CapacityLimiter, move_on_after, to_thread
from fastapi import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from mien.apps.web.decoder import Decoder
from mien.apps.web.limits import RETRY_S, WAIT_S, WAITING
from mien.inference.ordered_map import cores

T = TypeVar("T")

SPARE = 1
"""Processes that decode beside those that are at work, for the time in which one is started again."""

BUSY = "the service has too much to do; come again after a moment"


class Workers:
    """Runs what is to be done for requests in threads, each with a process that decodes.

    Args:
        count: how many at once; more than there are cores would only hold more pictures at once.
    """

    def __init__(self, count: int | None = None) -> None:
        self._count = count or cores()
        self._turns = CapacityLimiter(self._count)
        self._idle: deque[Decoder] = deque()
        self._all: list[Decoder] = []

    def start(self) -> None:
        """Start all processes, so that the first requests need not wait for it."""
        self._idle += [self._made() for _ in range(self._count + SPARE)]

    def close(self) -> None:
        """End all processes, and with them what they do."""
        for decoder in self._all:
            decoder.close()

    def waiting(self) -> int:
        """Return how many requests wait for their turn."""
        return self._turns.statistics().tasks_waiting

    def killed(self) -> int:
        """Return how many processes were killed."""
        return sum(decoder.killed for decoder in self._all)

    async def run(self, work: Callable[[Decoder], T], receive: Receive | None = None) -> T:
        """Run work in a thread when its turn comes, and return what it returns.

        Args:
            work: is given the process that decodes.
            receive: of the request, whose body has been read; when its caller leaves, nothing is decoded any more.

        Raises:
            HTTPException: too many wait, or its turn does not come soon.
            ClientDisconnect: the caller left.
        """
        async with self._decoder() as decoder, _watched(receive, decoder.stop) as has_left:
            if has_left():
                raise ClientDisconnect
            return await to_thread.run_sync(work, decoder)

    @asynccontextmanager
    async def _decoder(self) -> AsyncGenerator[Decoder]:
        if self.waiting() >= WAITING:
            raise busy()
        turn = object()
        with move_on_after(WAIT_S) as waited:
            await self._turns.acquire_on_behalf_of(turn)
        if waited.cancelled_caught:
            raise busy()
        try:
            # The one that waits for longest, as one that had to be started again takes a moment.
            decoder = self._idle.popleft() if self._idle else self._made()
            try:
                yield decoder
            finally:
                self._idle.append(decoder)
        finally:
            self._turns.release_on_behalf_of(turn)

    def _made(self) -> Decoder:
        self._all.append(decoder := Decoder())
        return decoder


def busy() -> HTTPException:
    """Return the error that sends a caller away for a moment."""
    return HTTPException(503, BUSY, {"Retry-After": str(RETRY_S)})


@asynccontextmanager
async def _watched(receive: Receive | None, left: Callable[[], None]) -> AsyncGenerator[Callable[[], bool]]:
    """Call a function when the caller of a request leaves; yields what says whether that happened."""
    if receive is None:
        yield lambda: False
        return
    watching = asyncio.create_task(_until_left(receive))
    watching.add_done_callback(lambda task: None if task.cancelled() else left())
    try:
        await asyncio.sleep(0)  # the task begins, and ends where the caller left before
        yield watching.done
    finally:
        watching.cancel()


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
