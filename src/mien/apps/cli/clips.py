"""What ``mien video`` does with clips: follow their faces one clip after the other, and write what was asked for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import typer

from mien.apps.cli._clip_outputs import OURS, ClipOutputs, Files, Source, Wanted
from mien.apps.cli._events import tell_left_out
from mien.apps.cli._summary import summary_held, write_summary
from mien.apps.cli.clip_screen import ClipScreen
from mien.apps.cli.inputs import Inputs
from mien.apps.cli.pictures import names_of
from mien.apps.cli.stopping import STOPPED, stoppable
from mien.core.errors import MienError, UsageError
from mien.core.locks import locked
from mien.core.output import folder_for, refuse_existing
from mien.inference.analyzer import Analyzer
from mien.report.person_table import ClipPeople
from mien.results.document import Setting
from mien.results.identities import NOBODY_SAID
from mien.results.provenance import Made
from mien.results.sinks import Sink, log_of, open_sink
from mien.tracking.stream import Stream, tracked_results
from mien.tracking.tracked_result import TrackedResult
from mien.video.reader import open_video


@dataclass(frozen=True, slots=True)
class Job:
    """How clips are analysed, and what is written of them.

    Attributes:
        analyzer: finds and names the faces of a frame.
        wanted: what is written.
        start_s: where to begin.
        end_s: where to end; None is the end.
        fps: the most frames a second; None takes all.
        smooth_s: time constant of the smoothing.
        detect_every: on how many-th frames the whole is searched.
        settings: the value of each option that changes a row, by its name.
        resume: whether to go on with files that are there.
    """

    analyzer: Analyzer
    wanted: Wanted
    start_s: float
    end_s: float | None
    fps: float | None
    smooth_s: float
    detect_every: int
    settings: dict[str, Setting]
    resume: bool

    @property
    def resumable(self) -> bool:
        """Whether --resume could go on with what is written."""
        return "data" in self.wanted.suffixes


def run_clips(inputs: Inputs, job: Job) -> bool:
    """Analyse clips one after the other; one that cannot be read stops no other.

    Args:
        inputs: the clips, and what came of other arguments.
        job: what to do with each.

    Returns:
        whether all were done.

    Raises:
        UsageError: the folder cannot be made, a file is there already, or --resume cannot go on with a single clip.
        Exit: an end was asked for.
    """
    names, wanted = names_of(inputs.paths), job.wanted
    files = {clip: wanted.files(names[str(clip)]) for clip in inputs.paths}
    _refuse(job, list(files.values()))
    tell_left_out(wanted.parts.events, list(map(str, inputs.paths)))
    done: list[ClipPeople] = []
    with summary_held(wanted.summary), folder_for(wanted.folder), ClipScreen() as screen, stoppable() as stopped:
        for _, why in inputs.refusals:
            screen.fail(why)
        for clip, its_files in files.items():
            try:
                # What is written, data or not.
                with locked(wanted.folder / f"{names[str(clip)]}{OURS}", if_writable=True):
                    people, failed = run_clip(clip, its_files, job, screen, stopped)
                done.append(people)
                if failed:
                    screen.fail("; ".join(map(str, failed)))
            except MienError as error:
                if isinstance(error, UsageError) and len(files) == 1:
                    raise
                screen.fail(str(error))
            if stopped():
                break
        try:
            screen.wrote(write_summary(wanted, done, job.analyzer.labels, job.analyzer.model, job.resumable))
        except MienError as error:
            screen.fail(str(error))
        if stopped():
            raise typer.Exit(STOPPED)
    return not screen.failed


def run_clip(
    clip: Path, files: Files, job: Job, screen: ClipScreen, stopped: Callable[[], bool]
) -> tuple[ClipPeople, list[MienError]]:
    """Follow the faces of one clip, write its files and show what came of it.

    Returns:
        its people, counted where their table is asked for; and why some of its files could not be written.

    Raises:
        MienError: it cannot be read, or its only file cannot be written.
    """
    analyzer, stream = job.analyzer, Stream(job.analyzer, job.smooth_s, job.detect_every)
    with ExitStack() as stack:
        video = stack.enter_context(open_video(clip, job.start_s, job.end_s, job.fps))
        frames = iter(video)
        first = next(frames)  # before any file is made, so that a clip without frames leaves none behind
        sink: Sink | None = None
        if "data" in files:
            made = Made(analyzer.model, analyzer.labels, job.settings, str(clip))
            sink = stack.enter_context(open_sink(files["data"], made, resume=job.resume, force=job.wanted.force))
        # Who is who can be said of a clip only once its people have been told from the rest.
        who, known = (sink.who, sink.not_people) if sink and sink.who else (NOBODY_SAID, None)
        finished = sink is not None and sink.finished
        # A film that is there is none that other events could change; only blurred it might not have been.
        filmed = finished and not job.wanted.blur and "film" in files and files["film"].exists()
        film = None if filmed else video
        source = Source(video.clip, film, job.start_s, job.end_s, analyzer.labels, analyzer.model, who, known)
        outputs = stack.enter_context(ClipOutputs(source, files, job.wanted))
        if sink and finished and job.wanted.is_up_to_date(files, str(clip)):
            screen.was_done(clip)
            outputs.count(sink.recorded, who.not_people(sink.not_people))
            return outputs.people, []
        if job.resume:
            job.wanted.keep_blurred(files)
        screen.begin(clip, video.clip, first.time_s, job.end_s)
        time_s = first.time_s
        for number, result in enumerate(tracked_results(chain([first], frames), stream, sink.recorded if sink else ())):
            time_s = result.frame.time_s
            if sink and "data" not in outputs.failed and number >= sink.entries:
                outputs.failed |= _record(sink, clip, result, alone=len(files) == 1)
            outputs.add(result)
            screen.advance(time_s)
            if stopped():
                break
        end_s = time_s if stopped() else video.end_s
        summary = outputs.end(end_s, stopped())
        if sink and "data" not in outputs.failed and not stopped() and not sink.finished:
            sink.finish(str(clip), end_s, video.damaged, video.notes, summary.not_people)
    notes = [*outputs.film_notes, *video.notes]
    outputs.write(summary, notes, job.resumable)
    screen.show(clip, summary, outputs.written, notes, stopped())
    return outputs.people, list(outputs.failed.values())


def _record(sink: Sink, clip: Path, result: TrackedResult, alone: bool) -> dict[str, MienError]:
    """Write a result to the data, and return why it cannot be; who is in the clip is said all the same.

    Raises:
        MienError: it cannot be, and nothing else was asked for.
    """
    try:
        sink.write(str(clip), result)
    except MienError as error:
        if alone:
            raise
        return {"data": error}
    return {}


def _refuse(job: Job, files: list[Files]) -> None:
    """Refuse to overwrite files, and to resume where there is no data file to resume from.

    Raises:
        UsageError: a file is there, or there is nothing to resume.
    """
    wanted = job.wanted
    if job.resume and not job.resumable:
        raise UsageError(
            "--resume goes on from the data of a clip; add --data csv, jsonl or parquet, as in the first run"
        )
    there = list(chain.from_iterable(one.values() for one in files))
    there += [log_of(one["data"]) for one in files if "data" in one]
    if wanted.summary and wanted.summary in there:
        raise UsageError(f"--summary names {wanted.summary}, which is written of a clip; give it another name")
    there += [wanted.summary] if wanted.summary else []
    refuse_existing(there, force=wanted.force, resume=job.resume if job.resumable else None)
