"""The program of a process that analyses a video (``mien.apps.web.videos``)."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import suppress
from importlib import import_module
from typing import NamedTuple

from mien.core.child import limit_memory, limited, parent
from mien.core.clip_options import ClipOptions
from mien.core.errors import MienError, MissingExtra
from mien.inference.analyzer import Analyzer
from mien.results.document import SCHEMA
from mien.results.log import json_line
from mien.tracking.clip_entries import clip_entries

NICE = 10
"""By how much pictures go before videos."""

NAMELESS = "video"
"""The path in the answer of a video whose request gives it no name."""


class Clip(NamedTuple):
    """A video file, how it is followed, and what that may take beside what the process takes anyway."""

    path: str
    name: str
    """For the answer; empty where it has none."""
    smooth_s: float
    detect_every: int
    fps: float | None
    most_bytes: int
    most_s: float


def main() -> None:
    """Reply to a request with a line for each frame, one for the end, and None; a text in place of any is an error."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    with parent() as asking, suppress(StopIteration):  # who asks may end before
        analyzers, wanted, clip = next(asking.asks())
        with suppress(MissingExtra):  # said when the video is opened
            import_module("mien.video.reader")  # what loading it takes is not the video's
        limit_memory(clip.most_bytes)
        with limited(clip.most_s):
            try:
                for line in lines(analyzers(wanted), clip):
                    asking.reply(line)
                asking.reply(None)
            except MienError as error:
                asking.reply(_said(error, clip))


def lines(analyzer: Analyzer, clip: Clip) -> Generator[bytes]:
    """Yield a line of JSON for each frame of a video, and one for its end.

    Raises:
        MienError: it cannot be read.
    """
    options = ClipOptions(fps=clip.fps, smooth_s=clip.smooth_s, detect_every=clip.detect_every)
    for entry in clip_entries(analyzer, clip.path, options, name=clip.name or NAMELESS, people=False):
        made = {"schema": SCHEMA, "model": analyzer.model} if "faces" in entry else {}
        yield json_line({**entry, **made})


def _said(error: MienError, clip: Clip) -> str:
    """Return what is wrong with a video, for those who sent it."""
    elsewhere = str(error).replace(f"run: mien image {clip.path}", "send it to /v1/images")
    return elsewhere.replace(clip.path, clip.name or "the posted file")


if __name__ == "__main__":
    main()
