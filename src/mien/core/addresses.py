"""Addresses given in place of a file name."""

from __future__ import annotations

import re
from urllib.parse import unquote

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/+", re.IGNORECASE)

_CAMERAS = frozenset(["rtsp", "rtsps", "rtmp", "rtmps", "rtp", "srt", "udp", "tcp"])
"""Schemes of live streams, which cannot be downloaded first."""


def why_no_address(name: str, kind: str = "video") -> str | None:
    """Return advice on an address given in place of a file, without its password; None if it is no address.

    Args:
        name: what may be an address; if it went through ``Path``, it has one slash in place of two.
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
