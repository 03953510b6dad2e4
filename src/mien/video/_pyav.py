"""PyAV, which is an optional package.

Raises:
    MissingExtra: on import, when PyAV is not installed.
"""

from __future__ import annotations

from mien.core.errors import MissingExtra

try:
    import av
    from av.audio.frame import AudioFrame
    from av.audio.resampler import AudioResampler
    from av.error import FFmpegError, InvalidDataError
    from av.format import Flags
    from av.stream import Disposition
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter
except ImportError as error:
    raise MissingExtra("videos need PyAV, which is not installed; run: pip install 'mien[video]'") from error

__all__ = [
    "AudioFrame",
    "AudioResampler",
    "Disposition",
    "FFmpegError",
    "Flags",
    "InvalidDataError",
    "VideoFrame",
    "VideoReformatter",
    "av",
]
