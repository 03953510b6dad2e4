"""Writes the pages of the docs site that are generated: every command with its options, and every public name.

    python scripts/reference.py [FOLDER]

FOLDER (docs/reference) gets cli.md, from the command line itself, and api.md, which the site fills from the docstrings.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import typer

import mien
from mien.apps.cli.examples import EXAMPLES
from mien.apps.cli.main import app

ROOT = Path(__file__).parents[1]
KINDS = ("Functions", "Classes", "Errors", "Constants")
"""What public names are, in the order of the page."""


def cli_page() -> str:
    """Return the page of all commands in Markdown."""
    group: Any = typer.main.get_command(app)
    whole = group.make_context("mien", [], resilient_parsing=True)
    commands = {name: command for name, command in group.commands.items() if not command.hidden}
    parts = [
        "# Command line",
        "",
        "`mien COMMAND -h` shows the same on a terminal.",
        "",
        '<div class="named" markdown>',
        *_table(
            ["command", "what it does"],
            [[f"[`mien {name}`](#{name})", _first_line(command)] for name, command in commands.items()],
        ),
    ]
    for name, command in commands.items():
        context = command.make_context(name, [], resilient_parsing=True, parent=whole)
        parts += _command(name, command, context)
    return "\n".join([*parts, "", "</div>"]) + "\n"


def _command(name: str, command: Any, context: Any) -> list[str]:
    usage = command.get_usage(context).removeprefix("Usage: ")
    lines = ["", f"## mien {name} {{ #{name} }}", "", _prose(command.help), "", "```text", usage, "```"]
    shown = [param for param in command.get_params(context) if param.get_help_record(context)]
    for panel, params in groupby(shown, key=_panel):
        rows = [[_head(cell), _escaped(_prose(text))] for cell, text in _records(params, context)]
        lines += _table([panel.lower(), ""], rows)
    return [*lines, "", "```sh", *EXAMPLES[name], "```"]


def _head(cell: str) -> str:
    """Return the names of an option as code, and what it takes in italics, where a line may end between the words."""
    words = [word.strip(",<>") for word in cell.split(" ")]
    return " ".join(f"`{word}`" if word.startswith("-") else f"*{_escaped(word)}*" for word in words)


def _panel(param: Any) -> str:
    return "Arguments" if param.param_type_name == "argument" else param.rich_help_panel or "Options"


def _records(params: Iterable[Any], context: Any) -> list[tuple[str, str]]:
    return [param.get_help_record(context) for param in params]


def api_page() -> str:
    """Return the page of all public names in Markdown; mkdocstrings puts the docstrings in."""
    lines = [
        "# Python",
        "",
        "All of these are imported from `mien`. The guides show them at work: [pictures](../how-to/notebook.md), "
        "[tables](../how-to/pandas.md), [faces that you found](../how-to/own-detector.md).",
    ]
    names = sorted((_kind(getattr(mien, name)), name) for name in mien.__all__ if not name.startswith("__"))
    for kind, members in groupby(names, key=lambda pair: pair[0]):
        lines += ["", f"## {KINDS[kind]}", *(line for _, name in members for line in ("", f"::: mien.{name}"))]
    return "\n".join(lines) + "\n"


def _kind(value: object) -> int:
    """Return the place in ``KINDS`` of a public name."""
    if not isinstance(value, type):
        return KINDS.index("Functions" if callable(value) else "Constants")
    return KINDS.index("Errors" if issubclass(value, Exception) else "Classes")


def _first_line(command: Any) -> str:
    return _prose(str(command.help).split("\n", maxsplit=1)[0])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table in Markdown, with the empty one before it that it needs."""
    return ["", *(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows])]


def _prose(text: str) -> str:
    """Return help with what one types in it, options and commands, as code."""
    return re.sub(r"(?<![\w-])(--[a-z][a-z-]*)|'(mien [a-z]+)'", lambda found: f"`{found[1] or found[2]}`", text)


def _escaped(text: str) -> str:
    """Return text for the cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def write_pages(folder: Path) -> None:
    """Write both pages into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in (("cli.md", cli_page()), ("api.md", api_page())):
        (folder / name).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "docs" / "reference")
    write_pages(parser.parse_args().folder)
