"""A process that replies to questions, so that what crashes or hangs it, or is made to cost much, fails alone.

Questions and replies are pickles on its standard streams. ``Child`` is the process as its parent has it, and ``Parent``
is its parent as the program in the process has it. What that program does can be bounded in time and memory.
"""

from __future__ import annotations

import faulthandler
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO

HAS_TIMER = hasattr(signal, "setitimer")
"""Whether the system ends a process after a time; Windows does not, and a thread of the process does."""

EXPIRED = -signal.SIGALRM if HAS_TIMER else 1
"""The exit code of a process that ``limited`` ends."""


class ChildDiedError(Exception):
    """A child process ended before it replied.

    Attributes:
        code: its exit code, or the negative number of the signal that ended it.
        after_s: how long it was waited for.
    """

    def __init__(self, code: int, after_s: float) -> None:
        super().__init__(code, after_s)
        self.code, self.after_s = code, after_s

    @property
    def timed_out(self) -> bool:
        """Return whether ``limited`` ended it, if nothing else ends its program with the same code."""
        return self.code == EXPIRED


class Child:
    """A child process that replies to questions, one at a time.

    Args:
        module: what runs there, as with ``python -m``.
        quiet: whether its standard error is discarded.
    """

    def __init__(self, module: str, *, quiet: bool = False) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else None,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,  # Ctrl-C is for the command, which ends its children itself
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.requests, self.replies = self._process.stdin, self._process.stdout

    def ask(self, question: object) -> Any:
        """Return the reply.

        Raises:
            ChildDiedError: the process ended.
        """
        self.tell(question)
        return self.hear()

    def tell(self, question: object) -> None:
        """Ask without waiting for the reply; where the process has ended, ``hear`` says so."""
        with suppress(OSError):
            _send(self.requests, question)

    def hear(self) -> Any:
        """Return the next reply.

        Raises:
            ChildDiedError: the process ended.
        """
        since_s = time.monotonic()
        try:
            return pickle.load(self.replies)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:  # ValueError: it is closed
            raise ChildDiedError(self.close(), time.monotonic() - since_s) from error

    def end(self) -> None:
        """End the process at once, from any thread; who waits for its reply gets ``ChildDiedError``."""
        self._process.kill()

    def kill(self) -> None:
        """End the process at once, and close what leads to it."""
        self.end()
        self.close()

    def close(self) -> int:
        """End the process, which has replied to all requests, and return its exit code."""
        for stream in (self.requests, self.replies):
            with suppress(OSError):  # its buffer cannot be sent to a dead process
                stream.close()
        try:
            return self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


class Parent:
    """Who asks a program that runs in a child process.

    Args:
        replies: takes the replies.
    """

    def __init__(self, replies: BinaryIO) -> None:
        self._replies = replies

    def asks(self) -> Iterator[Any]:
        """Yield the questions until there are no more."""
        while True:
            try:
                yield pickle.load(sys.stdin.buffer)
            except EOFError:
                return

    def reply(self, reply: object) -> None:
        """Reply to a question."""
        _send(self._replies, reply)


@contextmanager
def parent() -> Generator[Parent]:
    """Reply to who started this process, until nobody reads the replies."""
    # Decoders in C may print, which must not be mixed with the replies.
    with os.fdopen(os.dup(1), "wb") as replies:
        os.dup2(2, 1)
        try:
            yield Parent(replies)
        except BrokenPipeError:
            os._exit(1)  # closing the streams would fail again


@contextmanager
def limited(seconds: float) -> Generator[None]:
    """End this process if something takes longer, even in C code that does not return to Python."""
    _end_after(seconds)
    try:
        yield
    finally:
        _end_after(0)


def limit_memory(more: int) -> None:
    """Let this process take so many bytes more and no others, where the system can say and bound what it takes."""
    try:
        import resource

        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = taken + more if most == resource.RLIM_INFINITY else min(taken + more, most)
    resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def _end_after(seconds: float) -> None:
    """Have this process ended after a time; 0: not any more."""
    if HAS_TIMER:
        signal.setitimer(signal.ITIMER_REAL, seconds)  # costs a hundredth of a thread that watches
    elif seconds:
        faulthandler.dump_traceback_later(seconds, exit=True)
    else:
        faulthandler.cancel_dump_traceback_later()


def _send(stream: IO[bytes], thing: object) -> None:
    # With this protocol large files are written as they are, without copies.
    pickle.dump(thing, stream, pickle.HIGHEST_PROTOCOL)
    stream.flush()
