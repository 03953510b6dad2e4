"""``Analyzer``: one picture in, the emotions of its faces out."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mien.core.card import ModelCard
from mien.core.emotions import EIGHT, SEVEN, to_seven
from mien.core.types import Frame, Result
from mien.infer.classify import Classifier, default_model
from mien.vision.crops import cut_faces
from mien.vision.detect import Detector, load_detector


class FaceClassifier(Protocol):
    """Crops (N, S, S, C) uint8 -> probabilities (N, K) float32 in the order of the card's labels; rows sum to 1."""

    card: ModelCard
    sha256: str

    def __call__(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the probabilities of each crop."""
        ...


class Analyzer:
    """Finds the faces of a picture and names what they show. It keeps no state between pictures.

    Args:
        detector: (H, W, 3) uint8 RGB -> Faces.
        classifier: crops -> probabilities; its card says how faces are cut for it.
    """

    def __init__(self, detector: Detector, classifier: FaceClassifier) -> None:
        self.detector = detector
        self.classifier = classifier

    def __call__(self, frame: Frame) -> Result:
        """Return the faces of the frame with their probabilities, in the seven-class view."""
        card = self.classifier.card
        faces = self.detector(frame.image)
        probs = self.classifier(cut_faces(frame.image, faces, card.crop))
        labels = card.labels
        if labels == EIGHT:
            probs, labels = to_seven(probs), SEVEN
        return Result(frame, faces, np.full(len(faces), -1, np.int64), probs, labels)


def load(model: Path | None = None, detector: str = "yunet") -> Analyzer:
    """Return an analyzer of a model file (the packaged one by default) and a detector's name.

    Raises:
        ModelError: the file is no model of mien.
        DetectorError: the installed OpenCV cannot provide the detector.
        UsageError: no detector of that name.
    """
    return Analyzer(load_detector(detector), Classifier(model or default_model()))
