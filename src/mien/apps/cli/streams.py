"""Standard output that takes no more: a full disk, or a pipe whose reader has gone."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from io import TextIOWrapper
from typing import TextIO

from mien.apps.cli import verbosity
from mien.core.output import FULL

REFUSALS = FULL | {errno.EIO, errno.EPIPE, errno.EBADF}
"""What the system says of a stream that takes no more."""


def with_streams(run: Callable[[], int]) -> int:
    """Run what writes to standard output and standard error, and return its exit code, or 1 where one took no more.

    The first is said on the second, unless a reader has gone, who wants no more. Nothing is left for Python itself to
    fail on as it ends.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # the names of files need not be text
    try:
        code = run()
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError as error:
        broken = [stream for stream in (sys.stdout, sys.stderr) if _is_broken(stream)]
        # Who fails to open a file is told its name, and who fails to write to one is not.
        if not broken and (error.filename is not None or error.errno not in REFUSALS):
            raise
        for stream in broken:
            _discard(stream)
        if error.errno != errno.EPIPE:
            room = "make room, or " if error.errno in FULL else ""
            verbosity.complain(f"cannot write: {error.strerror}; {room}send it elsewhere")
        return 1
    return code


def _is_broken(stream: TextIO | None) -> bool:
    """Return whether what waits in a stream cannot be written; it waits on."""
    try:
        if stream is not None:
            stream.flush()
    except OSError:
        return True
    return False


def _discard(stream: TextIO) -> None:
    """Let what waits in a stream, and what is still to come, go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
