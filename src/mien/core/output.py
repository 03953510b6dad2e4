"""Output files and folders: written whole or not at all, and never over existing ones unasked."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

from mien.core.errors import UsageError
from mien.core.locks import locked

DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""The system's errors for a full disk or quota."""


def advice_on(error: OSError) -> str:
    """Return advice on a file that cannot be written."""
    return (
        "free some space or choose another place" if error.errno in DISK_FULL else "fix that, or choose another place"
    )


@contextmanager
def whole_file(path: Path) -> Generator[BinaryIO]:
    """Open a temporary file beside the final one, and move it there when all is written: nobody reads half a file."""
    beside = path.with_name(path.name + ".part")
    try:
        with beside.open("wb") as file:
            yield file
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write bytes to a file as ``whole_file`` does."""
    with whole_file(path) as file:
        file.write(content)


@contextmanager
def whole_files(folder: Path, names: Sequence[str]) -> Generator[Path]:
    """Yield an empty folder to write files in; when all are written, they take the place of an earlier run's.

    Args:
        folder: where they go; it must exist.
        names: all that any run may write. An earlier run's are removed in the reverse order, and the new ones are put
            there in this order, so the last file exists only while all others do.
    """
    with tempfile.TemporaryDirectory(prefix=".part-", dir=folder) as part:
        beside = Path(part)
        yield beside
        for name in reversed(names):
            (folder / name).unlink(missing_ok=True)
        for name in names:
            if (beside / name).exists():
                (beside / name).replace(folder / name)


@contextmanager
def folder_for(folder: Path) -> Generator[None]:
    """Make a folder and its parents; at the end, remove those of them that are still empty.

    Raises:
        UsageError: it cannot be made.
    """
    made: list[Path] = []
    try:
        try:
            made += [one for one in (folder, *folder.parents) if not one.exists()]
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot make the folder {folder} ({error.strerror}); choose another") from error
        yield
    finally:
        for one in made:
            with suppress(OSError):  # something is in it
                one.rmdir()


def refuse_existing(files: Iterable[Path], *, force: bool, resume: bool | None = None, option: str = "--out") -> None:
    """Refuse to overwrite files without --force or --resume: the rule of all commands.

    Args:
        files: all that may be written.
        force: whether to write over them.
        resume: whether to go on with them; None if the command has no ``--resume``.
        option: the option that names another place.

    Raises:
        UsageError: one of them exists and neither is set; or both are set.
    """
    if force and resume:
        raise UsageError("--resume continues what is there and --force starts over; leave one out")
    if force or resume:
        return
    there = [file for file in dict.fromkeys(files) if os.path.lexists(file)]
    if there:
        more = f", and {len(there) - 1} more" if len(there) > 1 else ""
        goes_on = "" if resume is None else "--resume to go on where it stopped, "
        raise UsageError(
            f"{there[0]} is there already{more}; add {goes_on}--force to write over it, or choose another {option}"
        )


@contextmanager
def output_folder(folder: Path, names: Sequence[str], *, force: bool) -> Generator[None]:
    """Make and lock a folder for files that ``whole_files`` writes at the end, and refuse to overwrite any.

    Args:
        folder: of the files.
        names: all that any run may write; the last is the main one, which is locked.
        force: whether to write over those of another run.

    Raises:
        UsageError: one of them exists and ``force`` is not set; another run writes them; or the folder cannot be made.
        MienError: the folder cannot be written.
    """
    with folder_for(folder), locked(folder / names[-1]):
        refuse_existing((folder / name for name in names), force=force)
        yield


class Places:
    """Tells whether two paths name the same file.

    Links to folders are followed; a link to a file is a file of its own.
    """

    def __init__(self) -> None:
        self._real = cache(os.path.realpath)

    def __call__(self, path: str | Path) -> str:
        """Return one form for all paths that name the same file, relative to the working directory."""
        folder, last = os.path.split(path)
        return os.path.normcase(f"{self._real(folder)}/{last}")
