"""Pictures analysed in child processes, so that one that crashes or hangs its process fails alone."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from mien.apps.batch.job import Entry, Job, WrongWorkerError
from mien.core.errors import MienError
from mien.results.rows import model_name

PROGRAM = "mien.apps.batch.child"

TRIES = 2
"""Tries for a picture whose process ended: the system may also have killed it for memory that others took."""


class ChildDiedError(Exception):
    """A child process ended before it replied.

    Attributes:
        code: its exit code, or the negative number of the signal that ended it.
        after_s: how long it worked on the request.
    """

    def __init__(self, code: int, after_s: float) -> None:
        super().__init__(code, after_s)
        self.code, self.after_s = code, after_s


class Child:
    """A child process that replies to requests, one at a time, in pickles on its standard streams.

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
        since_s = time.monotonic()
        try:
            pickle.dump(question, self.requests)
            self.requests.flush()
            return pickle.load(self.replies)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise ChildDiedError(self.close(), time.monotonic() - since_s) from error

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
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


class Bench:
    """Analyses pictures in child processes, one for each thread that calls it; a context manager that ends them.

    Args:
        job: how.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._idle: list[Child] = []

    def __enter__(self) -> Self:
        """Return the bench."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the children."""
        while self._idle:
            self._idle.pop().close()

    def entry(self, name: str, data: bytes | None) -> Entry:
        """Return the entry of a picture, or of its failure, even if it crashes its process.

        Args:
            name: of the picture.
            data: its file; None where the file is on this machine, at ``name``.

        Raises:
            MienError: the job's analyzer cannot be loaded here, or has another model or version than the job.
        """
        died = None
        for _ in range(TRIES):
            child = self._idle.pop() if self._idle else self._started()
            try:
                entry = child.ask((name, data))
            except ChildDiedError as error:
                died = error
                if died.after_s >= self._job.time_limit_s:
                    break
            else:
                self._idle.append(child)
                return entry
        assert died is not None
        return {"path": name, "error": self._reason(name, died)}

    def _reason(self, name: str, died: ChildDiedError) -> str:
        if died.after_s >= self._job.time_limit_s:
            return f"{name} took longer than {self._job.time_limit_s:g} s; allow more with --time-limit"
        how = signal.Signals(-died.code).name if died.code < 0 else f"exit code {died.code}"
        return f"{name} ends each process that reads it ({how}); try it by itself with 'mien image'"

    def _started(self) -> Child:
        child = Child(PROGRAM)
        try:
            reply = child.ask(self._job)
        except ChildDiedError as died:
            raise MienError(
                f"a worker on {socket.gethostname()} did not start (exit code {died.code}); see whether "
                f"'python -m {PROGRAM}' starts there"
            ) from died
        try:
            self._check(reply)
        except MienError:
            child.close()
            raise
        return child

    def _check(self, reply: Any) -> None:
        """Raise an error that a child reports, or one if its version or model differs."""
        if isinstance(reply, MienError):
            raise reply
        version, model = reply
        wanted = self._job.made["model"]
        if (version, model) != (self._job.mien, wanted):
            raise WrongWorkerError(
                f"the worker on {socket.gethostname()} has mien {version} and the model {model_name(model)}, this "
                f"command has mien {self._job.mien} and {model_name(wanted)}; install the same on all machines"
            )
