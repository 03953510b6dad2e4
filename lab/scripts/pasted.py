"""The whole path (detector, crop, net) on faces pasted into larger pictures; ``framing.py`` runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Floats, Image
from mien.core.boxes import iou
from mien.core.frame import Frame
from mien.detection.detectors import Detector, WholeImage, without_landmarks
from mien.inference.analyzer import Analyzer, FaceClassifier

Grey = NDArray[np.uint8]

SIZES_PX = (36, 48, 72, 96, 144, 240)
PICTURE_PX = 320
GREY = 128
SAME_FACE = 0.3
"""The intersection over union from which a found box stands for the pasted face."""

PLACES = {"centre": (0.5, 0.5), "off centre": (0.8, 0.2), "edge": (0.0, 0.5)}
"""Where a face lies: the share of the free space that is left of it and above it."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """N faces and what is known of them.

    Attributes:
        images: (N, S, S) uint8.
        truth: (N,) indices into SEVEN.
        bare: (N,) what the net says of the faces as they are, indices into SEVEN.
    """

    images: Grey
    truth: NDArray[np.int64]
    bare: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scene:
    """A way to show a face to the whole path.

    Attributes:
        detect: the detector; None for one that knows the face's true box, which tells the cost of scaling alone.
        background: a name in ``BACKGROUNDS``.
        place: a name in ``PLACES``.
        times: how much the whole picture is enlarged before anything sees it.
    """

    detect: Detector | None
    background: str = "grey"
    place: str = "centre"
    times: int = 1


def enlarged(face: Grey, side_px: int) -> Grey:
    """Return a face (S, S) uint8 at another size: bicubic where it grows, the mean of what a pixel covers elsewhere."""
    method = cv2.INTER_CUBIC if side_px > face.shape[0] else cv2.INTER_AREA
    return np.asarray(cv2.resize(face, (side_px, side_px), interpolation=method), np.uint8)


def as_rgb(grey: Grey) -> Image:
    """Return (H, W) uint8 as (H, W, 3)."""
    return np.repeat(grey[:, :, None], 3, axis=2)


def plain(face: Grey, left: int, top: int, random: np.random.Generator) -> Grey:
    """Return a picture of one grey."""
    return np.full((PICTURE_PX, PICTURE_PX), GREY, np.uint8)


def clouds(face: Grey, left: int, top: int, random: np.random.Generator) -> Grey:
    """Return clouds of about 30 px with some grain."""
    coarse = random.integers(40, 216, (10, 10), np.uint8)
    smooth = cv2.resize(coarse, (PICTURE_PX, PICTURE_PX), interpolation=cv2.INTER_CUBIC)
    return (smooth + random.normal(0, 6, smooth.shape)).clip(0, 255).astype(np.uint8)


def border(face: Grey, left: int, top: int, random: np.random.Generator) -> Grey:
    """Return the pixels of the face's border going on to the picture's edge, blurred by an eighth of the face."""
    side_px = face.shape[0]
    right, bottom = PICTURE_PX - left - side_px, PICTURE_PX - top - side_px
    spread = cv2.copyMakeBorder(face, top, bottom, left, right, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.GaussianBlur(spread, (0, 0), side_px / 8), np.uint8)


BACKGROUNDS: dict[str, Callable[[Grey, int, int, np.random.Generator], Grey]] = {
    "grey": plain,
    "clouds": clouds,
    "border": border,
}
"""Name -> function of the enlarged face, its left and top in the picture, and a random generator."""


def paste(face: Grey, side_px: int, scene: Scene, random: np.random.Generator) -> tuple[Image, Floats]:
    """Return a picture (H, W, 3) uint8 with a face (S, S) uint8 in it at side_px, and the face's box (4,) there."""
    large = enlarged(face, side_px)
    left, top = (round(share * (PICTURE_PX - side_px)) for share in PLACES[scene.place])
    picture = BACKGROUNDS[scene.background](large, left, top, random)
    picture[top : top + side_px, left : left + side_px] = large
    box = scene.times * np.array([left, top, left + side_px, top + side_px], np.float32)
    if scene.times > 1:
        whole_px = scene.times * PICTURE_PX
        picture = np.asarray(cv2.resize(picture, (whole_px, whole_px), interpolation=cv2.INTER_LINEAR), np.uint8)
    return as_rgb(picture), box


def answer(analyze: Analyzer, picture: Image, box: Floats) -> int:
    """Return the emotion, an index into SEVEN, of the found face that is the one in a box (4,); -1 without one."""
    result = analyze(Frame(picture))
    overlap = iou(box[None], result.faces.boxes)[0]
    if not len(overlap) or overlap.max() < SAME_FACE:
        return -1
    return int(result.probs[overlap.argmax()].argmax())


def bare_answers(faces: Grey, classifier: FaceClassifier) -> NDArray[np.int64]:
    """Return what the net says of faces (N, S, S) uint8 as they are, (N,) indices into SEVEN."""
    analyze, frame = Analyzer(WholeImage(), classifier), np.array([0, 0, *faces.shape[1:]], np.float32)
    return np.array([answer(analyze, as_rgb(face), frame) for face in faces])


def walk(faces: Known, classifier: FaceClassifier, scene: Scene) -> dict[str, Any]:
    """Return the scores of one scene by size in pixels; a face that is not found counts as wrong."""
    return {str(side_px): _walk_size(faces, classifier, scene, side_px) for side_px in SIZES_PX}


def _walk_size(faces: Known, classifier: FaceClassifier, scene: Scene, side_px: int) -> dict[str, float | None]:
    """Return share found, accuracy, and of the found faces the accuracy here and bare."""
    random = np.random.default_rng(side_px)
    answers = np.empty(len(faces.images), np.int64)
    for row, face in enumerate(faces.images):
        picture, box = paste(face, side_px, scene, random)
        detect = scene.detect or _knowing(box)
        answers[row] = answer(Analyzer(detect, classifier), picture, box)
    found = answers >= 0
    return {
        "found": _share(found),
        "accuracy": _share(answers == faces.truth),
        "accuracy_of_found": _share((answers == faces.truth)[found]),
        "bare_of_found": _share((faces.bare == faces.truth)[found]),
    }


def _knowing(box: Floats) -> Detector:
    """Return a detector that finds one box (4,), whatever the picture."""
    return lambda image: without_landmarks(box[None])


def _share(hits: NDArray[np.bool_]) -> float | None:
    """Return the share that is true, None of nothing."""
    return round(float(hits.mean()), 4) if len(hits) else None
