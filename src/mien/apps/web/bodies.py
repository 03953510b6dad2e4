"""The bodies of requests, counted as they come: of one request, and of all together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

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
        if int(request.headers.get("content-length", 0)) > PICTURE_BYTES:
            raise _too_large()
        try:
            async with asyncio.timeout(UPLOAD_S):
                async for part in _parts(request):
                    if len(data) + len(part) > PICTURE_BYTES:
                        raise _too_large()
                    if self.held + len(part) > HELD_BYTES:
                        raise busy()
                    data += part
                    self.held += len(part)
        except TimeoutError as error:
            raise HTTPException(
                408, f"the body came too slowly; expected all of it in {UPLOAD_S:.0f} s, without a pause"
            ) from error


async def _parts(request: Request) -> AsyncGenerator[bytes]:
    more = True
    while more:
        async with asyncio.timeout(UPLOAD_IDLE_S):
            message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        more = message.get("more_body", False)
        yield message.get("body", b"")


def _too_large() -> HTTPException:
    return HTTPException(413, f"the file is too large; expected at most {PICTURE_BYTES // 2**20} MiB")
