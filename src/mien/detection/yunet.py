"""Face detection with YuNet: several sizes, a recheck of doubtful faces, and rotated pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from mien.core import boxes
from mien.core.arrays import Floats, Image
from mien.core.faces import NO_FACES, Faces, join_faces
from mien.detection.rotations import TURNS, search_turned, turn
from mien.detection.sliced import merge
from mien.detection.yunet_net import NMS_IOU, Net, resize, shrink

MIN_SCORE = 0.7
"""YuNet's threshold, unless another is given.

In 160 pictures without a face it finds none at 0.6 or above, and one in 1.9 % of them at 0.5; of small faces pasted
into larger pictures it finds 29.6 % at 0.6, 25.7 % at 0.7, 19.4 % at 0.8 (docs/benchmarks/detector.txt, by
lab/scripts/choose_detector.py).
"""

MIN_SCORE_TILE = 0.75
"""The threshold in tiles: as there are many, each must give fewer false detections.

Faces found and pictures with a false detection are 67.6 and 3.1 % at 0.6, 61.6 and 0.6 % at 0.7, 58.8 and 0.6 % at 0.75
(docs/benchmarks/detector.txt).
"""

RETRY_SIZES_PX = (224, 640)
"""The longer sides at which a picture is searched again if nothing was found in it.

The first size finds a face that fills its picture, the second a small face in a small picture: of faces that fill a
picture of 48 px the first search finds 74.7 %, all searches 98.7 %; of faces of 48 px in 320 px 53.3 and 90.0 %
(docs/benchmarks/detector.txt).
"""

PRECHECK_FROM_PX = 400
"""Pictures with this longer side or more are searched again only if the precheck finds what may be a face.

In smaller ones the first search gives no sign at all of some faces that the further searches find.
"""

FAINT_SCORE = 0.03
"""Places with this score or more in the first search are prechecked, if no face is sure."""

MOST_PRECHECKS = 6
"""How many of them, the best first; the whole picture is prechecked too."""

DOUBTFUL_SCORE = 0.2
"""Faces with this score or more are rechecked, if nothing reaches the threshold in any search.

With rechecks 97.3 % of faces of 48 px in 320 px are found, without them 90.0 %; a face is found in 3.1 and 0.6 % of 160
photos in which the faces are blurred (docs/benchmarks/detector.txt). This and the five below were chosen by hand
(lab/log.md).
"""

MOST_RECHECKS = 6
"""How many doubtful faces are rechecked, the best first."""

RECHECK_MARGIN = 1.1
"""Side of the square that is cut out, as a multiple of the doubtful face's."""

RECHECK_PX = 176
"""Side to which the square is resized."""

MIN_SCORE_RECHECK = 0.5
"""The threshold for the mean of a doubtful face's two scores, unless another is given."""

MOST_LANDMARK_SHIFT = 0.2
"""Largest mean distance of the landmarks of both searches, in sides of the face; on hands they are anywhere."""

UPRIGHT_SCORE = 0.9
"""A face with this score or more is upright: none of 186 rotated ones reaches it (docs/TURNED.md)."""

TURNED_PLACES = 2
"""How many places are prechecked turned, if no face is found; the whole picture is too."""

SURE_TURNED = 0.8
"""What the best face of a turned picture must score, if none is found upright."""

SURE_INSTEAD = 0.87
SURER_BY = 0.02
"""What it must score if one is found upright, and by how much more than that one."""

CropSize = tuple[int, float]
"""Side of the crop that the net gets, in pixels, and side of the square cut out as a multiple of the place's."""

PRECHECK_CROP: CropSize = (64, 1.6)

TURN_CROPS: tuple[CropSize, ...] = ((96, 1.1), (96, 1.3), (96, 1.6))
"""The larger crops that decide on a turn."""

PRECHECK_MIN_SCORE = 0.3
"""A place that scores less in the precheck shows no face."""

TURN_MIN_PRECHECK = 0.4
"""A place that scores less when turned gets no larger crops."""

TURN_MOST_BELOW = 0.05
"""Nor does one that scores more than this below its upright score."""

