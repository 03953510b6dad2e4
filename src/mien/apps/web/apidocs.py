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
<p>For programs: <a href="openapi.json">openapi.json</a>. A camera goes through the WebSocket <code>v1/stream</code>,
which takes the options of <code>v1/videos</code> but for <code>name</code>, <code>detect_every</code> and
<code>fps</code>. What is wrong is told as a problem document (RFC 9457), in words in its <code>detail</code>.</p>
{sections}
</body>
</html>
"""


def apidocs(description: Mapping[str, Any]) -> str:
    """Return the page.

    Args:
        description: of the API, as OpenAPI has it.
    """
    sections = "".join(_section(*one) for one in _operations(description))
    return _PAGE.format(version=escape(description["info"]["version"]), sections=sections)


def _operations(description: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            if not operation.get("deprecated"):
                yield f"{method.upper()} {path}", operation


def _section(name: str, operation: Operation) -> str:
    told = "".join(f"<p>{escape(part)}</p>" for part in operation.get("description", "").split("\n\n"))
    kinds = operation.get("requestBody", {}).get("content", {})
    takes = f"<p>Body: {', '.join(f'<code>{escape(kind)}</code>' for kind in kinds)}</p>" if kinds else ""
    given = (f"<li><code>{one['name']}</code>: {escape(_told(one))}</li>" for one in operation.get("parameters", ()))
    refused = (
        f"{status} {answer['description']}" for status, answer in operation["responses"].items() if status > "200"
    )
    options = "".join(given)
    wrong = f"<p class=soft>Refused with {escape(', '.join(sorted(refused)))}.</p>"
    return section(f"<code>{escape(name)}</code>", f"{told}{takes}{options and f'<ul>{options}</ul>'}{wrong}")


def _told(parameter: Mapping[str, Any]) -> str:
    schema = parameter["schema"]
    default = f"; {schema['default']} without it" if schema.get("default") is not None else ""
    return parameter.get("description", "") + default
