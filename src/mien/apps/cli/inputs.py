"""What people name on the command line, to the picture files that they mean."""

from __future__ import annotations

import functools
import glob
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from mien.core.errors import UsageError
from mien.vision.formats import PICTURE_SUFFIXES

LIST = "-"
"""The argument that stands for the names on standard input."""

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF87a", b"GIF89a")


@dataclass(slots=True)
class Inputs:
    """The pictures to read, and what came of the other arguments.

    A list, not a stream, since a progress bar wants its length.
    """

    paths: list[Path] = field(default_factory=list[Path])
    """Each file once, in the order of the arguments; the files of a folder as people count (img2 before img10)."""
    refusals: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """The arguments in which there is nothing to read, and why."""
    skipped: int = 0
    """Files in folders that are hidden, have no picture's suffix or were written by mien."""


def gather(arguments: Sequence[str], recursive: bool = False, stdin: BinaryIO | None = None) -> Inputs:
    """Find the pictures that arguments name. No file is opened: a path may lead to something else, or nowhere.

    Args:
        arguments: files, which are taken whatever they are called; folders, for the pictures in them; patterns such as
            ``*.jpg`` that the shell left alone, for what it would have made of them; "-" for names on standard input.
        recursive: whether to look into folders in folders too, but for hidden ones and links.
        stdin: one name a line, or ended by NUL as ``find -print0`` does. It is read for "-", or without arguments.

    Raises:
        UsageError: there are no arguments, and no standard input in their place.
    """
    found = Inputs()
    seen: set[str] = set()

    @functools.cache
    def real(folder: str) -> str:
        return os.path.realpath(folder)

    for name in _names(arguments or [LIST], stdin, found):
        for path in _meant(name, recursive, found):
            # A link to a file is a name of its own, as it is for the shell; two ways to a folder are not.
            folder, last = os.path.split(path)
            place = os.path.normcase(f"{real(folder)}/{last}")
            if place not in seen:
                seen.add(place)
                found.paths.append(Path(path))
    return found


def piped(arguments: Sequence[str]) -> BinaryIO | None:
    """Return standard input where something is piped into it, or where it is asked for by name."""
    return sys.stdin.buffer if LIST in arguments or not sys.stdin.isatty() else None


def natural(name: str) -> tuple[list[str | int], str]:
    """Return what sorts names as people count: img2 before img10, small and capital letters alike."""
    # Digits and the rest alternate, so that numbers meet numbers.
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name.casefold())], name


def _names(arguments: Sequence[str], stdin: BinaryIO | None, found: Inputs) -> Iterator[str]:
    """Yield the arguments, with the names on standard input in the place of "-"."""
    for argument in arguments:
        if argument != LIST:
            yield argument
            continue
        if stdin is None:
            raise UsageError("no pictures named; give files, folders or patterns, or pipe a list of names in")
        data = stdin.read()
        if data.startswith(_PICTURES):
            found.refusals.append((LIST, "standard input holds a picture, not names; save it and name the file"))
            continue
        lines = data.split(b"\0") if b"\0" in data else data.splitlines()
        # As the system writes names, which need not be UTF-8.
        listed = [os.fsdecode(line) for line in lines if line.strip()]
        if not listed:
            found.refusals.append((LIST, "standard input names no picture; expected one name a line"))
        yield from listed


def _meant(name: str, recursive: bool, found: Inputs) -> Iterator[str]:
    """Yield the files that name means."""
    if not name.strip():
        found.refusals.append((name, "an empty name; is a variable unset?"))
    elif _is_folder(name):
        yield from _inside(name, recursive, found)
    elif os.path.lexists(name):
        yield name
    elif _ADDRESS.match(name):
        found.refusals.append((name, _advice(name)))
    elif glob.has_magic(name):
        matches = sorted(glob.glob(name, recursive=True), key=natural)  # noqa: PTH207, which takes hidden files
        if not matches:
            found.refusals.append((name, f"nothing matches {name}; check the folder and the spelling"))
        for match in matches:
            yield from _inside(match, recursive, found) if _is_folder(match) else [match]
    else:
        yield name  # whoever reads it says what is wrong, as with a file that vanishes


def _inside(top: str, recursive: bool, found: Inputs) -> Iterator[str]:
    """Yield the pictures in the folder top, each folder's own before those of the folders in it."""
    pictures = others = unseen = 0
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: natural(entry.name))
        except OSError as error:
            found.refusals.append((folder, f"cannot list {folder}: {error.strerror}"))
            if folder == top:
                return
            continue
        below: list[str] = []
        for entry in entries:
            hidden = entry.name.startswith(".")
            if entry.is_dir(follow_symlinks=False) or (entry.is_symlink() and _is_folder(entry.path)):
                if not hidden and not entry.is_symlink():
                    below.append(entry.path)
            elif hidden or not _is_picture(Path(entry.name)):
                others += 1
            else:
                pictures += 1
                yield entry.path
        if recursive:
            waiting += reversed(below)
        else:
            unseen = len(below)
    found.skipped += others
    if not pictures:
        depth = f"; add --recursive to look into its {unseen} folders" if unseen else ""
        found.refusals.append((top, f"no pictures in {top} ({others} files of other kinds){depth}"))


def _is_picture(name: Path) -> bool:
    """Return whether a file in a folder is called like a picture, and not like one that mien wrote (NAME.mien.png)."""
    return name.suffix.lower() in PICTURE_SUFFIXES and Path(name.stem).suffix != ".mien"


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except OSError:  # too long, a link to itself, or out of reach: whoever reads it says so
        return False


def _advice(address: str) -> str:
    """Say what to do about an address where a file should be."""
    if address.lower().startswith("file:"):
        return f"{address} is an address; name the file itself: {unquote(urlsplit(address).path)}"
    return f"{address} is an address, and mien reads files only; download it first, then name the file"
