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

from fastapi import HTTPException
from starlette.websockets import WebSocket, WebSocketDisconnect

from mien.apps.web.decoder import Decoder
from mien.apps.web.limits import FRAME_PIXELS, LATEST_S, SOCKET_IDLE_S
from mien.apps.web.problems import POLICY_VIOLATION
from mien.apps.web.workers import Workers
from mien.core.errors import MienError, UsageError
from mien.core.frame import Frame
from mien.results.document import ErrorEntry, PictureEntry
from mien.tracking.people_in_view import PeopleInView
from mien.tracking.stream import Stream
from mien.tracking.tracked_result import TrackedResult

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
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._people = PeopleInView()
        self._count = 0
        self._time_s = -1.0

    def take(self, message: bytes, decoder: Decoder) -> Answer:
        """Return the answer to a message."""
        try:
            return self._entry(self._stream(self._frame(message, decoder)))
        except MienError as error:
            return {"error": str(error)}

    def _entry(self, result: TrackedResult) -> StreamEntry:
        self._people.add(result)
        others = [key for key in result.ids.tolist() if not self._people.counts(key)]
        return {**result.entry(), "not_people": others}

    def _frame(self, message: bytes, decoder: Decoder) -> Frame:
        if len(message) <= TIME.size:
            raise UsageError(f"a frame is {TIME.size} bytes of time and a picture file; got {len(message)} bytes")
        (time_s,) = TIME.unpack_from(message)
        if not 0 <= time_s <= LATEST_S:
            raise UsageError(f"the time of a frame is 0 to {LATEST_S:.0e} seconds; got {time_s}")
        if not self._time_s < time_s:
            raise UsageError(f"a frame at {time_s} s came after one at {self._time_s} s; send frames in their order")
        image = decoder(message[TIME.size :], f"the frame at {time_s:.2f} s", FRAME_PIXELS, None).image
        frame = Frame(image, self._count, time_s)
        self._count, self._time_s = self._count + 1, time_s
        return frame


async def feed(socket: WebSocket, open_stream: Callable[[], Stream], workers: Workers) -> None:
    """Answer the frames of a socket until it is closed, or none comes for a long time.

    Args:
        socket: not accepted yet.
        open_stream: returns a stream of its own; its error is sent before the socket is closed.
        workers: do what takes long, so that other requests go on.
    """
    await socket.accept()
    try:
        source = Feed(open_stream())
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
        return await workers.run(partial(source.take, message))
    except HTTPException as error:
        return {"error": error.detail}
