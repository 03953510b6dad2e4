"""The child process that analyses pictures for a worker, so that a crash or hang in a decoder does not end the worker.

It reads and writes pickles on its standard streams: first a ``Job``, to which it replies with its version and model or
an error; then pictures, as a name and the bytes of the file or None, to which it replies with their entries.
"""

from __future__ import annotations

import faulthandler
import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import cv2

from mien.apps.batch.job import Entry, Job
from mien.core.errors import MienError
from mien.imaging.decode import Picture, decode_picture, read_picture
from mien.inference.analyzer import Analyzer, load
from mien.inference.pipeline import analyze_file
from mien.results.document import picture_entry
from mien.version import __version__


def main() -> None:
    """Reply to requests until standard input ends, or nobody reads the replies."""
    try:
        _reply_to_all()
    except BrokenPipeError:
        os._exit(1)  # closing the streams would fail again


def _reply_to_all() -> None:
    cv2.setNumThreads(1)
    # Decoders in C may print, which must not be mixed with the replies.
    with os.fdopen(os.dup(1), "wb") as replies, open(os.devnull, "w") as nowhere:  # noqa: PTH123
        os.dup2(2, 1)
        asked = _received(sys.stdin.buffer)
        job: Job = next(asked)
        try:
            analyzer = load(**job.load)
        except MienError as error:
            _send(replies, error)
            return
        _send(replies, (__version__, analyzer.model))
        for name, data in asked:
            # Its thread ends the program even if C code does not return to Python.
            faulthandler.dump_traceback_later(job.time_limit_s, exit=True, file=nowhere)
            entry = entry_of(analyzer, job, name, data)
            faulthandler.cancel_dump_traceback_later()
            _send(replies, entry)


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


def _received(stream: BinaryIO) -> Iterator[Any]:
    while True:
        try:
            yield pickle.load(stream)
        except EOFError:
            return


def _send(stream: BinaryIO, reply: object) -> None:
    pickle.dump(reply, stream)
    stream.flush()


if __name__ == "__main__":
    main()
