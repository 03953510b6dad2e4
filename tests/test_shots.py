from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.core.arrays import Image
from mien.imaging.decode import read
from mien.video.shots import ShotDetector, novelty, thumbnail

EXAMPLES = Path(__file__).parents[1] / "examples"
NAMES = ("astronaut.png", "grace_hopper.jpg", "coffee.png", "chelsea.png")
SIZE = 320, 180


@pytest.fixture(scope="module")
def photos() -> list[Image]:
    """Four scenes of 16:9."""
    return [_wide(read(EXAMPLES / name)) for name in NAMES]


def _wide(image: Image) -> Image:
    height, width = image.shape[:2]
    rows = min(height, width * 9 // 16)
    top = (height - rows) // 3
    return np.asarray(cv2.resize(image[top : top + rows, : rows * 16 // 9], SIZE, interpolation=cv2.INTER_AREA))


def view(image: Image, shift_px: float = 0, zoom: float = 1.4, gain: float = 1.0, lift: float = 0.0) -> Image:
    """What a camera sees that has moved to the right, in pixels of its picture, in other light."""
    matrix = np.array([[zoom, 0, 160 * (1 - zoom) - shift_px], [0, zoom, 90 * (1 - zoom)]], np.float64)
    moved = cv2.warpAffine(image, matrix, SIZE, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(cv2.convertScaleAbs(moved, alpha=gain, beta=lift))


def found(frames: list[Image]) -> list[int]:
    new_shot = ShotDetector()
    return [place for place, frame in enumerate(frames) if new_shot(thumbnail(frame))]


def test_every_cut_between_scenes_is_found(photos: list[Image]):
    frames = [view(photos[shot], 2 * frame) for shot in (0, 1, 2, 3, 1, 0, 3) for frame in range(6)]
    assert found(frames) == [6, 12, 18, 24, 30, 36]


def test_a_cut_to_the_other_side_of_a_room_is_found(photos: list[Image]):
    for photo in photos[:3]:
        assert found([photo] * 4 + [np.ascontiguousarray(photo[:, ::-1])] * 4 + [photo] * 4) == [4, 8]


def test_a_cut_to_a_close_up_is_found(photos: list[Image]):
    for photo in photos[:3]:
        assert found([photo] * 4 + [view(photo, zoom=3)] * 4) == [4]


def _noisy(photo: Image, i: int) -> Image:
    return np.clip(photo + np.random.default_rng(i).normal(0, 15, photo.shape), 0, 255).astype(np.uint8)


def _pressed(photo: Image, i: int) -> Image:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", view(photo, i), [cv2.IMWRITE_JPEG_QUALITY, 5])[1], 1))


CHANGES: dict[str, Callable[[Image, int], Image]] = {
    "nothing": lambda photo, i: photo,
    "noise": _noisy,
    "compression": _pressed,
    "a pan of a width a second at 25 a second": lambda photo, i: view(photo, 320 / 25 * i),
    "a zoom": lambda photo, i: view(photo, zoom=1 + 0.05 * i),
    "a flash": lambda photo, i: view(photo, gain=1 + (i == 9), lift=60 * (i == 9)),
    "a white frame": lambda photo, i: view(photo, lift=255 * (i == 9)),
    "an exposure that jumps": lambda photo, i: view(photo, gain=0.4 if i % 6 < 3 else 1),
    "a fade to black and back": lambda photo, i: view(photo, gain=abs(np.cos(np.pi * i / 20))),
    "a cut to black and back": lambda photo, i: view(photo, gain=float(not 5 < i < 12)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_no_cut_is_not_found(name: str, photos: list[Image]):
    for photo in photos:
        assert found([CHANGES[name](photo, i) for i in range(20)]) == []


def test_a_face_that_darts_across_is_no_cut(photos: list[Image]):
    face = cv2.resize(photos[0][10:150, 60:180], (90, 110))
    frames = []
    for i in range(20):
        frame = photos[2].copy()
        frame[40:150, 15 * (i % 15) : 15 * (i % 15) + 90] = face
        frames.append(frame)
    assert found(frames) == []


def test_a_scene_that_follows_a_fade_through_black_is_new(photos: list[Image]):
    out = [view(photos[0], gain=1 - i / 10) for i in range(11)]
    black = [np.zeros_like(photos[0])] * 5
    back = [view(photos[1], gain=i / 10) for i in range(11)]
    assert len(found(out + black + back)) == 1
    assert 16 <= found(out + black + back)[0] <= 20


def test_a_lasting_turmoil_is_no_series_of_cuts(photos: list[Image]):
    whirl = [view(photos[i % 4], 97 * i) for i in range(30)]  # as of a camera swung about, sampled twice a second
    assert len(found(whirl)) <= 4
    assert found(whirl + [photos[0]] * 6 + [photos[1]] * 6)[-1] == 36


def test_the_first_frame_begins_nothing(photos: list[Image]):
    assert not ShotDetector()(thumbnail(photos[0]))


def test_novelty_of_known_frames(photos: list[Image]):
    first, second = (cv2.cvtColor(thumbnail(p), cv2.COLOR_RGB2GRAY).astype(np.float32) for p in photos[:2])
    assert novelty(first, first) == 0
    assert novelty(first, first * 0.5 + 20) == pytest.approx(0, abs=1e-6)
    assert 0.3 < novelty(first, second) <= 1


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (500, 3), (36, 64), (180, 320), (721, 1283)])
def test_a_thumbnail_has_one_size_and_the_colour_of_the_picture(shape: tuple[int, int]):
    image = np.full((*shape, 3), (200, 100, 50), np.uint8)
    small = thumbnail(image)
    assert (small.shape, small.dtype) == ((36, 64, 3), np.uint8)
    np.testing.assert_array_equal(small, np.broadcast_to(image[0, 0], small.shape))


def test_thumbnails_can_be_made_in_threads(photos: list[Image]):
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(thumbnail, photos * 8))
    for one, photo in zip(made, photos * 8, strict=True):
        np.testing.assert_array_equal(one, thumbnail(photo))
