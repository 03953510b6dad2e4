"""Runs the snippets of a page in their order, as one program."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from command import Command

SHORT = ["--set", "epochs=1", "--set", "warmup_epochs=0"]
"""Makes any training short; the commands are otherwise run as they stand."""


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return the language and the code of each block in a page."""
    return re.findall(r"```(\w+)\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def run_page(page: Path, mien: Command, added: Mapping[str, Sequence[str]] | None = None) -> None:
    """Run the blocks of Python, and the lines of those of bash, of which all are commands of mien.

    Args:
        page: the file.
        mien: runs a command.
        added: command -> options that a test adds to it.
    """
    more = {"train": SHORT, "distill": SHORT, **(added or {})}
    names: dict[str, object] = {}
    for language, code in blocks(page):
        if language == "python":
            exec(compile(code, page.name, "exec"), names)
        elif language == "bash":
            for line in code.splitlines():
                words = line.removeprefix("mien ").split()
                outcome = mien(*words, *more.get(words[0], []))
                assert outcome.code == 0, (line, outcome.err)


def links(page: Path) -> list[str]:
    """Return what a page links to within the repository, without the places in it."""
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    return [target for target in targets if "://" not in target]
