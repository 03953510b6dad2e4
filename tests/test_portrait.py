"""The picture of a person is the best view of the face."""

import math

import cv2
import numpy as np
import pytest

from clips import EXAMPLES
from mien.core.arrays import Image
from mien.core.emotions import SEVEN
from mien.core.frame import Frame
from mien.core.pose import HEAD_MODEL
from mien.core.result import Face
from mien.imaging.decode import read
from mien.tracking.portrait import LOOK_S, THUMBNAIL_PX, Portrait
from mien.tracking.timeline import Timeline
from tracked_results import tracked_result

SMALL, LARGE, HUGE = [40.0, 40, 60, 60], [40.0, 20, 80, 60], [-400.0, -400, 800, 800]
HEAD_PX = read(EXAMPLES / "astronaut.png")[0:260, 100:360]
BOX = (78.0, 63.0, 168.0, 176.0)


def seen(*views: tuple[list[float], str]) -> Image | None:
    timeline = Timeline(SEVEN)
    for place, (box, quality) in enumerate(views):
        image = np.full((120, 160, 3), 10 * place + 10, np.uint8)
        boxes = np.array([box], np.float32)
        timeline.add(tracked_result(place * LOOK_S, {1: "happiness"}, boxes=boxes, quality=quality, image=image))
    return timeline.close(1.0).people[0].thumbnail


def test_a_good_view_goes_before_a_large_one_and_a_large_one_before_a_small_one():
    assert seen((SMALL, "good"), (LARGE, "good"), (SMALL, "good")).mean() == 20
    assert seen((LARGE, "blurred"), (SMALL, "good"), (LARGE, "blurred")).mean() == 20
    assert seen((LARGE, "blurred"), (SMALL, "blurred")).mean() == 10
    assert seen((LARGE, "good")).shape == (60, 60, 3)
    assert seen((HUGE, "good")).shape == (120, 120, 3)


def face(yaw_deg: float = math.nan, score: float = 0.9) -> Face:
    """One of a good quality; where it is turned, its landmarks say so."""
    yaw = math.radians(yaw_deg)
    across = np.array([[math.cos(yaw), 0], [0, 1], [math.sin(yaw), 0]])
    landmarks = (40 * HEAD_MODEL @ across + 120).astype(np.float32)
    return Face(np.array(BOX, np.float32), landmarks, score, {"fear": 1.0}, uncertain=False, quality="good")


CRISP = HEAD_PX
SOFT = np.asarray(cv2.GaussianBlur(HEAD_PX, (0, 0), 6), np.uint8)
DARK, PALE = (HEAD_PX // 5, 255 - (255 - HEAD_PX) // 5)


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ((SOFT, face()), (CRISP, face())),
        ((DARK, face()), (CRISP, face())),
        ((PALE, face()), (CRISP, face())),
        ((CRISP, face(60)), (CRISP, face(10))),
        ((CRISP, face(score=0.6)), (CRISP, face(score=0.9))),
    ],
)
def test_of_views_of_one_size_the_best_is_kept_whichever_comes_first(
    worse: tuple[Image, Face], better: tuple[Image, Face]
):
    for views in ([worse, better], [better, worse]):
        portrait = Portrait()
        for place, (image, one) in enumerate(views):
            # What may be shown tells which of the views it was.
            shown = np.full_like(image, 200 if one is better[1] else 100)
            portrait.meet(one, Frame(image, time_s=place * LOOK_S), Frame(shown))
        assert portrait.image is not None
        assert portrait.image.mean() == 200
        assert portrait.image.shape == (THUMBNAIL_PX, THUMBNAIL_PX, 3)


def test_one_of_neighbouring_views_is_looked_at_unless_another_is_the_first_good_one():
    blurred = face(score=0.6)
    object.__setattr__(blurred, "quality", "blurred")
    portrait = Portrait()
    for time_s, one, expected in (
        (0.0, blurred, 10),
        (0.1, face(score=0.6), 20),
        (0.2, face(), 20),
        (0.31, face(), 40),
    ):
        portrait.meet(one, Frame(CRISP, time_s=time_s), Frame(np.full_like(CRISP, round(100 * time_s) + 10)))
        assert portrait.image is not None
        assert abs(int(portrait.image.mean()) - expected) < 2


def test_where_there_is_no_view_there_is_no_thumbnail():
    assert seen(([10.0, 10, 12, 12], "small")) is None
    assert seen(([math.nan] * 4, "small")) is None


def test_a_thumbnail_at_the_edge_stays_in_the_picture():
    image = np.zeros((120, 160, 3), np.uint8)
    image[:60, :60] = 200
    timeline = Timeline(SEVEN)
    boxes = np.array([[-10, -10, 30, 30]], np.float32)
    timeline.add(tracked_result(0.0, {1: "happiness"}, boxes=boxes, image=image))
    thumbnail = timeline.close(1.0).people[0].thumbnail
    assert (thumbnail == 200).all()
    assert thumbnail.shape == (60, 60, 3)
