import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mien.core.faces import Faces
from mien.imaging.anonymize import BLUR_CELLS, blur_faces


def faces_at(*found: tuple[float, ...]) -> Faces:
    n = len(found)
    rows = np.array(found, np.float32).reshape(n, 4)
    return Faces(rows, np.full((n, 5, 2), np.nan, np.float32), np.ones(n, np.float32))


def grain(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


BOX = (100, 80, 180, 180)


def test_the_face_is_hidden_and_nothing_far_from_it():
    image = grain(400, 300)
    before = image.copy()
    hidden = blur_faces(image, faces_at(BOX))
    np.testing.assert_array_equal(image, before)
    changed = (hidden != image).any(axis=2)
    assert changed[80:180, 100:180].mean() > 0.99
    rows, columns = np.nonzero(changed)
    assert (columns.min() >= 140 - 40 * 1.6, columns.max() <= 140 + 40 * 1.6) == (True, True)
    assert (rows.min() >= 130 - 50 * 1.6, rows.max() <= 130 + 50 * 1.6) == (True, True)


def test_forehead_chin_and_ears_are_hidden_too():
    image = grain(400, 300)
    hidden = blur_faces(image, faces_at(BOX))
    for x, y in ((140, 68), (140, 192), (90, 130), (190, 130), (102, 82), (178, 178)):
        patch = (slice(y - 2, y + 3), slice(x - 2, x + 3))
        assert (hidden[patch] != image[patch]).any(axis=2).mean() > 0.9


def test_pictures_that_differ_in_detail_alone_are_hidden_alike():
    """Two faces whose cells have the same means cannot be told apart: what differed is not in the copy."""
    fine = np.indices((300, 400)).sum(axis=0) % 2 * 200  # a checkerboard of single pixels
    one = fine.astype(np.uint8)[:, :, None].repeat(3, axis=2)
    other = 200 - one
    inner = (slice(110, 150), slice(120, 160))
    apart = np.abs(one[inner].astype(int) - other[inner]).max()
    left = np.abs(blur_faces(one, faces_at(BOX))[inner].astype(int) - blur_faces(other, faces_at(BOX))[inner]).max()
    assert apart == 200
    assert left <= 10


def test_what_is_left_changes_slowly():
    hidden = blur_faces(grain(400, 300), faces_at(BOX)).astype(np.float32)
    face = hidden[95:165, 112:168]  # clear of the rim
    cell = 100 // BLUR_CELLS
    step, stride = np.abs(np.diff(face, axis=0)).mean(), np.abs(face[cell:] - face[:-cell]).mean()
    assert step < 2.5 / cell * stride


def test_no_faces_no_change():
    image = grain(40, 30)
    hidden = blur_faces(image, faces_at())
    np.testing.assert_array_equal(hidden, image)
    assert not np.shares_memory(hidden, image)


@pytest.mark.parametrize("box", [(-90, -90, -50, -50), (900, 0, 950, 40), (np.nan, 0, 5, 5)])
def test_a_box_that_is_not_in_the_picture_hides_nothing(box: tuple[float, ...]):
    image = grain(100, 80)
    np.testing.assert_array_equal(blur_faces(image, faces_at(box)), image)


def test_an_endless_box_hides_the_picture():
    image = grain(100, 80)
    hidden = blur_faces(image, faces_at((-np.inf, -1e30, np.inf, 1e30)))
    assert hidden.std() < image.std() / 4


def test_corners_out_of_order_hide_the_same():
    image = grain(400, 300)
    swapped = (BOX[2], BOX[1], BOX[0], BOX[3])
    np.testing.assert_array_equal(blur_faces(image, faces_at(swapped)), blur_faces(image, faces_at(BOX)))


def test_plain_skin_stays_plain():
    plain = cv2.merge([np.full((90, 90), value, np.uint8) for value in (200, 150, 120)])
    np.testing.assert_array_equal(blur_faces(plain, faces_at((20, 20, 70, 70))), plain)


corner = st.floats(-300, 600, width=32) | st.sampled_from([np.nan, np.inf, -np.inf])


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 120),
    st.integers(1, 120),
    hnp.arrays(np.float32, st.tuples(st.integers(0, 4), st.just(4)), elements=corner),
)
def test_any_box_in_any_picture(width: int, height: int, boxes: np.ndarray):
    image = grain(width, height)
    before = image.copy()
    n = len(boxes)
    faces = Faces(boxes, np.full((n, 5, 2), np.nan, np.float32), np.ones(n, np.float32))
    hidden = blur_faces(image, faces)
    assert (hidden.shape, hidden.dtype) == (image.shape, np.uint8)
    np.testing.assert_array_equal(image, before)
