"""Checks Host and Origin of each request, as any page can send requests to a server on its visitor's machine."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

POLICY = "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'"
"""The page loads nothing from elsewhere, so a name or a picture can bring in no script."""


class HostOriginMiddleware:
    """Middleware that answers only calls by a name of this machine, and from no page but its own.

    A foreign page calls either from its own origin, which its browser tells, or by a name of its own that it has made
    to lead here, which then stands in the header Host. Programs other than browsers send no origin.

    Args:
        app: what it stands before.
        hosts: names that may stand in Host, without port; None allows any.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str] | None) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if why := self._objection(Headers(scope=scope)):
            refusal = WebSocketClose(1008, why) if scope["type"] == "websocket" else JSONResponse({"error": why}, 403)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, _with_policy(send))

    def _objection(self, headers: Headers) -> str:
        """Return why a call is refused; empty where it is not."""
        called, origin = headers.get("host", ""), headers.get("origin")
        try:
            name = urlsplit(f"//{called}").hostname or ""
            page = called if origin is None else urlsplit(origin).netloc
        except ValueError:
            return f"called by the name '{called}' from a page of {origin}, which are no names of machines"
        if self._hosts is not None and name not in self._hosts:
            return f"called by the name '{name}'; expected {', '.join(sorted(self._hosts))}"
        if page != called:
            return f"called from a page of {origin}; open the page of mien itself"
        return ""


def _with_policy(send: Send) -> Send:
    """Return a function that adds the policy to the head of an answer."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Content-Security-Policy"] = POLICY
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "no-referrer"
        await send(message)

    return sending
