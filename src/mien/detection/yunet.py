"""How a picture is searched for faces by YuNet: at which sizes, with a second look at doubtful faces, and turned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from mien.core import boxes
from mien.core.types import NO_FACES, Faces, Floats, Image, join_faces
from mien.detection.rotations import TURNS, search_turned, turn
from mien.detection.sliced import merge
from mien.detection.yunet_net import OVERLAP, Net, resize, shrink

MIN_SCORE = 0.7
"""YuNet's threshold unless another is given.

Of 160 pictures without a face it mistakes none at 0.6 or above, 1.9 % at 0.5; of small faces pasted into larger
pictures it finds 29.6 % at 0.6, 25.7 % at 0.7, 19.4 % at 0.8 (docs/benchmarks/detector.txt, by
lab/scripts/choose_detector.py).
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

GLANCED_PX = 400
"""The longer side from which a picture has further looks only where a glance shows what may be a face.

In smaller ones the first look shows nothing at all of some faces that the further looks find.
"""

FAINT = 0.03
"""The score from which a place of the first look is glanced at where no face is sure."""

PLACES = 6
"""How many of those, the best first; the whole picture is glanced at besides."""

DOUBTFUL = 0.2
"""The score from which a face is looked at closer where nothing reaches the threshold at any look.

With closer looks 97.3 % of faces of 48 px in 320 px are found, without them 90.0 %; a face is seen in 3.1 and 0.6 % of
160 photos in which the faces are blurred (docs/benchmarks/detector.txt). This and the five below were chosen by hand
(lab/log.md).
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

UPRIGHT = 0.9
"""A face that scores so much stands upright; of 186 that lie or hang, none does (docs/TURNED.md)."""

TURNED_PLACES = 2
"""How many places are glanced at turned where no face is found; the whole picture is besides."""

SURE_TURNED = 0.8
"""What the best face of a picture must score when it is turned, where none is found upright."""

SURE_INSTEAD = 0.87
SURER_BY = 0.02
"""What it must score where one is found upright, and by how much more than that."""

Size = tuple[int, float]
"""The side at which a place is shown to the net, in pixels, and that of its square as a multiple of the place's."""

FIRST: Size = (64, 1.6)

CLEARER: tuple[Size, ...] = ((96, 1.1), (96, 1.3), (96, 1.6))
"""The sizes of the glances that settle a turn."""

FACE = 0.3
"""A place that scores less shows no face."""

MAYBE = 0.4
"""A place that scores less at a turn is not looked at more clearly for it."""

NEARLY = 0.05
"""Nor is one that scores less than when upright by more than this."""

CLEAR = 0.75
CLEARER_BY = 0.02
"""A place stands turned where the mean of its clearer glances is so high, and so much higher than upright.

See docs/TURNED.md, by lab/scripts/turned.py.
"""


