import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from threading import enumerate as threads

import cv2
import numpy as np
import pytest

from mien.core.arrays import Image
from mien.core.errors import UsageError, VideoError
from mien.video.capture import Capture

pytest.importorskip("av")

from mien.video.camera import find_source, open_address, open_camera, why_no_camera, without_password

SOON_S = 10
"""No test waits as long; only one that fails does."""

Pictures = Iterator[tuple[Image, float | None]]


def picture(level: int) -> Image:
    return np.full((4, 6, 3), level, np.uint8)


class Fake:
    """A source that gives each of its runs in turn: pictures, then an error or an event to wait for, or nothing."""

    def __init__(self, *runs: list[Image | Event | Exception]) -> None:
        self.runs = list(runs)
        self.opened = self.closed = 0
        self.waiting = Event()

    @contextmanager
    def open(self) -> Iterator[Pictures]:
        self.opened += 1
        try:
            yield self._pictures(self.runs.pop(0))
        finally:
            self.closed += 1

    def _pictures(self, steps: list[Image | Event | Exception]) -> Pictures:
        for step in steps:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, Event):
                self.waiting.set()
                assert step.wait(SOON_S)
            else:
                yield step, None


def captures() -> list[str]:
    return [thread.name for thread in threads() if thread.name == "mien-capture"]


def test_the_newest_picture_wins_and_those_never_taken_are_counted():
    go = Event()
    source = Fake([*map(picture, range(5)), go, picture(9)])
    with Capture(source.open, "cam") as capture:
        assert source.waiting.wait(SOON_S)
        frame = capture.newest(SOON_S)
        assert frame is not None
        assert (frame.index, int(frame.image[0, 0, 0]), frame.path, capture.skipped) == (4, 4, "cam", 4)
        assert capture.newest(0) is None
        assert not capture.ended
        go.set()
        last = capture.newest(SOON_S)
        assert last is not None
        assert (last.index, capture.skipped) == (5, 4)
        assert last.time_s > frame.time_s
        assert capture.newest(SOON_S) is None
        assert capture.ended
    assert (source.opened, source.closed, captures()) == (1, 1, [])


def test_times_count_from_the_first_picture_by_the_clock():
    now = [100.0]
    go, again = Event(), Event()
    source = Fake([go, picture(0), again, picture(1)])
    with Capture(source.open, clock=lambda: now[0]) as capture:
        assert source.waiting.wait(SOON_S)
        now[0] = 107.0
        go.set()
        first = capture.newest(SOON_S)
        now[0] = 107.25
        again.set()
        second = capture.newest(SOON_S)
        assert first is not None
        assert second is not None
        assert (first.time_s, second.time_s) == (0.0, 0.25)
        now[0] = 107.75
        assert capture.age_s(second) == pytest.approx(0.5)


def test_a_source_that_is_away_is_tried_until_it_comes_and_again_when_it_goes():
    go, waits = Event(), []
    source = Fake(
        [VideoError("no camera")], [picture(1), VideoError("pulled out")], [VideoError("still away")], [picture(2), go]
    )
    seen = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        seen.append(capture.trouble)
        return False

    capture = Capture(source.open, wait=wait)
    with capture:
        assert source.waiting.wait(SOON_S)
        frame = capture.newest(SOON_S)
        assert frame is not None
        assert (frame.index, int(frame.image[0, 0, 0]), capture.trouble) == (1, 2, "")
        go.set()
    assert waits == [2.0] * 3
    assert seen == [f"{why}; trying again every 2 s" for why in ("no camera", "pulled out", "still away")]
    assert (source.opened, source.closed) == (4, 4)


def test_the_end_does_not_wait_for_a_source_that_is_away():
    source = Fake([VideoError("no camera")])
    with Capture(source.open, retry_s=3600) as capture:
        while not capture.trouble:
            assert capture.newest(0) is None
    assert captures() == []


def test_a_source_that_does_not_return_says_why_after_its_last_picture():
    source = Fake([picture(7), VideoError("damaged")])
    with Capture(source.open, retry_s=None) as capture:
        frame = capture.newest(SOON_S)
        assert frame is not None
        with pytest.raises(VideoError, match="damaged"):
            capture.newest(SOON_S)
    assert source.closed == 1


def test_a_fault_in_the_thread_is_not_swallowed():
    source = Fake([ZeroDivisionError("oh")])
    with Capture(source.open) as capture, pytest.raises(ZeroDivisionError):
        capture.newest(SOON_S)
    assert (source.closed, captures()) == (1, [])


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_the_source_is_closed_whatever_ends_the_run(error: type[BaseException]):
    go = Event()
    source = Fake([go, picture(0), picture(1)])
    with pytest.raises(error), Capture(source.open):  # noqa: PT012
        assert source.waiting.wait(SOON_S)
        go.set()
        raise error
    assert (source.closed, captures()) == (1, [])


def test_a_file_is_played_at_its_own_speed_and_goes_on_at_once_where_it_is_late():
    now, waits = [50.0], []

    def wait(seconds: float) -> bool:
        waits.append(round(seconds, 3))
        now[0] += seconds
        return False

    @contextmanager
    def open_clip() -> Iterator[Pictures]:
        def pictures() -> Pictures:
            yield picture(0), 3.0
            yield picture(1), 3.1
            now[0] += 0.25  # decoding took long
            yield picture(2), 3.2
            yield picture(3), 3.4

        yield pictures()

    with Capture(open_clip, clock=lambda: now[0], wait=wait, retry_s=None) as capture:
        capture._thread.join(SOON_S)
        frame = capture.newest(0)
        assert frame is not None
        assert (frame.index, frame.time_s) == (3, pytest.approx(0.4))
    assert waits == [0.0, 0.1, 0.0, 0.05]


