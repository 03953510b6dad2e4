from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as Pillow

from mien.core.crop_spec import CropSpec
from mien.core.faces import Faces
from mien.detection.detectors import WholeImage
from mien.detection.yunet import YuNet
from mien.imaging.crop import crop_faces

COLOUR = CropSpec(channels=3)


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def grey_noise(side: int) -> np.ndarray:
    return noise(side, side)[:, :, :1].repeat(3, axis=2)


def astronaut() -> np.ndarray:
    with Pillow.open(Path(__file__).parent.parent / "examples" / "astronaut.png") as picture:
        return np.array(picture)


def faces(*rows: tuple[float, ...], eyes: tuple[tuple[float, float], tuple[float, float]] | None = None) -> Faces:
    landmarks = np.full((len(rows), 5, 2), np.nan, np.float32)
    if eyes:
        landmarks[:, :2] = eyes
    return Faces(np.array(rows, np.float32).reshape(-1, 4), landmarks, np.ones(len(rows), np.float32))


@pytest.mark.parametrize("side", [48, 64, 224])
def test_a_face_of_the_crops_size_comes_out_as_it_is(side: int):
    image = noise(side, side)
    crops = crop_faces(image, WholeImage()(image), CropSpec(size_px=side, channels=3))
    np.testing.assert_array_equal(crops[0], image)


def test_a_grey_face_of_the_crops_size_comes_out_as_it_is():
    image = grey_noise(48)
    np.testing.assert_array_equal(crop_faces(image, WholeImage()(image), CropSpec())[0], image[:, :, :1])


def test_a_face_inside_a_picture_comes_out_as_it_is():
    image = noise(100, 120)
    np.testing.assert_array_equal(crop_faces(image, faces((31, 17, 79, 65)), COLOUR)[0], image[17:65, 31:79])


