"""Connections that are open for no longer than they are of use."""

from __future__ import annotations

from asyncio import BaseTransport, TimerHandle
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from mien.apps.web.limits import CONNECTIONS, IDLE_S, STUCK_S
from mien.apps.web.problems import problem


class BoundedProtocol(H11Protocol):
    """HTTP as uvicorn speaks it, with bounds on how many connections are open, and for how long without use.

    uvicorn itself waits for ever for the rest of a head, and for a caller who takes nothing of an answer.
    """

    _idle: TimerHandle | None = None
    _stuck: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:  # type: ignore[override]
        """Begin a connection, or end it where there are too many."""
        super().connection_made(transport)  # type: ignore[arg-type]
        if len(self.connections) > CONNECTIONS:
            self.transport.abort()
        else:
            self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        for timer in (self._idle, self._stuck):
            if timer:
                timer.cancel()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: Any) -> None:
        """Leave the connection to the protocol of sockets, which looks after it itself."""
        if self._idle:
            self._idle.cancel()
        super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP with a problem document too, and end the connection."""
        answer = problem({"path": ""}, 400, "what came is no HTTP request; send one as HTTP/1.1 has it")
        head = h11.Response(status_code=400, headers=[*answer.raw_headers, (b"connection", b"close")])
        for event in (head, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._expect_request()

    def pause_writing(self) -> None:
        """Note that the caller takes nothing of the answer."""
        super().pause_writing()
        self._stuck = self.loop.call_later(STUCK_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Note that the caller took some of it."""
        if self._stuck:
            self._stuck.cancel()
        super().resume_writing()

    def _expect_request(self) -> None:
        if self._idle:
            self._idle.cancel()
        self._idle = self.loop.call_later(IDLE_S, self._close_if_idle)

    def _close_if_idle(self) -> None:
        # A request may have begun. Where none has, what came is a part of a head, or the rest of a body nobody wants.
        cycle: Any = self.cycle
        if cycle is None or cycle.response_complete:
            self.transport.close()
