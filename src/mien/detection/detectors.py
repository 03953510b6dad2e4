"""Face detectors that a user can name, the protocol of all detectors, and which of the faces found are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import cv2
import numpy as np

from mien.core import boxes
from mien.core.arrays import Floats, Image
from mien.core.errors import DetectorError, UsageError
from mien.core.faces import LANDMARKS, Faces
from mien.detection.sliced import SlicedDetector
from mien.detection.yunet import MIN_SCORE_TILE, YuNet


class Detector(Protocol):
    """Anything that finds the faces of a picture, and keeps nothing between pictures."""

    def __call__(self, image: Image, /) -> Faces:
        """Return the faces of image (H, W, 3) uint8 RGB, from left to right."""
        ...


class Haar:
    """The cascade of Viola and Jones (2001) that comes with OpenCV 4, for comparison with older programs.

    It finds upright frontal faces, without landmarks and without confidence: every score is 1.

    Raises:
        DetectorError: the installed OpenCV has no cascades; OpenCV 5 dropped them.
    """

    def __init__(self) -> None:
        classifier: Any = getattr(cv2, "CascadeClassifier", None)
        path = Path(str(cv2.__file__)).parent / "data" / "haarcascade_frontalface_default.xml"
        if classifier is None or not path.is_file():
            raise DetectorError(
                f"OpenCV {cv2.__version__} has no Haar cascades, which the detector 'haar' needs and OpenCV 4 has; "
                "run \"pip install 'opencv-python-headless<5'\", or use the detector 'yunet'"
            )
        self._cascade = classifier(str(path))
        self._one_at_a_time = Lock()  # a cascade stores the image pyramid that it works on

    def __reduce__(self) -> tuple[type[Haar], tuple[()]]:
        """Pickle and copy as a call, which loads the cascade again."""
        return Haar, ()

    def __call__(self, image: Image) -> Faces:
        """Return the faces of image (H, W, 3) uint8 RGB, from left to right."""
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        with self._one_at_a_time:
            found = self._cascade.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=5, minSize=(24, 24))
        corners = np.array(found, np.float32).reshape(-1, 4)
        corners[:, 2:] += corners[:, :2]
        return without_landmarks(corners[boxes.left_to_right(corners)])


class WholeImage:
    """Takes the whole picture for a face, without a search."""

    def __call__(self, image: Image) -> Faces:
        """Return one face, the whole of image (H, W, 3) uint8 RGB, with a score of 1."""
        height, width = image.shape[:2]
        return without_landmarks(np.array([[0, 0, width, height]], np.float32))


def without_landmarks(found: Floats) -> Faces:
    """Return boxes (N, 4) float32 as faces with landmarks of NaN and scores of 1."""
    landmarks = np.full((len(found), len(LANDMARKS), 2), np.nan, np.float32)
    return Faces(found, landmarks, np.ones(len(found), np.float32))


@dataclass(frozen=True, slots=True)
class FaceFilter:
    """Which of the faces found in a picture are kept.

    Attributes:
        min_face_px: faces whose longer side is shorter are left out.
        largest: keep only the face with the largest area.

    Raises:
        UsageError: min_face_px is no number of pixels.
    """

    min_face_px: float = 0
    largest: bool = False

    def __post_init__(self) -> None:
        """Refuse a size that is no number of pixels."""
        if not 0 <= self.min_face_px < np.inf:
            raise UsageError(f"min_face_px must be a number of pixels, 0 or more; got {self.min_face_px}")

    def __call__(self, found: Faces) -> Faces:
        """Return the faces that are kept, in their order."""
        rows = np.flatnonzero((found.boxes[:, 2:] - found.boxes[:, :2]).max(axis=1, initial=0) >= self.min_face_px)
        if self.largest and len(rows):
            rows = rows[[boxes.area(found.boxes[rows]).argmax()]]
        return found.take(rows)


EVERY_FACE = FaceFilter()


def load_yunet(min_score: float | None = None, small_faces: bool = False, threads: int = 2) -> Detector:
    """Return YuNet, which with ``small_faces`` searches the picture in tiles too; see ``load_detector``."""
    whole = YuNet(min_score, threads=threads)
    if not small_faces:
        return whole
    return SlicedDetector(whole, YuNet(MIN_SCORE_TILE if min_score is None else min_score, threads=threads).once)


DETECTORS: dict[str, Callable[..., Detector]] = {"yunet": load_yunet, "haar": Haar, "none": WholeImage}
"""Name -> function or class that makes the detector, called with those options of ``load_detector`` that it takes."""


def load_detector(
    name: str, *, min_score: float | None = None, small_faces: bool = False, threads: int | None = None
) -> Detector:
    """Return a detector by its name.

    Args:
        name: a key of ``DETECTORS``.
        min_score: faces scored lower are dropped, 0 to 1; None is the detector's default, in YuNet ``MIN_SCORE``,
            ``MIN_SCORE_RECHECK`` and in tiles ``MIN_SCORE_TILE``. Only "yunet" gives scores.
        small_faces: also search the picture enlarged (``mien.detection.sliced``), which takes some ten times as long.
            Only "yunet" can.
        threads: processor threads that one call uses, where the detector has the option; None is its default, of
            "yunet" two.

    Raises:
        UsageError: no detector has that name, it does not have an option, or a value is out of range.
        DetectorError: the installed libraries cannot provide it.
    """
    if name not in DETECTORS:
        raise UsageError(f"unknown detector '{name}'; expected one of {', '.join(DETECTORS)}")
    if min_score is not None and not 0 <= min_score <= 1:
        raise UsageError(f"min_score must be a number from 0 to 1; got {min_score}")
    make = DETECTORS[name]
    known = signature(make).parameters
    options: dict[str, Any] = {"min_score": min_score, "small_faces": small_faces or None, "threads": threads}
    given = {option: value for option, value in options.items() if value is not None}
    for option in given.keys() - known.keys() - {"threads"}:
        raise UsageError(f"the detector '{name}' has no option {option}; leave it out, or use the detector 'yunet'")
    return make(**{option: value for option, value in given.items() if option in known})
