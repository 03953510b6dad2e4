"""The child process that analyses pictures and clips for a worker, which a crash or hang in a decoder does not end.

The first question is a ``Job``, to which it replies with its version and model or an error. The others are pictures, as
a name and the bytes of the file or None, to which it replies with their entries, and clips, as a ``ClipFile``, to which
it replies with the entries of all frames, then with that of the end or of a failure.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2

from mien.apps.batch.job import CRASHED, ClipEntry, ClipFile, Entry, Job
from mien.core.child import Parent, limited, parent
from mien.core.errors import MienError, VideoError
from mien.imaging.decode import Picture, decode_picture, read_picture
from mien.inference.analyzer import Analyzer, load
from mien.inference.pipeline import analyze_file
from mien.results.document import picture_entry
from mien.tracking.clip_entries import clip_entries
from mien.version import __version__


def main() -> None:
    """Reply to requests until there are no more."""
    cv2.setNumThreads(1)
    try:
        with parent() as asking:
            _reply_to_all(asking)
    except Exception as error:
        traceback.print_exc()
        raise SystemExit(CRASHED) from error


def _reply_to_all(asking: Parent) -> None:
    questions = asking.asks()
    job: Job = next(questions)
    try:
        analyzer = load(**job.load)
    except MienError as error:
        asking.reply(error)
        return
    asking.reply((__version__, analyzer.model))
    for request in questions:
        entries = _entries(analyzer, job, request)
        while (entry := _next(entries, job.time_limit_s)) is not None:
            asking.reply(entry)


def _next(entries: Iterator[Any], limit_s: float) -> Any:
    """Return the next entry, None after the last; end the process if it takes too long."""
    with limited(limit_s):
        return next(entries, None)


def _entries(analyzer: Analyzer, job: Job, request: Any) -> Iterator[Entry | ClipEntry | MienError]:
    if isinstance(request, ClipFile):
        yield from entries_of_clip(analyzer, job, request)
    else:
        yield entry_of(analyzer, job, *request)


def entries_of_clip(analyzer: Analyzer, job: Job, clip: ClipFile) -> Iterator[Entry | ClipEntry | MienError]:
    """Yield the entries of a clip, or of its failure, or an error that concerns all clips."""
    assert job.clips is not None
    try:
        yield from clip_entries(analyzer, clip.file, job.clips, name=clip.name, threads=1)
    except VideoError as error:
        yield {"path": clip.name, "error": str(error).replace(clip.file, clip.name)}
    except MienError as error:
        yield error


def entry_of(analyzer: Analyzer, job: Job, name: str, data: bytes | None) -> Entry:
    """Return the entry of a picture or of its failure.

    Args:
        analyzer: names the faces.
        job: how pictures are read.
        name: of the picture.
        data: its file; None where the file is on this machine, at ``name``.
    """

    def read(path: Path) -> Picture:
        if data is None:
            return read_picture(path, job.max_pixels, job.reduce_to_px)
        return decode_picture(data, name, job.max_pixels, job.reduce_to_px)

    outcome = analyze_file(analyzer, read, name)
    if outcome.result is None:
        return {"path": name, "error": outcome.error}
    return picture_entry(name, outcome.result)


if __name__ == "__main__":
    main()
