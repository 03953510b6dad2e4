"""The app: pictures and frames in, the documents of docs/SCHEMA.md out. It keeps nothing of what it is sent."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from importlib import resources
from typing import Annotated, TypedDict

from fastapi import FastAPI, HTTPException, Query, Request, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from mien.apps.web._openapi import answers
from mien.apps.web.access import Access, HostOriginMiddleware, TokenMiddleware
from mien.apps.web.bodies import Bodies
from mien.apps.web.decoder import Decoder
from mien.apps.web.limits import PICTURE_PIXELS
from mien.apps.web.middleware import HeadersMiddleware
from mien.apps.web.problems import explain_errors
from mien.apps.web.socket import Sockets, feed
from mien.apps.web.tab import STATIC, TabAnswer, about_tab, nets
from mien.apps.web.workers import Workers
from mien.core.emotions import EIGHT, colours_of
from mien.inference.analyzer import Analyzer
from mien.results.document import SCHEMA, ModelEntry, ResultEntry
from mien.tracking.smoothing import SMOOTH_S
from mien.tracking.stream import Stream

NAMELESS = "picture"
"""The path that a document has of a picture whose request gives it no name."""


class ModelAnswer(TypedDict):
    """What a page must know before the first answer."""

    schema: int
    model: ModelEntry
    labels: list[str]
    colours: dict[str, str]
    tells_contempt: bool
    tab: TabAnswer


Prior = Annotated[str | None, Query(description="ferplus, balanced or 0..1; the server's own without it")]
View = Annotated[str | None, Query(description="seven, or eight to show contempt apart; the server's own without it")]
Labels = Annotated[str | None, Query(description="the earlier name of view", deprecated=True)]


def create_app(analyzer: Analyzer, access: Access | None = None, workers: Workers | None = None) -> FastAPI:
    """Return the app, which answers with an analyzer and, where a request asks for it, at another prior.

    Args:
        analyzer: finds and names the faces; all requests share it.
        access: who may call; None is whoever reaches it by the name localhost or by an address.
        workers: do what is to be done; None makes them. They are ended with the app.
    """
    workers, bodies, sockets = workers or Workers(), Bodies(), Sockets()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        yield
        workers.close()

    # The pages that FastAPI makes of an API load scripts from elsewhere.
    app = FastAPI(title="mien", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.workers, app.state.bodies = workers, bodies
    _guard(app, access or Access())
    explain_errors(app)

    @app.get("/api/model", openapi_extra=answers(ModelAnswer))
    async def model() -> JSONResponse:
        """Tell the model, the emotions of its answers and their colours."""
        return JSONResponse(about(analyzer))

    @app.post("/api/image", openapi_extra=_A_FILE | answers(ResultEntry))
    async def image(
        request: Request, name: str = NAMELESS, prior: Prior = None, view: View = None, labels: Labels = None
    ) -> JSONResponse:
        """Name what the faces of a picture show; the body is the file as it is."""
        tuned = tune(analyzer, prior, view or labels)
        async with bodies.whole(request) as data:
            return JSONResponse(await workers.run(partial(_analyze, tuned, data, name), request.receive))

    @app.websocket("/api/stream")
    async def stream(
        socket: WebSocket, prior: Prior = None, view: View = None, labels: Labels = None, smooth: float = SMOOTH_S
    ) -> None:
        """Follow the faces of a camera or a video, frame by frame (``mien.apps.web.socket``)."""
        async with sockets.one():
            await feed(socket, lambda: Stream(tune(analyzer, prior, view or labels), smooth), workers)

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    @app.get("/theme.css", include_in_schema=False)
    async def theme() -> Response:
        """Send the colours that the page shares with the page of a video."""
        return Response(resources.files("mien.report").joinpath("theme.css").read_text("utf-8"), media_type="text/css")

    @app.get("/weights/{name}", include_in_schema=False)
    def net(name: str) -> Response:
        """Send a net to a page that works in its tab."""
        files = nets(analyzer)
        if name not in files:
            raise HTTPException(404, f"no net {name}; expected {' or '.join(files) or 'none'}")
        return Response(files[name], media_type="application/octet-stream")

    app.mount("/static", StaticFiles(directory=STATIC))
    return app


def _guard(app: FastAPI, access: Access) -> None:
    """Put what refuses calls before an app; what is added last sees them first."""
    if access.token:
        app.add_middleware(TokenMiddleware, access=access)
    if access.origins:
        # Asks no token of the question whether a page may ask.
        app.add_middleware(
            CORSMiddleware, allow_origins=sorted(access.origins), allow_methods=["GET", "POST"], allow_headers=["*"]
        )
    app.add_middleware(HostOriginMiddleware, access=access)
    app.add_middleware(HeadersMiddleware)


def about(analyzer: Analyzer) -> ModelAnswer:
    """Return what a page must know of an analyzer before the first answer: the answer of ``/api/model``."""
    colours = colours_of(analyzer.classifier.card.labels)
    return {
        "schema": SCHEMA,
        "model": analyzer.model,
        "labels": list(analyzer.labels),
        "colours": {label: f"rgb({red} {green} {blue})" for label, (red, green, blue) in colours.items()},
        "tells_contempt": analyzer.classifier.card.labels == EIGHT,
        "tab": about_tab(analyzer),
    }


def tune(analyzer: Analyzer, prior: str | None, view: str | None) -> Analyzer:
    """Return an analyzer with the same detector and net, at another prior and in another view where they are given.

    Raises:
        UsageError: no prior or view of that name, or a view that the model does not know.
    """
    view = view or ("eight" if analyzer.labels == EIGHT else "seven")
    wanted = analyzer.prior if prior is None else prior
    return Analyzer(analyzer.detector, analyzer.classifier, wanted, view, analyzer.keep)


def _analyze(analyzer: Analyzer, data: bytearray, name: str, decoder: Decoder) -> ResultEntry:
    """Return the document of a picture file."""
    shown = "the posted file" if name == NAMELESS else name
    return analyzer(decoder(data, shown, PICTURE_PIXELS).frame(name)).to_dict()


_A_FILE = {
    "requestBody": {"required": True, "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}
}
