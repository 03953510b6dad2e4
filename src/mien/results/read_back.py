"""A result from its entry in a document, for a run that goes on where another stopped."""

from __future__ import annotations

from typing import Any

import numpy as np

from mien.core.types import LANDMARKS, Faces, Frame
from mien.results.analysis import Analysis


def recalled(entry: dict[str, Any], frame: Frame, labels: tuple[str, ...], model: dict[str, Any]) -> Analysis:
    """Return what one frame of a video showed by itself.

    Args:
        entry: of the frame, as ``mien.results.document.picture_entry`` gives it of a ``TrackedResult``.
        frame: the frame.
        labels: the emotions, in the order of the result's columns.
        model: the entry of the model.
    """
    faces = entry["faces"]
    n = len(faces)
    missing = [[np.nan, np.nan]] * len(LANDMARKS)
    return Analysis(
        frame=frame,
        faces=Faces(
            np.array([face["box"] for face in faces], np.float32).reshape(n, 4),
            np.array([face["landmarks"] or missing for face in faces], np.float32).reshape(n, len(LANDMARKS), 2),
            np.array([face["score"] for face in faces], np.float32),
        ),
        ids=np.full(n, -1, np.int64),
        probs=np.array([[face["raw"][name] for name in labels] for face in faces], np.float32).reshape(n, len(labels)),
        labels=labels,
        uncertain=np.zeros(n, np.bool_),  # judged anew, on the average
        quality=tuple(face["quality"] for face in faces),
        model=model,
    )
