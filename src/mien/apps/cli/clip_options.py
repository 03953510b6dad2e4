"""What the commands on clips have in common: the options that say what is taken and written of a clip."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.apps.cli.options import Force
from mien.core.errors import UsageError

if TYPE_CHECKING:
    from mien.apps.cli._clip_outputs import Wanted
    from mien.results.document import Setting


class DataForm(StrEnum):
    """The forms of a table of results."""

    csv = "csv"
    jsonl = "jsonl"
    parquet = "parquet"


class PlotForm(StrEnum):
    """The forms of a timeline as a picture."""

    png = "png"
    svg = "svg"


class CaptionForm(StrEnum):
    """The forms of captions."""

    srt = "srt"
    vtt = "vtt"


class LayoutName(StrEnum):
    """The programs whose columns a table can have."""

    py_feat = "py-feat"
    openface = "openface"


class AnnotationForm(StrEnum):
    """The programs that annotations are for."""

    elan = "elan"
    praat = "praat"
    boris = "boris"


ANNOTATIONS = {AnnotationForm.elan: ".eaf", AnnotationForm.praat: ".TextGrid", AnnotationForm.boris: ".boris"}
"""The suffixes of these programs' files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What is written of a clip."""

    film: Annotated[bool, typer.Option("--film", help="Write NAME.mien.mp4: faces marked, with the sound.")] = False
    data: Annotated[
        DataForm | None, typer.Option(help="Write NAME.mien.csv (.jsonl, .parquet): a row a face a frame.")
    ] = None
    page: Annotated[bool, typer.Option("--page", help="Write NAME.mien.html: what each person showed when.")] = False
    timeline: Annotated[PlotForm | None, typer.Option(help="Write the timeline as a picture.")] = None
    captions: Annotated[CaptionForm | None, typer.Option(help="Write captions of the emotions shown.")] = None
    annotations: Annotated[
        AnnotationForm | None, typer.Option(help="Write what is certain for ELAN (.eaf), Praat (.TextGrid) or BORIS.")
    ] = None
    layout: Annotated[
        LayoutName | None, typer.Option(help="Write NAME.mien.py-feat.csv: faces in the columns of that program.")
    ] = None
    rate: Annotated[
        float | None,
        typer.Option(
            metavar="HZ", min=0.1, help="Write NAME.mien.10hz.csv: a row a person a step of a clock of 10 Hz."
        ),
    ] = None
    summary: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv|html", help="Write a row a person a clip, or a page that lays the clips side by side."
        ),
    ] = None
    events: Annotated[
        Path | None,
        typer.Option(
            metavar="EVENTS.csv",
            help="Show in the timeline, and count apart in --summary: columns name, start, end, clip.",
        ),
    ] = None
    baseline: Annotated[
        str | None, typer.Option(metavar="FROM-TO", help="In --summary also means less those of this part of the clip.")
    ] = None
    force: Force = False
    blur: Annotated[bool, typer.Option("--blur", help="Make the faces in film and page unrecognisable.")] = False

    def suffixes(self) -> dict[str, str]:
        """Return kind -> suffix of each file that is asked for."""
        wanted = {
            "film": ".mp4" if self.film else None,
            "data": self.data and f".{self.data.value}",
            "page": ".html" if self.page else None,
            "timeline": self.timeline and f".{self.timeline.value}",
            "captions": self.captions and f".{self.captions.value}",
            "annotations": self.annotations and ANNOTATIONS[self.annotations],
            "layout": self.layout and f".{self.layout.value}.csv",
            "rate": f".{self.rate:g}hz.csv" if self.rate else None,
        }
        return {kind: suffix for kind, suffix in wanted.items() if suffix}

    def wanted(self, folder: Path, start_clock: Setting = None) -> Wanted:
        """Return what is written of clips, into a folder; start_clock is what a clock showed at their beginning.

        Raises:
            UsageError: options do not go together, or --events or --baseline says what is none.
            MissingExtra: matplotlib is missing for --timeline.
        """
        from mien.apps.cli._clip_outputs import Wanted
        from mien.apps.cli._events import parse_baseline, read_events
        from mien.report.person_table import Parts
        from mien.report.timeline_plot import require_matplotlib

        if self.summary and self.summary.suffix.lower() not in (".csv", ".html"):
            raise UsageError(f"--summary takes a name that ends in .csv or .html; got {self.summary.name}")
        if self.baseline and not self.summary:
            raise UsageError("--baseline says how the people of --summary are counted; add --summary FILE.csv")
        if self.events and not (self.summary or self.page or self.timeline or self.annotations):
            raise UsageError(
                "--events are shown in --page, --timeline and --annotations and counted in --summary; add one of them"
            )
        if self.timeline:
            require_matplotlib()
        parts = Parts(
            read_events(self.events) if self.events else (),
            parse_baseline(self.baseline) if self.baseline else None,
            start_clock,
        )
        return Wanted(
            folder, self.suffixes(), self.summary, parts, self.rate or 1.0, self.layout or "", self.blur, self.force
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Which frames of a clip are taken."""

    start: Annotated[str | None, typer.Option(metavar="TIME", help="Begin here: 90, 1:30 or 1:01:30.")] = None
    end: Annotated[str | None, typer.Option(metavar="TIME", help="End here.")] = None
    fps: Annotated[float | None, typer.Option(help="Take so many frames a second at most.", show_default="all")] = None

    @property
    def start_s(self) -> float:
        """Where to begin, in seconds."""
        return 0.0 if self.start is None else seconds(self.start)

    @property
    def end_s(self) -> float | None:
        """Where to end, in seconds; None is the end."""
        return None if self.end is None else seconds(self.end)

    def settings(self) -> dict[str, Setting]:
        """Return their values by the names of the options, as a file of results keeps them."""
        return {"start": self.start and self.start_s, "end": self.end_s, "fps": self.fps}


_FORM = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)")


def seconds(text: str) -> float:
    """Return a time in seconds.

    Raises:
        UsageError: it is none, or its minutes or seconds go beyond 59 where there is a larger unit before them.
    """
    match = _FORM.fullmatch(text)
    hours, minutes, rest = match.groups("0") if match else ("0", "0", "inf")
    more = text.count(":")
    if not match or (more and float(rest) >= 60) or (more == 2 and int(minutes) >= 60):
        raise UsageError(
            f"'{text}' is no time in a video; expected seconds (90 or 1.5), m:ss (1:30) or h:mm:ss (1:01:30)"
        )
    return 3600 * int(hours) + 60 * int(minutes) + float(rest)
