"""What a request may ask for, as the options of ``mien.load``, and the analyzers that do so."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mien.apps.web.limits import NAME_LENGTH
from mien.core.emotions import EIGHT
from mien.core.packaged import packaged_model
from mien.detection.detectors import Detector, FaceFilter, load_detector
from mien.inference.analyzer import VIEWS, Analyzer, FaceClassifier
from mien.inference.classifier import Classifier
from mien.tracking.smoothing import SMOOTH_S

PRIOR = r"^(ferplus|balanced|0|1|[01]\.0+|0?\.[0-9]+)$"


class Settings(BaseModel):
    """What finds faces and names what they show; what is not given is as the service was started."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    model: Literal["mien", "mien-s"] | None = Field(None, description="a packaged model")
    prior: str | None = Field(
        None, pattern=PRIOR, description="ferplus, balanced or 0..1: how far rare emotions are raised"
    )
    view: Literal["seven", "eight"] | None = Field(None, description="eight: contempt is shown apart")
    detector: Literal["yunet", "haar", "none"] | None = Field(None, description="none: the whole picture is the face")
    min_face: float | None = Field(
        None, ge=0, le=100_000, description="leave out smaller faces, in pixels of the picture as it is read"
    )
    largest: bool | None = Field(None, description="keep the largest face of each picture")
    small_faces: bool | None = Field(None, description="search large pictures for small faces")


class Named(BaseModel):
    """A picture that is sent as the file it is."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, max_length=NAME_LENGTH, description="of the file, for the answer")


class NamedSettings(Settings, Named):
    """What reads a picture that is sent as the file it is."""


class StreamSettings(Settings):
    """The same for the frames of a camera or a video."""

    smooth: float = Field(SMOOTH_S, ge=0, description="the time constant of smoothing in seconds; 0: none")


class VideoSettings(StreamSettings, Named):
    """The same for a video."""

    detect_every: int = Field(1, ge=1, description="search each so-many-th frame whole, the others near known faces")
    fps: float | None = Field(None, gt=0, description="take so many frames a second at most; all without it")


class EarlierSettings(BaseModel):
    """What the paths under ``/api`` take, which let pass what they do not know."""

    prior: str | None = Field(None, json_schema_extra={"pattern": PRIOR})
    view: str | None = Field(None, json_schema_extra={"enum": [*VIEWS]})
    labels: str | None = Field(None, description="the earlier name of view", json_schema_extra={"enum": [*VIEWS]})
    name: str | None = Field(None, description="of the file, for the answer")
    smooth: float = SMOOTH_S

    def settings(self) -> Settings:
        """Return them by their names of today."""
        return Settings.model_construct(prior=self.prior, view=self.view or self.labels)


class Analyzers:
    """Analyzers for what requests ask for. They share detectors and nets, each of which is loaded when first asked for.

    That takes the time of some ten faces, once; all else takes none.

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

    def __call__(self, asked: Settings) -> Analyzer:
        """Return the analyzer that settings ask for.

        Raises:
            UsageError: no such prior, a view that the model does not know, or an option that the detector does not.
            DetectorError: the installed OpenCV has no such detector.
        """
        with self._lock:
            net = self._net(asked.model) if asked.model else self.own.classifier
            detector = self._detector(asked.detector, asked.small_faces)
        keep = FaceFilter(
            self.own.keep.min_face_px if asked.min_face is None else asked.min_face,
            self.own.keep.largest if asked.largest is None else asked.largest,
        )
        prior = self.own.prior if asked.prior is None and not asked.model else asked.prior
        view = asked.view or ("eight" if self.own.labels == EIGHT else "seven")
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
