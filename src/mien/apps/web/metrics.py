"""How the service does: numbers for Prometheus, a line a request for its log, and an id for each request."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mien.apps.web._openapi import PROBED, PUBLIC, answers
from mien.apps.web.limits import WAITING
from mien.apps.web.problems import LEFT
from mien.apps.web.service import Service
from mien.apps.web.workers import busy

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Metrics:
    """The numbers of one app."""

    def __init__(self, service: Service) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "mien_requests", "Requests that were answered.", ["path", "status"], registry=self.registry
        )
        self.seconds = Histogram("mien_request_seconds", "How long they took.", ["path"], registry=self.registry)
        for name, what, read in (
            ("mien_waiting", "Requests and frames that wait for their turn.", service.workers.waiting),
            ("mien_held_bytes", "Bytes of bodies that are held.", lambda: service.bodies.held),
            ("mien_streams", "Streams of frames that are open.", lambda: service.sockets.taken),
            ("mien_videos", "Videos that are analysed.", lambda: service.videos.taken),
            ("mien_workers", "Processes that read pictures.", lambda: service.workers.count),
            ("mien_ended_workers", "Processes that were ended with their work.", lambda: service.workers.ended),
        ):
            Gauge(name, what, registry=self.registry).set_function(read)


class RequestsMiddleware:
    """Middleware that gives each request an id, counts it, and logs it without names, addresses or pictures.

    Args:
        app: what it stands before.
        metrics: where requests are counted.
        log: takes a line a request: id, method, path without parameters, status, milliseconds.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, log: Callable[[str], None]) -> None:
        self._app, self._metrics, self._log = app, metrics, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), LEFT
        given = Headers(scope=scope).get("x-request-id", "")
        name = given if _ID.fullmatch(given) else secrets.token_hex(8)

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = name
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            taken = time.perf_counter() - begun
            path = declared(scope)
            self._metrics.requests.labels(path, status).inc()
            self._metrics.seconds.labels(path).observe(taken)
            self._log(f"{name} {scope['method']} {path} {status} {1000 * taken:.0f} ms")


def declared(scope: Scope) -> str:
    """Return a path as it was declared, so that there are no more of them than that, and no names in them."""
    route: Any = scope.get("route")
    return getattr(route, "path", "other")


def routes(service: Service, metrics: Metrics) -> APIRouter:
    """Return the paths by which the service is watched."""
    router = APIRouter(tags=["watching"])

    @router.get("/healthz", responses=answers(dict[str, str], always=PROBED), openapi_extra=PUBLIC)
    async def healthz() -> JSONResponse:
        """Tell that the service runs."""
        return JSONResponse({"status": "ok"})

    @router.get("/readyz", responses=answers(dict[str, str], 503, always=PROBED), openapi_extra=PUBLIC)
    async def readyz() -> JSONResponse:
        """Tell that it takes more work."""
        if service.workers.waiting() >= WAITING:
            raise busy()
        return JSONResponse({"status": "ok"})

    @router.get("/metrics", responses=answers(str, kind="text/plain"), response_class=Response)
    async def numbers() -> Response:
        """Tell the numbers of the service, as Prometheus reads them."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router
