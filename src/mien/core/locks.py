"""Locks on output files, so that two runs never write to the same one; a lock ends with its process."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from mien.core.errors import MienError, UsageError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}

_BYTE = 4096
"""The byte that is locked on Windows, behind the text that says who holds the lock: a locked byte cannot be read."""


@contextmanager
def locked(path: Path, *, if_writable: bool = False) -> Generator[None]:
    """Keep other processes from writing to path while this one does.

    The lock is on a file beside it, ``.NAME.lock``, which says who holds it. The system frees it when the process
    ends; forked children do not hold it. It works between machines if the file system supports that. If the file
    system supports no locks at all, nothing is locked.

    Args:
        path: of the output; for a folder, of its main file. Its folder must exist.
        if_writable: lock nothing if the folder cannot be written; the error comes when the output is written.

    Raises:
        UsageError: another process holds it.
        MienError: there is no such folder, or it cannot be written and ``if_writable`` is not set.
    """
    place = path.with_name(f".{path.name}.lock")
    try:
        held = _take(place, path)
    except OSError as error:
        if not (if_writable and path.parent.is_dir()):
            raise MienError(f"cannot write {path}: {error.strerror}; fix that, or choose another place") from error
        held = None
    try:
        yield
    finally:
        if held is not None:
            _release(held, place)


def _take(place: Path, path: Path) -> int:
    """Return the open file of a lock.

    Raises:
        UsageError: another process holds it.
        OSError: the file cannot be made.
    """
    while True:
        file = os.open(place, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        if not _lock(file):
            who = os.read(file, 1000).decode(errors="replace") or "another run"
            os.close(file)
            raise UsageError(f"{path} is being written by {who}; wait for it to end, or write elsewhere")
        # The process that held it before may have removed the file after it was opened here.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file), place.stat()):
                break
        os.close(file)
    os.ftruncate(file, 0)
    since = datetime.now().astimezone()
    os.write(file, f"process {os.getpid()} on {socket.gethostname()}, begun {since:%Y-%m-%d %H:%M:%S}".encode())
    return file


def _lock(file: int) -> bool:
    """Lock a file if nobody else has; return True if that worked, or if its file system has no locks."""
    try:
        if sys.platform == "win32":
            os.lseek(file, _BYTE, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            os.lseek(file, 0, os.SEEK_SET)
        else:
            # Not flock, which a forked child would hold on to.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EACCES, errno.EAGAIN, errno.EDEADLK}:
            return False
        if error.errno not in _NO_LOCKS:
            raise
    return True


def _release(file: int, place: Path) -> None:
    # Windows cannot remove an open file. Elsewhere remove it while locked, or it may be another run's by then.
    if sys.platform == "win32":
        os.close(file)
        with suppress(OSError):  # another run has opened it since
            place.unlink()
    else:
        place.unlink(missing_ok=True)
        os.close(file)
