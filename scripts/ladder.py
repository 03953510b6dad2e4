"""Draws the validation accuracy of several runs in one picture and prints their scores as a Markdown table.

python scripts/ladder.py docs/runs/1-baseline docs/runs/2-deeper ... --out docs/images/ladder.png
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mien.core.files import write_whole
from mien.report.page import read_history
from mien.report.plots import ladder_figure, to_png


def row(run: Path) -> str:
    """Return a line: the run, its epochs, and its accuracy by protocol, all faces and clean ones."""
    protocols = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["protocols"]
    cells = [f"{100 * protocols[name][kind]['accuracy']:.1f}" for name in ("seven", "fer") for kind in ("all", "clean")]
    return f"| `{run.name}` | {len(read_history(run / 'history.csv'))} | {' | '.join(cells)} |"


def main() -> None:
    """Write the picture and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    figure = ladder_figure({run.name: read_history(run / "history.csv") for run in arguments.runs})
    write_whole(arguments.out, to_png(figure))
    print("| run | epochs | `seven`, all | clean | `fer`, all | clean |\n|---|---|---|---|---|---|")
    for run in arguments.runs:
        print(row(run))


if __name__ == "__main__":
    main()
