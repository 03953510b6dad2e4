"""``mien video``: the emotions in saved videos, with identities, sound and a timeline."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mien.apps.cli import verbosity
from mien.apps.cli.options import (
    BATCH_SIZE,
    BatchSize,
    Detector,
    DetectorName,
    Device,
    DeviceName,
    Force,
    Model,
    Prior,
    Threads,
    View,
    ViewName,
    used,
)
from mien.core.errors import UsageError


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


def video(
    clips: Annotated[
        list[str] | None,
        typer.Argument(help="Videos, folders or patterns; '-' or a pipe: names, one a line.", show_default=False),
    ] = None,
    *,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Look into folders in folders too.")] = False,
    film: Annotated[bool, typer.Option("--film", help="Write NAME.mien.mp4: faces marked, with the sound.")] = False,
    data: Annotated[
        DataForm | None, typer.Option(help="Write NAME.mien.csv (.jsonl, .parquet): a row a face a frame.")
    ] = None,
    page: Annotated[bool, typer.Option("--page", help="Write NAME.mien.html: who felt what and when.")] = False,
    timeline: Annotated[PlotForm | None, typer.Option(help="Write the timeline as a picture.")] = None,
    captions: Annotated[CaptionForm | None, typer.Option(help="Write captions of the emotions shown.")] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder for all of these.")] = Path(),
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a run was stopped.")] = False,
    force: Force = False,
    start: Annotated[str | None, typer.Option(metavar="TIME", help="Begin here: 90, 1:30 or 1:01:30.")] = None,
    end: Annotated[str | None, typer.Option(metavar="TIME", help="End here.")] = None,
    fps: Annotated[float | None, typer.Option(help="Take so many frames a second at most.", show_default="all")] = None,
    smooth: Annotated[float, typer.Option(metavar="S", help="Time constant of smoothing; 0: none.")] = 0.3,
    detect_every: Annotated[
        int, typer.Option(metavar="N", help="Search each N-th frame whole, in between only near known faces.")
    ] = 1,
    blur: Annotated[bool, typer.Option("--blur", help="Make the faces in film and page unrecognisable.")] = False,
    view: View = ViewName.seven,
    prior: Prior = None,
    detector: Detector = DetectorName.yunet,
    small_faces: Annotated[bool, typer.Option("--small-faces", help="Search large frames for small faces.")] = False,
    min_face: Annotated[float, typer.Option(metavar="PX", help="Leave out smaller faces.")] = 0.0,
    min_score: Annotated[
        float | None,
        typer.Option(help="Leave out faces of which the detector is less sure.", show_default="the detector's own"),
    ] = None,
    largest: Annotated[bool, typer.Option("--largest", help="Keep the largest face of each frame.")] = False,
    model: Model = None,
    device: Device = DeviceName.cpu,
    threads: Threads = None,
    batch_size: BatchSize = BATCH_SIZE,
) -> None:
    """Name the emotion on each face of each frame, and who is who.

    Without --film, --data, --page, --timeline and --captions, a film, a CSV table and a page are written.
    """
    from mien.apps.cli.clips import Job, run_clips
    from mien.apps.cli.inputs import VIDEOS, gather, piped
    from mien.inference.analyzer import load
    from mien.report.timeline_plot import require_matplotlib

    if not (film or data or page or timeline or captions):
        film, data, page = True, DataForm.csv, True
    if timeline:
        require_matplotlib()
    inputs = gather(clips or [], recursive, piped(clips or []), VIDEOS)
    analyzer = load(
        model,
        detector.value,
        prior,
        view=view.value,
        device=device.value,
        threads=threads,
        batch_size=batch_size,
        small_faces=small_faces,
        min_face_px=min_face,
        min_score=min_score,
        largest=largest,
    )
    verbosity.detail(used(analyzer))
    suffixes = {
        "film": ".mp4" if film else None,
        "data": data and f".{data.value}",
        "page": ".html" if page else None,
        "timeline": timeline and f".{timeline.value}",
        "captions": captions and f".{captions.value}",
    }
    start_s, end_s = 0.0 if start is None else seconds(start), None if end is None else seconds(end)
    job = Job(
        analyzer=analyzer,
        folder=out,
        suffixes={kind: suffix for kind, suffix in suffixes.items() if suffix},
        start_s=start_s,
        end_s=end_s,
        fps=fps,
        smooth_s=smooth,
        detect_every=detect_every,
        blur=blur,
        settings={
            "detector": detector.value,
            "small-faces": small_faces,
            "min-face": min_face,
            "min-score": min_score,
            "largest": largest,
            "start": start and start_s,
            "end": end_s,
            "fps": fps,
            "smooth": smooth,
            "detect-every": detect_every,
        },
        resume=resume,
        force=force,
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