TURN_MIN_SCORE = 0.75
TURN_MIN_GAIN = 0.02
"""A place is turned if the mean score of its larger crops is so high, and so much higher than upright.

See docs/TURNED.md, by lab/scripts/turned.py.
"""


class YuNet:
    """The face detector YuNet (``mien.detection.yunet_net``).

    The net misses faces of more than about 300 px, so larger pictures are shrunk first. If it finds nothing, a precheck
    runs on small crops of the whole picture and of its likeliest places. If one of them may be a face, or the picture
    is small, it is searched again at each of ``RETRY_SIZES_PX``, until something is found. If nothing is, each doubtful
    face is cut out and searched alone: a recheck, after which it has the mean of its two scores.

    Args:
        min_score: faces scored lower are dropped, 0 to 1; None is ``MIN_SCORE``, in a recheck ``MIN_SCORE_RECHECK``.
        max_side_px: a picture's longer side is shrunk to this many pixels; more finds smaller faces and takes longer.
        threads: processor threads that one call uses.

    Raises:
        DetectorError: the weights are not in the installed package.
    """

    def __init__(self, min_score: float | None = None, max_side_px: int = 640, threads: int = 2) -> None:
        self._net = Net(threads)
        self._min_score = MIN_SCORE if min_score is None else min_score
        self._min_score_recheck = MIN_SCORE_RECHECK if min_score is None else min_score
        self._max_side_px = max_side_px
        self._settings = min_score, max_side_px, threads

    def __reduce__(self) -> tuple[type[YuNet], tuple[float | None, int, int]]:
        """Pickle and copy as a call, which loads the net again."""
        return YuNet, self._settings

    def __call__(self, image: Image) -> Faces:
        """Return the faces of image (H, W, 3) uint8 RGB, from left to right."""
        return self._upright(image, self._first(image))

    def turned(self, image: Image) -> Faces:
        """Return the upright faces of image (H, W, 3); if there are none, those of the picture turned.

        Those are in pixels of image too; their ``turn`` is the angle.
        """
        first = self._first(image)
        found = self._upright(image, first)
        best = found.scores.max(initial=0)
        if best >= UPRIGHT_SCORE:
            return found
        places = found.boxes[[found.scores.argmax()]] if len(found) else _places(image, first, TURNED_PLACES)
        degrees = turn_of(self._net, image, places)
        if not degrees:
            return found
        other = search_turned(self, image, degrees)
        least = max(SURE_INSTEAD, best + SURER_BY) if len(found) else SURE_TURNED
        return other if other.scores.max(initial=0) >= least else found

    def _first(self, image: Image) -> Faces:
        """Return the faces of the first search of image (H, W, 3), faint ones too."""
        return self._net.search(
            image, shrink(image, self._max_side_px), min(DOUBTFUL_SCORE, self._min_score), FAINT_SCORE
        )

    def _upright(self, image: Image, first: Faces) -> Faces:
        """Return the faces of image (H, W, 3), searched unturned, given those of its first search."""
        sure = first.take(first.scores >= self._min_score)
        if len(sure):
            return sure
        likeliest = _places(image, first, MOST_PRECHECKS)
        if max(image.shape[:2]) >= PRECHECK_FROM_PX and not any_face(
            self._net, image, likeliest, min(PRECHECK_MIN_SCORE, self._min_score)
        ):
            return NO_FACES
        searches = [first.take(first.scores >= min(DOUBTFUL_SCORE, self._min_score))]
        for small in self._resized(image):
            found = self._net.search(image, small, min(DOUBTFUL_SCORE, self._min_score))
            sure = found.take(found.scores >= self._min_score)
            if len(sure):
                return sure
            searches.append(found)
        doubtful = join_faces(searches)
        best = boxes.nms(doubtful.boxes, doubtful.scores, NMS_IOU)[:MOST_RECHECKS]
        return merge(self._recheck(image, doubtful.take(best[[row]])) for row in range(len(best)))

    def once(self, image: Image) -> Faces:
        """Return the faces that reach the threshold in a single search."""
        return self._net.search(image, shrink(image, self._max_side_px), self._min_score)

    def _resized(self, image: Image) -> Iterator[Image]:
        """Yield image (H, W, 3) at the sizes of the further searches."""
        for longer_px in RETRY_SIZES_PX:
            if longer_px != min(max(image.shape[:2]), self._max_side_px):
                yield resize(image, longer_px)

    def _recheck(self, image: Image, face: Faces) -> Faces:
        """Return one doubtful face of image (H, W, 3) as it is found in its own crop, if it is."""
        height, width = image.shape[:2]
        area = boxes.clip(boxes.square(face.boxes, RECHECK_MARGIN), width, height)[0]
        x1, y1, x2, y2 = np.rint(area).astype(int).tolist()
        if x2 <= x1 or y2 <= y1:
            return NO_FACES
        part = image[y1:y2, x1:x2]
        found = self._net.search(part, resize(part, RECHECK_PX), min(DOUBTFUL_SCORE, self._min_score))
        found = found.moved(np.array([x1, y1], np.float32))
        away = np.linalg.norm(found.landmarks - face.landmarks, axis=2).mean(axis=1) / np.sqrt(boxes.area(face.boxes))
        scores: Floats = (found.scores + face.scores) * np.float32(0.5)
        same = (away <= MOST_LANDMARK_SHIFT) & (scores >= self._min_score_recheck)
        return replace(found, scores=scores).take(same)


