"""One socket, one stream: frames of a camera or a video come in, and what their faces show goes back.

A frame is a message of bytes: its time in seconds, a float64 in little-endian order, and the bytes of a picture file.
Each is answered, in order, by an entry as in the table of ``mien video`` (docs/SCHEMA.md), or by ``{"error": ...}`` and
the stream goes on. Whoever sends the next frame only after the answer never waits for older ones.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from starlette.websockets import WebSocket, WebSocketDisconnect

from mien.apps.web.limits import FRAME_PIXELS
from mien.core.errors import MienError, UsageError
from mien.core.types import Frame
from mien.imaging.decode import decode
from mien.results.document import ErrorEntry, PictureEntry
from mien.tracking.stream import Stream

TIME = struct.Struct("<d")

POLICY_VIOLATION = 1008


Answer = PictureEntry | ErrorEntry
"""What the faces of a frame show, or why nothing can be said of it."""

InThread = Callable[[Callable[[], Answer]], Awaitable[Answer]]
"""Runs a function in a thread and returns what it returns."""


class Feed:
    """The frames of one source, in the order of their times.

    Args:
        stream: has seen none of them.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._count = 0
        self._time_s = -math.inf

    def take(self, message: bytes) -> Answer:
        """Return the answer to a message."""
        try:
            return self._stream(self._frame(message)).entry()
        except MienError as error:
            return {"error": str(error)}

    def _frame(self, message: bytes) -> Frame:
        if len(message) <= TIME.size:
            raise UsageError(f"a frame is {TIME.size} bytes of time and a picture file; got {len(message)} bytes")
        (time_s,) = TIME.unpack_from(message)
        if not self._time_s < time_s < math.inf:
            raise UsageError(f"a frame at {time_s} s came after one at {self._time_s} s; send frames in their order")
        image = decode(message[TIME.size :], f"the frame at {time_s:.2f} s", FRAME_PIXELS)
        frame = Frame(image, self._count, time_s)
        self._count, self._time_s = self._count + 1, time_s
        return frame


async def feed(socket: WebSocket, open_stream: Callable[[], Stream], in_thread: InThread) -> None:
    """Answer the frames of a socket until it is closed.

    Args:
        socket: not accepted yet.
        open_stream: returns a stream of its own; its error is sent before the socket is closed.
        in_thread: runs what takes long, so that other requests go on.
    """
    await socket.accept()
    try:
        source = Feed(open_stream())
    except MienError as error:
        await socket.send_json({"error": str(error)})
        await socket.close(POLICY_VIOLATION)
        return
    with suppress(WebSocketDisconnect):
        while (message := await socket.receive())["type"] == "websocket.receive":
            await socket.send_json(await in_thread(partial(source.take, message.get("bytes") or b"")))
