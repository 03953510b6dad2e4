"""Options that several commands take, each defined once, with its possible values.

The values are repeated here so that ``--help`` needs no numpy. Options that belong together are a dataclass: a command
takes it as one parameter, and ``commands.command`` makes an option of each field.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.apps.cli import verbosity
from mien.core.packaged import PACKAGED

if TYPE_CHECKING:
    from mien.inference.analyzer import Analyzer
    from mien.results.document import Setting


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


class SplitName(StrEnum):
    """The splits that may be scored."""

    valid = "valid"
    test = "test"


Force = Annotated[bool, typer.Option("--force", help="Overwrite existing files.")]
PictureNames = Annotated[
    list[str] | None,
    typer.Argument(help="Files, folders or patterns; '-' or a pipe: names, one a line.", show_default=False),
]
GroupTables = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE|picture",
        help="Also tell by group: a table (file, perhaps source, columns of groups), or by how pictures look.",
        show_default=False,
    ),
]
Prior = Annotated[
    str | None,
    typer.Option(
        metavar="ferplus|balanced|0..1",
        help="How far rare emotions are raised: ferplus (0) not at all, balanced (1) as if all were equally common.",
        show_default="the model's own",
    ),
]
Recursive = Annotated[bool, typer.Option("--recursive", "-r", help="Also look into subfolders.")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue the file of --out where it stopped.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetOptions:
    """Where and how a net runs."""

    device: Annotated[
        DeviceName, typer.Option(help="Device for the net, if the installed ONNX Runtime supports it.")
    ] = DeviceName.cpu
    threads: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Processor threads that a net uses.", show_default="one for each core"),
    ] = None
    batch_size: Annotated[
        int, typer.Option(metavar="N", min=1, help="Faces that go through the net at once, at most.")
    ] = 256

    def arguments(self) -> dict[str, Any]:
        """Return them as arguments of ``mien.load``, which has the same names for them."""
        return {name: value.value if isinstance(value, StrEnum) else value for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceOptions:
    """Which of the faces in a picture count."""

    small_faces: Annotated[bool, typer.Option("--small-faces", help="Search large pictures for small faces.")] = False
    min_face: Annotated[
        float, typer.Option(metavar="PX", help="Leave out smaller faces, in pixels of the picture as it is read.")
    ] = 0.0
    min_score: Annotated[
        float | None,
        typer.Option(help="Leave out faces with a lower detection score.", show_default="the detector's own"),
    ] = None
    largest: Annotated[bool, typer.Option("--largest", help="Keep the largest face of each picture.")] = False

    def arguments(self) -> dict[str, Any]:
        """Return them as arguments of ``mien.load``."""
        return {
            "small_faces": self.small_faces,
            "min_face_px": self.min_face,
            "min_score": self.min_score,
            "largest": self.largest,
        }

    def settings(self) -> dict[str, Setting]:
        """Return their values by the names of the options, as a file of results keeps them."""
        return {name.replace("_", "-"): value for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyzerOptions(NetOptions):
    """The detector and the model, and how results are shown."""

    view: Annotated[ViewName, typer.Option(help="eight: contempt is shown apart, not as neutral.")] = ViewName.seven
    prior: Prior = None
    detector: Annotated[DetectorName, typer.Option(help="none: the whole picture is the face.")] = DetectorName.yunet
    model: Annotated[
        Path | None,
        typer.Option(
            help=f"A file of 'mien export', or '{PACKAGED[1]}', the smaller packaged one.", show_default=PACKAGED[0]
        ),
    ] = None

    def load(self, faces: FaceOptions | None = None) -> Analyzer:
        """Return the analyzer; with ``--verbose``, print its model and prior.

        Raises:
            MienError: as ``mien.load`` does.
        """
        from mien.inference.analyzer import load

        analyzer = load(**self.arguments(), **(faces.arguments() if faces else {}))
        entry = analyzer.model
        verbosity.detail(
            f"model {entry['name']} {entry['version']}, sha256 {entry['sha256']}, prior {analyzer.prior:g}, "
            f"uncertain below {analyzer.certain_from():.3f}"
        )
        return analyzer


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOptions:
    """How faces are tracked from frame to frame."""

    smooth: Annotated[float, typer.Option(metavar="S", help="Time constant of smoothing; 0: none.")] = 0.3
    detect_every: Annotated[
        int, typer.Option(metavar="N", help="Search every N-th frame whole, and the others only near known faces.")
    ] = 1

    def settings(self) -> dict[str, Setting]:
        """Return their values by the names of the options, as a file of results keeps them."""
        return {"smooth": self.smooth, "detect-every": self.detect_every}
