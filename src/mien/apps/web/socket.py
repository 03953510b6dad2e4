"""One socket, one stream: frames of a camera or a video come in, and what their faces show goes back.

A frame is a message of bytes: its time in seconds, a float64 in little-endian order, and the bytes of a picture file.
Each is answered, in order, by an entry as in the table of ``mien video`` (docs/SCHEMA.md), with the ids that do not
count as people so far, or by ``{"error": ...}`` and
the stream goes on. Whoever sends the next frame only after the answer never waits for older ones.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from anyio import to_thread
from fastapi import HTTPException
from starlette.websockets import WebSocket, WebSocketDisconnect

from mien.apps.web._reading import bounded, frame
from mien.apps.web.analyzers import Analyzers, Wanted
from mien.apps.web.limits import FRAME_PIXELS, LATEST_S, SOCKET_IDLE_S
from mien.apps.web.problems import POLICY_VIOLATION
from mien.apps.web.workers import Workers
from mien.core.errors import MienError, UsageError
from mien.results.document import ErrorEntry, PictureEntry
from mien.tracking.people_in_view import PeopleInView
from mien.tracking.stream import SingleFrame, Stream

TIME = struct.Struct("<d")

GOING_AWAY = 1001


class StreamEntry(PictureEntry):
    """What the faces of a frame show; ``not_people`` are the ids in it that do not count as people so far."""

    not_people: list[int]


Answer = StreamEntry | ErrorEntry
"""What the faces of a frame show, or why nothing can be said of it."""


class Feed:
    """The frames of one source, in the order of their times.

    Args:
        stream: has seen none of them.
        wanted: what is to find and name the faces, as in the stream's analyzer.
    """

    def __init__(self, stream: Stream, wanted: Wanted) -> None:
        self._stream, self._wanted = stream, wanted
        self._people = PeopleInView()
        self._count = 0
        self._time_s = -1.0

    def work(self, message: bytes) -> Callable[[Analyzers], SingleFrame]:
        """Return the work on the frame in a message, which may be done anywhere.

        Raises:
            UsageError: there is none, or its time is not after that of the frame before.
        """
        if len(message) <= TIME.size:
            raise UsageError(f"a frame is {TIME.size} bytes of time and a picture file; got {len(message)} bytes")
        (time_s,) = TIME.unpack_from(message)
        if not 0 <= time_s <= LATEST_S:
            raise UsageError(f"the time of a frame is 0 to {LATEST_S:.0e} seconds; got {time_s}")
        if not self._time_s < time_s:
            raise UsageError(f"a frame at {time_s} s came after one at {self._time_s} s; send frames in their order")
        file = bounded(f"the frame at {time_s:.2f} s", message[TIME.size :], FRAME_PIXELS, None)
        return partial(frame, file, self._count, time_s, self._wanted)

    def entry(self, single: SingleFrame) -> StreamEntry:
        """Return the answer to a message, of which all work is done."""
        result = self._stream.follow(single)
        self._count, self._time_s = self._count + 1, result.frame.time_s
        self._people.add(result)
        others = [key for key in result.ids.tolist() if not self._people.counts(key)]
        return {**result.entry(), "not_people": others}


async def feed(socket: WebSocket, wanted: Wanted, smooth_s: float, workers: Workers) -> None:
    """Answer the frames of a socket until it is closed, or none comes for a long time.

    Args:
        socket: not accepted yet.
        wanted: what is to find and name the faces; what is wrong with it is sent before the socket is closed.
        smooth_s: as in ``Stream``.
        workers: do what takes long, so that other requests go on.
    """
    await socket.accept()
    try:
        source = Feed(Stream(workers.analyzers(wanted), smooth_s), wanted)
    except MienError as error:
        await socket.send_json({"error": str(error)})
        await socket.close(POLICY_VIOLATION)
        return
    with suppress(WebSocketDisconnect):
        while (message := await _message(socket)) is not None:
            await socket.send_json(await _answer(source, message, workers))


async def _message(socket: WebSocket) -> bytes | None:
    """Return the next message; None where the socket is closed, as it is when none comes."""
    try:
        async with asyncio.timeout(SOCKET_IDLE_S):
            message = await socket.receive()
    except TimeoutError:
        await socket.send_json({"error": f"no frame came for {SOCKET_IDLE_S:.0f} s; open the stream again"})
        await socket.close(GOING_AWAY)
        return None
    return (message.get("bytes") or b"") if message["type"] == "websocket.receive" else None


async def _answer(source: Feed, message: bytes, workers: Workers) -> Answer:
    try:
        return await to_thread.run_sync(source.entry, await workers.run(source.work(message)))
    except MienError as error:
        return {"error": str(error)}
    except HTTPException as error:
        return {"error": error.detail}
