"""What a request may ask for, as the options of ``mien.load``, and the analyzers that do so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from mien.core.emotions import EIGHT
from mien.core.packaged import packaged_model
from mien.detection.detectors import Detector, FaceFilter, load_detector
from mien.inference.analyzer import Analyzer, FaceClassifier
from mien.inference.classifier import Classifier


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to find faces and name what they show; None is as the service was started.

    Attributes:
        model: the name of a packaged one.
        prior, view, detector, largest, small_faces: as in ``mien.load``.
        min_face: as its ``min_face_px``.
    """

    model: str | None = None
    prior: str | None = None
    view: str | None = None
    detector: str | None = None
    min_face: float | None = None
    largest: bool | None = None
    small_faces: bool | None = None


class Analyzers:
    """Analyzers for what requests ask for. They share detectors and nets, each of which is loaded when first asked for.

    That takes the time of some ten faces, once; all else takes none. Pickled, they are loaded again.

    Args:
        own: as the service was started.
        net_options: device, threads and batch_size of the nets, as ``mien.load`` takes them.
    """

    def __init__(self, own: Analyzer, net_options: Mapping[str, Any] | None = None) -> None:
        self.own = own
        self._options = dict(net_options or {})
        self._lock = Lock()
        self._nets: dict[str, FaceClassifier] = {}
        self._detectors: dict[tuple[str, bool], Detector] = {}

    def __reduce__(self) -> tuple[Callable[..., Analyzers], tuple[Analyzer, dict[str, Any]]]:
        """Pickle as a call, which loads them again."""
        return Analyzers, (self.own, self._options)

    def __call__(self, wanted: Wanted) -> Analyzer:
        """Return the analyzer that is wanted.

        Raises:
            UsageError: no such prior, a view that the model does not know, or an option that the detector does not.
            DetectorError: the installed OpenCV has no such detector.
        """
        with self._lock:
            net = self._net(wanted.model) if wanted.model else self.own.classifier
            detector = self._detector(wanted.detector, wanted.small_faces)
        keep = FaceFilter(
            self.own.keep.min_face_px if wanted.min_face is None else wanted.min_face,
            self.own.keep.largest if wanted.largest is None else wanted.largest,
        )
        prior = self.own.prior if wanted.prior is None and not wanted.model else wanted.prior
        view = wanted.view or ("eight" if self.own.labels == EIGHT else "seven")
        return Analyzer(detector, net, prior, view, keep)

    def _net(self, name: str) -> FaceClassifier:
        if name not in self._nets:
            self._nets[name] = Classifier(packaged_model(name), **self._options)
        return self._nets[name]

    def _detector(self, name: str | None, small_faces: bool | None) -> Detector:
        if name is None and small_faces is None:
            return self.own.detector
        key = name or "yunet", bool(small_faces)
        if key not in self._detectors:
            self._detectors[key] = load_detector(key[0], small_faces=key[1], threads=self._options.get("threads"))
        return self._detectors[key]
