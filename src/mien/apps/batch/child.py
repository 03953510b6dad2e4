"""The child process that analyses pictures for a worker, so that a crash or hang in a decoder does not end the worker.

The first question is a ``Job``, to which it replies with its version and model or an error. The others are pictures, as
a name and the bytes of the file or None, to which it replies with their entries.
"""

from __future__ import annotations

from pathlib import Path

import cv2

from mien.apps.batch.job import Entry, Job
from mien.core.child import limited, parent
from mien.core.errors import MienError
from mien.imaging.decode import Picture, decode_picture, read_picture
from mien.inference.analyzer import Analyzer, load
from mien.inference.pipeline import analyze_file
from mien.results.document import picture_entry
from mien.version import __version__


def main() -> None:
    """Reply to requests until there are no more."""
    cv2.setNumThreads(1)
    with parent() as asking:
        questions = asking.asks()
        job: Job = next(questions)
        try:
            analyzer = load(**job.load)
        except MienError as error:
            asking.reply(error)
            return
        asking.reply((__version__, analyzer.model))
        for name, data in questions:
            with limited(job.time_limit_s):
                entry = entry_of(analyzer, job, name, data)
            asking.reply(entry)


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
