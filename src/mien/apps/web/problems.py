"""What is wrong with a request, as the documents of RFC 9457."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import NotRequired, TypedDict

from starlette.responses import JSONResponse
from starlette.types import Scope

PROBLEM_JSON = "application/problem+json"


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
