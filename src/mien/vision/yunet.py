"""YuNet: the net that finds faces, how its input is made and its output read."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import Any

import cv2
import numpy as np
import onnxruntime as ort

from mien.core import boxes
from mien.core.errors import DetectorError
from mien.core.types import LANDMARKS, NO_FACES, Faces, Floats, Image, join_faces
from mien.vision.tiles import merge

STRIDES = (8, 16, 32)
"""Pixels between neighbouring anchors on each of YuNet's three levels; a picture's sides are multiples of the last."""

MIN_SCORE = 0.7
"""YuNet's threshold unless another is given.

Of 160 pictures without a face it mistakes none at 0.6 or above, 1.9 % at 0.5; of small faces pasted into larger
pictures it finds 29.6 % at 0.6, 25.7 % at 0.7, 19.4 % at 0.8 (docs/benchmarks/detector.txt, by
scripts/choose_detector.py).
"""

MIN_SCORE_NEAR = 0.75
"""The same in tiles, which are many, so that each has to be mistaken less often.

Faces found and pictures mistaken for one are 67.6 and 3.1 % at 0.6, 61.6 and 0.6 % at 0.7, 58.8 and 0.6 % at 0.75
(docs/benchmarks/detector.txt).
"""

SECOND_LOOKS_PX = (224, 640)
"""The longer sides at which a picture is searched again in which nothing was found.

At the first a face that fills its picture is found, at the second a small one in a small picture: of faces that fill
a picture of 48 px one look finds 74.7 %, all of them 98.7 %; of faces of 48 px in 320 px 53.3 and 90.0 %
(docs/benchmarks/detector.txt).
"""

DOUBTFUL = 0.2
"""The score from which a face is looked at closer where nothing reaches the threshold at any look.

With closer looks 97.3 % of faces of 48 px in 320 px are found, without them 90.0 %; a face is seen in 3.1 and 0.6 % of
160 photos in which the faces are blurred (docs/benchmarks/detector.txt). This and the five below were chosen by hand
(docs/LOG.md).
"""

CLOSER_LOOKS = 6
"""How many doubtful faces are looked at closer, the best first."""

CLOSER_MARGIN = 1.1
"""The side of the square that is looked at, as a multiple of the doubtful face's."""

CLOSER_PX = 176
"""The side at which the square is searched."""

MIN_SCORE_CLOSER = 0.5
"""The threshold for the mean of a doubtful face's score and that of its closer look, unless another is given."""

MOST_AWAY = 0.2
"""How far apart the landmarks of both looks may lie in the mean, in sides of the face; in hands they lie anywhere."""

OVERLAP = 0.3
"""The intersection over union above which two of YuNet's boxes stand for one face."""


class YuNet:
    """A convolutional net of 75,000 parameters that also gives five landmarks a face.

    W. Wu, H. Peng and S. Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023. It overlooks faces of more than
    about 300 px, so larger pictures are shrunk before it sees them. A picture in which it finds nothing is searched
    once more at each of ``SECOND_LOOKS_PX``, until something is found. Where nothing is, each doubtful face is cut out
    and searched alone, and counts with the mean of its two scores.

    Args:
        min_score: faces scored lower are dropped, 0 to 1; None is ``MIN_SCORE``, at a closer look ``MIN_SCORE_CLOSER``.
        max_side_px: a picture's longer side is shrunk to this many pixels; more finds smaller faces and takes longer.
        threads: processor threads that one call uses.

    Raises:
        DetectorError: the weights are not in the installed package.
    """

    def __init__(self, min_score: float | None = None, max_side_px: int = 640, threads: int = 2) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that wait busily double the time of a call where other work wants the processor.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3  # errors only: its warnings are about the graph, not about the picture
        self._session = ort.InferenceSession(weights(), options, providers=["CPUExecutionProvider"])
        self._outputs = [f"{head}_{stride}" for stride in STRIDES for head in ("cls", "obj", "bbox", "kps")]
        self._min_score = MIN_SCORE if min_score is None else min_score
        self._min_score_closer = MIN_SCORE_CLOSER if min_score is None else min_score
        self._max_side_px = max_side_px
        self._settings = min_score, max_side_px, threads

    def __reduce__(self) -> tuple[type[YuNet], tuple[float | None, int, int]]:
        """Let copies, in this process or another, start the net again."""
        return YuNet, self._settings

    def __call__(self, image: Image) -> Faces:
        """Return the faces of image (H, W, 3) uint8 RGB, from left to right."""
        looks: list[Faces] = []
        for small in self._looks(image):
            found = self._search(image, small, min(DOUBTFUL, self._min_score))
            sure = found.take(found.scores >= self._min_score)
            if len(sure):
                return sure
            looks.append(found)
        doubtful = join_faces(looks)
        best = boxes.nms(doubtful.boxes, doubtful.scores, OVERLAP)[:CLOSER_LOOKS]
        return merge(self._closer(image, doubtful.take(best[[row]])) for row in range(len(best)))

    def once(self, image: Image) -> Faces:
        """Return the faces that reach the threshold at the first look."""
        return self._search(image, shrink(image, self._max_side_px), self._min_score)

    def _looks(self, image: Image) -> Iterator[Image]:
        """Yield image (H, W, 3) as it is searched first, then at the sizes of further looks."""
        first = shrink(image, self._max_side_px)
        yield first
        for longer_px in SECOND_LOOKS_PX:
            if longer_px != max(first.shape[:2]):
                yield resize(image, longer_px)

    def _closer(self, image: Image, face: Faces) -> Faces:
        """Return one doubtful face of image (H, W, 3) as it is found when cut out, if it is."""
        height, width = image.shape[:2]
        area = boxes.clip(boxes.square(face.boxes, CLOSER_MARGIN), width, height)[0]
        x1, y1, x2, y2 = np.rint(area).astype(int).tolist()
        if x2 <= x1 or y2 <= y1:
            return NO_FACES
        part = image[y1:y2, x1:x2]
        found = self._search(part, resize(part, CLOSER_PX), min(DOUBTFUL, self._min_score))
        corner = np.array([x1, y1], np.float32)
        landmarks = found.landmarks + corner
        away = np.linalg.norm(landmarks - face.landmarks, axis=2).mean(axis=1) / np.sqrt(boxes.area(face.boxes))
        scores: Floats = (found.scores + face.scores) * np.float32(0.5)
        same = (away <= MOST_AWAY) & (scores >= self._min_score_closer)
        return Faces(found.boxes[same] + np.tile(corner, 2), landmarks[same], scores[same])

    def _search(self, image: Image, small: Image, min_score: float) -> Faces:
        """Return the faces of image (H, W, 3) that score min_score or more in it at another size (H', W', 3)."""
        batch = to_batch(small)
        outputs: Any = self._session.run(self._outputs, {"input": batch})
        raw = np.vstack([np.hstack([head[0] for head in outputs[level : level + 4]]) for level in (0, 4, 8)])
        found, landmarks, scores = decode(raw, anchor_grid(*batch.shape[2:]), min_score)
        kept = boxes.nms(found, scores, OVERLAP)
        kept = kept[boxes.left_to_right(found[kept])]
        scale = np.array([image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]], np.float32)
        return Faces(found[kept] * np.tile(scale, 2), landmarks[kept] * scale, scores[kept])


