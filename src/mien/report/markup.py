"""The HTML of a page: sections, tables, pictures. Cells and contents are HTML already; alt texts are escaped."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any


def page(title: str, summary: str, sections: Iterable[str]) -> str:
    """Return a whole page, from a title and a summary in plain text and sections in HTML; empty ones are left out."""
    template = Template(resources.files("mien.report").joinpath("page.html").read_text(encoding="utf-8"))
    content = "\n".join(filter(None, sections))
    return template.substitute(title=escape(title), summary=escape(summary), sections=content)


def section(title: str, content: str) -> str:
    """Return a section, or nothing when it has no content."""
    return f"<section><h2>{title}</h2>{content}</section>" if content else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table that scrolls sideways on a narrow screen; its cells are HTML."""
    top = "".join(f"<th scope=col>{cell}</th>" for cell in head)
    body = "".join(
        f"<tr><th scope=row>{row[0]}</th>" + "".join(f"<td>{cell}</td>" for cell in row[1:]) + "</tr>" for row in rows
    )
    return f"<div class=wide><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"


def pairs(values: Mapping[str, object]) -> str:
    """Return a list of names and values; a value that holds others is written on one line."""

    def shown(value: Any) -> str:
        return ", ".join(f"{key} {shown(one)}" for key, one in value.items()) if isinstance(value, dict) else str(value)

    items = "".join(f"<dt>{escape(key)}</dt><dd>{escape(shown(value))}</dd>" for key, value in values.items())
    return f"<dl>{items}</dl>" if items else ""


def picture(png: bytes, says: str) -> str:
    """Return a PNG as an inlined picture."""
    return f'<img alt="{escape(says)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def wide_picture(path: Path, says: str) -> str:
    """Return a picture of the folder that scrolls sideways on a narrow screen, nothing where it is missing."""
    return f"<div class=wide>{picture(path.read_bytes(), says)}</div>" if path.is_file() else ""
