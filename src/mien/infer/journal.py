"""A journal: the results of a run as JSON lines, a line a picture, which a kill at any moment leaves readable.

A line is a picture's entry of the JSON document, or that of a failure, with the schema and the model beside it
(``docs/SCHEMA.md``). ``--resume`` reads it.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from mien.core.errors import MienError, UsageError
from mien.core.files import whole_file
from mien.infer.document import SCHEMA
from mien.infer.rows import model_name


@contextmanager
def explained(path: Path) -> Generator[None]:
    """Turn the operating system's refusal to write a file into a ``MienError`` that names it."""
    try:
        yield
    except OSError as error:
        raise MienError(f"cannot write {path}: {error.strerror or error}; mend that and add --resume") from error


def append(file: FileIO, content: bytes) -> None:
    """Write all of the content to an unbuffered file, which then has nothing left that closing it could fail on."""
    while content:
        content = content[file.write(content) :]


def json_line(entry: dict[str, Any]) -> bytes:
    """Return an entry as one line, in ASCII: a path may hold what UTF-8 cannot."""
    return json.dumps(entry).encode() + b"\n"


def pictures(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the entries of a journal that have faces or none, without failures and a line that a kill has cut off."""
    with path.open("rb") as file:
        for line in file:
            entry = json.loads(line) if line.endswith(b"\n") else {}
            if "faces" in entry:
                yield entry


@dataclass(frozen=True, slots=True)
class Taken:
    """What an earlier run left.

    Attributes:
        paths: of its pictures.
        entries: how many those have; a video has one a frame.
        finished: whether the run came to the end of its video.
    """

    paths: frozenset[str] = frozenset()
    entries: int = 0
    finished: bool = False


def take_up(path: Path, model: dict[str, Any], labels: tuple[str, ...], timed: bool = False) -> Taken:
    """Make a journal of an earlier run ready to go on: drop failures and a cut-off line.

    Args:
        path: the journal.
        model: the entry of the model that goes on.
        labels: its emotions.
        timed: whether they are those of the frames of a video.

    Raises:
        UsageError: it holds lines of another schema, another model or other emotions, or lines that mien never wrote.
    """
    done: set[str] = set()
    entries, finished = 0, False
    with whole_file(path) as new, path.open("rb") as old:
        for number, line in enumerate(old, start=1):
            if not line.endswith(b"\n"):
                break
            try:
                entry = json.loads(line)
                objection = _objection(entry, model, labels, timed)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise UsageError(
                    f"cannot go on with {path}: line {number} is no result of mien; give --out another name"
                ) from error
            if objection:
                raise UsageError(f"cannot go on with {path}: {objection}; give --out another name")
            if "error" not in entry:
                new.write(line)
            if "faces" in entry:
                done.add(entry["path"])
                entries += 1
            finished = "end_s" in entry
    return Taken(frozenset(done), entries, finished)


def _objection(entry: dict[str, Any], model: dict[str, Any], labels: tuple[str, ...], timed: bool) -> str:
    """Return why an entry cannot stand in one file with those of the model; empty where it can.

    Raises:
        KeyError, TypeError, AttributeError: the entry is none of mien's.
    """
    if not isinstance(entry["path"], str):
        raise TypeError("a path is text")
    if entry["schema"] != SCHEMA:
        return f"its schema is {entry['schema']}, and this version of mien writes schema {SCHEMA}"
    if entry["model"] != model:
        return f"it was made by {model_name(entry['model'])}, and this run would use {model_name(model)}"
    if "faces" in entry and ("time_s" in entry) != timed:
        return "it holds pictures, and this run would write a video" if timed else "it holds the frames of a video"
    for face in entry.get("faces", ()):
        if tuple(face["probabilities"]) != labels:
            return f"its emotions are {', '.join(face['probabilities'])}, and this run would write {', '.join(labels)}"
    return ""