class YuNet:
    """A search for faces by YuNet (``mien.detection.yunet_net``).

    The net overlooks faces of more than about 300 px, so larger pictures are shrunk before it sees them. Where it finds
    nothing, the whole picture and its likeliest places are glanced at, small and alone. If one may be a face, or the
    picture is small, it is searched once more at each of ``SECOND_LOOKS_PX``, until something is found. Where nothing
    is, each doubtful face is cut out and searched alone, and counts with the mean of its two scores.

    Args:
        min_score: faces scored lower are dropped, 0 to 1; None is ``MIN_SCORE``, at a closer look ``MIN_SCORE_CLOSER``.
        max_side_px: a picture's longer side is shrunk to this many pixels; more finds smaller faces and takes longer.
        threads: processor threads that one call uses.

    Raises:
        DetectorError: the weights are not in the installed package.
    """

    def __init__(self, min_score: float | None = None, max_side_px: int = 640, threads: int = 2) -> None:
        self._net = Net(threads)
        self._min_score = MIN_SCORE if min_score is None else min_score
        self._min_score_closer = MIN_SCORE_CLOSER if min_score is None else min_score
        self._max_side_px = max_side_px
        self._settings = min_score, max_side_px, threads

    def __reduce__(self) -> tuple[type[YuNet], tuple[float | None, int, int]]:
        """Let copies, in this process or another, start the net again."""
        return YuNet, self._settings

    def __call__(self, image: Image) -> Faces:
        """Return the faces of image (H, W, 3) uint8 RGB, from left to right."""
        return self._upright(image, self._first(image))

    def turned(self, image: Image) -> Faces:
        """Return the faces of image (H, W, 3) as a call does; where none is upright, those of the picture turned.

        Those are in pixels of image too, and their ``turn`` tells how it was turned.
        """
        first = self._first(image)
        found = self._upright(image, first)
        best = found.scores.max(initial=0)
        if best >= UPRIGHT:
            return found
        places = found.boxes[[found.scores.argmax()]] if len(found) else _places(image, first, TURNED_PLACES)
        degrees = turn_of(self._net, image, places)
        if not degrees:
            return found
        other = search_turned(self, image, degrees)
        least = max(SURE_INSTEAD, best + SURER_BY) if len(found) else SURE_TURNED
        return other if other.scores.max(initial=0) >= least else found

    def _first(self, image: Image) -> Faces:
        """Return what the first look at image (H, W, 3) shows, faint faces too."""
        return self._net.search(image, shrink(image, self._max_side_px), min(DOUBTFUL, self._min_score), FAINT)

    def _upright(self, image: Image, first: Faces) -> Faces:
        """Return the faces of image (H, W, 3) that is searched as it is, after its first look."""
        sure = first.take(first.scores >= self._min_score)
        if len(sure):
            return sure
        likeliest = _places(image, first, PLACES)
        if max(image.shape[:2]) >= GLANCED_PX and not any_face(self._net, image, likeliest, min(FACE, self._min_score)):
            return NO_FACES
        looks = [first.take(first.scores >= min(DOUBTFUL, self._min_score))]
        for small in self._second_looks(image):
            found = self._net.search(image, small, min(DOUBTFUL, self._min_score))
            sure = found.take(found.scores >= self._min_score)
            if len(sure):
                return sure
            looks.append(found)
        doubtful = join_faces(looks)
        best = boxes.nms(doubtful.boxes, doubtful.scores, OVERLAP)[:CLOSER_LOOKS]
        return merge(self._closer(image, doubtful.take(best[[row]])) for row in range(len(best)))

    def once(self, image: Image) -> Faces:
        """Return the faces that reach the threshold at the first look."""
        return self._net.search(image, shrink(image, self._max_side_px), self._min_score)

    def _second_looks(self, image: Image) -> Iterator[Image]:
        """Yield image (H, W, 3) at the sizes of further looks."""
        for longer_px in SECOND_LOOKS_PX:
            if longer_px != min(max(image.shape[:2]), self._max_side_px):
                yield resize(image, longer_px)

    def _closer(self, image: Image, face: Faces) -> Faces:
        """Return one doubtful face of image (H, W, 3) as it is found when cut out, if it is."""
        height, width = image.shape[:2]
        area = boxes.clip(boxes.square(face.boxes, CLOSER_MARGIN), width, height)[0]
        x1, y1, x2, y2 = np.rint(area).astype(int).tolist()
        if x2 <= x1 or y2 <= y1:
            return NO_FACES
        part = image[y1:y2, x1:x2]
        found = self._net.search(part, resize(part, CLOSER_PX), min(DOUBTFUL, self._min_score))
        found = found.moved(np.array([x1, y1], np.float32))
        away = np.linalg.norm(found.landmarks - face.landmarks, axis=2).mean(axis=1) / np.sqrt(boxes.area(face.boxes))
        scores: Floats = (found.scores + face.scores) * np.float32(0.5)
        same = (away <= MOST_AWAY) & (scores >= self._min_score_closer)
        return replace(found, scores=scores).take(same)


def _places(image: Image, faint: Faces, most: int) -> Floats:
    """Return the whole of image (H, W, 3) and the best of the faint faces, (N, 4)."""
    whole = np.array([[0, 0, image.shape[1], image.shape[0]]], np.float32)
    return np.vstack([whole, faint.boxes[np.argsort(-faint.scores, kind="stable")[:most]]])


def any_face(net: Net, image: Image, places: Floats, least: float = FACE) -> bool:
    """Return whether one of the places (N, 4) of image (H, W, 3) scores least or more at a glance."""
    return bool((_glances(net, image, places, FIRST, TURNS[:1]) >= least).any())


def turn_of(net: Net, image: Image, places: Floats) -> int:
    """Return by how many degrees of ``TURNS`` to turn image (H, W, 3) so that a face at one of places (N, 4) stands."""
    scores = _glances(net, image, places, FIRST, TURNS)
    turned = scores[:, 1:].max(axis=1, initial=0)
    for row in np.argsort(-turned, kind="stable"):
        if turned[row] < MAYBE or turned[row] < scores[row, 0] - NEARLY:
            continue
        place = places[row : row + 1]
        clear = np.mean([_glances(net, image, place, size, TURNS)[0] for size in CLEARER], axis=0)
        best = int(clear.argmax())
        if clear[best] >= CLEAR and clear[best] >= clear[0] + CLEARER_BY:
            return TURNS[best]
    return 0


def _glances(net: Net, image: Image, places: Floats, size: Size, turns: Sequence[int]) -> Floats:
    """Return the best score at each of N places (N, 4), each cut out and alone, at each of T turns, (N, T)."""
    px, margin = size
    squares = boxes.clip(boxes.square(places, margin), image.shape[1], image.shape[0])
    shown = [_small(image, square, px) for square in np.rint(squares).astype(int).tolist()]
    if not shown:
        return np.zeros((0, len(turns)), np.float32)
    batch = [turn(one, degrees) for one in shown for degrees in turns]
    return net.best_scores(batch).reshape(len(shown), len(turns))


def _small(image: Image, square: list[int], px: int) -> Image:
    """Return a part of image, x1, y1, x2, y2, in the corner of a black square (px, px, 3)."""
    x1, y1, x2, y2 = square
    canvas = np.zeros((px, px, 3), np.uint8)
    if x1 < x2 and y1 < y2:
        part = resize(image[y1:y2, x1:x2], px)
        canvas[: part.shape[0], : part.shape[1]] = part
    return canvas
