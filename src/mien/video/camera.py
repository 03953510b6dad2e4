"""The sources of ``mien live``: a camera by its number, a network stream, or a video file in place of a camera.

Raises:
    MissingExtra: on import, when PyAV is not installed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2

from mien.core.addresses import without_password
from mien.core.arrays import Image
from mien.core.errors import UsageError, VideoError
from mien.video.capture import Opener
from mien.video.reader import open_video

OPEN_S, READ_S = 8.0, 5.0
"""Seconds that opening a network stream may take, and reading the next part of it."""

Pictures = Iterator[tuple[Image, float | None]]


@dataclass(frozen=True, slots=True)
class Source:
    """A source of live pictures.

    Attributes:
        name: for messages; without the password of an address.
        open: opens it (``mien.video.capture``).
        reopens: whether it is worth opening again after a failure.
        faces_user: whether it shows the user, who expects a mirror image.
    """

    name: str
    open: Opener
    reopens: bool
    faces_user: bool


def find_source(text: str) -> Source:
    """Return the source that ``--source`` names: a number, an address such as rtsp://..., or a file.

    Raises:
        UsageError: there is no such file.
    """
    if text.isdecimal():
        return Source(f"camera {int(text)}", partial(open_camera, int(text)), reopens=True, faces_user=True)
    if "://" in text:
        return Source(without_password(text), partial(open_address, text), reopens=True, faces_user=False)
    if not Path(text).exists():
        raise UsageError(f"there is no file {text}; --source takes a camera's number, an address or a video file")
    return Source(text, partial(open_clip, text), reopens=False, faces_user=False)


@contextmanager
def open_camera(index: int) -> Generator[Pictures]:
    """Open a camera by its number, at its default size.

    Raises:
        VideoError: there is none, it cannot be used, or it stopped; the message says what to do.
    """
    with _quiet():
        device = cv2.VideoCapture(index)
        try:
            yield _camera_pictures(device, index)
        finally:
            device.release()


def _camera_pictures(device: Any, index: int) -> Pictures:
    there, image = device.read()
    if not there:
        raise VideoError(why_no_camera(index))
    while there:
        yield cv2.cvtColor(image, cv2.COLOR_BGR2RGB), None
        there, image = device.read()
    raise VideoError(f"camera {index} gives no more pictures; plug it in again, or close the program that took it over")


def why_no_camera(
    index: int,
    platform: str = sys.platform,
    devices: Path = Path("/dev"),
    may_use: Callable[[Path], bool] = lambda path: os.access(path, os.R_OK | os.W_OK),
) -> str:
    """Return why a camera gives no picture, as far as the system shows, and what to do.

    Args:
        index: of the camera.
        platform: as in ``sys.platform``.
        devices: the folder of device files.
        may_use: path of a device -> whether it may be read and written.
    """
    head = f"camera {index} gives no picture"
    if not platform.startswith("linux"):
        place = {
            "darwin": "System Settings > Privacy & Security > Camera",
            "win32": "Settings > Privacy & security > Camera",
        }.get(platform, "the system's settings")
        return f"{head}; plug it in, close other programs that use it, and let this one use the camera in {place}"
    numbers = sorted(int(path.name[5:]) for path in devices.glob("video*") if path.name[5:].isdecimal())
    device = devices / f"video{index}"
    if not numbers:
        return f"{head}: no camera is attached (there is no {devices}/video*); plug one in"
    if index not in numbers:
        return f"{head}: there is no {device}; try --source {' or '.join(map(str, numbers))}"
    if not may_use(device):
        return (
            f"{head}: {device} may not be read; add yourself to its group (sudo usermod -aG video $USER) and log in "
            "again"
        )
    others = [str(number) for number in numbers if number != index]
    return f"{head}, though {device} is there; close other programs that use it" + (
        f", or try --source {' or '.join(others)}" if others else ""
    )


@contextmanager
def _quiet() -> Generator[None]:
    """Keep OpenCV's log messages about missing cameras off the terminal; the setting is that of the whole process."""
    logging = cv2.utils.logging
    level = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(level)


@contextmanager
def open_address(address: str) -> Generator[Pictures]:
    """Open a network stream: rtsp, http(s) or any other address that FFmpeg reads.

    A stream of known length is played at its own speed.

    Raises:
        VideoError: no reply, or no more data.
    """
    import av
    from av.error import ExitError, FFmpegError, InvalidDataError

    name = without_password(address)
    # Over UDP, lost packets leave smears in the picture.
    options = {"rtsp_transport": "tcp"} if address.startswith("rtsp") else {}
    try:
        with av.open(address, options=options, timeout=(OPEN_S, READ_S)) as container:
            if not container.streams.video:
                raise VideoError(f"{name} has no video in it; check the address")
            yield _address_pictures(container, name)
    except FFmpegError as error:
        # FFmpeg's own message contains the address with its password.
        late, garbled = isinstance(error, ExitError), isinstance(error, InvalidDataError)
        why = "no answer in time" if late else "what it sends is no video" if garbled else error.strerror
        raise VideoError(f"{name} gives no picture ({why}); check the address and the network") from error


def _address_pictures(container: Any, name: str) -> Pictures:
    from av.error import InvalidDataError

    stream = container.streams.video[0]
    # Decoding frames in parallel would delay the picture by as many frames as there are threads.
    stream.thread_type = "SLICE"
    for packet in container.demux(stream):
        try:
            for frame in packet.decode():
                yield frame.to_ndarray(format="rgb24"), None if container.duration is None else frame.time
        except InvalidDataError:
            continue  # after a lost packet; the next key frame mends it
    if container.duration is None:
        raise VideoError(f"{name} has ended; check the camera and the network")


@contextmanager
def open_clip(path: str) -> Generator[Pictures]:
    """Open a video file, played at its own speed.

    Raises:
        VideoError: it cannot be read.
    """
    with open_video(path) as video:
        yield ((frame.image, frame.time_s) for frame in video)
