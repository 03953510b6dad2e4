"""The answers of the API as its description tells them: TypedDicts as JSON schema.

FastAPI reads TypedDicts of its own accord from Python 3.12 on only.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import NoneType, UnionType
from typing import Annotated, Any, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

from mien.apps.web.problems import PROBLEM_JSON, Problem

PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}


ALWAYS = (400, 401, 403, 429, 500)
"""The statuses with which any request may be refused."""

PROBED = (400, 429, 500)
"""Those of a request that any may send, by any name and without a token."""

LONG = (408, 413, 422, 503)
"""The statuses with which one may be that brings a body, and asks for work."""


def answers(
    document: Any, *statuses: int, kind: str = "application/json", always: tuple[int, ...] = ALWAYS
) -> dict[int | str, dict[str, Any]]:
    """Return what an operation answers, by its statuses: a document, or where something is wrong a problem."""
    wrong = {"content": {PROBLEM_JSON: {"schema": schema_of(Problem)}}}
    done = {"description": "what was asked for", "content": {kind: {"schema": schema_of(document)}}}
    refused = {status: {"description": HTTPStatus(status).phrase.lower(), **wrong} for status in (*always, *statuses)}
    return {200: done, **refused}


PUBLIC: dict[str, Any] = {"security": []}
"""The part of an operation that asks for no token where the others do."""


def tell_token(description: dict[str, Any]) -> None:
    """Add to a description that its operations ask for a token, but those that are ``PUBLIC``."""
    description.setdefault("components", {})["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    description["security"] = [{"token": []}]


def body(kinds: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of an operation that describes the body it takes: content type -> schema."""
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema} for kind, schema in kinds.items()}}}


def schema_of(kind: Any) -> dict[str, Any]:
    """Return the JSON schema of a TypedDict, of a list, a dictionary or a union of them, or of a plain type.

    What a type is annotated with, as ``Annotated[str, {"maxLength": 5}]``, is added to its schema.

    Raises:
        KeyError: it holds another type.
    """
    if get_origin(kind) is Annotated:
        plain, bounds = get_args(kind)
        return {**schema_of(plain), **bounds}
    if get_origin(kind) is list:
        return {"type": "array", "items": schema_of(get_args(kind)[0])}
    if get_origin(kind) is dict:
        return {"type": "object", "additionalProperties": schema_of(get_args(kind)[1])}
    if isinstance(kind, UnionType):
        return {"anyOf": [schema_of(part) for part in get_args(kind)]}
    if not is_typeddict(kind):
        return {"type": PLAIN[kind]}
    fields = get_type_hints(kind, include_extras=True)
    optional = {name for name, field in fields.items() if get_origin(field) is NotRequired} | kind.__optional_keys__
    plain = {name: get_args(field)[0] if get_origin(field) is NotRequired else field for name, field in fields.items()}
    return {
        "title": kind.__name__,
        "type": "object",
        "properties": {name: schema_of(field) for name, field in plain.items()},
        "required": [name for name in fields if name not in optional],
    }
