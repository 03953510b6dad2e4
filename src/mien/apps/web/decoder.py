"""A process that decodes picture files and can be killed, as a file may be made to take minutes or gigabytes."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Generator
from contextlib import contextmanager
from ctypes import c_ubyte
from threading import Lock
from typing import Any

import numpy as np

from mien.apps.web._decoding import Decoded, Job, run
from mien.apps.web.limits import DECODE_BYTES, DECODE_S, DECODE_S_PER_MIB, SHARED_BYTES, START_S
from mien.core.errors import ImageError, MienError
from mien.imaging.decode import REDUCE_TO_PX, Picture

_CONTEXT = multiprocessing.get_context("spawn")


class Decoder:
    """Decodes one file at a time, in a process of its own, which is started again whenever it had to be killed.

    Attributes:
        killed: how many times it was.
    """

    def __init__(self) -> None:
        self._memory: Any = _CONTEXT.RawArray(c_ubyte, SHARED_BYTES)
        self._pixels = np.frombuffer(self._memory, np.uint8)
        self._lock, self._busy, self.killed = Lock(), False, 0
        self._start()

    def __call__(
        self, data: bytes | bytearray, name: str, max_pixels: int, reduce_to_px: int | None = REDUCE_TO_PX
    ) -> Picture:
        """Decode the bytes of a picture file as ``mien.imaging.decode.decode_picture`` does.

        Returns:
            The picture. Its pixels lie in the shared memory, and are there until the next file is decoded.

        Raises:
            ImageError: as there, or it takes longer or more memory than it may, or ``stop`` was called.
            MienError: the process does not start.
        """
        limit_s = DECODE_S + DECODE_S_PER_MIB * len(data) / 2**20
        self._await_start()
        with self._working():
            answer = self._answer(Job(name, max_pixels, reduce_to_px), data, limit_s)
        if isinstance(answer, str):
            raise ImageError(answer)
        pixels = self._pixels[: int(np.prod(answer.shape))].reshape(answer.shape)
        return Picture(pixels, answer.width, answer.height, answer.scale, answer.note)

    def _answer(self, job: Job, data: bytes | bytearray, limit_s: float) -> Decoded | str:
        try:
            self._connection.send((job, data))
            if self._connection.poll(limit_s):
                return self._connection.recv()
            why = f"takes longer than {limit_s:.1f} s to decode"
        except (EOFError, OSError):
            why = "cannot be decoded: the process that tried was ended"
        self._process.kill()
        self._process.join()
        self._connection.close()
        self.killed += 1
        self._start()
        return f"too costly: {job.name} {why}; save it again as a plain JPEG or PNG"

    @contextmanager
    def _working(self) -> Generator[None]:
        with self._lock:
            self._busy = True
        try:
            yield
        finally:
            with self._lock:
                self._busy = False

    def stop(self) -> None:
        """End what is being decoded, from another thread, as nobody waits for it any more."""
        with self._lock:
            if self._busy:
                self._process.kill()

    def close(self) -> None:
        """End the process, also from another thread."""
        self._process.kill()
        self._process.join()

    def _start(self) -> None:
        self._connection, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=run, args=(theirs, self._memory, DECODE_BYTES), daemon=True)
        with deaf_to_ctrl_c():
            self._process.start()
        theirs.close()
        self._started = False

    def _await_start(self) -> None:
        if self._started:
            return
        try:
            self._started = self._connection.poll(START_S) and self._connection.recv() is None
        except (EOFError, OSError):
            self._started = False
        if not self._started:
            self._start()
            raise MienError("the process that decodes pictures does not start; ask again, or look for free memory")


@contextmanager
def deaf_to_ctrl_c() -> Generator[None]:
    """Let what is started here not hear Ctrl-C, which a terminal sends to all: this process ends the others."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
