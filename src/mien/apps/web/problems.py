"""What is wrong with a request, as the documents of RFC 9457."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NotRequired, TypedDict

from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from fastapi.responses import JSONResponse, Response
from h11 import LocalProtocolError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from mien.core.errors import DetectorError, ImageError, MienError, MissingExtra, UsageError, VideoError

PROBLEM_JSON = "application/problem+json"

STATUS: dict[type[MienError], int] = {
    UsageError: 400,
    DetectorError: 400,
    ImageError: 422,
    VideoError: 422,
    MissingExtra: 501,
}
"""Kind of error -> status of the answer; 500 for any other."""

POLICY_VIOLATION = 1008
"""The code with which a socket is closed that cannot be meant."""

LEFT = 499
"""The status, as nginx has it, of requests whose caller left; nobody sees it but the log."""

LOG = logging.getLogger("mien.web")


class Problem(TypedDict):
    """What is wrong, and what to do next: ``detail`` is the sentence for people.

    ``error`` is the same sentence, in the answers of the paths under ``/api`` alone, which had nothing else.
    """

    type: str
    title: str
    status: int
    detail: str
    error: NotRequired[str]


def problem(scope: Scope, status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the answer to a request with which something is wrong."""
    document: Problem = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if route(scope).startswith("/api/"):
        document["error"] = detail
    return JSONResponse(document, status, headers, PROBLEM_JSON)


def route(scope: Scope) -> str:
    """Return the path of a request below the prefix under which a proxy shows the service."""
    return scope["path"].removeprefix(scope.get("root_path", ""))


def explain_errors(app: FastAPI) -> None:
    """Let an app answer with problem documents, whatever goes wrong."""

    @app.exception_handler(MienError)
    async def explain(request: Request, error: MienError) -> Response:
        return problem(request.scope, STATUS.get(type(error), 500), str(error))

    @app.exception_handler(HTTPException)
    async def refuse(request: Request, error: HTTPException) -> Response:
        return problem(request.scope, error.status_code, _why(request, error), error.headers)

    @app.exception_handler(RequestValidationError)
    async def name(request: Request, error: RequestValidationError) -> Response:
        return problem(request.scope, 400, said(error))

    @app.exception_handler(WebSocketRequestValidationError)
    async def close(socket: WebSocket, error: WebSocketRequestValidationError) -> None:
        await socket.accept()
        await socket.send_json({"error": said(error)})
        await socket.close(POLICY_VIOLATION)

    @app.exception_handler(ClientDisconnect)
    async def forget(request: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=LEFT)

    @app.exception_handler(Exception)
    async def admit(request: Request, error: Exception) -> Response:
        if not isinstance(error, LocalProtocolError):  # of a caller who sent what is no HTTP behind a request
            LOG.error("a request failed", exc_info=error)
        return problem(request.scope, 500, "the service failed, and its log says how; try again, or tell who runs it")


def _why(request: Request, error: HTTPException) -> str:
    """Return what is wrong with a request; where nothing is at its path, or not for its method, in words of ours."""
    if error.detail != HTTPStatus(error.status_code).phrase:
        return error.detail
    path = f"'{request.scope['path']:.100}'"
    if error.status_code == 405:
        return f"{path} does not take {request.method:.20}; expected {(error.headers or {}).get('Allow')}; see /docs"
    return f"there is nothing at {path}; /docs tells what there is"


EXPECTED = {
    "extra_forbidden": "there is no such option, see /docs",
    "literal_error": "expected {expected}",
    "string_pattern_mismatch": "expected ferplus, balanced or a number from 0 to 1",
    "string_too_long": "expected at most {max_length} characters",
    "greater_than_equal": "expected {ge:g} or more",
    "less_than_equal": "expected {le:g} or less",
    "bool_parsing": "expected true or false",
    "int_parsing": "expected a whole number",
    "float_parsing": "expected a number",
}
"""Kind of error in a parameter, as Pydantic names it -> what to do about it; the one pattern is that of the prior."""


def said(error: RequestValidationError | WebSocketRequestValidationError) -> str:
    """Return what is wrong with the parameters of a request."""
    return "; ".join(map(_told, error.errors()))


def _told(one: Mapping[str, Any]) -> str:
    known = EXPECTED.get(one["type"])
    expected = known.format(**one.get("ctx", {})) if known else one["msg"]
    return f"{one['loc'][-1]!s:.100}: {expected}; got {one['input']!r:.100}"
