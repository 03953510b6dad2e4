"""No caller takes all of the service: of the requests from one address, only so many are under way at once."""

from __future__ import annotations

from collections import Counter

from starlette.types import ASGIApp, Receive, Scope, Send

from mien.apps.web.limits import CLIENT_REQUESTS, RETRY_S
from mien.apps.web.names import is_address, plain
from mien.apps.web.problems import problem


class SharesMiddleware:
    """Middleware that sends away with 429 who has too many requests under way.

    This machine itself is not counted: all callers behind a proxy that does not name them would be one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._under_way: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, or send its caller away."""
        caller = _caller(scope)
        if not caller:
            await self._app(scope, receive, send)
        elif self._under_way[caller] >= CLIENT_REQUESTS:
            detail = f"{CLIENT_REQUESTS} requests of your address are under way; come again when some are answered"
            await problem(scope, 429, detail, {"Retry-After": str(RETRY_S)})(scope, receive, send)
        else:
            await self._count(caller, scope, receive, send)

    async def _count(self, caller: str, scope: Scope, receive: Receive, send: Send) -> None:
        self._under_way[caller] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way[caller] -= 1
            if not self._under_way[caller]:
                del self._under_way[caller]


def _caller(scope: Scope) -> str:
    """Return the address of who sent a request; empty for this machine, and for what is no request."""
    address = (scope.get("client") or ("",))[0] if scope["type"] == "http" else ""
    return address if is_address(address) and not plain(address).is_loopback else ""
