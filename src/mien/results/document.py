"""The JSON document of results, the same wherever mien hands out JSON (``docs/SCHEMA.md``)."""

from __future__ import annotations

from typing import Any

import numpy as np

from mien.core.model_card import ModelCard
from mien.core.types import Face, Result

SCHEMA = 2


def document(model: dict[str, Any], images: list[dict[str, Any]], failures: list[tuple[str, str]]) -> dict[str, Any]:
    """Return the whole document of a ``model_entry``, an entry a picture, and (path, error) of the failed."""
    return {
        "schema": SCHEMA,
        "model": model,
        "images": images,
        "failures": [{"path": path, "error": error} for path, error in failures],
    }


def model_entry(card: ModelCard, sha256: str, prior: float) -> dict[str, Any]:
    """Return the entry that tells one model, and the setting of its prior, from every other."""
    return {"name": card.name, "version": card.version, "sha256": sha256, "prior": prior}


def picture_entry(path: str, result: Result) -> dict[str, Any]:
    """Return the entry of one picture, or of one frame of a video, and its faces."""
    width, height = result.frame.size
    when = {"frame": result.frame.index, "time_s": round(result.frame.time_s, 6)} if result.timed else {}
    turned = {"turned": result.faces.turn} if result.faces.turn else {}
    faces = [face_entry(face) for face in result]
    return {"path": path, **when, "width": width, "height": height, **turned, "faces": faces}


def face_entry(face: Face) -> dict[str, Any]:
    """Return the entry of one face; ``landmarks`` is empty where the detector gave none.

    ``id`` and ``raw`` are there where a face is followed through a video.
    """
    located = bool(np.isfinite(face.landmarks).all())
    followed = {} if face.raw is None else {"id": face.id}
    raw = {} if face.raw is None else {"raw": _shares(face.raw)}
    return {
        **followed,
        "box": _pixels(face.box.tolist()),
        "landmarks": [_pixels(point) for point in face.landmarks.tolist()] if located else [],
        "score": round(face.score, 4),
        "quality": face.quality,
        "emotion": face.emotion,
        "confidence": round(face.confidence, 4),
        "uncertain": face.uncertain,
        "probabilities": _shares(face.probabilities),
        **raw,
    }


def _shares(probabilities: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in probabilities.items()}


def _pixels(values: list[float]) -> list[float]:
    # Adding zero makes a zero of a minus zero.
    return [round(value, 2) + 0.0 for value in values]
