"""``mien batch`` with the children of ``crashing.py``, killed when it has written so many files; run as a program."""

import os
import signal
import subprocess
import sys
from typing import IO

from mien.apps.batch import data_set, isolated, storage, units
from mien.apps.cli.main import run


def dying(after: int, *arguments: object) -> int:
    """Return the exit code of a batch that is killed when it has written so many files."""
    command = [sys.executable, __file__, after, "batch", *arguments, "--concurrency=1"]
    return subprocess.run(list(map(str, command)), capture_output=True, check=False).returncode


if __name__ == "__main__":
    left = int(sys.argv.pop(1))
    write = storage.write_from

    def write_from(root: str, name: str, content: IO[bytes]) -> None:
        global left  # noqa: PLW0603
        write(root, name, content)
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    storage.write_from = data_set.write_from = write_from
    isolated.PROGRAM = "crashing"
    isolated.Bench._check = lambda *_: None  # type: ignore[method-assign]
    units.FIRST_UNIT_PICTURES = 1
    run()