def weights() -> bytes:
    """Return the ONNX file that the build put into the package.

    Raises:
        DetectorError: it is not there.
    """
    path = resources.files("mien") / "weights" / "yunet.onnx"
    if not path.is_file():
        raise DetectorError(
            f"the face detector's weights are missing: expected {path}, which building mien writes; "
            "run 'pip install .' (or 'pip install -e .') in the repository, or use '--detector none'"
        )
    return path.read_bytes()


def shrink(image: Image, max_side_px: int) -> Image:
    """Return image (H, W, 3) uint8 with its longer side at most max_side_px, each pixel the mean of what it covers."""
    return image if max(image.shape[:2]) <= max_side_px else resize(image, max_side_px)


def resize(image: Image, longer_px: int) -> Image:
    """Return image (H, W, 3) uint8 with a longer side of longer_px: means of what is reduced, else interpolated."""
    height, width = image.shape[:2]
    scale = longer_px / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=way), np.uint8)


def to_batch(image: Image) -> Floats:
    """Return image (H, W, 3) uint8 RGB as (1, 3, H', W') float32 BGR, 0 to 255, black added at the right and below."""
    height, width = image.shape[:2]
    last = STRIDES[-1]
    batch = np.zeros((1, 3, -(-height // last) * last, -(-width // last) * last), np.float32)
    batch[0, :, :height, :width] = image[:, :, ::-1].transpose(2, 0, 1)
    return batch


def anchor_grid(height: int, width: int) -> Floats:
    """Return column, row and stride of each of the A anchors of a padded picture, (A, 3) float32, row by row."""
    levels = [
        np.column_stack(
            [np.tile(np.arange(columns), rows), np.arange(rows).repeat(columns), np.full(rows * columns, stride)]
        )
        for stride, columns, rows in ((stride, width // stride, height // stride) for stride in STRIDES)
    ]
    return np.vstack(levels).astype(np.float32)


def decode(raw: Floats, anchors: Floats, min_score: float) -> tuple[Floats, Floats, Floats]:
    """Turn the net's outputs into the faces that score min_score or more.

    Args:
        raw: (A, 16) float32, an anchor a row: how much it looks like a face, how well a face is centred on it, the
            box's centre from the anchor (x, y), the logarithm of the box's size (x, y), each landmark from the
            anchor (x, y); lengths in strides.
        anchors: (A, 3) float32, column, row, stride in pixels.
        min_score: 0 to 1.

    Returns:
        boxes (N, 4), landmarks (N, 5, 2) and scores (N,), float32, in pixels of the padded picture.
    """
    scores: Floats = np.sqrt(raw[:, :2].clip(0, 1).prod(axis=1))
    kept = scores >= min_score
    raw, scores, places, strides = raw[kept], scores[kept], anchors[kept, :2], anchors[kept, 2:]
    centres = places + raw[:, 2:4]
    halves: Floats = np.exp(raw[:, 4:6]) * np.float32(0.5)
    landmarks = places[:, None] + raw[:, 6:].reshape(-1, len(LANDMARKS), 2)
    return np.hstack([centres - halves, centres + halves]) * strides, landmarks * strides[:, None], scores