class Device:
    """What cv2.VideoCapture gives."""

    def __init__(self, pictures: int) -> None:
        self.left = pictures
        self.released = False

    def read(self) -> tuple[bool, Image | None]:
        self.left -= 1
        return (False, None) if self.left < 0 else (True, np.full((4, 6, 3), (1, 2, 3), np.uint8))

    def release(self) -> None:
        self.released = True


def test_a_camera_gives_rgb_until_it_is_pulled_out(monkeypatch: pytest.MonkeyPatch):
    device = Device(2)
    monkeypatch.setattr(cv2, "VideoCapture", lambda index: device)
    level = cv2.utils.logging.getLogLevel()
    seen = []
    with pytest.raises(VideoError, match="camera 3 gives no more pictures; plug it in again"), open_camera(3) as shots:
        seen.extend((image[0, 0].tolist(), due_s) for image, due_s in shots)
    with open_camera(3):
        assert cv2.utils.logging.getLogLevel() == cv2.utils.logging.LOG_LEVEL_SILENT
    assert seen == [([3, 2, 1], None)] * 2
    assert device.released
    assert cv2.utils.logging.getLogLevel() == level


def test_a_camera_that_is_not_there_is_explained_and_nothing_else_is_printed(capfd: pytest.CaptureFixture[str]):
    with pytest.raises(VideoError, match="camera 97 gives no picture"), open_camera(97) as shots:
        next(shots)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("there", "usable", "why"),
    [
        ([], True, "no camera is attached"),
        (["video", "videox", "null"], True, "no camera is attached"),
        (["video2", "video10"], True, "there is no .*video0; try --source 2 or 10$"),
        (["video0"], False, r"video0 may not be read; .*usermod -aG video \$USER"),
        (["video0"], True, "close other programs that use it$"),
        (["video0", "video1"], True, "close other programs that use it, or try --source 1$"),
    ],
)
def test_what_keeps_a_camera_away_is_said(tmp_path: Path, there: list[str], usable: bool, why: str):
    for name in there:
        (tmp_path / name).touch()
    message = why_no_camera(0, "linux", tmp_path, lambda path: usable)
    assert message.startswith("camera 0 gives no picture")
    assert re.search(why, message)


@pytest.mark.parametrize(
    ("platform", "place"),
    [("darwin", "System Settings > Privacy"), ("win32", "Settings > Privacy"), ("sunos5", "the system's settings")],
)
def test_elsewhere_the_settings_are_named(platform: str, place: str):
    assert place in why_no_camera(1, platform)


def test_sources_are_numbers_addresses_and_files(tmp_path: Path):
    clip = tmp_path / "0.5"
    clip.touch()
    camera, network, file = (find_source(text) for text in ("01", "rtsp://me:word@host/a@b", str(clip)))
    assert (camera.name, camera.reopens, camera.faces_user) == ("camera 1", True, True)
    assert (network.name, network.reopens, network.faces_user) == ("rtsp://host/a@b", True, False)
    assert (file.name, file.reopens, file.faces_user) == (str(clip), False, False)
    with pytest.raises(UsageError, match=r"there is no file clip\.mp4; --source takes"):
        find_source("clip.mp4")


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes there")
def test_a_pipe_as_source_is_explained(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(VideoError, match=r"pipe is a pipe, .*save it"), find_source(str(tmp_path / "pipe")).open():
        pass


def test_an_address_that_does_not_answer_is_explained_without_its_password():
    address = "rtsp://me:word@127.0.0.1:9/x"
    with pytest.raises(VideoError) as caught, open_address(address):
        pass
    assert str(caught.value).startswith("rtsp://127.0.0.1:9/x gives no picture (Connection refused)")
    assert without_password("http://host/a") == "http://host/a"


def test_an_address_that_keeps_silent_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mien.video.camera.OPEN_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        with (
            pytest.raises(VideoError, match=rf"{address} gives no picture \(no answer in time\)"),
            open_address(address),
        ):
            pass


@pytest.mark.skipif(sys.platform == "win32", reason="addresses of files look different there")
def test_a_stream_of_known_length_is_paced_and_one_that_breaks_off_may_come_back(tmp_path: Path):
    import av

    for name, kind in (("a.mp4", "mpeg4"), ("a.mjpeg", "mjpeg")):
        with av.open(str(tmp_path / name), "w") as container:
            stream = container.add_stream(kind, rate=10)
            stream.width, stream.height = 64, 48
            stream.pix_fmt = "yuvj420p" if kind == "mjpeg" else "yuv420p"
            for level in (20, 120, 220):
                image = av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, np.uint8))
                container.mux(stream.encode(image))
            container.mux(stream.encode())
    with open_address(f"file://{tmp_path / 'a.mp4'}") as shots:
        found = list(shots)
    assert [due for _, due in found] == pytest.approx([0.0, 0.1, 0.2])
    assert [float(image.mean()) for image, _ in found] == pytest.approx([20, 120, 220], abs=3)
    times = []
    with pytest.raises(VideoError, match="has ended"), open_address(f"file://{tmp_path / 'a.mjpeg'}") as shots:
        times.extend(due for _, due in shots)
    assert times == [None] * 3
