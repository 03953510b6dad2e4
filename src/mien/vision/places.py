"""What the name of a video leads to, where that is no file."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from urllib.parse import unquote

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/+", re.IGNORECASE)


def why_no_file(path: str | Path) -> str | None:
    """Return what a name leads to, and what to do about it; None where that is a file, or nothing.

    Raises:
        OSError: it cannot be reached.
        ValueError: no file can be called that.
    """
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError:
        return _why_no_address(str(path))
    if stat.S_ISDIR(mode):
        return f"not a video: {path} is a folder; name the videos in it"
    if camera := re.fullmatch(r"/dev/video(\d+)", str(path)):
        return f"{path} is a camera; run: mien live --source {camera[1]}"
    if stat.S_ISREG(mode) or stat.S_ISBLK(mode):
        return None
    kind = "pipe" if stat.S_ISFIFO(mode) else "device"
    return f"{path} is a {kind}, and videos are read more than once; save it to a file first, and name that"


def without_password(address: str) -> str:
    """Return an address without the user and the password in it, to be shown."""
    return re.sub(r"(?<=://)[^/@]*@", "", address)


def _why_no_address(name: str) -> str | None:
    if not (scheme := _ADDRESS.match(name)):
        return None
    rest = name[scheme.end() :]
    if scheme[1].lower() == "file":
        return f"{name} is an address; name the file itself: {unquote(f'/{rest}')}"
    # Where the name was a path before, one of the slashes has gone.
    address = without_password(f"{scheme[1]}://{rest}")
    return (
        f"{address} is an address, and videos are read from files; download it first, or watch it with: "
        f"mien live --source {address}"
    )
