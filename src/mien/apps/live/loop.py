"""The loop of ``mien live``: take the newest frame, analyse and show it, and react to keys."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from mien.apps.live.keys import HELP_HINT, HELP_LINES, KEYS
from mien.apps.live.recorder import Recorder
from mien.apps.live.window import CLOSE_EVENT
from mien.core.errors import MienError
from mien.core.frame import Frame
from mien.draw.annotate import draw
from mien.draw.panel import Status, mirrored
from mien.tracking.people_in_view import PeopleInView
from mien.tracking.tracked_result import TrackedResult
from mien.video.capture import Capture

IDLE_S = 0.05
"""How long to wait for a frame before keys are read again."""

NOTE_S = 4.0
"""How long a note stays."""


class View(Protocol):
    """Where results are shown, and where keys come from."""

    def show(self, result: TrackedResult | None, status: Status) -> None:
        """Show the last result, again if there is no newer one; None before the first."""
        ...

    def events(self) -> Sequence[str]:
        """Return the keys that were pressed since the last call, by pygame's names, and ``CLOSE_EVENT``."""
        ...


class Meter:
    """Frames a second and their delay, over the last second."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, float]] = deque()

    def add(self, delay_s: float) -> None:
        """Count a frame that is shown now, so long after it was taken."""
        self._seen.append((self._clock(), delay_s))

    def read(self) -> tuple[float, float]:
        """Return frames a second, and the mean delay in milliseconds; zeros where nothing came."""
        now_s = self._clock()
        while self._seen and self._seen[0][0] < now_s - 1:
            self._seen.popleft()
        if len(self._seen) < 2:
            return 0.0, 0.0
        span_s = max(self._seen[-1][0] - self._seen[0][0], 1e-6)
        delay_s = sum(delay for _, delay in self._seen) / len(self._seen)
        return (len(self._seen) - 1) / span_s, 1000 * delay_s


class Live:
    """One run of ``mien live``; ``run`` ends with the source, with a key, or when it is asked to stop.

    What is shown and recorded are the faces that count as people by what was seen of them so far.

    Args:
        capture: reads the source.
        stream: frame -> result; used for this source only.
        view: shows results.
        recorder: records videos and saves pictures.
        sinks: take each result as the camera saw it, not mirrored, with faces that are not counted as people.
        mirror: whether the picture is shown and recorded mirrored.
        stopped: whether to end, as after Ctrl-C.
        clock: a monotonic clock, in seconds.
        rest: sleeps for some seconds.

    Attributes:
        frames: how many were analysed.
        end_s: the time of the last of them.
    """

    def __init__(
        self,
        capture: Capture,
        stream: Callable[[Frame], TrackedResult],
        view: View,
        recorder: Recorder,
        *,
        sinks: Sequence[Callable[[TrackedResult], None]] = (),
        mirror: bool = False,
        stopped: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        self.frames, self.end_s = 0, 0.0
        self._capture, self._stream, self._view, self._recorder = capture, stream, view, recorder
        self._sinks, self._mirror, self._stopped, self._clock, self._rest = sinks, mirror, stopped, clock, rest
        self._meter = Meter(clock)
        self._people = PeopleInView()
        self._result: TrackedResult | None = None
        self._paused = self._help = self._quit = False
        self._note, self._noted_s = "", 0.0
        actions: dict[str, Callable[[], None]] = {
            "quit": self._end,
            "pause": self._pause,
            "save": self._snapshot,
            "record": self._record,
            "mirror": self._turn,
            "help": self._explain,
        }
        self._presses = {CLOSE_EVENT: self._end} | {name: actions[key.action] for key in KEYS for name in key.names}

    def run(self) -> None:
        """Show the source until it ends.

        Raises:
            MienError: the source cannot be read and is not tried again, or a sink cannot be written.
        """
        while not self._stopped():
            for key in self._view.events():
                self._presses.get(key, lambda: None)()
            if self._quit:
                break
            frame = self._next()
            if frame is None and self._capture.ended and not self._paused:
                break
            if frame is not None:
                self._take(frame)
            self._view.show(self._shown(), self._status())
            if frame is not None:
                self._meter.add(self._capture.age_s(frame))

    def _next(self) -> Frame | None:
        if not self._paused:
            return self._capture.newest(IDLE_S)
        self._rest(IDLE_S)
        return None

    def _take(self, frame: Frame) -> None:
        result = self._stream(frame)
        self.frames, self.end_s = self.frames + 1, frame.time_s
        for sink in self._sinks:
            sink(result)
        self._people.add(result)
        self._result = self._people.people(result)
        if self._recorder.on:
            shown = self._shown()
            assert shown is not None
            self._try(lambda: self._recorder.write(draw(shown), frame.time_s))

    def _shown(self) -> TrackedResult | None:
        """Return the last result as it is shown, mirrored or not."""
        return mirrored(self._result) if self._result is not None and self._mirror else self._result

    def _status(self) -> Status:
        fps, delay_ms = self._meter.read()
        fresh = self._clock() - self._noted_s < NOTE_S
        return Status(
            fps=fps,
            delay_ms=delay_ms,
            recorded_s=self._recorder.length_s if self._recorder.on else None,
            paused=self._paused,
            note=self._note if fresh else "",
            trouble=self._capture.trouble,
            help=HELP_LINES if self._help else (),
            hint=HELP_HINT,
        )

    def _end(self) -> None:
        self._quit = True

    def _pause(self) -> None:
        self._paused = not self._paused

    def _turn(self) -> None:
        self._mirror = not self._mirror

    def _explain(self) -> None:
        self._help = not self._help

    def _snapshot(self) -> None:
        shown = self._shown()
        if shown is not None:
            self._try(lambda: f"wrote {self._recorder.snapshot(draw(shown))}")

    def _record(self) -> None:
        if self._recorder.on:
            self._try(lambda: f"wrote {path}" if (path := self._recorder.stop()) else "nothing was recorded")
        else:
            self._recorder.start()

    def _try(self, act: Callable[[], str | None]) -> None:
        """Do something that may fail, as on a full disk, and show a note of the outcome."""
        try:
            note = act()
        except MienError as error:
            note = str(error)
        if note:
            self._note, self._noted_s = note, self._clock()
