"""A source read in a thread of its own. The newest picture wins, so that what is shown never lags behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from threading import Condition, Event, Thread
from types import TracebackType

from mien.core.errors import VideoError
from mien.core.types import Frame, Image

RETRY_S = 2.0
"""How long to wait before a camera that is away is tried again."""

JOIN_S = 3.0
"""How long to wait for a driver that does not answer before the program goes on without it."""

Opener = Callable[[], AbstractContextManager[Iterator[tuple[Image, float | None]]]]
"""Opens a source: a context with its pictures (H, W, 3) uint8 RGB, each with the second of the source at which it is
due, or None where pictures come when they come. It raises VideoError where there is none, or no more."""


class Capture:
    """Keeps the newest picture of a source; a context manager, in which the source is read.

    Args:
        open_source: opens the source, in the thread that reads it.
        name: the ``path`` of its frames.
        retry_s: wait before a source that failed is opened again; None gives up with the first failure.
        clock: seconds that never go back.
        wait: sleeps for some seconds, or returns True at once when the capture ends; None does so by itself.

    Attributes:
        trouble: why there is no picture at the moment; empty while they come.
        skipped: pictures that were replaced by a newer one before anyone took them.
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
        # A daemon, so that a driver that hangs cannot keep the program from ending.
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
        """Return the newest frame, of which none was returned before; wait for one if need be.

        Its ``time_s`` is when it was read, counted from the first; its ``index`` counts those that were read.

        Returns:
            None when none came within ``timeout_s``, or none will come.

        Raises:
            VideoError: the source failed and is not tried again.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._done, timeout_s)
            frame, self._newest = self._newest, None
        if frame is None and self._error is not None:
            raise self._error
        return frame

    @property
    def ended(self) -> bool:
        """Whether no frame will come any more."""
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
