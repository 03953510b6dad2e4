"""Pictures analysed in child processes, so that one that crashes or hangs its process fails alone."""

from __future__ import annotations

import signal
import socket
from types import TracebackType
from typing import Any, Self

from mien.apps.batch.job import Entry, Job, WrongWorkerError
from mien.core.child import Child, ChildDiedError
from mien.core.errors import MienError
from mien.results.rows import model_name

PROGRAM = "mien.apps.batch.child"

TRIES = 2
"""Tries for a picture whose process ended: the system may also have killed it for memory that others took."""


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
