"""A journal: the results of a run as JSON lines, a line a picture, which a kill at any moment leaves readable.

A line is a picture's entry of the JSON document, or that of a failure, with the schema and the model beside it
(``docs/SCHEMA.md``). ``--resume`` reads it.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
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
    """Yield the entries of a journal, without failures and a line that a kill has cut off."""
    with path.open("rb") as file:
        for line in file:
            entry = json.loads(line) if line.endswith(b"\n") else {"error": "cut off"}
            if "error" not in entry:
                yield entry


def take_up(path: Path, model: dict[str, Any], labels: tuple[str, ...]) -> frozenset[str]:
    """Make a journal of an earlier run ready to go on: drop failures and a cut-off line.

    Args:
        path: the journal.
        model: the entry of the model that goes on.
        labels: its emotions.

    Returns:
        the paths of the pictures in it.

    Raises:
        UsageError: it holds lines of another schema, another model or other emotions, or lines that mien never wrote.
    """
    done: set[str] = set()
    with whole_file(path) as new, path.open("rb") as old:
        for number, line in enumerate(old, start=1):
            if not line.endswith(b"\n"):
                break
            try:
                entry = json.loads(line)
                objection = _objection(entry, model, labels)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise UsageError(
                    f"cannot go on with {path}: line {number} is no result of mien; give --out another name"
                ) from error
            if objection:
                raise UsageError(f"cannot go on with {path}: {objection}; give --out another name")
            if "error" not in entry:
                new.write(line)
                done.add(entry["path"])
    return frozenset(done)


def _objection(entry: dict[str, Any], model: dict[str, Any], labels: tuple[str, ...]) -> str:
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
    for face in entry.get("faces", ()):
        if tuple(face["probabilities"]) != labels:
            return f"its emotions are {', '.join(face['probabilities'])}, and this run would write {', '.join(labels)}"
    return ""
