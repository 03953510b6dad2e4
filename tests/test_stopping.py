"""Commands that are interrupted before they have anything to show."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from command import Command

INTERRUPTED = """
import sys

class Interrupting:
    def find_spec(self, name, *rest):
        if name == "typer":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
from mien.__main__ import run
run()
"""


def interrupt(*args: object, **named: object) -> None:
    raise KeyboardInterrupt


def broken_import(*args: object, **named: object) -> None:
    """As an import in C ends that Ctrl-C interrupts."""
    import signal

    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt as error:
        raise ImportError("interrupted") from error


def test_while_the_program_is_loaded():
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("interruption", [interrupt, broken_import])
@pytest.mark.parametrize(
    ("arguments", "work"),
    [
        (["prepare", "faces", "--out", "out"], "mien.data.sources.read_source"),
        (["evaluate", "mien", "--data", "faces", "--out", "out"], "mien.evaluation.evaluate.evaluate"),
    ],
)
def test_a_command_that_writes_in_the_end_says_that_it_has_not(
    mien: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    arguments: list[str],
    work: str,
    interruption: Callable[..., None],
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(work, interruption)
    outcome = mien(*arguments)
    assert (outcome.code, outcome.err) == (130, "mien: stopped; nothing was written\n")
    assert list(tmp_path.iterdir()) == []
