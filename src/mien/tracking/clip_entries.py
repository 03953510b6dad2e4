"""A clip to its entries in a document: one a frame, and one for the end."""

from __future__ import annotations

from collections.abc import Generator

from mien.core.clip_options import ClipOptions
from mien.inference.analyzer import Analyzer
from mien.results.document import EndEntry, PictureEntry, end_entry, picture_entry
from mien.tracking.stream import Stream, tracked_results
from mien.tracking.timeline import Timeline


def clip_entries(
    analyzer: Analyzer,
    path: str,
    options: ClipOptions,
    *,
    name: str | None = None,
    people: bool = True,
    threads: int | None = None,
) -> Generator[PictureEntry | EndEntry]:
    """Yield the entry of each frame of a clip, in order, and last that of its end.

    Args:
        analyzer: finds and names the faces.
        path: of the file.
        options: how it is read.
        name: of the clip in the entries; None is its path.
        people: whether to find out which ids are not people.
        threads: None takes one a core.

    Raises:
        VideoError: no frame can be read.
        UsageError: an option is out of range.
        MissingExtra: PyAV or SciPy is not installed.
    """
    from mien.video.reader import open_video

    name = path if name is None else name
    stream, timeline = Stream(analyzer, options.smooth_s, options.detect_every), Timeline(analyzer.labels)
    with open_video(path, options.start_s, options.end_s, options.fps, threads) as video:
        for result in tracked_results(video, stream, threads=threads):
            if people:
                timeline.add(result)
            yield picture_entry(name, result)
        others = timeline.close(video.end_s).not_people if people else None
        notes = [note.replace(path, name) for note in video.notes]
        yield end_entry(name, video.end_s, video.damaged, notes, others)
