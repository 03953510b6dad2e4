"""What holds for every answer: its headers, that HEAD is answered as GET is, and that a refusal arrives."""

from __future__ import annotations

from anyio import move_on_after
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mien.apps.web.limits import UPLOAD_IDLE_S

HEADERS = {
    # The page loads nothing from elsewhere, so a name or a picture can bring in no script. Nets run as WebAssembly.
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob:; "
    "media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Both, as browsers give threads of WebAssembly only to pages that no other page shares a process with.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), display-capture=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

CACHE = {True: "no-cache", False: "no-store"}
"""Whether a browser may keep an answer: files of the page, of which it asks each time whether they changed.

Names with a digest would spare it the asking, but every import of a module in another would have to be rewritten.
"""


class HeadersMiddleware:
    """Middleware that adds ``HEADERS`` to each answer, and whether it may be kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers["Cache-Control"] = CACHE["etag" in headers]
            await send(message)

        await self._app(scope, receive, sending)


class HeadMiddleware:
    """Middleware that answers HEAD as GET; the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""
        asks = scope["type"] == "http" and scope["method"] == "HEAD"
        await self._app({**scope, "method": "GET"} if asks else scope, receive, send)


class LingerMiddleware:
    """Middleware that lets callers who are refused send their body to its end, for as long as ``UPLOAD_IDLE_S``.

    Else the connection may be closed under them, and what they see is an error of the network, not the refusal.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Who asks before sending the body sends none after a refusal.
        more, refused = "expect" not in Headers(scope=scope), False

        async def receiving() -> Message:
            nonlocal more
            message = await receive()
            more = more and message.get("more_body", False)
            return message

        async def sending(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start":
                refused = message["status"] >= 400
            elif refused and more and not message.get("more_body", False):
                await send({**message, "more_body": True})
                message = {"type": "http.response.body"}
                with move_on_after(UPLOAD_IDLE_S):
                    while more:
                        await receiving()
            await send(message)

        await self._app(scope, receiving, sending)
