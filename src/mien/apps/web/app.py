"""The app: pictures and frames in, the documents of docs/SCHEMA.md out. It keeps nothing of what it is sent."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from importlib import resources
from typing import Annotated, TypedDict

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from mien.apps.web import metrics, pictures, videos
from mien.apps.web._openapi import answers, tell_token
from mien.apps.web.access import Access, HostOriginMiddleware, TokenMiddleware
from mien.apps.web.analyzers import Wanted
from mien.apps.web.apidocs import apidocs
from mien.apps.web.middleware import HeadersMiddleware, HeadMiddleware, LingerMiddleware
from mien.apps.web.problems import explain_errors
from mien.apps.web.service import Service
from mien.apps.web.settings import EarlierSettings, StreamSettings
from mien.apps.web.shares import SharesMiddleware
from mien.apps.web.socket import feed
from mien.apps.web.tab import STATIC, TabAnswer, about_tab, nets
from mien.apps.web.workers import Workers
from mien.core.emotions import EIGHT, colours_of
from mien.inference.analyzer import Analyzer
from mien.results.document import SCHEMA, ModelEntry
from mien.version import __version__


class ModelAnswer(TypedDict):
    """What a page must know before the first answer."""

    schema: int
    version: str
    model: ModelEntry
    labels: list[str]
    colours: dict[str, str]
    tells_contempt: bool
    tab: TabAnswer


def create_app(
    workers: Workers, access: Access | None = None, log: Callable[[str], None] = lambda line: None
) -> FastAPI:
    """Return the app, which answers as the analyzers of its workers do.

    Args:
        workers: read the pictures. They are ended with the app.
        access: who may call; None is whoever reaches it by the name localhost or by an address.
        log: takes a line a request (``mien.apps.web.metrics``).
    """
    service, analyzer = Service(workers), workers.analyzers.own

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        yield
        workers.close()

    # The pages that FastAPI makes of an API load scripts from elsewhere.
    app = FastAPI(title="mien", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.service, numbers = service, metrics.Metrics(service)
    access = access or Access()
    _guard(app, access)
    app.add_middleware(metrics.RequestsMiddleware, metrics=numbers, log=log)
    app.add_middleware(LingerMiddleware)
    explain_errors(app)
    app.include_router(pictures.routes(service))
    app.include_router(videos.routes(service))
    app.include_router(metrics.routes(service, numbers))
    app.include_router(streams(service))
    app.include_router(page(analyzer))

    @app.get("/v1/model", responses=answers(ModelAnswer))
    @app.get("/api/model", responses=answers(ModelAnswer), deprecated=True)
    async def model() -> JSONResponse:
        """Tell the model, the emotions of its answers and their colours."""
        return JSONResponse(about(analyzer))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(apidocs(app.openapi()))

    app.mount("/static", StaticFiles(directory=STATIC))
    if access.token:
        tell_token(app.openapi())
    return app


def streams(service: Service) -> APIRouter:
    """Return the paths of sockets."""
    router = APIRouter()

    async def follow(socket: WebSocket, wanted: Wanted, smooth_s: float) -> None:
        async with service.sockets.one():
            await feed(socket, wanted, smooth_s, service.workers)

    @router.websocket("/v1/stream")
    async def stream(socket: WebSocket, asked: Annotated[StreamSettings, Query()]) -> None:
        await follow(socket, asked.wanted(), asked.smooth)

    @router.websocket("/api/stream")
    async def earlier_stream(socket: WebSocket, asked: Annotated[EarlierSettings, Query()]) -> None:
        await follow(socket, asked.wanted(), asked.smooth)

    @router.websocket("/{path:path}")
    async def nowhere(socket: WebSocket) -> None:
        raise HTTPException(404)

    return router


def page(analyzer: Analyzer) -> APIRouter:
    """Return the paths of the page and of the files that are not beside it."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def index() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    @router.get("/theme.css")
    async def theme(request: Request) -> Response:
        """Send the colours that the page shares with the page of a video."""
        return _unless_kept(request, resources.files("mien.report").joinpath("theme.css").read_bytes(), "text/css")

    @router.get("/weights/{name}")
    def net(request: Request, name: str) -> Response:
        """Send a net to a page that works in its tab."""
        files = nets(analyzer)
        if name not in files:
            why = f"expected {' or '.join(files)}" if files else about_tab(analyzer)["why_not"]
            raise HTTPException(404, f"there is no net '{name:.100}'; {why}")
        return _unless_kept(request, files[name], "application/octet-stream")

    return router


def _unless_kept(request: Request, content: bytes, media_type: str) -> Response:
    """Return a file, or nothing where the browser has it, as files beside the page are answered."""
    headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


def _guard(app: FastAPI, access: Access) -> None:
    """Put what refuses calls before an app; what is added last sees them first."""
    app.add_middleware(HeadMiddleware)
    app.add_middleware(SharesMiddleware)
    if access.token:
        app.add_middleware(TokenMiddleware, access=access)
    if access.origins:
        # Asks no token of the question whether a page may ask.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(access.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=["Retry-After", "X-Request-ID"],
        )
    app.add_middleware(HostOriginMiddleware, access=access)
    app.add_middleware(HeadersMiddleware)


def about(analyzer: Analyzer) -> ModelAnswer:
    """Return what a page must know of an analyzer before the first answer: the answer of ``/api/model``."""
    colours = colours_of(analyzer.classifier.card.labels)
    return {
        "schema": SCHEMA,
        "version": __version__,
        "model": analyzer.model,
        "labels": list(analyzer.labels),
        "colours": {label: f"rgb({red} {green} {blue})" for label, (red, green, blue) in colours.items()},
        "tells_contempt": analyzer.classifier.card.labels == EIGHT,
        "tab": about_tab(analyzer),
    }
