"""The log: the results of a run as JSON lines, a line for each picture, readable after a kill at any time.

A line is a picture's entry of the JSON document, or that of a failure, with the schema, the model and the settings
beside it (``docs/SCHEMA.md``). ``--resume`` reads it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from mien.core.errors import MienError, UsageError
from mien.core.output import Places, whole_file
from mien.results.document import LogEntry
from mien.results.identities import NOBODY_SAID, Identities, identities_of
from mien.results.provenance import Made


@contextmanager
def explained(path: Path, resumable: bool = True) -> Generator[None]:
    """Turn the operating system's refusal to write a file into a ``MienError`` that names it."""
    try:
        yield
    except OSError as error:
        advice = "fix that and add --resume" if resumable else "fix that, or choose another place"
        raise MienError(f"cannot write {path}: {error.strerror or error}; {advice}") from error


class AppendFile:
    """A file that grows by whole lines; a context manager.

    Args:
        path: of the file, which is made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # Unbuffered, so that there is nothing left that closing it could fail on.
        self._file = path.open("ab", buffering=0)

    def __enter__(self) -> Self:
        """Return the file itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the file, and see to it that it was still there, unless another error is on its way.

        Raises:
            MienError: it was not.
        """
        with self._file:
            if kind is None:
                self._check()

    def add(self, content: bytes) -> None:
        """Write all of the content.

        Raises:
            MienError: the file was deleted or replaced since it was opened, as with its folder.
            OSError: it cannot be written.
        """
        self._check()
        while content:
            content = content[self._file.write(content) :]

    def _check(self) -> None:
        # What is written to a deleted file is lost without a word.
        with suppress(FileNotFoundError):
            if os.path.samestat(self._path.stat(), os.fstat(self._file.fileno())):
                return
        raise MienError(
            f"{self._path} was deleted or replaced while results went into it; see what became of its folder, "
            "then run the command again"
        )


def json_line(entry: Mapping[str, object]) -> bytes:
    """Return an entry as one line, in ASCII: a path may hold what UTF-8 cannot."""
    return json.dumps(entry).encode() + b"\n"


def read_log(path: Path) -> Iterator[LogEntry]:
    """Yield the entries of a log that have faces or none, without failures and a line that a kill has cut off."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n") and "faces" in (entry := json.loads(line)):
                yield entry


def read_identities(path: Path) -> Identities:
    """Return what the log of a video says of who is who; the last line that does holds."""
    found = NOBODY_SAID
    with path.open("rb") as file:
        for line in file:
            # Looked for in the bytes first: one line in many thousands has it.
            if b'"merged"' in line and line.endswith(b"\n") and "merged" in (entry := json.loads(line)):
                found = identities_of(entry)
    return found


@dataclass(frozen=True, slots=True)
class Resumed:
    """What an earlier run left.

    Attributes:
        places: of its pictures (``mien.core.output.Places``).
        entries: how many those have; a video has one a frame.
        finished: whether the run came to the end of its video.
        not_people: the ids that it did not count as people, where it came to that end.
        who: what was said of who is who since.
    """

    places: frozenset[str] = frozenset()
    entries: int = 0
    finished: bool = False
    not_people: tuple[int, ...] = ()
    who: Identities = NOBODY_SAID


def resume_log(path: Path, made: Made, place: Places) -> Resumed:
    """Make a log of an earlier run ready to go on: drop failures and a cut-off line.

    Args:
        path: the log.
        made: what the results that follow are made with.
        place: tells which pictures are the same.

    Raises:
        UsageError: it holds lines of another schema, model or video, of other emotions or settings, or lines that mien
            never wrote.
    """
    done: set[str] = set()
    entries, finished, not_people, who = 0, False, (), NOBODY_SAID
    with whole_file(path) as new, path.open("rb") as old:
        for number, line in enumerate(old, start=1):
            if not line.endswith(b"\n"):
                break
            try:
                entry = json.loads(line)
                objection = made.objection(entry, place)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise UsageError(
                    f"cannot resume {path}: line {number} is no result of mien; give --out another name"
                ) from error
            if objection:
                raise UsageError(
                    f"cannot resume {path}: {objection}; give --out another name, or start over with --force"
                )
            if "error" not in entry:
                new.write(line)
            if "faces" in entry:
                done.add(place(entry["path"]))
                entries += 1
            if "merged" in entry:
                who = identities_of(entry)
                continue
            finished = "end_s" in entry
            not_people = tuple(entry.get("not_people", ()))
    return Resumed(frozenset(done), entries, finished, not_people, who)
