"""The JSON document of results, the same wherever mien hands out JSON (``docs/SCHEMA.md``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import numpy as np

from mien.core.frame import Frame
from mien.core.model_card import ModelCard
from mien.core.pose import Pose
from mien.core.result import Face, Result
from mien.core.valence import indices

SCHEMA = 2

Setting = str | float | bool | None
"""What an option is set to; None, False and 0 are alike, and are what an option is that is not given."""


class ModelEntry(TypedDict):
    """What made a result: a model's name and version, the SHA-256 of its file, and the prior, 0 to 1."""

    name: str
    version: str
    sha256: str
    prior: float


class PoseEntry(TypedDict):
    """How a head is turned, in degrees (``mien.core.pose.Pose``)."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


class _Posed(TypedDict, total=False):
    pose: PoseEntry


class FaceEntry(_Posed):
    """One face; ``id`` and ``raw`` are there where it is followed through a video, ``pose`` where it has landmarks.

    ``valence`` and ``intensity`` are None where the model's emotions do not tell them. ``name`` is there where a person
    has one, and never in a log.
    """

    id: NotRequired[int]
    name: NotRequired[str]
    box: list[float]
    landmarks: list[list[float]]
    score: float
    quality: str
    emotion: str
    confidence: float
    uncertain: bool
    valence: float | None
    intensity: float | None
    probabilities: dict[str, float]
    raw: NotRequired[dict[str, float]]


class _When(TypedDict, total=False):
    frame: int
    source_frame: int
    time_s: float


class _Turned(TypedDict, total=False):
    turned: int


class PictureEntry(_When, _Turned):
    """One picture, or one frame of a video, which has ``frame`` and ``time_s``; ``turned`` only where it is not 0.

    ``source_frame`` is its place among all frames of the file, where that is known.
    """

    path: str
    width: int
    height: int
    faces: list[FaceEntry]


class ResultEntry(PictureEntry):
    """One picture, and what made its result."""

    schema: int
    model: ModelEntry


class FailureEntry(TypedDict):
    """A picture without a result, and why."""

    path: str
    error: str


class ErrorEntry(TypedDict):
    """What ``mien web`` answers where it has no result: what is wrong, and what to do next."""

    error: str


class EndEntry(TypedDict):
    """The end of a video: when its last frame ends, how many frames were damaged, and what else to know of it.

    ``not_people`` are the ids that are not counted as people, where people are counted.
    """

    path: str
    end_s: float
    damaged: int
    notes: list[str]
    not_people: NotRequired[list[int]]


def end_entry(
    path: str, end_s: float, damaged: int, notes: Sequence[str], not_people: Sequence[int] | None = None
) -> EndEntry:
    """Return the entry of a video's end; ``not_people`` is None where nobody looked."""
    end: EndEntry = {"path": path, "end_s": round(end_s, 6), "damaged": damaged, "notes": list(notes)}
    return end if not_people is None else {**end, "not_people": list(not_people)}


class PeopleEntry(TypedDict):
    """Who is who in a video, as ``mien people`` was told: id -> that of its person, id -> name; the latest holds."""

    path: str
    merged: dict[str, int]
    names: dict[str, str]


class MadeEntry(TypedDict):
    """What the results of a log are made with, as each of its lines says."""

    schema: int
    model: ModelEntry
    settings: Mapping[str, Setting]


class LogEntry(PictureEntry, MadeEntry):
    """One picture, as a line of a log."""


class Document(TypedDict):
    """What ``mien image --json`` prints."""

    schema: int
    model: ModelEntry
    images: list[PictureEntry]
    failures: list[FailureEntry]


def document(model: ModelEntry, images: list[PictureEntry], failures: list[tuple[str, str]]) -> Document:
    """Return the whole document of a ``model_entry``, an entry a picture, and (path, error) of the failed."""
    return {
        "schema": SCHEMA,
        "model": model,
        "images": images,
        "failures": [{"path": path, "error": error} for path, error in failures],
    }


def model_entry(card: ModelCard, sha256: str, prior: float) -> ModelEntry:
    """Return the entry that tells one model, and the setting of its prior, from every other."""
    return {"name": card.name, "version": card.version, "sha256": sha256, "prior": prior}


def picture_entry(path: str, result: Result) -> PictureEntry:
    """Return the entry of one picture, or of one frame of a video, and its faces."""
    width, height = result.frame.size
    when = _when(result.frame) if result.timed else _When()
    turned: _Turned = {"turned": result.faces.turn} if result.faces.turn else {}
    faces = [face_entry(face) for face in result]
    return {"path": path, **when, "width": width, "height": height, **turned, "faces": faces}


def _when(frame: Frame) -> _When:
    known: _When = {"source_frame": frame.number} if frame.number >= 0 else {}
    return {"frame": frame.index, **known, "time_s": round(frame.time_s, 6)}


def face_entry(face: Face) -> FaceEntry:
    """Return the entry of one face; ``landmarks`` is empty where the detector gave none."""
    located = bool(np.isfinite(face.landmarks).all())
    shares = _shares(face.probabilities)
    posed: _Posed = {} if np.isnan(face.pose.yaw_deg) else {"pose": _angles(face.pose)}
    entry: FaceEntry = {
        "box": _pixels(face.box.tolist()),
        "landmarks": [_pixels(point) for point in face.landmarks.tolist()] if located else [],
        "score": round(face.score, 4),
        **posed,
        "quality": face.quality,
        "emotion": face.emotion,
        "confidence": round(face.confidence, 4),
        "uncertain": face.uncertain,
        **index_cells(shares),
        "probabilities": shares,
    }
    return entry if face.raw is None else {"id": face.id, **entry, "raw": _shares(face.raw)}


class IndexCells(TypedDict):
    """Valence and intensity, 4 decimals."""

    valence: float | None
    intensity: float | None


def index_cells(shares: Mapping[str, float]) -> IndexCells:
    """Return the indices of probabilities that are rounded as in documents, so that documents suffice for them."""
    valence, intensity = indices(shares)
    return {"valence": _index(valence), "intensity": _index(intensity)}


def _index(value: float | None) -> float | None:
    return None if value is None else round(value, 4) + 0.0


def _angles(pose: Pose) -> PoseEntry:
    yaw, pitch, roll = (round(angle, 1) + 0.0 for angle in pose)
    return {"yaw_deg": yaw, "pitch_deg": pitch, "roll_deg": roll}


def _shares(probabilities: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in probabilities.items()}


def _pixels(values: list[float]) -> list[float]:
    # Adding zero makes a zero of a minus zero.
    return [round(value, 2) + 0.0 for value in values]
