"""A table of scores on the screen, as ``mien evaluate`` and ``mien compare`` print them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console


def print_table(
    console: Console, title: str, heads: list[str], rows: list[list[str]], last: Literal["left", "right"] = "right"
) -> None:
    """Print a table of text, its figures to the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for place, head in enumerate(heads):
        table.add_column(head, justify="left" if place == 0 else last if place == len(heads) - 1 else "right")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table, "")
