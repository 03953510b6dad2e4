"""What is made of one clip beside its data: film, page, picture, captions, annotations, and counts of its people."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from mien.apps.cli._clip_writer import ClipWriter
from mien.apps.cli.pictures import anonymized
from mien.core.errors import MienError, UsageError
from mien.core.output import write_whole
from mien.draw.annotate import draw
from mien.report.annotations import FORMS, Recording
from mien.report.captions import srt, vtt
from mien.report.clock_table import Clock, write_clock_table
from mien.report.events import Event
from mien.report.layouts import LayoutTable
from mien.report.person_table import ClipPeople, Parts
from mien.report.timeline_page import is_blurred, shows_events, timeline_page
from mien.report.timeline_plot import write_timeline
from mien.results.document import ModelEntry, PictureEntry, picture_entry
from mien.results.identities import NOBODY_SAID, Identities
from mien.results.log import explained
from mien.results.rows import model_name
from mien.tracking.timeline import Summary, Timeline
from mien.tracking.tracked_result import TrackedResult
from mien.video.reader import Clip, Video
from mien.video.writer import comment_of

OURS = ".mien"
"""What stands before the suffix of every file that mien writes of a clip."""

BLURRED = "faces blurred"
"""What a film of blurred faces says of itself."""

CAPTIONS: dict[str, Callable[[Summary, float], str]] = {".srt": srt, ".vtt": vtt}

Files = dict[str, Path]
"""Kind ("film", "data", "page", "timeline", "captions", "annotations", "layout", "rate") -> the file of that kind."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is written of clips.

    Attributes:
        folder: where the files go.
        suffixes: kind -> suffix of each file that is written.
        summary: the table of the people of all clips; None writes none.
        parts: what people are counted in there beside the whole clips.
        rate_hz: steps a second of the table of that kind.
        layout: whose columns the table of that kind has (``mien.report.layouts``); "" where there is none.
        blur: whether faces are anonymized in what is written.
        force: whether to write over files that are there.
    """

    folder: Path
    suffixes: dict[str, str]
    summary: Path | None
    parts: Parts
    rate_hz: float
    layout: str
    blur: bool
    force: bool

    def files(self, name: str) -> Files:
        """Return the files to write of a clip that is called name."""
        return {kind: self.folder / f"{name}{OURS}{suffix}" for kind, suffix in self.suffixes.items()}

    def events(self, clip: str) -> list[Event]:
        """Return the events of a clip at a path."""
        return [event for event in self.parts.events if event.is_of(clip)]

    def is_up_to_date(self, files: Files, clip: str) -> bool:
        """Return whether all files of a clip are there and name its events: the page says so, and others go with it.

        Where faces are to be blurred they are made anew in any case.
        """
        if self.blur or not all(file.exists() for file in files.values()):
            return False
        if "page" in files:
            return shows_events(files["page"], self.events(clip))
        return not (self.events(clip) and files.keys() & {"timeline", "annotations"})

    def keep_blurred(self, files: Files) -> None:
        """Refuse to go on with a film or page whose faces are blurred where these would not be.

        Raises:
            UsageError: there is one.
        """
        told: dict[str, Callable[[Path], bool]] = {"film": lambda path: comment_of(path) == BLURRED, "page": is_blurred}
        hidden = [files[kind] for kind, blurred in told.items() if kind in files and blurred(files[kind])]
        if hidden and not self.blur:
            raise UsageError(
                f"the faces in {hidden[0]} are blurred, and --resume would show them; add --blur, or start over with "
                "--force"
            )


@dataclass(frozen=True, slots=True)
class Source:
    """A clip, and what is known of it before its results come.

    Attributes:
        facts: of its file.
        video: the open file; None where it is gone.
        start_s: where to begin.
        end_s: where to end; None is the end.
        labels: the emotions of its results.
        model: what saw its faces.
        who: what a person said of who is who; the results have the ids of before.
        not_people: which of those ids are known not to be people; None finds out.
    """

    facts: Clip
    video: Video | None
    start_s: float
    end_s: float | None
    labels: tuple[str, ...]
    model: ModelEntry
    who: Identities = NOBODY_SAID
    not_people: Collection[int] | None = None


class ClipOutputs:
    """Takes the results of a clip one by one, and writes its files at the end; a context manager, for the film.

    Args:
        source: the clip.
        files: what to write.
        wanted: how.

    Attributes:
        people: what is counted for the table of people.
        failed: kind -> why the file of that kind cannot be written.
    """

    def __init__(self, source: Source, files: Files, wanted: Wanted) -> None:
        path, labels, who, known = source.facts.path, source.labels, source.who, source.not_people
        self._source, self._files, self._wanted = source, files, wanted
        self._timeline = Timeline(labels, None if known is None else who.not_people(known))
        self.people = ClipPeople(path, labels, wanted.parts, who.names)
        self._clock = Clock(path, labels, wanted.rate_hz, who.names, wanted.parts.start_clock)
        self._table = LayoutTable(wanted.layout, labels, who.names) if wanted.layout else None
        self._counters = [
            *([self.people] if wanted.summary else []),
            *([self._clock] if "rate" in files else []),
            *([self._table] if self._table else []),
        ]
        self._film: ClipWriter | None = None
        self.failed: dict[str, MienError] = {}

    def __enter__(self) -> Self:
        """Return the outputs themselves."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Finish the film, or remove it after an error."""
        if self._film:
            self._film.__exit__(kind, error, at)
            self.failed |= {"film": self._film.error} if self._film.error else {}

    @property
    def film_notes(self) -> list[str]:
        """What there is to say of the film's sound."""
        return self._film.notes if self._film else []

    @property
    def written(self) -> list[Path]:
        """The files that could be written, those of the data among them."""
        return [file for kind, file in self._files.items() if kind not in self.failed]

    def add(self, result: TrackedResult) -> None:
        """Take the next result.

        Raises:
            MienError: there can be no film, and nothing else is wanted.
        """
        source = self._source
        if source.who:
            result = replace(result, ids=source.who.ids(result.ids))
        shown = anonymized(result) if self._wanted.blur else result
        self._timeline.add(result, shown.frame)
        if "film" in self._files and source.video:
            self._film = self._film or ClipWriter(
                self._files["film"],
                source.video,
                shown.frame.image,
                source.start_s,
                source.end_s,
                BLURRED if self._wanted.blur else "",
            )
            self._film.write(draw(self._timeline.people(shown), source.who.names), result.frame.time_s)
            if self._film.error and len(self._files) == 1:
                raise self._film.error
        if self._counters:
            entry = picture_entry(source.facts.path, result)
            for counter in self._counters:
                counter.add(entry)

    def count(self, recorded: Iterable[PictureEntry], not_people: Iterable[int]) -> None:
        """Count the people of a clip that an earlier run went through, from its log, where their table is wanted."""
        if self._wanted.summary:
            self.people.count(map(self._source.who.entry, recorded))
            self.people.without(not_people)

    def end(self, end_s: float, stopped: bool = False) -> Summary:
        """Return how the clip went, which ends at a time; more would have come where the run was stopped."""
        if self._film:
            self._film.end_at(end_s, stopped)
        summary = self._timeline.close(end_s).named(self._source.who.names)
        self.people.without(summary.not_people)
        return summary

    def write(self, summary: Summary, notes: Sequence[str], resumable: bool) -> None:
        """Write the files that are made at the end, after the film; notes are what to say of the clip."""
        writers = self._writers(summary, notes)
        for kind in [one for one in writers if one in self._files]:
            try:
                with explained(self._files[kind], resumable):
                    writers[kind](self._files[kind])
            except MienError as error:
                self.failed[kind] = error

    def _writers(self, summary: Summary, notes: Sequence[str]) -> dict[str, Callable[[Path], None]]:
        """Return kind -> what writes the file of that kind."""
        facts, start_s = self._source.facts, self._source.start_s
        # They go with the film where there is one, and otherwise with the clip.
        film = self._files["film"].name if "film" in self._files and "film" not in self.failed else None
        begin_s = 0.0 if film is None else start_s
        clip, model = Path(facts.path), model_name(self._source.model)
        events = self._wanted.events(facts.path)
        length_s = summary.end_s if facts.duration_s is None else facts.duration_s
        now, folder = datetime.now().astimezone(), self._wanted.folder
        start_clock = self._wanted.parts.start_clock
        recording = Recording(clip, folder, now, facts.fps, length_s, facts.has_audio, tuple(events), start_clock)

        def write_page(path: Path) -> None:
            page = timeline_page(
                summary,
                clip.name,
                model,
                film=film,
                film_start_s=start_s,
                notes=notes,
                events=events,
                blurred=self._wanted.blur,
            )
            write_whole(path, page.encode())

        return {
            "page": write_page,
            "captions": lambda path: write_whole(path, CAPTIONS[path.suffix](summary, begin_s).encode()),
            "annotations": lambda path: write_whole(path, FORMS[path.suffix](summary, recording).encode()),
            "layout": lambda path: self._table and self._table.write(path, summary.not_people),
            "rate": lambda path: write_clock_table(
                path, self._clock.rows(summary.not_people), summary.labels, start_clock
            ),
            "timeline": lambda path: write_timeline(summary, path, clip.name, events),
        }