@pytest.mark.parametrize("times", [2, 5])
def test_a_face_some_whole_times_larger_is_averaged(times: int):
    image = noise(48 * times, 48 * times)
    expected = image.reshape(48, times, 48, times, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(crop_faces(image, WholeImage()(image), COLOUR)[0], expected, atol=0.51)


@pytest.mark.parametrize("side", [61, 130, 233])
def test_other_sizes_are_near_the_mean_of_what_each_pixel_covers(side: int):
    image = astronaut()[20 : 20 + side, 150 : 150 + side]
    expected = cv2.resize(image, (48, 48), interpolation=cv2.INTER_AREA)
    difference = crop_faces(image, WholeImage()(image), COLOUR)[0].astype(float) - expected
    assert np.abs(difference).mean() < 1.5


def test_fine_stripes_melt_into_grey():
    image = np.zeros((480, 480, 3), np.uint8)
    image[:, ::2] = 255
    for turn in (faces((0, 0, 480, 480)), faces((100, 100, 380, 380), eyes=((180, 200), (290, 260)))):
        crop = crop_faces(image, turn, CropSpec(align=True))[0]
        assert np.ptp(crop) <= 30
        assert crop.mean() == pytest.approx(127.5, abs=2)


def test_half_a_pixel_counts():
    image = np.zeros((48, 96, 3), np.uint8)
    image[:, 48:] = 200
    edge = crop_faces(image, faces((24.5, 0, 72.5, 48)), CropSpec())[0][20, :, 0]
    np.testing.assert_array_equal(edge[[22, 23, 24]], [0, 100, 200])


def test_the_margin_takes_in_more():
    image = np.zeros((100, 100, 3), np.uint8)
    image[26:74, 26:74] = 255
    assert crop_faces(image, faces((26, 26, 74, 74)), CropSpec()).mean() == 255
    assert crop_faces(image, faces((26, 26, 74, 74)), CropSpec(margin=2.0)).mean() == pytest.approx(255 / 4, abs=1)


def test_beyond_the_picture_its_edge_goes_on():
    image = noise(48, 48)
    crop = crop_faces(image, faces((-24, 0, 24, 48)), COLOUR)[0]
    np.testing.assert_array_equal(crop[:, 24:], image[:, :24])
    np.testing.assert_array_equal(crop[:, :24], image[:, :1].repeat(24, axis=1))


def test_a_box_outside_sees_the_nearest_edge():
    image = noise(48, 48)
    np.testing.assert_array_equal(
        crop_faces(image, faces((500, 0, 548, 48)), COLOUR)[0], image[:, -1:].repeat(48, axis=1)
    )


def test_an_oblong_box_becomes_a_square_on_its_centre():
    image = noise(96, 96)
    np.testing.assert_array_equal(crop_faces(image, faces((30, 10, 50, 58)), COLOUR)[0], image[10:58, 16:64])


@pytest.mark.parametrize("angle", [-35, -10, 20, 60])
def test_alignment_undoes_a_turn_of_the_head(angle: float):
    image = astronaut()
    found = YuNet()(image)
    centre = found.boxes[0].reshape(2, 2).mean(axis=0)
    turn = cv2.getRotationMatrix2D(
        (centre - 0.5).tolist(), angle, 1
    )  # OpenCV's pixel 0 has its centre at 0, ours at 0.5
    turned = cv2.warpAffine(image, turn, image.shape[1::-1])
    landmarks = ((found.landmarks - 0.5) @ turn[:, :2].T + turn[:, 2] + 0.5).astype(np.float32)

    spec = CropSpec(margin=1.1, align=True)
    upright = crop_faces(image, found, spec)[0].astype(float)
    same = crop_faces(turned, Faces(found.boxes, landmarks, found.scores), spec)[0]
    assert np.abs(upright - same).mean() < 1.5
    crooked = crop_faces(turned, found, CropSpec(margin=1.1))[0]
    assert np.abs(upright - crooked).mean() > 8


@pytest.mark.parametrize("eyes", [None, ((10, 10), (10, 10)), ((np.inf, 0), (5, 5))])
def test_without_two_eyes_nothing_turns(eyes: tuple[tuple[float, float], tuple[float, float]] | None):
    image = noise(60, 60)
    box = (3, 4, 51, 52)
    np.testing.assert_array_equal(
        crop_faces(image, faces(box, eyes=eyes), CropSpec(align=True)), crop_faces(image, faces(box), CropSpec())
    )


def test_no_faces_are_no_crops():
    assert crop_faces(noise(20, 20), faces(), CropSpec(size_px=32, channels=3)).shape == (0, 32, 32, 3)


@pytest.mark.parametrize("box", [(np.nan, 0, 5, 5), (0, 0, np.inf, 5), (-3e38, 0, 3e38, 5)])
def test_a_box_that_makes_no_sense_gives_black_and_leaves_its_neighbours(box: tuple[float, ...]):
    image = noise(48, 48)
    crops = crop_faces(image, faces(box, (0, 0, 48, 48)), COLOUR)
    assert not crops[0].any()
    np.testing.assert_array_equal(crops[1], image)


anything = st.floats(width=32, allow_nan=True, allow_infinity=True) | st.floats(-200, 300, width=32)


@given(
    box=arrays(np.float32, (1, 4), elements=anything),
    landmarks=arrays(np.float32, (1, 5, 2), elements=anything),
    size=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    spec=st.builds(
        CropSpec, st.sampled_from([1, 17, 48]), st.sampled_from([1, 3]), st.floats(0.5, 2), align=st.booleans()
    ),
)
def test_any_box_in_any_picture_gives_a_crop(
    box: np.ndarray, landmarks: np.ndarray, size: tuple[int, int], spec: CropSpec
):
    image = noise(*size)
    before = image.copy()
    crops = crop_faces(image, Faces(box, landmarks, np.ones(1, np.float32)), spec)
    assert crops.shape == (1, spec.size_px, spec.size_px, spec.channels)
    assert crops.dtype == np.uint8
    np.testing.assert_array_equal(image, before)


@given(arrays(np.float32, (1, 4), elements=st.floats(-100, 160, width=32)), st.integers(0, 255))
def test_a_flat_picture_stays_flat(box: np.ndarray, level: int):
    image = np.full((50, 60, 3), level, np.uint8)
    crops = crop_faces(image, faces(tuple(box[0].tolist())), CropSpec())
    np.testing.assert_array_equal(crops, np.full_like(crops, level))
