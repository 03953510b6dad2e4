"""mien: facial emotion recognition.

The public names are resolved when they are first used, so that importing mien loads neither OpenCV nor ONNX Runtime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mien.version import __version__

if TYPE_CHECKING:
    from mien.core.errors import MienError
    from mien.core.types import Face, Faces, Frame, Result
    from mien.infer.analyze import Analyzer, load

__all__ = ["Analyzer", "Face", "Faces", "Frame", "MienError", "Result", "__version__", "load"]

_HOMES = {
    "Analyzer": "mien.infer.analyze",
    "Face": "mien.core.types",
    "Faces": "mien.core.types",
    "Frame": "mien.core.types",
    "MienError": "mien.core.errors",
    "Result": "mien.core.types",
    "load": "mien.infer.analyze",
}


def __getattr__(name: str) -> Any:
    """Import a public name from the module it lives in (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mien' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
