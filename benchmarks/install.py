"""How much disk the base install takes, what each extra adds to it, and what the tests take.

    python benchmarks/install.py [--out docs/benchmarks/install.txt]

Each is installed by uv into an environment of its own, from the package as it is here, with bytecode, as by pip.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXTRAS = ("video", "window", "web", "batch", "train")
TESTS = ("dev", "dev,batch,train")


def installed(extras: str, folder: Path) -> int:
    """Return how many bytes the packages take that an install with some extras needs."""
    subprocess.run(["uv", "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True)
    python = folder / "bin" / "python"
    wanted = f"{ROOT}[{extras}]" if extras else str(ROOT)
    subprocess.run(["uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", python, wanted], check=True)
    return sum(file.stat().st_size for file in (folder / "lib").rglob("*") if file.is_file() and not file.is_symlink())


def lines() -> Iterator[str]:
    """Yield what was installed and its size."""
    head = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(head, cwd=ROOT, capture_output=True, text=True, check=True)
    yield f"$ python {shlex.join(sys.argv)}"
    yield f"commit {commit.stdout.strip()}, Python {sys.version.split()[0]}, {sys.platform}; MB of 10^6 bytes"
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "venv"
        base = installed("", place)
        yield f"base: {base / 1e6:.0f} MB"
        for extra in EXTRAS:
            yield f"{extra} adds {(installed(extra, place) - base) / 1e6:.0f} MB"
        for extras in TESTS:
            yield f"{extras}: {installed(extras, place) / 1e6:.0f} MB in all"


def main() -> None:
    """Print the sizes, and write them where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="write them into this file, too")
    given = parser.parse_args()
    told = list(lines())
    print("\n".join(told))
    if given.out:
        given.out.write_text("\n".join(told) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
