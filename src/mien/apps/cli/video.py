"""``mien video``: the emotions in saved videos, with identities, sound and a timeline."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.apps.cli.clip_options import DataForm, Output
from mien.apps.cli.options import AnalyzerOptions, FaceOptions, Recursive, StreamOptions
from mien.core.errors import UsageError

if TYPE_CHECKING:
    from mien.results.document import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoOutput(Output):
    """What is written of a clip, and where."""

    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder for all but --summary.")] = Path()
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a run was stopped.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Which frames of a clip are taken."""

    start: Annotated[str | None, typer.Option(metavar="TIME", help="Begin here: 90, 1:30 or 1:01:30.")] = None
    end: Annotated[str | None, typer.Option(metavar="TIME", help="End here.")] = None
    fps: Annotated[float | None, typer.Option(help="Take so many frames a second at most.", show_default="all")] = None

    start_clock: Annotated[
        str | None,
        typer.Option(metavar="CLOCK", help="What a clock showed at time 0: 2026-11-29T14:05:00, or seconds."),
    ] = None

    @property
    def start_s(self) -> float:
        """Where to begin, in seconds."""
        return 0.0 if self.start is None else seconds(self.start)

    @property
    def end_s(self) -> float | None:
        """Where to end, in seconds; None is the end."""
        return None if self.end is None else seconds(self.end)

    @property
    def clock(self) -> Setting:
        """What a clock showed at time 0 of the clip: date and time, or seconds; None where nobody said."""
        from mien.results.start_clock import parse_start_clock

        return None if self.start_clock is None else parse_start_clock(self.start_clock)

    def settings(self) -> dict[str, Setting]:
        """Return their values by the names of the options, as a file of results keeps them."""
        return {"start": self.start and self.start_s, "end": self.end_s, "fps": self.fps, "start-clock": self.clock}


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFaceOptions(FaceOptions):
    """Which of the faces in a frame count."""

    small_faces: Annotated[bool, typer.Option("--small-faces", help="Search large frames for small faces.")] = False
    min_face: Annotated[float, typer.Option(metavar="PX", help="Leave out smaller faces.")] = 0.0
    largest: Annotated[bool, typer.Option("--largest", help="Keep the largest face of each frame.")] = False


def video(
    clips: Annotated[
        list[str] | None,
        typer.Argument(help="Videos, folders or patterns; '-' or a pipe: names, one a line.", show_default=False),
    ] = None,
    *,
    recursive: Recursive = False,
    output: VideoOutput,
    section: Section,
    following: StreamOptions,
    options: AnalyzerOptions,
    faces: FrameFaceOptions,
) -> None:
    """Name the emotion on each face of each frame, and who is who.

    Without --film, --data, --page, --timeline, --captions, --annotations, --layout, --rate and --summary, a film, a CSV
    table and a page are written.
    """
    from mien.apps.cli.clips import Job, run_clips
    from mien.apps.cli.inputs import VIDEOS, gather, piped

    if not output.suffixes() and not output.summary:
        output = replace(output, film=True, data=DataForm.csv, page=True)
    wanted = output.wanted(output.out, section.clock)
    inputs = gather(clips or [], recursive, piped(clips or []), VIDEOS)
    if isinstance(section.clock, str) and len(inputs.paths) > 1:
        raise UsageError(
            f"--start-clock says when one clip began, and there are {len(inputs.paths)}; take one at a time, or seconds"
        )
    job = Job(
        analyzer=options.load(faces),
        wanted=wanted,
        start_s=section.start_s,
        end_s=section.end_s,
        fps=section.fps,
        smooth_s=following.smooth,
        detect_every=following.detect_every,
        settings={
            "detector": options.detector.value,
            **faces.settings(),
            **section.settings(),
            **following.settings(),
        },
        resume=output.resume,
    )
    if not run_clips(inputs, job):
        raise typer.Exit(1)


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
