import numpy as np
import pytest

from mien.core.faces import Faces
from mien.detection.detectors import without_landmarks
from mien.detection.roi import GRID_PX, RoiDetector
from mien.detection.yunet import YuNet
from mien.imaging.decode import read


class Bright:
    """Finds the one bright rectangle of a picture, and remembers the sizes of the pictures that it saw."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, ...]] = []

    def __call__(self, image: np.ndarray) -> Faces:
        self.sizes.append(image.shape[:2])
        rows, columns = np.nonzero(image[:, :, 0] > 100)
        if not len(rows):
            return without_landmarks(np.zeros((0, 4), np.float32))
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        return without_landmarks(np.array([box], np.float32))


def picture(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    image = np.zeros((400, 600, 3), np.uint8)
    for x1, y1, x2, y2 in boxes:
        image[y1:y2, x1:x2] = 255
    return image


def test_each_known_face_is_found_where_it_went_from_left_to_right():
    image = picture((50, 60, 90, 110), (300, 200, 360, 270))
    known = np.array([[310, 205, 370, 275], [45, 50, 85, 100]], np.float32)
    found = RoiDetector(Bright(), known)(image)
    np.testing.assert_allclose(found.boxes, [[50, 60, 90, 110], [300, 200, 360, 270]], atol=1)


def test_the_detector_sees_a_part_of_the_picture_on_its_own_grid():
    detector = Bright()
    RoiDetector(detector, np.array([[300, 200, 340, 250]], np.float32))(picture((300, 200, 340, 250)))
    ((height, width),) = detector.sizes
    assert 228 <= height <= 288
    assert (height % GRID_PX, width % GRID_PX) == (0, 0)


def test_a_large_picture_is_shrunk_and_the_face_found_in_its_own_pixels():
    image = np.zeros((900, 1600, 3), np.uint8)
    image[400:520, 800:900] = 255
    detector = Bright()
    found = RoiDetector(detector, np.array([[790, 390, 890, 510]], np.float32))(image)
    np.testing.assert_allclose(found.boxes, [[800, 400, 900, 520]], atol=3)
    assert max(detector.sizes[0]) <= 288


def test_a_face_that_is_gone_is_not_found_and_neither_is_another_near_it():
    image = picture((150, 60, 190, 110))
    assert len(RoiDetector(Bright(), np.array([[100, 60, 140, 110]], np.float32))(image)) == 0
    assert len(RoiDetector(Bright(), np.array([[400, 300, 440, 350]], np.float32))(image)) == 0


def test_two_known_boxes_of_one_face_find_it_once():
    known = np.array([[100, 60, 140, 110], [104, 62, 144, 112]], np.float32)
    assert len(RoiDetector(Bright(), known)(picture((101, 60, 141, 110)))) == 1


@pytest.mark.parametrize("known", [np.zeros((0, 4)), [[-900, -900, -800, -800]], [[30, 30, 30, 30]]])
def test_nothing_to_follow(known: object):
    assert len(RoiDetector(Bright(), np.array(known, np.float32))(picture((10, 10, 50, 50)))) == 0


def test_on_a_real_face_it_agrees_with_the_search_of_the_whole(examples):
    image, detector = read(examples / "astronaut.png"), YuNet()
    whole = detector(image)
    again = RoiDetector(detector, whole.boxes + np.float32(8))(image)
    assert len(again) == len(whole) == 1
    np.testing.assert_allclose(again.boxes, whole.boxes, atol=0.5)
    np.testing.assert_allclose(again.landmarks, whole.landmarks, atol=0.5)
