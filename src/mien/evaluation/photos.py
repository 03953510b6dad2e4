"""Photos with labelled faces: detector, crop and net scored together."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.core import metrics
from mien.core.arrays import Floats
from mien.core.boxes import iou
from mien.core.crop_spec import CropSpec
from mien.core.emotions import EIGHT, SEVEN
from mien.core.errors import DataError
from mien.core.faces import Faces
from mien.core.protocols import Labels
from mien.detection.detectors import Detector
from mien.evaluation.document import PhotoRow, PhotosBlock, PhotoScores
from mien.evaluation.ensemble import Probs
from mien.evaluation.scores import per_class, rounded
from mien.imaging.crop import crop_faces
from mien.imaging.decode import read

LABELS = "labels.csv"
CORNERS = ("x1", "y1", "x2", "y2")
COLUMNS = ("file", "emotion", *CORNERS)

NOT_FOUND = len(SEVEN)
"""The prediction for a face that was not detected."""


@dataclass(frozen=True, slots=True, eq=False)
class Photos:
    """N labelled faces, M of them detected.

    Attributes:
        truth: (N,) int64, index into SEVEN.
        found: (N,) bool, M of them true.
        crops: (M, S, S, C) uint8 for each given way to crop.
        sha256: digest of the labels.
    """

    truth: Labels
    found: NDArray[np.bool_]
    crops: tuple[NDArray[np.uint8], ...]
    sha256: str


def read_photos(folder: Path, crops: Sequence[CropSpec], detect: Detector) -> Photos:
    """Detect and crop the labelled faces of a folder.

    Of the detected faces with their centre in the labelled box, the one that overlaps it most is taken: labelled boxes
    are often so loose that overlap alone would miss a face. Contempt counts as neutral.

    Args:
        folder: holds pictures and a ``labels.csv`` with a line a face: file, emotion, x1, y1, x2, y2 in pixels.
        crops: one or more ways to crop the faces.
        detect: the detector.

    Raises:
        DataError: no labels, or a line that is not as expected.
        ImageError: a picture that cannot be read.
    """
    path = folder / LABELS
    truth, found, cut = list[int](), list[bool](), [list[NDArray[np.uint8]]() for _ in crops]
    for file, label, box in _lines(path):
        image = read(folder / file)
        face = _nearest(detect(image), box)
        truth.append(label)
        found.append(len(face) > 0)
        for pictures, crop in zip(cut, crops, strict=True):
            pictures.append(crop_faces(image, face, crop))
    return Photos(
        np.array(truth),
        np.array(found),
        tuple(np.concatenate(pictures) for pictures in cut),
        hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def score_photos(photos: Photos, probs: Probs) -> PhotoScores:
    """Return the scores over the labelled faces.

    A face that was not detected counts as wrong in the accuracy and in the recall of its class, and so lowers balanced
    accuracy, F1 and macro-F1 too; it does not count in precision.

    Args:
        photos: the N faces.
        probs: (M, 7), the probabilities of the detected ones.
    """
    predicted = np.full(len(photos.truth), NOT_FOUND)
    predicted[photos.found] = probs.argmax(axis=1)
    confusion = metrics.confusion_matrix(photos.truth, predicted, NOT_FOUND + 1)
    scores = metrics.class_scores(confusion)
    return {
        "accuracy": rounded(metrics.accuracy(photos.truth, predicted)),
        "interval": [rounded(bound) for bound in metrics.accuracy_interval(photos.truth, predicted)],
        "macro_f1": rounded(scores.macro_f1),
        "balanced_accuracy": rounded(scores.balanced_accuracy),
        "called_neutral": rounded((predicted == SEVEN.index("neutral")).mean()),
        "per_class": per_class(SEVEN, scores),
        "confusion": confusion[:NOT_FOUND].tolist(),
    }


def photos_block(photos: Photos, at_priors: Mapping[float, Probs], prior: float) -> PhotosBlock:
    """Return the block "photos" of ``metrics.json``.

    Args:
        photos: the N faces.
        at_priors: prior -> (M, 7) probabilities at it.
        prior: of the document.
    """
    scores = {one: score_photos(photos, probs) for one, probs in at_priors.items()}
    return {
        "n": len(photos.truth),
        "found": int(photos.found.sum()),
        "labels_sha256": photos.sha256,
        **scores[prior],
        "prior_sweep": [_photo_row(one, block) for one, block in scores.items()],
    }


def _photo_row(prior: float, scores: PhotoScores) -> PhotoRow:
    """Return the row of the prior sweep at one prior."""
    return {
        "prior": prior,
        "accuracy": scores["accuracy"],
        "balanced_accuracy": scores["balanced_accuracy"],
        "macro_f1": scores["macro_f1"],
        "called_neutral": scores["called_neutral"],
    }


def photo_rows(block: PhotosBlock) -> list[list[str]]:
    """Return a row of text a prior: the prior, accuracy, balanced accuracy, macro-F1, share called neutral."""
    return [
        [
            f"{row['prior']:g}",
            f"{100 * row['accuracy']:.1f} %",
            f"{100 * row['balanced_accuracy']:.1f} %",
            f"{row['macro_f1']:.3f}",
            f"{100 * row['called_neutral']:.1f} %",
        ]
        for row in block["prior_sweep"]
    ]


def _lines(path: Path) -> Iterator[tuple[str, int, Floats]]:
    """Yield file, index into SEVEN and box (4,) float32 of each labelled face."""
    if not path.is_file():
        raise DataError(f"no {path}; expected a line a face with the columns {', '.join(COLUMNS)}")
    with path.open(newline="", encoding="utf-8") as file:
        lines = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (lines.fieldnames or ())]
        if missing:
            raise DataError(f"{path} has no column {', '.join(missing)}; expected {', '.join(COLUMNS)}")
        number = 1
        for number, line in enumerate(lines, start=2):
            yield line["file"], _label(line["emotion"], path, number), _box(line, path, number)
    if number == 1:
        raise DataError(f"{path} names no face; expected a line a face below {', '.join(COLUMNS)}")


def _label(emotion: str, path: Path, number: int) -> int:
    """Return the index into SEVEN of an emotion."""
    if emotion not in EIGHT:
        raise DataError(f"{path}, line {number}: unknown emotion '{emotion}'; expected one of {', '.join(EIGHT)}")
    return SEVEN.index("neutral" if emotion == "contempt" else emotion)


def _box(line: dict[str, str], path: Path, number: int) -> Floats:
    """Return the box (4,) float32 of a line."""
    try:
        return np.array([float(line[corner]) for corner in CORNERS], np.float32)
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}, line {number}: {', '.join(CORNERS)} must be numbers of pixels; {error}") from error


def _nearest(faces: Faces, box: Floats) -> Faces:
    """Return the face that overlaps a labelled box (4,) most of those whose centre lies in it, or none."""
    centres = (faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2
    inside = np.flatnonzero(np.all((centres >= box[:2]) & (centres <= box[2:]), axis=1))
    overlap = iou(box[None], faces.boxes)[0]
    best = inside[np.argsort(-overlap[inside], kind="stable")][:1]
    return faces.take(best)
