"""Reads a live source in its own thread and keeps only the newest picture, so that the display never lags."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from threading import Condition, Event, Thread
from types import TracebackType

from mien.core.arrays import Image
from mien.core.errors import VideoError
from mien.core.frame import Frame

RETRY_S = 2.0
"""Seconds before a camera that failed is opened again."""

JOIN_S = 3.0
"""Seconds to wait at the end for a driver that does not return."""

Opener = Callable[[], AbstractContextManager[Iterator[tuple[Image, float | None]]]]
"""Opens a source: a context with its pictures (H, W, 3) uint8 RGB, each with the time in seconds at which it is to be
shown, or None where it is shown at once. It raises VideoError where the source cannot be opened, or stops."""


class Capture:
    """Keeps the newest picture of a source, which is read inside the context manager.

    Args:
        open_source: opens the source, in the thread that reads it.
        name: the ``path`` of its frames.
        retry_s: wait before a source that failed is opened again; None gives up at the first failure.
        clock: a monotonic clock, in seconds.
        wait: sleeps for some seconds, and returns True at once when the capture ends; None is the capture's own.

    Attributes:
        trouble: why there is no picture at the moment; empty while there is.
        skipped: number of pictures that a newer one replaced before they were taken.
    """

    def __init__(
        self,
        open_source: Opener,
        name: str = "",
        *,
        retry_s: float | None = RETRY_S,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        self.trouble = ""
        self.skipped = 0
        self._open, self._name, self._retry_s, self._clock = open_source, name, retry_s, clock
        self._over = Event()
        self._wait = wait or self._over.wait
        self._changed = Condition()
        self._newest: Frame | None = None
        self._count, self._begin_s = 0, 0.0
        self._done = False
        self._error: BaseException | None = None
        # A daemon thread, as a driver that hangs must not keep the program from ending.
        self._thread = Thread(target=self._run, name="mien-capture", daemon=True)

    def __enter__(self) -> Capture:
        """Begin to read."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop reading, and wait until the source is closed."""
        self._over.set()
        self._thread.join(JOIN_S)

    def newest(self, timeout_s: float) -> Frame | None:
        """Return the newest frame, each once; wait for one if need be.

        Its ``time_s`` is when it was read, from the first frame on; its ``index`` counts the frames that were read.

        Returns:
            None if there was none within ``timeout_s``, or there will be no more.

        Raises:
            VideoError: the source failed and is not opened again.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._done, timeout_s)
            frame, self._newest = self._newest, None
        if frame is None and self._error is not None:
            raise self._error
        return frame

    @property
    def ended(self) -> bool:
        """Whether there will be no more frames."""
        with self._changed:
            return self._done and self._newest is None

    def age_s(self, frame: Frame) -> float:
        """Return how long ago a frame was read, in seconds."""
        return self._clock() - self._begin_s - frame.time_s

    def _run(self) -> None:
        try:
            while not self._over.is_set() and not self._read():
                if self._retry_s is None or self._wait(self._retry_s):
                    break
        except BaseException as error:  # noqa: BLE001, raised again where frames are taken
            self._error = error
        with self._changed:
            self._done = True
            self._changed.notify_all()

    def _read(self) -> bool:
        """Read until the source ends, and return True; False if it failed and may come back."""
        try:
            with self._open() as pictures:
                start_s: float | None = None
                for image, due_s in pictures:
                    if due_s is not None:
                        start_s = self._clock() - due_s if start_s is None else start_s
                        self._wait(max(0.0, start_s + due_s - self._clock()))
                    if self._over.is_set():
                        break
                    self._put(image)
            return True
        except VideoError as error:
            if self._retry_s is None:
                raise
            self.trouble = f"{error}; trying again every {self._retry_s:g} s"
            return False

    def _put(self, image: Image) -> None:
        now_s = self._clock()
        with self._changed:
            if self._count == 0:
                self._begin_s = now_s
            self.skipped += self._newest is not None
            self._newest = Frame(image, self._count, now_s - self._begin_s, self._name)
            self._count += 1
            self.trouble = ""
            self._changed.notify_all()
