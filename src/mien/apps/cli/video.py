"""``mien video``: the emotions in saved videos, with identities, sound and a timeline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.apps.cli.clip_options import DataForm, Output, Section
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
class ClockedSection(Section):
    """Which frames of a clip are taken, and what a clock showed."""

    start_clock: Annotated[
        str | None,
        typer.Option(metavar="CLOCK", help="What a clock showed at time 0: 2026-11-29T14:05:00, or seconds."),
    ] = None

    @property
    def clock(self) -> Setting:
        """What a clock showed at time 0 of the clip: date and time, or seconds; None where nobody said."""
        from mien.results.start_clock import parse_start_clock

        return None if self.start_clock is None else parse_start_clock(self.start_clock)

    def settings(self) -> dict[str, Setting]:
        """Return their values by the names of the options, as a file of results keeps them."""
        return {**Section.settings(self), "start-clock": self.clock}


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
    section: ClockedSection,
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
