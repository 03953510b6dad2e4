"""Options that several commands take, with the words that they accept, so that ``--help`` needs no numpy."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mien.inference.analyzer import Analyzer


class DetectorName(StrEnum):
    """The detectors of ``mien.detection.detectors``."""

    yunet = "yunet"
    haar = "haar"
    none = "none"


class ViewName(StrEnum):
    """The ways to show FER+'s emotions."""

    seven = "seven"
    eight = "eight"


class DeviceName(StrEnum):
    """The devices of ``mien.inference.classifier``."""

    cpu = "cpu"
    cuda = "cuda"
    coreml = "coreml"
    openvino = "openvino"


BATCH_SIZE = 256
"""As ``mien.inference.classifier`` has it."""

BatchSize = Annotated[int, typer.Option(metavar="N", min=1, help="Faces that go through the net at once, at most.")]
Detector = Annotated[DetectorName, typer.Option(help="none: the whole picture is the face.")]
Device = Annotated[DeviceName, typer.Option(help="On what the net runs, as far as ONNX Runtime has it.")]
Force = Annotated[bool, typer.Option("--force", help="Write over what is there already.")]
View = Annotated[ViewName, typer.Option(help="eight: contempt is shown apart, not as neutral.")]
Model = Annotated[
    Path | None,
    typer.Option(help="A file of 'mien export', or 'mien-s', the smaller packaged one.", show_default="mien"),
]
Prior = Annotated[
    str | None,
    typer.Option(
        metavar="ferplus|balanced|0..1",
        help="How far rare emotions are raised: ferplus (0) not at all, balanced (1) as if all were equally common.",
        show_default="the model's own",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Processor threads that a net uses.", show_default="one for each core"),
]


def used(analyzer: Analyzer) -> str:
    """Return which model names the emotions, and how far it raises rare ones."""
    entry = analyzer.model
    return (
        f"model {entry['name']} {entry['version']}, sha256 {entry['sha256']}, prior {analyzer.prior:g}, "
        f"uncertain below {analyzer.certain_from():.3f}"
    )
