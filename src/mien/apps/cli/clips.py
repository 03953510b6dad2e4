"""What ``mien video`` does with each clip: follow its faces, and write what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path

import typer

from mien.apps.cli._clip_writer import ClipWriter
from mien.apps.cli.clipscreen import ClipScreen
from mien.apps.cli.inputs import Inputs
from mien.apps.cli.pictures import anonymized, names_of
from mien.apps.cli.stopping import STOPPED, stoppable
from mien.core.errors import MienError, UsageError
from mien.core.locks import locked
from mien.core.output import folder_for, refuse_existing, write_whole
from mien.draw.annotate import draw
from mien.inference.analyzer import Analyzer
from mien.report.annotations import FORMS, Recording
from mien.report.captions import srt, vtt
from mien.report.clock_table import Clock, write_clock_table
from mien.report.people_page import people_page
from mien.report.person_table import ClipPeople, Parts, write_person_table
from mien.report.timeline_page import timeline_page
from mien.report.timeline_plot import write_timeline
from mien.results.document import Setting, picture_entry
from mien.results.log import explained
from mien.results.provenance import Made
from mien.results.rows import model_name
from mien.results.sinks import Sink, log_of, open_sink
from mien.tracking.stream import Stream, tracked_results
from mien.tracking.timeline import Summary, Timeline
from mien.tracking.tracked_result import TrackedResult
from mien.video.reader import Clip, open_video

OURS = ".mien"
"""What stands before the suffix of every file that mien writes of a clip."""

CAPTIONS: dict[str, Callable[[Summary, float], str]] = {".srt": srt, ".vtt": vtt}

Files = dict[str, Path]
"""Kind ("film", "data", "page", "timeline", "captions", "annotations", "rate") -> the file of that kind."""


@dataclass(frozen=True, slots=True)
class Job:
    """How clips are analysed, and what is written of them.

    Attributes:
        analyzer: finds and names the faces of a frame.
        folder: where the files go.
        suffixes: kind -> suffix of each file that is written.
        summary: the table of the people of all clips; None writes none.
        parts: what people are counted in there beside the whole clips.
        rate_hz: steps a second of the table of that kind.
        start_s: where to begin.
        end_s: where to end; None is the end.
        fps: the most frames a second; None takes all.
        smooth_s: time constant of the smoothing.
        detect_every: on how many-th frames the whole is searched.
        blur: whether faces are anonymized in what is written.
        settings: the value of each option that changes a row, by its name.
        resume: whether to go on with files that are there.
        force: whether to write over them.
    """

    analyzer: Analyzer
    folder: Path
    suffixes: dict[str, str]
    summary: Path | None
    parts: Parts
    rate_hz: float
    start_s: float
    end_s: float | None
    fps: float | None
    smooth_s: float
    detect_every: int
    blur: bool
    settings: dict[str, Setting]
    resume: bool
    force: bool

    def files(self, name: str) -> Files:
        """Return the files to write of a clip that is called name."""
        return {kind: self.folder / f"{name}{OURS}{suffix}" for kind, suffix in self.suffixes.items()}


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
    names = names_of(inputs.paths)
    files = {clip: job.files(names[str(clip)]) for clip in inputs.paths}
    _refuse(job, list(files.values()))
    done: list[ClipPeople] = []
    with _summary_held(job.summary), folder_for(job.folder), ClipScreen() as screen, stoppable() as stopped:
        for _, why in inputs.refusals:
            screen.fail(why)
        for clip, wanted in files.items():
            try:
                # What is written, data or not.
                with locked(job.folder / f"{names[str(clip)]}{OURS}", if_writable=True):
                    people, failed = run_clip(clip, wanted, job, screen, stopped)
                done.append(people)
                if failed:
                    screen.fail("; ".join(map(str, failed)))
            except MienError as error:
                if isinstance(error, UsageError) and len(files) == 1:
                    raise
                screen.fail(str(error))
            if stopped():
                break
        _write_summary(job, done, screen)
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
    timeline, people = Timeline(analyzer.labels), ClipPeople(str(clip), analyzer.labels, job.parts)
    clock = Clock(str(clip), analyzer.labels, job.rate_hz)
    counters = [*([people] if job.summary else []), *([clock] if "rate" in files else [])]
    with ExitStack() as stack:
        video = stack.enter_context(open_video(clip, job.start_s, job.end_s, job.fps))
        frames = iter(video)
        first = next(frames)  # before any file is made, so that a clip without frames leaves none behind
        sink: Sink | None = None
        failed: dict[str, MienError] = {}
        if "data" in files:
            made = Made(analyzer.model, analyzer.labels, job.settings, str(clip))
            sink = stack.enter_context(open_sink(files["data"], made, resume=job.resume, force=job.force))
            if sink.finished and all(file.exists() for file in files.values()):
                screen.was_done(clip)
                people.count(sink.recorded if job.summary else ())
                return people.without(sink.not_people), []
        writer: ClipWriter | None = None
        if "film" in files:
            writer = stack.enter_context(ClipWriter(files["film"], video, first.image, job.start_s, job.end_s))
        screen.begin(clip, video.clip, first.time_s, job.end_s)
        time_s = first.time_s
        for number, result in enumerate(tracked_results(chain([first], frames), stream, sink.recorded if sink else ())):
            time_s = result.frame.time_s
            if sink and not failed and number >= sink.entries:
                failed = _record(sink, clip, result, alone=len(files) == 1)
            shown = anonymized(result) if job.blur else result
            if writer:
                writer.write(draw(shown), time_s)
                if writer.error and len(files) == 1:
                    raise writer.error
            timeline.add(result, shown.frame)
            _count(counters, clip, result)
            screen.advance(time_s)
            if stopped():
                break
        end_s = time_s if stopped() else video.end_s
        if writer:
            writer.end_at(end_s, stopped())
        summary = timeline.close(end_s)
        if sink and not failed and not stopped() and not sink.finished:
            sink.finish(str(clip), end_s, video.damaged, video.notes, summary.not_people)
    notes = [*(writer.notes if writer else []), *video.notes]
    failed |= {"film": writer.error} if writer and writer.error else {}
    wanted = {kind: file for kind, file in files.items() if kind not in failed}
    failed |= _write(wanted, summary, video.clip, job, notes, clock=clock)
    screen.show(clip, summary, [file for kind, file in files.items() if kind not in failed], notes, stopped())
    return people.without(summary.not_people), list(failed.values())


def _count(counters: Sequence[ClipPeople | Clock], clip: Path, result: TrackedResult) -> None:
    """Give the entry of a frame to all that count its people."""
    if counters:
        entry = picture_entry(str(clip), result)
        for counter in counters:
            counter.add(entry)


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
    if job.resume and "data" not in job.suffixes:
        raise UsageError(
            "--resume goes on from the data of a clip; add --data csv, jsonl or parquet, as in the first run"
        )
    there = list(chain.from_iterable(one.values() for one in files))
    there += [log_of(one["data"]) for one in files if "data" in one]
    if job.summary and job.summary in there:
        raise UsageError(f"--summary names {job.summary}, which is written of a clip; give it another name")
    there += [job.summary] if job.summary else []
    refuse_existing(there, force=job.force, resume=job.resume if "data" in job.suffixes else None)


@contextmanager
def _summary_held(path: Path | None) -> Generator[None]:
    """Make the folder of the table of people, where one is asked for, and keep other runs from writing it."""
    if path is None:
        yield
        return
    with folder_for(path.parent), locked(path, if_writable=True):
        yield


def _write_summary(job: Job, done: list[ClipPeople], screen: ClipScreen) -> None:
    """Write the table of people, where one is asked for and any clip was read."""
    if job.summary is None or not done:
        return
    try:
        with explained(job.summary, resumable="data" in job.suffixes):
            if job.summary.suffix.lower() == ".csv":
                write_person_table(job.summary, done, job.analyzer.labels, job.parts)
            else:
                page = people_page(done, job.analyzer.labels, job.parts, model_name(job.analyzer.model))
                write_whole(job.summary, page.encode())
    except MienError as error:
        screen.fail(str(error))
    else:
        screen.wrote([job.summary])


def _write(
    files: Files, summary: Summary, facts: Clip, job: Job, notes: list[str], *, clock: Clock
) -> dict[str, MienError]:
    """Write the files that are made at the end, and return why those of some kinds could not be."""
    # They go with the film where there is one, and otherwise with the clip.
    film, begin_s = (files["film"].name, job.start_s) if "film" in files else (None, 0.0)
    clip, model = Path(facts.path), model_name(job.analyzer.model)
    events = [event for event in job.parts.events if event.is_of(facts.path)]
    length_s = summary.end_s if facts.duration_s is None else facts.duration_s
    now = datetime.now().astimezone()
    recording = Recording(clip, job.folder, now, facts.fps, length_s, facts.has_audio, tuple(events))

    def write_page(path: Path) -> None:
        page = timeline_page(summary, clip.name, model, film=film, film_start_s=job.start_s, notes=notes, events=events)
        write_whole(path, page.encode())

    writers: dict[str, Callable[[Path], None]] = {
        "page": write_page,
        "captions": lambda path: write_whole(path, CAPTIONS[path.suffix](summary, begin_s).encode()),
        "annotations": lambda path: write_whole(path, FORMS[path.suffix](summary, recording).encode()),
        "rate": lambda path: write_clock_table(path, clock.rows(summary.not_people), summary.labels),
        "timeline": lambda path: write_timeline(summary, path, clip.name, events),
    }
    failed: dict[str, MienError] = {}
    for kind in [one for one in writers if one in files]:
        try:
            with explained(files[kind], resumable="data" in files):
                writers[kind](files[kind])
        except MienError as error:
            failed[kind] = error
    return failed
