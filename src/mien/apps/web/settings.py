"""The parameters of requests: the options of ``mien.load``, and what else each path takes."""

from __future__ import annotations

from dataclasses import fields
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from mien.apps.web.analyzers import Wanted
from mien.apps.web.limits import NAME_LENGTH
from mien.inference.analyzer import VIEWS
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

    def wanted(self) -> Wanted:
        """Return them without what else the path takes."""
        return Wanted(**{field.name: getattr(self, field.name) for field in fields(Wanted)})


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
    fps: float | None = Field(None, ge=0.001, description="take so many frames a second at most; all without it")


class EarlierSettings(BaseModel):
    """What the paths under ``/api`` take, which let pass what they do not know."""

    prior: str | None = Field(None, json_schema_extra={"pattern": PRIOR})
    view: str | None = Field(None, json_schema_extra={"enum": [*VIEWS]})
    labels: str | None = Field(None, description="the earlier name of view", json_schema_extra={"enum": [*VIEWS]})
    name: str | None = Field(None, description="of the file, for the answer")
    smooth: float = SMOOTH_S

    def wanted(self) -> Wanted:
        """Return them by their names of today."""
        return Wanted(prior=self.prior, view=self.view or self.labels)
