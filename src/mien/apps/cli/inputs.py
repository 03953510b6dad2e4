"""The pictures or videos that the arguments of a command name."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TextIO

from mien.apps.cli import verbosity
from mien.core.addresses import why_no_address, without_password
from mien.core.errors import UsageError
from mien.core.output import Places
from mien.imaging.formats import PICTURE_SUFFIXES
from mien.video.formats import VIDEO_SUFFIXES

LIST = "-"
"""The argument that stands for the names on standard input."""

_CONTENTS = {
    "picture": re.compile(rb"\xff\xd8\xff|\x89PNG\r\n|GIF8[79]a|RIFF....WEBP", re.DOTALL),
    "picture in base64": re.compile(rb"data:image/|(/9j/|iVBORw0KGgo|R0lGODlh|UklGR)[A-Za-z0-9+/]{5}"),
    "video": re.compile(
        rb"\0...(ftyp|moov|mdat|wide|free)|\x1aE\xdf\xa3|RIFF....AVI |FLV\x01|OggS\0|0&\xb2u|\0\0\0?\x01|G@[\0-\x1f]",
        re.DOTALL,
    ),
}
"""The first bytes of files, to tell when a file's content was given instead of its name."""

_LONGEST = 255, 4096
"""Bytes of the longest file name and of the longest path; longer arguments are something else."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that a command reads.

    Attributes:
        name: of one file of this kind.
        suffixes: how the names of those in folders end, in small letters.
    """

    name: str
    suffixes: frozenset[str]


PICTURES = Kind("picture", PICTURE_SUFFIXES)
VIDEOS = Kind("video", VIDEO_SUFFIXES)


@dataclass(slots=True)
class Inputs:
    """The files to read, and why other arguments were left out.

    A list, not a stream, as a progress bar needs its length.
    """

    paths: list[Path] = field(default_factory=list[Path])
    """Each file once, in the order of the arguments; the files of a folder as people count (img2 before img10)."""
    refusals: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """The arguments that lead to no file, and why."""
    skipped: int = 0
    """Files in folders that are hidden or have the suffix of another kind, and files that mien wrote."""


def gather(
    arguments: Sequence[str], recursive: bool = False, stdin: BinaryIO | None = None, kind: Kind = PICTURES
) -> Inputs:
    """Find the files that arguments name. None is opened: a path may lead to something else, or nowhere.

    Args:
        arguments: files of any name, except those that mien wrote (NAME.mien.png), which a pattern may include;
            folders, whose files of the kind are taken; patterns such as ``*.jpg`` that the shell did not expand; "-"
            for names on standard input.
        recursive: whether to look into folders in folders too, but for hidden ones and links.
        stdin: one name a line, or ended by NUL as ``find -print0`` does. It is read for "-", or without arguments.
        kind: what to look for in folders.

    Raises:
        UsageError: there are no arguments, and no standard input in their place.
    """
    found = Inputs()
    seen, place_of = set[str](), Places()
    for name in _names(arguments or [LIST], stdin, kind, found):
        for path in _meant(name, recursive, kind, found):
            place = place_of(path)
            if place not in seen:
                seen.add(place)
                found.paths.append(Path(path))
    _leave_own(found)
    return found


def piped(arguments: Sequence[str]) -> BinaryIO | None:
    """Return standard input where something is piped into it, or where it is asked for by name."""
    stdin: TextIO | None = sys.stdin  # None where it is closed
    return stdin.buffer if stdin is not None and (LIST in arguments or not stdin.isatty()) else None


def natural(name: str) -> tuple[list[str | int], str]:
    """Return a sort key in natural order: img2 before img10, ignoring case."""
    # Digits and the rest alternate, so that numbers meet numbers.
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name.casefold())], name


def _leave_own(found: Inputs) -> None:
    """Leave out files that mien wrote, and say so, unless there are no others."""
    others = [path for path in found.paths if not is_own(path)]
    own = len(found.paths) - len(others)
    if others and own:
        found.paths, found.skipped = others, found.skipped + own
        verbosity.note(f"{own} of the files skipped, as mien wrote them (NAME.mien.*)")


