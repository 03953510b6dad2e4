import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from heads import turned_head
from mien.core.faces import Faces
from mien.data.synthetic import synthetic
from mien.imaging.quality import LEAST_SHARPNESS, SMALL_PX, TURNED_ROLL_DEG, TURNED_YAW_DEG, quality, sharpness


def faces_of(*sides: float) -> Faces:
    n = len(sides)
    corners = np.array([(5, 7, 5 + 0.7 * side, 7 + side) for side in sides], np.float32).reshape(n, 4)
    return Faces(corners, np.full((n, 5, 2), np.nan, np.float32), np.ones(n, np.float32))


@pytest.fixture(scope="module")
def crop() -> np.ndarray:
    """A face of all kinds of detail: the drawn ones have edges, a photo's grain is between them."""
    texture = np.random.default_rng(0).normal(0, 60, (48, 48))
    grain = cv2.GaussianBlur(texture, (0, 0), 0.8)
    return np.clip(synthetic(2, seed=5).images[1] + grain, 0, 255).astype(np.uint8)[:, :, None]


def blurred(crop: np.ndarray, sigma_px: float) -> np.ndarray:
    return cv2.GaussianBlur(crop, (0, 0), sigma_px)[:, :, None]


def test_the_longer_side_counts(crop: np.ndarray):
    found = quality(faces_of(SMALL_PX - 0.5, SMALL_PX, 200), np.stack([crop] * 3))
    assert found == ("small", "good", "good")


def test_a_blurred_face_is_said_to_be_so_unless_it_is_small(crop: np.ndarray):
    soft = blurred(crop, 2)
    assert quality(faces_of(100, 10), np.stack([soft] * 2)) == ("blurred", "small")


@pytest.mark.parametrize(("limit", "angle"), [(TURNED_YAW_DEG, "yaw"), (TURNED_ROLL_DEG, "roll")])
def test_a_face_that_looks_away_or_leans_over_is_turned(crop: np.ndarray, limit: float, angle: str):
    heads = np.concatenate([turned_head(**{angle: sign * limit + step}) for sign in (-1, 1) for step in (-1, 1)])
    faces = Faces(np.tile(np.array([0, 0, 60, 60], np.float32), (4, 1)), heads, np.ones(4, np.float32))
    assert quality(faces, np.stack([crop] * 4)) == ("turned", "good", "good", "turned")
    tiny = Faces(faces.boxes / 10, heads, faces.scores)
    assert set(quality(tiny, np.stack([crop] * 4))) == {"small"}


def test_no_faces_have_no_quality():
    assert quality(faces_of(), np.zeros((0, 48, 48, 1), np.uint8)) == ()


def test_a_box_that_is_not_a_number_is_no_good_face(crop: np.ndarray):
    assert quality(faces_of(float("nan")), crop[None]) == ("small",)


def test_as_many_crops_as_faces(crop: np.ndarray):
    with pytest.raises(ValueError, match="argument"):
        quality(faces_of(50, 50), crop[None])


def test_sharpness_falls_with_blur(crop: np.ndarray):
    steps = [sharpness(crop), *(sharpness(blurred(crop, sigma)) for sigma in (0.5, 1, 1.5, 2, 3))]
    assert (np.diff(steps) < 0).all()
    assert steps[0] > LEAST_SHARPNESS > steps[3]


def test_sharpness_knows_neither_light_nor_contrast(crop: np.ndarray):
    dim = (crop / 4 + 100).astype(np.uint8)
    assert sharpness(dim) == pytest.approx(sharpness(crop), abs=0.01)
    assert sharpness(255 - crop) == pytest.approx(sharpness(crop))


def test_noise_does_not_pass_for_sharpness(crop: np.ndarray):
    soft = blurred(crop, 2)
    noisy = np.clip(soft + np.random.default_rng(1).normal(0, 4, soft.shape), 0, 255).astype(np.uint8)
    assert sharpness(noisy) < LEAST_SHARPNESS


def test_colour_and_size_of_the_crop_hardly_matter(crop: np.ndarray):
    assert sharpness(crop.repeat(3, axis=2)) == pytest.approx(sharpness(crop), abs=0.005)
    twice = cv2.resize(crop, (96, 96), interpolation=cv2.INTER_NEAREST)[:, :, None]
    assert sharpness(twice) == pytest.approx(sharpness(crop), abs=0.005)


def test_a_plain_crop_is_not_sharp():
    assert sharpness(np.full((48, 48, 1), 77, np.uint8)) == 0.25


@given(hnp.arrays(np.uint8, st.integers(1, 60).map(lambda side: (side, side, 3))))
def test_any_crop_has_a_sharpness(crop: np.ndarray):
    assert 0 < sharpness(crop) <= 1.5
