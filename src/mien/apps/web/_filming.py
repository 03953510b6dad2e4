"""What runs in a process that analyses a video (``mien.apps.web.videos``)."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from typing import NamedTuple

from mien.apps.web._decoding import limit_memory
from mien.core.clip_options import ClipOptions
from mien.core.errors import MienError
from mien.inference.analyzer import Analyzer
from mien.results.document import SCHEMA
from mien.results.log import json_line
from mien.tracking.clip_entries import clip_entries

NICE = 10
"""By how much pictures go before videos."""

NAMELESS = "video"
"""The path in the answer of a video whose request gives it no name."""


class Clip(NamedTuple):
    """A video file, and how it is followed."""

    path: str
    name: str
    """For the answer; empty where it has none."""
    smooth_s: float
    detect_every: int
    fps: float | None


def run(connection: Connection, analyzer: Analyzer, clip: Clip, most_bytes: int) -> None:
    """Send a line for each frame of a video, one for its end, and None; in place of any, a text says what is wrong.

    Args:
        connection: takes them.
        analyzer: finds and names the faces.
        clip: the video.
        most_bytes: how much more memory the process may take.
    """
    limit_memory(most_bytes)
    if hasattr(os, "nice"):
        os.nice(NICE)
    try:
        _send(connection, analyzer, clip)
    except MienError as error:
        connection.send(_said(error, clip))
    except OSError:  # nobody is there any more
        return


def _said(error: MienError, clip: Clip) -> str:
    """Return what is wrong with a video, for those who sent it."""
    elsewhere = str(error).replace(f"run: mien image {clip.path}", "send it to /v1/images")
    return elsewhere.replace(clip.path, clip.name or "the posted file")


def _send(connection: Connection, analyzer: Analyzer, clip: Clip) -> None:
    options = ClipOptions(fps=clip.fps, smooth_s=clip.smooth_s, detect_every=clip.detect_every)
    for entry in clip_entries(analyzer, clip.path, options, name=clip.name or NAMELESS, people=False):
        made = {"schema": SCHEMA, "model": analyzer.model} if "faces" in entry else {}
        connection.send(json_line({**entry, **made}))
    connection.send(None)
