"""YuNet's net: how its input is made, and its output decoded."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Any

import cv2
import numpy as np
import onnxruntime as ort

from mien.core import boxes
from mien.core.arrays import Floats, Image
from mien.core.errors import DetectorError
from mien.core.faces import LANDMARKS, Faces

STRIDES = (8, 16, 32)
"""Pixels between neighbouring anchors on YuNet's three levels; the sides of its input are multiples of the last."""

FAINT_ANCHORS = 60
"""How many anchors, those of the highest scores, are kept where faint faces are wanted."""

NMS_IOU = 0.3
"""The intersection over union above which two of YuNet's boxes are one face."""


class Net:
    """The net: a picture at one size to the faces in it.

    W. Wu, H. Peng and S. Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023: a convolutional net of 75,000
    parameters that also gives five landmarks a face.

    Args:
        threads: processor threads that one call uses.

    Raises:
        DetectorError: the weights are not in the installed package.
    """

    def __init__(self, threads: int = 2) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that spin while they wait double the time of a call on a busy processor.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3  # errors only: the warnings are about the graph, which users cannot change
        self._session = ort.InferenceSession(weights(), options, providers=["CPUExecutionProvider"])
        self._outputs = [f"{head}_{stride}" for stride in STRIDES for head in ("cls", "obj", "bbox", "kps")]

    def search(self, image: Image, small: Image, min_score: float, faint: float | None = None) -> Faces:
        """Return the faces of image (H, W, 3) that are found in a resized copy of it (H', W', 3).

        Args:
            image: the picture, whose pixels the boxes are in.
            small: the resized copy, which is searched.
            min_score: all faces with this score or more are returned.
            faint: a few more faces, the best with this score or more, are returned; None for none.
        """
        batch = to_batch([small])
        least = min_score if faint is None else min(faint, min_score)
        found, landmarks, scores = decode(self._raw(batch)[0], anchor_grid(*batch.shape[2:]), least)
        if faint is not None:
            # Noise has thousands, each of which would be compared with all others.
            weakest = np.sort(scores)[-FAINT_ANCHORS:].min(initial=min_score)
            rows = scores >= min(weakest, min_score)
            found, landmarks, scores = found[rows], landmarks[rows], scores[rows]
        kept = boxes.nms(found, scores, NMS_IOU)
        kept = kept[boxes.left_to_right(found[kept])]
        scale = np.array([image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]], np.float32)
        return Faces(found[kept], landmarks[kept], scores[kept]).scaled(scale)

    def best_scores(self, images: Sequence[Image]) -> Floats:
        """Return the score of the best face of each of N pictures (H, W, 3) of one size, (N,) float32, 0 to 1."""
        return scores_of(self._raw(to_batch(images))).max(axis=1)

    def _raw(self, batch: Floats) -> Floats:
        """Return the outputs of the net for N pictures (N, 3, H', W') at their A anchors, (N, A, 16) float32."""
        outputs: Any = self._session.run(self._outputs, {"input": batch})
        return np.concatenate([np.concatenate(outputs[level : level + 4], axis=2) for level in (0, 4, 8)], axis=1)


def weights() -> bytes:
    """Return the ONNX file that the build put into the package.

    Raises:
        DetectorError: it is not there.
    """
    path = resources.files("mien") / "weights" / "yunet.onnx"
    if not path.is_file():
        raise DetectorError(
            f"the face detector's weights are missing: expected {path}, which building mien writes; "
            "run 'pip install .' (or 'pip install -e .') in the repository, or use the detector 'none'"
        )
    return path.read_bytes()


def shrink(image: Image, max_side_px: int) -> Image:
    """Return image (H, W, 3) uint8 with its longer side at most max_side_px, by area averaging."""
    return image if max(image.shape[:2]) <= max_side_px else resize(image, max_side_px)


def resize(image: Image, longer_px: int) -> Image:
    """Return image (H, W, 3) uint8 with a longer side of longer_px: shrunk by area averaging, enlarged linearly."""
    height, width = image.shape[:2]
    scale = longer_px / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=way), np.uint8)


def to_batch(images: Sequence[Image]) -> Floats:
    """Return N images (H, W, 3) uint8 RGB as (N, 3, H', W') float32 BGR, 0 to 255, black added right and below."""
    height, width = images[0].shape[:2]
    last = STRIDES[-1]
    batch = np.zeros((len(images), 3, -(-height // last) * last, -(-width // last) * last), np.float32)
    for row, image in enumerate(images):
        batch[row, :, :height, :width] = image[:, :, ::-1].transpose(2, 0, 1)
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
    scores = scores_of(raw)
    kept = scores >= min_score
    raw, scores, places, strides = raw[kept], scores[kept], anchors[kept, :2], anchors[kept, 2:]
    centres = places + raw[:, 2:4]
    halves: Floats = np.exp(raw[:, 4:6]) * np.float32(0.5)
    landmarks = places[:, None] + raw[:, 6:].reshape(-1, len(LANDMARKS), 2)
    return np.hstack([centres - halves, centres + halves]) * strides, landmarks * strides[:, None], scores


def scores_of(raw: Floats) -> Floats:
    """Return the scores (..., A) of the net's outputs (..., A, 16)."""
    scores: Floats = np.sqrt(raw[..., :2].clip(0, 1).prod(axis=-1))
    return scores
