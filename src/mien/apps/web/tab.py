"""What a page needs to find and name faces itself, so that no picture leaves its tab: the nets and the settings."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from mien.detection.yunet import YuNet
from mien.detection.yunet_net import weights
from mien.inference.analyzer import Analyzer
from mien.inference.classifier import Classifier

STATIC = Path(__file__).parent / "static"

RUNTIME = STATIC / "ort" / "ort.wasm.min.mjs"
"""What runs nets in a browser; builds without npm lack it."""


class TabAnswer(TypedDict):
    """How a page works without the server: why it cannot, which is empty where it can, and with which settings."""

    why_not: str
    min_face_px: float
    largest: bool


def about_tab(analyzer: Analyzer) -> TabAnswer:
    """Return what the page is told."""
    keep = analyzer.keep
    return {"why_not": _why_not(analyzer), "min_face_px": float(keep.min_face_px), "largest": keep.largest}


def nets(analyzer: Analyzer) -> dict[str, bytes]:
    """Return the files that the page asks for, by their names; none where it cannot work without the server."""
    if _why_not(analyzer) or not isinstance(analyzer.classifier, Classifier):
        return {}
    return {"yunet.onnx": weights(), "model.onnx": analyzer.classifier.content()}


def _why_not(analyzer: Analyzer) -> str:
    if not RUNTIME.is_file():
        return "this build of mien was made without npm, and so holds nothing that runs nets in a browser"
    if not isinstance(analyzer.detector, YuNet):
        return "browsers run the detector yunet alone"
    return ""