def _places(image: Image, faint: Faces, most: int) -> Floats:
    """Return the whole of image (H, W, 3) and the best of the faint faces, (N, 4)."""
    whole = np.array([[0, 0, image.shape[1], image.shape[0]]], np.float32)
    return np.vstack([whole, faint.boxes[np.argsort(-faint.scores, kind="stable")[:most]]])


def any_face(net: Net, image: Image, places: Floats, min_score: float) -> bool:
    """Return whether one of the places (N, 4) of image (H, W, 3) may show a face: a precheck of small crops."""
    return bool((_crop_scores(net, image, places, PRECHECK_CROP, TURNS[:1]) >= min_score).any())


def turn_of(net: Net, image: Image, places: Floats) -> int:
    """Return the degrees of ``TURNS`` by which a face at one of places (N, 4) of image (H, W, 3) becomes upright."""
    scores = _crop_scores(net, image, places, PRECHECK_CROP, TURNS)
    turned = scores[:, 1:].max(axis=1, initial=0)
    for row in np.argsort(-turned, kind="stable"):
        if turned[row] < TURN_MIN_PRECHECK or turned[row] < scores[row, 0] - TURN_MOST_BELOW:
            continue
        place = places[row : row + 1]
        clear = np.mean([_crop_scores(net, image, place, size, TURNS)[0] for size in TURN_CROPS], axis=0)
        best = int(clear.argmax())
        if clear[best] >= TURN_MIN_SCORE and clear[best] >= clear[0] + TURN_MIN_GAIN:
            return TURNS[best]
    return 0


def _crop_scores(net: Net, image: Image, places: Floats, size: CropSize, turns: Sequence[int]) -> Floats:
    """Return the best score in the crop of each of N places (N, 4) at each of T turns, (N, T)."""
    px, margin = size
    squares = boxes.clip(boxes.square(places, margin), image.shape[1], image.shape[0])
    shown = [_small(image, square, px) for square in np.rint(squares).astype(int).tolist()]
    if not shown:
        return np.zeros((0, len(turns)), np.float32)
    batch = [turn(one, degrees) for one in shown for degrees in turns]
    return net.best_scores(batch).reshape(len(shown), len(turns))


def _small(image: Image, square: list[int], px: int) -> Image:
    """Return a part of image, x1, y1, x2, y2, resized into the corner of a black square (px, px, 3)."""
    x1, y1, x2, y2 = square
    canvas = np.zeros((px, px, 3), np.uint8)
    if x1 < x2 and y1 < y2:
        part = resize(image[y1:y2, x1:x2], px)
        canvas[: part.shape[0], : part.shape[1]] = part
    return canvas
