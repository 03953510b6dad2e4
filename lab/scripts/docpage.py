"""Pages of docs whose prose people write and whose tables a script writes.

A table stands between ``<!-- NAME -->`` and ``<!-- /NAME -->``, each on a line of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from mien.core.errors import DataError
from mien.core.output import write_whole

ROOT = Path(__file__).parents[2]


def fill(page: Path, parts: Mapping[str, str]) -> None:
    """Write each part between its marks in a page; what the page has no marks for is left out.

    Raises:
        DataError: a mark that is not closed.
    """
    text = page.read_text(encoding="utf-8")
    for name, part in parts.items():
        first, last = f"<!-- {name} -->", f"<!-- /{name} -->"
        if text.count(first) != text.count(last):
            raise DataError(f"{page}: '{first}' and '{last}' do not come in pairs; write one of each around the table")
        between = re.compile(f"(?<={re.escape(first)}\n).*?(?={re.escape(last)})", re.DOTALL)
        text = between.sub(lambda _, part=part: part.rstrip() + "\n", text)
    write_whole(page, text.encode())


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def commit() -> str:
    """Return the commit checked out, with a word where src or lab differ from it."""
    short = _git("rev-parse", "--short", "HEAD")
    return f"{short} with changes" if _git("status", "--porcelain", "src", "lab") else short


def cores() -> int:
    """Return the number of processor cores."""
    return os.cpu_count() or 1


def _git(*arguments: str) -> str:
    """Return what git says of this repository, nothing where it is none."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()
