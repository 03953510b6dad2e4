"""Video files opened with FFmpeg, the streams in them, and why a file cannot be opened."""

from __future__ import annotations

import re
import stat
from contextlib import suppress
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mien.core.addresses import why_no_address
from mien.core.errors import VideoError
from mien.video._metadata import read_boxes
from mien.video._pyav import Disposition, FFmpegError, InvalidDataError, av

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

EXPECTED_VIDEOS = "mp4, mov, mkv, webm, avi, an animated GIF or another video that FFmpeg reads"

# By default PyAV 17 and 18 refuse a file with a tag that is not UTF-8; PyAV 19 does not.
_TAGS: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}

_BEGINNINGS = {
    b"\x1aE\xdf\xa3": "Matroska or WebM",
    b"0&\xb2u": "ASF or WMV",
    b"FLV": "FLV",
    b"OggS": "Ogg",
    b"GIF8": "GIF",
    b"\x00\x00\x01\xba": "MPEG",
}
_MP4_BOXES = (b"ftyp", b"mdat", b"moov", b"wide", b"free")

CUT_PREFIX = "subfile"
"""Prefix of the name of a container that is read only up to where its file was cut off."""

_AS_CUT = "as in a recording or download that was cut short; copy or download it again"


def open_container(path: str | Path) -> InputContainer:
    """Open a file for reading.

    Raises:
        VideoError: there is no such file, or FFmpeg cannot read it.
    """
    try:
        if why := why_no_file(path):
            raise VideoError(why)
        with Path(path).open("rb") as file:
            head = file.read(12)
    except FileNotFoundError as error:
        raise VideoError(f"no such file: {path}") from error
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        raise VideoError(f"cannot open {path}: {getattr(error, 'strerror', None) or error}") from error
    if not head:
        raise VideoError(f"not a video: {path} (the file is empty); copy or download it again")
    try:
        return _open(path)
    except FFmpegError as error:
        if end := _last_part(Path(path)):
            with suppress(FFmpegError):
                return av.open(f"{CUT_PREFIX},,start,0,end,{end},,:file:{path}", "r", **_TAGS)
        raise VideoError(_why_closed(path, head, error)) from error


def _open(path: str | Path) -> InputContainer:
    # With the protocol "file", as FFmpeg takes what stands before a colon in a name for a protocol.
    return av.open(f"file:{path}", "r", **_TAGS)


def _last_part(path: Path) -> int:
    """Return where the complete fragments of a fragmented MP4 end if it is cut off in the header of the next; else 0.

    FFmpeg does not open such a file.
    """
    boxes = read_boxes(path)
    return boxes.whole_to if boxes.fragmented and boxes.rest not in {None, b"mdat"} else 0


def _why_closed(path: str | Path, head: bytes, error: FFmpegError) -> str:
    """Return why FFmpeg cannot open a file, of which head is the beginning."""
    if isinstance(error, PermissionError):  # it is not about the rights of the file, which was read above
        return f"cannot open {path}: it is protected against copying (DRM); only its own player shows it"
    if head[4:8] in _MP4_BOXES:
        return f"cannot open {path}: its index is missing, {_AS_CUT}"
    kind = "AVI" if head[:4] == b"RIFF" and head[8:] == b"AVI " else None
    kind = kind or next((name for begins, name in _BEGINNINGS.items() if head.startswith(begins)), None)
    if kind or not isinstance(error, InvalidDataError):
        return f"cannot open {path}: it begins as {kind or 'a video'}, but the rest is missing or garbled, {_AS_CUT}"
    return f"not a video: {path} (expected {EXPECTED_VIDEOS})"


def why_no_file(path: str | Path) -> str | None:
    """Return why a path is no regular file, with advice; None if it is one, or does not exist.

    Raises:
        OSError: it cannot be accessed.
        ValueError: no file can have that name.
    """
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError:
        return why_no_address(str(path))
    if stat.S_ISDIR(mode):
        return f"not a video: {path} is a folder; name the videos in it"
    if camera := re.fullmatch(r"/dev/video(\d+)", str(path)):
        return f"{path} is a camera; run: mien live --source {camera[1]}"
    if stat.S_ISREG(mode) or stat.S_ISBLK(mode):
        return None
    kind = "pipe" if stat.S_ISFIFO(mode) else "device"
    return f"{path} is a {kind}, which cannot be read twice as a video must be; save it to a file and name that"


def exact(number: float) -> Fraction:
    """Return the simplest fraction near a decimal number or a frame's time as float."""
    return Fraction(number).limit_denominator(1_000_000)


def moving_streams(container: InputContainer) -> list[VideoStream]:
    """Return the video streams that are not cover pictures."""
    return [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]


def picture_stream(path: Path, container: InputContainer) -> VideoStream:
    """Return the best video stream; the cover picture of a song is none.

    Raises:
        VideoError: there is none, or FFmpeg cannot decode it.
    """
    kind = container.format.name
    if kind == "image2" or ((kind == "mjpeg" or kind.endswith("_pipe")) and not _is_series(path)):
        raise VideoError(f"not a video: {path} is a picture; run: mien image {path}")
    moving = moving_streams(container)
    if not moving:
        found = f"it holds {contents(container)} only" if container.streams else "its streams are missing or garbled"
        raise VideoError(f"no video in {path}: {found}; expected {EXPECTED_VIDEOS}")
    best = container.streams.best("video")
    stream = next((one for one in moving if best is not None and one.index == best.index), moving[0])
    if stream.codec_context is None:  # pyright: ignore[reportUnnecessaryComparison]
        raise VideoError(f"cannot decode {path}: FFmpeg knows no decoder for its pictures; convert it to H.264 first")
    return stream


def beginning(container: InputContainer, stream: VideoStream) -> Fraction:
    """Return the container's start time in seconds, from which the times of frames count."""
    if container.start_time is None:  # pyright: ignore[reportUnnecessaryComparison]
        return own_start(stream) or Fraction(0)
    start = Fraction(container.start_time, av.time_base)
    own = own_start(stream)
    # The container's is rounded to a microsecond; the stream's own is exact, if it is the same one.
    return own if own is not None and abs(own - start) <= Fraction(1, av.time_base) else start


def own_start(stream: Stream) -> Fraction | None:
    """Return the time of a stream's first packet in seconds, None where it is unknown."""
    if stream.start_time is None or stream.time_base is None:
        return None
    return stream.start_time * stream.time_base


def contents(container: InputContainer) -> str:
    """Return what is in a container, such as "sound (aac) and a cover picture"."""
    return " and ".join(dict.fromkeys(map(_what, container.streams)))


def _is_series(path: Path) -> bool:
    """Return whether a file holds three pictures or more; a photo may hold two, one of them a preview."""
    with _open(path) as container:
        return len(list(islice((packet for packet in container.demux() if packet.size), 3))) == 3


def _what(stream: Stream) -> str:
    if stream.type == "video" and stream.disposition & Disposition.attached_pic:
        return "a cover picture"
    kind = {"audio": "sound", "video": "video", "subtitle": "subtitles"}.get(stream.type, "data")
    codec = stream.codec_context and stream.codec_context.name
    return f"{kind} ({codec})" if codec else kind
