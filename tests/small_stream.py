"""A stream that takes plain squares for faces, for the tests of what comes behind it."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from mien.core.emotions import EIGHT
from mien.core.faces import Faces
from mien.core.frame import Frame
from mien.detection.detectors import without_landmarks
from mien.inference.analyzer import Analyzer
from mien.inference.classifier import Classifier
from tiny_net import tiny_card, tiny_net

SIZE = (320, 240)
GROUND = 2


class Squares:
    """Finds the rectangles that are brighter than the ground, from left to right; counts the pixels that it saw."""

    def __init__(self) -> None:
        self.pixels = 0

    def __call__(self, image: np.ndarray) -> Faces:
        self.pixels += image.shape[0] * image.shape[1]
        outlines = cv2.findContours((image[:, :, 0] > 10).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        found = [cv2.boundingRect(outline) for outline in outlines[0]]
        boxes = np.array(sorted((x, y, x + w, y + h) for x, y, w, h in found), np.float32)
        return without_landmarks(boxes.reshape(-1, 4))


def analyzer(detector: Squares | None = None) -> Analyzer:
    return Analyzer(detector or Squares(), Classifier(tiny_net(tiny_card())))


def brightness(emotion: str) -> int:
    """Of a square that the tiny net takes for an emotion."""
    return 32 * EIGHT.index(emotion) + 16


def scene(faces: Iterable[tuple[int, int, str]], side: int = 30) -> np.ndarray:
    """A picture with a square of an emotion at each (x, y)."""
    image = np.full((SIZE[1], SIZE[0], 3), GROUND, np.uint8)
    for x, y, emotion in faces:
        image[y : y + side, x : x + side] = brightness(emotion)
    return image


def frames(scenes: Iterable[np.ndarray], fps: float = 25, path: str = "clip") -> Iterator[Frame]:
    for number, image in enumerate(scenes):
        yield Frame(image, number, number / fps, path)


def walk(n: int, emotions: tuple[str, ...] = ("happiness",) * 2) -> list[np.ndarray]:
    """Two squares that go past each other, one above the other."""
    return [scene([(10 + 2 * step, 10, emotions[0]), (110 - 2 * step, 70, emotions[1])]) for step in range(n)]
