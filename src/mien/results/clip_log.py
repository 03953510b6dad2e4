"""The log of a clip that ``mien video`` went through to its end, for those who make more of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from mien.core.errors import UsageError
from mien.results.document import SCHEMA, LogEntry, ModelEntry, PictureEntry, Setting
from mien.results.identities import Identities
from mien.results.log import AppendFile, json_line, read_identities, read_log


@dataclass(frozen=True, slots=True)
class ClipLog:
    """What the log of a clip says beside its frames.

    Attributes:
        path: of the log.
        clip: path of the clip, as it was given.
        size: width and height of its frames in pixels.
        model: what saw its faces.
        settings: the options that made the rows.
        end_s: when its last frame ends.
        notes: what else to know of it.
        not_people: ids that are not counted as people by what was seen of them.
        ids: all ids.
        labels: the emotions; () where no face was found.
        who: what was said since of who is who.
    """

    path: Path
    clip: str
    size: tuple[int, int]
    model: ModelEntry
    settings: Mapping[str, Setting]
    end_s: float
    notes: tuple[str, ...]
    not_people: tuple[int, ...]
    ids: frozenset[int]
    labels: tuple[str, ...]
    who: Identities

    @property
    def start_clock(self) -> Setting:
        """What a clock showed at the clip's beginning; None where nobody said."""
        return self.settings.get("start-clock")

    def entries(self) -> Iterator[LogEntry]:
        """Yield the entries of the frames, with the ids that they were given."""
        return read_log(self.path)

    def say(self, line: Mapping[str, object]) -> None:
        """Add a line that says what was learnt since.

        Raises:
            MienError: the log was deleted.
            OSError: it cannot be written.
        """
        made = {"schema": SCHEMA, "model": self.model, "settings": dict(self.settings)}
        with AppendFile(self.path) as file:
            file.add(json_line({**line, **made}))


def read_clip_log(path: Path) -> ClipLog:
    """Return what a log says.

    Raises:
        UsageError: it cannot be read, is no log of a clip, or the run that made it did not come to the clip's end.
    """
    try:
        return _read(path)
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror}; name what 'mien video --data csv, jsonl or parquet' wrote of a clip"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is no log of 'mien video --data'; name what that wrote of a clip") from error


def _read(path: Path) -> ClipLog:
    ids, labels = set[int](), tuple[str, ...]()
    last: LogEntry | None = None
    for last in read_log(path):
        for face in last["faces"]:
            ids.add(face.get("id", -1))
            labels = tuple(face["probabilities"])
    end = _end(path)
    if last is None or "time_s" not in last:
        raise ValueError("no frames of a clip")
    if end is None:
        raise UsageError(f"the run that made {path} did not come to the end of {last['path']}; let it, with --resume")
    if last["schema"] != SCHEMA:
        raise UsageError(f"{path} has schema {last['schema']}, and this version of mien reads schema {SCHEMA}")
    return ClipLog(
        path,
        last["path"],
        (last["width"], last["height"]),
        last["model"],
        last["settings"],
        end["end_s"],
        tuple(end["notes"]),
        tuple(end.get("not_people", ())),
        frozenset(ids - {-1}),
        labels,
        read_identities(path),
    )


def _end(path: Path) -> dict[str, Any] | None:
    """Return the line that says that the clip came to its end."""
    with path.open("rb") as file:
        ends = [json.loads(line) for line in file if b'"end_s"' in line and line.endswith(b"\n")]
    return next((end for end in reversed(ends) if "end_s" in end), None)


def seen_together(entries: Iterable[PictureEntry], who: Identities) -> dict[tuple[int, int], list[tuple[float, float]]]:
    """Return pairs of ids that are said to be one person and seen in one frame, and from when to when they are.

    Args:
        entries: of all frames, in order, with the ids of before.
        who: what was said of them.
    """
    found: dict[tuple[int, int], list[tuple[float, float]]] = {}
    last: dict[tuple[int, int], int] = {}
    for number, entry in enumerate(entries):
        time_s = entry.get("time_s", 0.0)
        ids = sorted({face.get("id", -1) for face in entry["faces"]} - {-1})
        for pair in combinations(ids, 2):
            if who.of(pair[0]) != who.of(pair[1]):
                continue
            spans = found.setdefault(pair, [])
            if last.get(pair) == number - 1:
                spans[-1] = spans[-1][0], time_s
            else:
                spans.append((time_s, time_s))
            last[pair] = number
    return found
