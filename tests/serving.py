"""Runs ``mien web`` in a process of its own."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def served(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run ``mien web`` on a free port as a shell does; yields the process and the address of the page."""
    command = [sys.executable, "-m", "mien", "web", "--port", "0", *options]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_hear_ctrl_c,  # noqa: PLW1509
    ) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", line := process.stdout.readline())
            assert found, line
            yield process, found[0]
        finally:
            process.kill()


def _hear_ctrl_c() -> None:
    """Undo what a shell does for jobs in the background, of which these tests may be one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
