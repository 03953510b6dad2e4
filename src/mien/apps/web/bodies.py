"""The bodies of requests, counted as they come: of one request, and of all together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

from fastapi import HTTPException
from starlette.requests import ClientDisconnect, Request

from mien.apps.web.limits import HELD_BYTES, PICTURE_BYTES, UPLOAD_IDLE_S, UPLOAD_S
from mien.apps.web.workers import busy


class Bodies:
    """The bodies that are held in memory.

    Attributes:
        held: their bytes.
    """

    def __init__(self) -> None:
        self.held = 0

    @asynccontextmanager
    async def whole(self, request: Request) -> AsyncGenerator[bytearray]:
        """Read the body of a request, and hold it until it is done with.

        Raises:
            HTTPException: it is too large, too slow, or too much is held already.
            ClientDisconnect: the caller left.
        """
        data = bytearray()
        try:
            await self._read(request, data)
            yield data
        finally:
            self.held -= len(data)

    async def _read(self, request: Request, data: bytearray) -> None:
        async with aclosing(parts(request, PICTURE_BYTES)) as coming:
            async for part in coming:
                if self.held + len(part) > HELD_BYTES:
                    raise busy()
                data += part
                self.held += len(part)


async def parts(request: Request, most: int) -> AsyncGenerator[bytes]:
    """Yield the body of a request as it comes.

    Raises:
        HTTPException: it has more bytes than most, or is too slow.
        ClientDisconnect: the caller left.
    """
    _refuse_above(most, int(request.headers.get("content-length", 0)))
    end, size, more = time.monotonic() + UPLOAD_S, 0, True
    while more:
        try:
            async with asyncio.timeout(min(UPLOAD_IDLE_S, end - time.monotonic())):
                message = await request.receive()
        except TimeoutError as error:
            raise HTTPException(
                408,
                f"the body came too slowly; expected all of it in {UPLOAD_S:.0f} s, without a pause; send it again",
            ) from error
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part, more = message.get("body", b""), message.get("more_body", False)
        size += len(part)
        _refuse_above(most, size)
        yield part


def _refuse_above(most: int, size: int) -> None:
    if size > most:
        raise HTTPException(
            413,
            f"what was sent is too large; expected at most {most // 2**20} MiB; send a smaller file, or fewer at once",
        )
