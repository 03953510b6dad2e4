"""Who may call: by which names, from which pages, with which token."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mien.apps.web.names import is_address, is_from, origin, place
from mien.apps.web.problems import problem, route

COOKIE = "mien_token"
"""Holds the token's digest, from which the token cannot be told."""

OPEN = frozenset({"/healthz", "/readyz"})
"""What any may ask, by any name: whether the service runs, which probes of containers ask without a token."""

LOOKS = frozenset({"/theme.css", "/static/page.css", "/static/icon.svg"})
"""What the page that asks for the token is drawn with, and so gets without one."""


@dataclass(frozen=True)
class Access:
    """Who may call.

    Attributes:
        names: by which the service may be called, beside IP addresses, which nobody can make to lead here as a name.
        origins: pages from elsewhere that may call, such as "https://faces.example".
        token: what callers must show; empty lets in all.
    """

    names: frozenset[str] = frozenset({"localhost"})
    origins: frozenset[str] = frozenset()
    token: str = field(default="", repr=False)

    def objection(self, headers: Headers) -> str:
        """Return why a call is refused by its names; empty where it is not.

        A foreign page calls either from its own origin, which its browser tells, or by a name of its own that it has
        made to lead here, which then stands in Host. Programs other than browsers send no origin.
        """
        called, page = place(headers.get("host", "")), headers.get("origin")
        if called is None:
            return (
                f"called by '{headers.get('host', ''):.100}', which is no name of a machine; expected one, as localhost"
            )
        if called.name not in self.names and not is_address(called.name):
            known = ", ".join(sorted(self.names))
            return (
                f"called by the name '{called.name:.100}'; expected {known} or an address; see 'mien web --allow-host'"
            )
        known_page = origin(page or "")
        if page is None or page in self.origins or (known_page is not None and is_from(known_page, called)):
            return ""
        return f"called from a page of {page:.100}; open the page of mien itself, or see 'mien web --allow-origin'"

    def is_known(self, scope: Scope) -> bool:
        """Return whether a request shows the token, as the header Authorization or as the cookie of the page."""
        headers = Headers(scope=scope)
        kind, _, given = headers.get("authorization", "").partition(" ")
        cookies = [cookie_in(header) for header in headers.getlist("cookie")]
        return self.is_token(given.strip() if kind.lower() == "bearer" else "") or any(
            hmac.compare_digest(cookie.encode(), self.digest().encode()) for cookie in cookies
        )

    def is_token(self, given: str) -> bool:
        """Return whether a word is the token, in a time that does not tell how much of it is right."""
        return hmac.compare_digest(sha256(given.encode()).hexdigest(), self.digest())

    def digest(self) -> str:
        """Return the token's digest."""
        return sha256(self.token.encode()).hexdigest()


def cookie_in(header: str) -> str:
    """Return the cookie of the page in a header; empty where there is none."""
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return next((value for name, _, value in pairs if name == COOKIE), "")


class HostOriginMiddleware:
    """Middleware that answers only calls by the service's own names, and only from pages that may call."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, or refuse it."""
        why = "" if _is_open(scope) else self._access.objection(Headers(scope=scope))
        await (problem(scope, 403, why) if why else self._app)(scope, receive, send)


_ASK = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>mien</title>
<link rel="icon" href="static/icon.svg">
<link rel="stylesheet" href="theme.css">
<link rel="stylesheet" href="static/page.css">
<h1>mien</h1>
<form>
<label for="token">The token with which <code>mien web</code> was started</label>
<p><input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>Open</button>
<p role="alert">{wrong}</p>
</form>
"""


class TokenMiddleware:
    """Middleware that answers only calls with the token; ``/?token=...`` leads to the page and gives it the cookie."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, or refuse it."""
        await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> ASGIApp:
        if _is_open(scope) or route(scope) in LOOKS:
            return self._app
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        if scope["type"] == "http" and route(scope) == "/" and any(map(self._access.is_token, given)):
            return _welcome(scope, self._access)
        if self._access.is_known(scope):
            return self._app
        if scope["type"] == "http" and route(scope) == "/":
            return HTMLResponse(_ASK.format(wrong="That was not the token." if given else ""), 401)
        detail = (
            "the token is missing or wrong; send it as 'Authorization: Bearer TOKEN', or open the page with ?token="
        )
        return problem(scope, 401, detail, {"WWW-Authenticate": "Bearer"})


def _is_open(scope: Scope) -> bool:
    return scope["type"] == "lifespan" or route(scope) in OPEN


def _welcome(scope: Scope, access: Access) -> Response:
    """Return the answer that gives a page its cookie and takes the token out of its address."""
    home = scope.get("root_path", "") + "/"
    answer = RedirectResponse(home, 303)
    answer.set_cookie(
        COOKIE, access.digest(), path=home, httponly=True, samesite="lax", secure=scope["scheme"] == "https"
    )
    return answer
