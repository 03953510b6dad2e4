"""Pictures and clips analysed in child processes, so that one that crashes or hangs its process fails alone."""

from __future__ import annotations

import signal
import socket
from collections.abc import Generator
from types import TracebackType
from typing import Any, Self

from mien.apps.batch.job import ClipEntry, ClipFile, Entry, FailureEntry, Job, WrongWorkerError
from mien.core.child import Child, ChildDiedError
from mien.core.errors import MienError
from mien.results.rows import model_name

PROGRAM = "mien.apps.batch.child"

TRIES = 2
"""Tries for a picture or clip whose process ended: the system may also have killed it for memory that others took."""


class FailedClipError(Exception):
    """A clip has no result.

    Attributes:
        entry: of the failure.
    """

    def __init__(self, entry: FailureEntry) -> None:
        super().__init__(entry)
        self.entry = entry


class Bench:
    """Analyses pictures and clips in child processes, one for each thread; a context manager that ends them.

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
            child = self._free()
            try:
                entry = child.ask((name, data))
            except ChildDiedError as error:
                died = error
                if died.timed_out:
                    break
            else:
                self._idle.append(child)
                return entry
        assert died is not None
        return self.failure(name, died, "mien image")

    def clip(self, clip: ClipFile) -> Generator[ClipEntry]:
        """Yield the entries of a clip's frames, in order, and last that of its end.

        Raises:
            FailedClipError: it cannot be read.
            ChildDiedError: it ended its process.
            MienError: as for ``entry``, or it concerns all clips.
        """
        child, ended = self._free(), False
        child.tell(clip)
        try:
            while not ended:
                reply = child.hear()
                if isinstance(reply, MienError):
                    raise reply
                if ended := "end_s" in reply or "error" in reply:
                    self._idle.append(child)
                if "error" in reply:
                    raise FailedClipError(reply)
                yield reply
        finally:
            if not ended:
                child.kill()

    def failure(self, name: str, died: ChildDiedError, command: str) -> FailureEntry:
        """Return the entry of what ended its process; the command is the one that takes it alone."""
        limit_s = self._job.time_limit_s
        how = signal.Signals(-died.code).name if died.code < 0 else f"exit code {died.code}"
        error = f"{name} ends each process that reads it ({how}); try it by itself with '{command}'"
        if died.timed_out:
            what = f"a frame of {name}" if command == "mien video" else name
            error = f"{what} took longer than {limit_s:g} s; allow more with --time-limit"
        return {"path": name, "error": error}

    def _free(self) -> Child:
        return self._idle.pop() if self._idle else self._started()

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
