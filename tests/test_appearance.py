"""Where one face takes another's place, and where it is the same in another light."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest

import mien as package
from clips import EXAMPLES
from mien.core.arrays import Image
from mien.core.frame import Frame
from mien.detection.yunet_net import resize
from mien.imaging.decode import read
from mien.tracking.appearance import APPEARANCE_VALUES, COLOUR_VALUES, SAME_COLOURS, SAME_SHADING, alike, looks
from mien.tracking.tracker import Tracker

SIDE = 150
ONE = resize(read(EXAMPLES / "astronaut.png")[0:260, 100:360], SIDE)
OTONE = resize(read(EXAMPLES / "grace_hopper.jpg")[20:440, 60:480], SIDE)
GROUND = resize(read(EXAMPLES / "coffee.png"), 900)  # so full that no change of a head is a cut
FACE = np.array([[45, 36, 97, 102]], np.float32)


def dimmed(image: Image) -> Image:
    return (image * 0.4).astype(np.uint8)


def red(image: Image) -> Image:
    return (image * np.array([1, 0.3, 0.3])).astype(np.uint8)


def turned(image: Image) -> Image:
    turn = cv2.getRotationMatrix2D((71, 69), 20, 1)
    return np.asarray(cv2.warpAffine(image, turn, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def blurred(image: Image) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 3), np.uint8)


@pytest.mark.parametrize("change", [dimmed, red, turned, blurred])
def test_a_face_is_like_itself_in_another_light_pose_and_focus(change: Callable[[Image], Image]):
    assert alike(looks(ONE, FACE), looks(change(ONE), FACE)).all()


def test_two_people_are_not_alike():
    assert not alike(looks(ONE, FACE), looks(OTONE, FACE)).any()


def test_of_what_nothing_is_known_is_like_all():
    boxes = np.array([[5, 5, 5, 5], [1e7, 0, 1.1e7, 90], [np.nan, 0, 9, 9], [900, 900, 990, 990]], np.float32)
    unknown = looks(ONE, boxes)
    assert not unknown.any()
    assert alike(unknown, looks(OTONE, FACE)).all()
    assert alike(looks(OTONE, FACE), unknown).all()
    assert looks(ONE, np.zeros((0, 4), np.float32)).shape == (0, APPEARANCE_VALUES)


@pytest.mark.parametrize(("first", "limit"), [(0, SAME_COLOURS), (COLOUR_VALUES, SAME_SHADING)])
def test_either_limit_decides(first: int, limit: float):
    one, others = np.zeros((1, APPEARANCE_VALUES), np.float32), np.zeros((2, APPEARANCE_VALUES), np.float32)
    one[0, first] = 1
    for row, share in enumerate((limit + 0.001, limit - 0.001)):
        others[row, first], others[row, first + 1] = share, np.sqrt(1 - share**2)
    assert alike(one, others).tolist() == [[True, False]]


def test_the_limits_are_those_that_were_measured():
    assert (SAME_COLOURS, SAME_SHADING) == (0.75, 0.7)


def look(first: int) -> np.ndarray:
    """Of a made-up face: it is like the one before and the one after it, and no other."""
    row = np.zeros((1, APPEARANCE_VALUES), np.float32)
    row[0, first : first + 5] = 1 / np.sqrt(5)
    return row


def followed(*seen: tuple[int, bool]) -> list[int]:
    """The ids of faces (look, sure) that come one after the other in one place."""
    track, box = Tracker(), np.array([[0, 0, 50, 60]], np.float32)
    return [int(track(box, place / 10, look(first), np.array([sure]))[0]) for place, (first, sure) in enumerate(seen)]


def test_who_was_hidden_by_another_comes_back_as_who_they_were():
    assert followed((10, True), (30, True), (31, True), (10, True)) == [1, 2, 2, 1]


def test_a_face_may_change_bit_by_bit():
    assert followed(*((first, True) for first in range(10, 20))) == 10 * [1]


def test_a_sure_view_is_remembered_behind_a_doubtful_one():
    assert followed((10, True), (11, False), (9, True)) == [1, 1, 1]
    assert followed((10, True), (11, True), (9, True)) == [1, 1, 2]


def test_places_alone_count_where_no_looks_are_given():
    track, box = Tracker(), np.array([[0, 0, 50, 60]], np.float32)
    assert [track(box, time_s).tolist() for time_s in (0.0, 0.1)] == [[1], [1]]


def ids(heads: Sequence[Image | None], fps: int = 10) -> list[list[int]]:
    """Who is seen where heads stand at one place, one after the other; None is nobody."""
    stream = package.Stream(package.load())
    seen: list[list[int]] = []
    for place, head in enumerate(heads):
        image = GROUND.copy()
        if head is not None:
            left = 240 + place % 3
            image[90 : 90 + SIDE, left : left + SIDE] = head
        seen.append(stream(Frame(image, time_s=place / fps)).ids.tolist())
    return seen


def test_another_in_the_same_place_is_somebody_else_at_once_and_behind_a_gap():
    assert ids(3 * [ONE] + 3 * [OTONE]) == 3 * [[1]] + 3 * [[2]]
    assert ids(3 * [ONE] + 4 * [None] + 3 * [OTONE]) == 3 * [[1]] + 4 * [[]] + 3 * [[2]]


def test_one_person_is_one_in_flashes_behind_gaps_and_out_of_focus():
    flashes = [ONE, dimmed(ONE), ONE, red(ONE), ONE, blurred(ONE), turned(ONE), ONE]
    assert ids(flashes) == len(flashes) * [[1]]
    assert ids([ONE, ONE, *6 * [None], ONE, turned(ONE)]) == [[1], [1], *6 * [[]], [1], [1]]
