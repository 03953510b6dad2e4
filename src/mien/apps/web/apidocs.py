"""A page of the API for people, made of its description; it loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from mien.report.markup import section

Operation = Mapping[str, Any]

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>mien: the API</title>
<link rel="icon" href="static/icon.svg">
<link rel="stylesheet" href="theme.css">
<link rel="stylesheet" href="static/page.css">
</head>
<body>
<h1>The API of mien {version}</h1>
<p>Send a picture or a video as the body, and options as parameters of the address:</p>
<p><code>curl --data-binary @photo.jpg 'http://localhost:8000/v1/images?prior=balanced&amp;largest=true'</code></p>
<p>Where a token is asked for, send it as <code>Authorization: Bearer TOKEN</code>.</p>
<p class=soft>For programs: <a href="openapi.json">openapi.json</a>. For people: <a href="./">the page</a>.</p>
{sections}
<section><h2><code>WebSocket /v1/stream</code></h2>
<p>Name what the faces of a camera show, and who is who. A message is the time of a frame in seconds, a float64 in
little-endian order, and its picture file; it is answered by an entry as in a line of <code>/v1/videos</code>, or by
<code>{{"error": "..."}}</code>. Send the next frame after the answer. It takes the options of <code>/v1/videos</code>
but for <code>name</code>, <code>detect_every</code> and <code>fps</code>.</p></section>
<section><h2>What is wrong</h2>
<p>A problem document (RFC 9457) tells it in words in its <code>detail</code>. {statuses}.</p></section>
</body>
</html>
"""


def apidocs(description: Mapping[str, Any]) -> str:
    """Return the page.

    Args:
        description: of the API, as OpenAPI has it.
    """
    operations = list(_operations(description))
    told = {status: answer["description"] for _, one in operations for status, answer in _refusals(one)}
    return _PAGE.format(
        version=escape(description["info"]["version"]),
        sections="".join(_section(*one) for one in operations),
        statuses=", ".join(f"{status}: {escape(what)}" for status, what in sorted(told.items())),
    )


def _operations(description: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            if not operation.get("deprecated"):
                yield f"{method.upper()} {path}", operation


def _section(name: str, operation: Operation) -> str:
    told = "".join(f"<p>{escape(part)}</p>" for part in operation.get("description", "").split("\n\n"))
    takes = ", ".join(map(_kind, operation.get("requestBody", {}).get("content", {}).items()))
    options = "".join(
        f"<li><code>{one['name']}</code>{escape(_values(one['schema']))}: {escape(_told(one))}</li>"
        for one in operation.get("parameters", ())
    )
    (answer,) = operation["responses"]["200"]["content"]
    statuses = ", ".join(sorted(status for status, _ in _refusals(operation)))
    ends = f"<p class=soft>Answers <code>{answer}</code>; refused with {statuses}.</p>"
    body = f"<p>Body: {takes}</p>" if takes else ""
    return section(f"<code>{escape(name)}</code>", f"{told}{body}{options and f'<ul>{options}</ul>'}{ends}")


def _refusals(operation: Operation) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((status, answer) for status, answer in operation["responses"].items() if status != "200")


def _kind(content: tuple[str, Mapping[str, Any]]) -> str:
    """Return a kind of body, and the part of it that holds the pictures."""
    kind, part = content[0], "".join(content[1]["schema"].get("properties", ()))
    return f"<code>{escape(kind)}</code>{part and f' with <code>{escape(part)}</code>'}"


def _values(schema: Mapping[str, Any]) -> str:
    """Return the values that a parameter may have, where they are few."""
    given = next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), schema)
    values = ["true", "false"] if given.get("type") == "boolean" else given.get("enum", ())
    return f" ({', '.join(values[:-1])} or {values[-1]})" if values else ""


def _told(parameter: Mapping[str, Any]) -> str:
    default = parameter["schema"].get("default")
    return parameter.get("description", "") + (f"; {default} without it" if default is not None else "")
