"""The JSON document of results, the same wherever mien hands out JSON (``docs/SCHEMA.md``)."""

from __future__ import annotations

from typing import Any

import numpy as np

from mien.core.card import ModelCard
from mien.core.types import Face, Result

SCHEMA = 1


def document(
    card: ModelCard, sha256: str, results: list[tuple[str, Result]], failures: list[tuple[str, str]]
) -> dict[str, Any]:
    """Return the whole document: the model, an entry a picture, and (path, error) of those that failed."""
    return {
        "schema": SCHEMA,
        "model": {"name": card.name, "version": card.version, "sha256": sha256},
        "images": [picture_entry(path, result) for path, result in results],
        "failures": [{"path": path, "error": error} for path, error in failures],
    }


def picture_entry(path: str, result: Result) -> dict[str, Any]:
    """Return the entry of one picture and its faces."""
    height, width = result.frame.image.shape[:2]
    return {"path": path, "width": width, "height": height, "faces": [face_entry(face) for face in result]}


def face_entry(face: Face) -> dict[str, Any]:
    """Return the entry of one face; ``landmarks`` is empty where the detector gave none."""
    located = bool(np.isfinite(face.landmarks).all())
    return {
        "box": [round(value, 2) for value in face.box.tolist()],
        "landmarks": [[round(x, 2), round(y, 2)] for x, y in face.landmarks.tolist()] if located else [],
        "score": round(face.score, 4),
        "emotion": face.emotion,
        "confidence": round(face.confidence, 4),
        "probabilities": {name: round(value, 4) for name, value in face.probabilities.items()},
    }
