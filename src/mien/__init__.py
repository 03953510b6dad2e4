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
    from mien.infer.analysis import Analysis
    from mien.infer.analyze import Analyzer, emotion, load
    from mien.infer.moment import Moment
    from mien.infer.pipeline import Outcome, pipeline
    from mien.infer.stream import Stream, stream

__all__ = [
    "Analysis",
    "Analyzer",
    "Face",
    "Faces",
    "Frame",
    "MienError",
    "Moment",
    "Outcome",
    "Stream",
    "__version__",
    "emotion",
    "load",
    "pipeline",
    "stream",
]

_HOMES = {
    "Analysis": "mien.infer.analysis",
    "Analyzer": "mien.infer.analyze",
    "Face": "mien.core.types",
    "Faces": "mien.core.types",
    "Frame": "mien.core.types",
    "MienError": "mien.core.errors",
    "Moment": "mien.infer.moment",
    "Outcome": "mien.infer.pipeline",
    "Stream": "mien.infer.stream",
    "emotion": "mien.infer.analyze",
    "load": "mien.infer.analyze",
    "pipeline": "mien.infer.pipeline",
    "stream": "mien.infer.stream",
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
