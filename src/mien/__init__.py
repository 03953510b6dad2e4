"""mien: facial emotion recognition.

The public names are resolved when they are first used, so that importing mien loads neither OpenCV nor ONNX Runtime.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from mien.version import __version__

# From 1.32 on ONNX Runtime gives the machine a number and reports its use, from its import on.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from mien.core.crop_spec import CropSpec
    from mien.core.emotions import EMOTIONS
    from mien.core.errors import (
        DataError,
        DetectorError,
        ImageError,
        MienError,
        MissingExtra,
        ModelError,
        TrainingError,
        UsageError,
        VideoError,
    )
    from mien.core.faces import Faces
    from mien.core.frame import Frame
    from mien.core.model_card import ModelCard
    from mien.core.pose import Pose
    from mien.core.result import Face
    from mien.detection.detectors import Detector
    from mien.inference.analyzer import Analyzer, classify, load
    from mien.inference.explain import Explanation, explain
    from mien.inference.pipeline import Outcome, pipeline
    from mien.results.analysis import Analysis
    from mien.tracking.stream import Stream, VideoResults, stream
    from mien.tracking.tracked_result import TrackedResult

__all__ = [
    "EMOTIONS",
    "Analysis",
    "Analyzer",
    "CropSpec",
    "DataError",
    "Detector",
    "DetectorError",
    "Explanation",
    "Face",
    "Faces",
    "Frame",
    "ImageError",
    "MienError",
    "MissingExtra",
    "ModelCard",
    "ModelError",
    "Outcome",
    "Pose",
    "Stream",
    "TrackedResult",
    "TrainingError",
    "UsageError",
    "VideoError",
    "VideoResults",
    "__version__",
    "classify",
    "explain",
    "load",
    "pipeline",
    "stream",
]

_NAMES = {
    "mien.core.emotions": ("EMOTIONS",),
    "mien.core.errors": (
        "DataError",
        "DetectorError",
        "ImageError",
        "MienError",
        "MissingExtra",
        "ModelError",
        "TrainingError",
        "UsageError",
        "VideoError",
    ),
    "mien.core.crop_spec": ("CropSpec",),
    "mien.core.faces": ("Faces",),
    "mien.core.frame": ("Frame",),
    "mien.core.model_card": ("ModelCard",),
    "mien.core.pose": ("Pose",),
    "mien.core.result": ("Face",),
    "mien.detection.detectors": ("Detector",),
    "mien.inference.analyzer": ("Analyzer", "classify", "load"),
    "mien.inference.explain": ("Explanation", "explain"),
    "mien.inference.pipeline": ("Outcome", "pipeline"),
    "mien.results.analysis": ("Analysis",),
    "mien.tracking.stream": ("Stream", "VideoResults", "stream"),
    "mien.tracking.tracked_result": ("TrackedResult",),
}

_HOMES = {name: home for home, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name from the module it lives in (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mien' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Return the public names, which a shell completes before they are loaded."""
    return __all__
