"""The outputs of a clip, written again from its log."""

from __future__ import annotations

from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import cast

from mien.apps.cli import verbosity
from mien.apps.cli._clip_outputs import ClipOutputs, Files, Source, Wanted
from mien.apps.cli._events import tell_left_out
from mien.apps.cli._summary import summary_held, write_summary
from mien.apps.cli.clip_screen import ClipScreen
from mien.core.errors import MienError, UsageError
from mien.core.output import folder_for
from mien.results.clip_log import ClipLog
from mien.results.identities import Identities
from mien.results.log import explained
from mien.results.sinks import write_table
from mien.tracking.recorded import recorded_results
from mien.video.reader import Clip, Video, open_video

PICTURED = {"film", "page", "timeline", "annotations"}
"""Kinds of files for which the clip itself is read, as far as it is there."""


def remake(log: ClipLog, who: Identities, files: Files, wanted: Wanted) -> bool:
    """Show the people of a clip, and write what is wanted of it.

    Returns:
        whether all could be written.

    Raises:
        UsageError: a film is wanted, and the clip is gone or another.
    """
    tell_left_out(wanted.parts.events, [log.clip])
    with ExitStack() as stack:
        video = stack.enter_context(_opened(log)) if PICTURED & files.keys() and _is_there(log, files) else None
        stack.enter_context(summary_held(wanted.summary))
        stack.enter_context(folder_for(wanted.folder))
        screen = stack.enter_context(ClipScreen(named=True))
        facts = video.clip if video else Clip(log.clip, *log.size, 0.0, None, None, Fraction(1), False)
        start_s, end_s = _span(log)
        source = Source(facts, video, start_s, end_s, log.labels, log.model, who, log.not_people)
        screen.begin(Path(log.clip), facts, start_s, log.end_s)
        with ClipOutputs(source, files, wanted) as outputs:
            for result in recorded_results(log.entries(), log.labels, log.model, video):
                outputs.add(result)
                screen.advance(result.frame.time_s)
            summary = outputs.end(log.end_s)
        outputs.write(summary, log.notes, resumable=False)
        _write_data(log, files, outputs)
        screen.show(Path(log.clip), summary, outputs.written, [*outputs.film_notes, *log.notes], stopped=False)
        try:
            screen.wrote(write_summary(wanted, [outputs.people], log.labels, log.model, resumable=False))
        except MienError as error:
            outputs.failed["summary"] = error
        for error in outputs.failed.values():
            screen.fail(str(error))
        return not screen.failed


def _write_data(log: ClipLog, files: Files, outputs: ClipOutputs) -> None:
    """Write the table, where one is wanted."""
    if "data" in files:
        try:
            with explained(files["data"], resumable=False):
                write_table(files["data"], log.path, log.labels, log.start_clock)
        except MienError as error:
            outputs.failed["data"] = error


def _is_there(log: ClipLog, files: Files) -> bool:
    """Return whether the clip is there; else say what goes without it.

    Raises:
        UsageError: a film does not.
    """
    if Path(log.clip).exists():
        return True
    if "film" in files:
        raise UsageError(f"--film needs {log.clip}, which is not there; put it back, or leave --film out")
    verbosity.note(f"{log.clip} is not there, so pages have no portraits")
    return False


def _opened(log: ClipLog) -> Video:
    fps = cast("float | None", log.settings.get("fps"))
    start_s, end_s = _span(log)
    return open_video(log.clip, start_s, end_s, fps)


def _span(log: ClipLog) -> tuple[float, float | None]:
    """Return from where to where frames were taken."""
    return cast("float", log.settings.get("start") or 0.0), cast("float | None", log.settings.get("end"))
