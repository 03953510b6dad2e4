"""Write the notebook of a page: its text and its blocks of code, cell by cell.

    python scripts/notebook.py [docs/how-to/study.md]

writes ``study.ipynb`` beside the page. Commands of a terminal begin with ``!`` there; nothing is run.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "study.md"
FENCED = re.compile(r"^```(?:python|bash)\n.*?^```$", re.DOTALL | re.MULTILINE)


def notebook(page: str) -> str:
    """Return a notebook in the format 4.5, as JSON, of a page in Markdown."""
    cells: list[dict[str, object]] = []
    end = 0
    for block in FENCED.finditer(page):
        cells += _text(page[end : block.start()], len(cells))
        cells.append(_code(block[0], len(cells)))
        end = block.end()
    cells += _text(page[end:], len(cells))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _text(text: str, place: int) -> list[dict[str, object]]:
    source = text.strip().splitlines(keepends=True)
    return [{"cell_type": "markdown", "id": f"cell-{place}", "metadata": {}, "source": source}] if source else []


def _code(fenced: str, place: int) -> dict[str, object]:
    first, *lines = fenced.splitlines()[:-1]
    if first == "```bash":
        lines = [f"!{line}" for line in lines]
    source = "\n".join(lines).strip().splitlines(keepends=True)
    empty = {"execution_count": None, "metadata": {}, "outputs": []}
    return {"cell_type": "code", "id": f"cell-{place}", **empty, "source": source}


if __name__ == "__main__":
    page = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    page.with_suffix(".ipynb").write_text(notebook(page.read_text(encoding="utf-8")), encoding="utf-8")
