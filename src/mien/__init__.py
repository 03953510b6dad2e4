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
    from mien.core.errors import MienError
    from mien.core.types import Face, Faces, Frame
    from mien.inference.analyzer import Analyzer, emotion, load
    from mien.inference.pipeline import Outcome, pipeline
    from mien.results.analysis import Analysis
    from mien.tracking.stream import Stream, stream
    from mien.tracking.tracked_result import TrackedResult

__all__ = [
    "Analysis",
    "Analyzer",
    "Face",
    "Faces",
    "Frame",
    "MienError",
    "Outcome",
    "Stream",
    "TrackedResult",
    "__version__",
    "emotion",
    "load",
    "pipeline",
    "stream",
]

_HOMES = {
    "Analysis": "mien.results.analysis",
    "Analyzer": "mien.inference.analyzer",
    "Face": "mien.core.types",
    "Faces": "mien.core.types",
    "Frame": "mien.core.types",
    "MienError": "mien.core.errors",
    "TrackedResult": "mien.tracking.tracked_result",
    "Outcome": "mien.inference.pipeline",
    "Stream": "mien.tracking.stream",
    "emotion": "mien.inference.analyzer",
    "load": "mien.inference.analyzer",
    "pipeline": "mien.inference.pipeline",
    "stream": "mien.tracking.stream",
}


def __getattr__(name: str) -> Any:
    """Import a public name from the module it lives in (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mien' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Return the public names, which a shell completes before they are loaded."""
    return __all__