def _names(arguments: Sequence[str], stdin: BinaryIO | None, kind: Kind, found: Inputs) -> Iterator[str]:
    """Yield the arguments, with the names on standard input in the place of "-"."""
    for argument in arguments:
        if argument != LIST:
            yield argument
            continue
        if stdin is None:
            raise UsageError(f"no {kind.name}s named; give files, folders or patterns, or pipe a list of names in")
        data = stdin.read(16)
        if content := next((name for name, sign in _CONTENTS.items() if sign.match(data)), None):
            # The rest stays unread: a camera may send more and more.
            found.refusals.append((LIST, f"standard input holds a {content}, not names; save it and name the file"))
            continue
        data += stdin.read()
        lines = data.split(b"\0") if b"\0" in data else data.splitlines()
        # Decoded as the system does, as names need not be UTF-8.
        listed = [os.fsdecode(line) for line in lines if line.strip()]
        if not listed:
            found.refusals.append((LIST, f"standard input names no {kind.name}; expected one name a line"))
        yield from listed


def _meant(name: str, recursive: bool, kind: Kind, found: Inputs) -> Iterator[str]:
    """Yield the files that name means."""
    if not name.strip():
        found.refusals.append((name, "an empty name; is a variable unset?"))
    elif _is_folder(name):
        yield from _inside(name, recursive, kind, found)
    elif os.path.lexists(name):
        yield name
    elif "://" in name and (why := why_no_address(name, kind.name)):
        found.refusals.append((without_password(name), why))
    elif content := _content(name):
        start = f"{name[:40]}..."
        found.refusals.append((start, f"{start} {content}; write its content into a file, and name that"))
    elif glob.has_magic(name):
        matches = sorted(glob.glob(name, recursive=True), key=natural)  # noqa: PTH207, which takes hidden files
        if not matches:
            found.refusals.append((name, f"nothing matches {name}; check the folder and the spelling"))
        for match in matches:
            yield from _inside(match, recursive, kind, found) if _is_folder(match) else [match]
    else:
        yield name  # whoever reads it says what is wrong, as with a file that vanishes


def _inside(top: str, recursive: bool, kind: Kind, found: Inputs) -> Iterator[str]:
    """Yield the files of a kind in the folder top, each folder's own before those of the folders in it."""
    wanted = others = unseen = 0
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
            elif hidden or not _is_a(kind, Path(entry.name)):
                others += 1
            else:
                wanted += 1
                yield entry.path
        if recursive:
            waiting += reversed(below)
        else:
            unseen = len(below)
    found.skipped += others
    if not wanted:
        depth = f"; add --recursive to look into its {unseen} folders" if unseen else ""
        left = (
            f"{others} file{'s' * (others > 1)} of other kinds, hidden, or written by mien"
            if others
            else "it has no files"
        )
        found.refusals.append((top, f"no {kind.name}s in {top} ({left}){depth}"))


def _content(name: str) -> str:
    """Return why an argument is the content of a file and not a name; empty if it may be a name."""
    if _CONTENTS["picture in base64"].match(os.fsencode(name)):
        return "is a picture in base64, not a name"
    longest = max(len(os.fsencode(part)) for part in Path(name).parts)
    if longest > _LONGEST[0] or len(os.fsencode(name)) > _LONGEST[1]:
        return f"is longer ({len(name):,} characters) than the name of any file"
    return ""


def _is_a(kind: Kind, name: Path) -> bool:
    """Return whether a file name is of a kind, and not that of a file which mien wrote (NAME.mien.png)."""
    return name.suffix.lower() in kind.suffixes and not is_own(name)


def is_own(name: Path) -> bool:
    """Return whether a file is named as those that mien writes (NAME.mien.png)."""
    return Path(name.stem).suffix == ".mien"


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except OSError:  # too long, a link to itself, or out of reach: whoever reads it says so
        return False
