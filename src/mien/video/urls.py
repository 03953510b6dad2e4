"""What the name of a video leads to, where that is no file."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from urllib.parse import unquote

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/+", re.IGNORECASE)

_CAMERAS = frozenset(["rtsp", "rtsps", "rtmp", "rtmps", "rtp", "srt", "udp", "tcp"])
"""Schemes of streams, which have no end and so cannot be downloaded."""


def why_no_file(path: str | Path) -> str | None:
    """Return what a name leads to, and what to do about it; None where that is a file, or nothing.

    Raises:
        OSError: it cannot be reached.
        ValueError: no file can be called that.
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
    return f"{path} is a {kind}, and videos are read more than once; save it to a file first, and name that"


def why_no_address(name: str, kind: str = "video") -> str | None:
    """Return what to do about an address where a file should be, without its password; None where it is no address.

    Args:
        name: what may be an address. Where it was a path before, one of its slashes has gone.
        kind: what should be read from it: video or picture.
    """
    if not (scheme := _ADDRESS.match(name)):
        return None
    rest, protocol = name[scheme.end() :], scheme[1].lower()
    if protocol == "file":
        return f"{name} is an address; name the file itself: {unquote(f'/{rest}')}"
    address = without_password(f"{scheme[1]}://{rest}")
    watch = f"watch it with: mien live --source {address}"
    if protocol in _CAMERAS:
        advice = watch
    elif protocol in ("http", "https") and kind == "video":
        advice = f"download it first, or {watch}"
    else:
        advice = "download it first, then name the file"
    return f"{address} is an address, and {kind}s are read from files; {advice}"


def without_password(address: str) -> str:
    """Return an address without the user and the password in it, to be shown."""
    return re.sub(r"(?<=://)[^/?#]*@", "", address)
