import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.core.faces import Faces
from mien.detection import sliced as module
from mien.detection.sliced import OVERLAP_PX, TILE_PX, SlicedDetector, merge, scales, tiles

GREY, WHITE = 90, 255


def faces(*found: tuple[float, ...]) -> Faces:
    """Faces of x1, y1, x2, y2, score, all landmarks at the first corner."""
    rows = np.array(found, np.float32).reshape(-1, 5)
    return Faces(rows[:, :4], rows[:, None, :2].repeat(5, axis=1), rows[:, 4])


def none(image: np.ndarray) -> Faces:
    return faces()


def patches(image: np.ndarray) -> Faces:
    """See each white patch, whole or cut, as a face."""
    count, _, stats, _ = cv2.connectedComponentsWithStats((image[:, :, 0] > (GREY + WHITE) // 2).astype(np.uint8))
    return faces(*((x, y, x + w, y + h, 0.9) for x, y, w, h, _ in stats[1:count].tolist()))


def picture(width: int, height: int, *squares: tuple[int, int, int]) -> np.ndarray:
    image = np.full((height, width, 3), GREY, np.uint8)
    for x, y, side in squares:
        image[y : y + side, x : x + side] = WHITE
    return image


def test_a_picture_is_enlarged_then_halved_until_it_is_as_the_whole_view_saw_it():
    assert scales(192, 144) == [3, 1.5]
    assert scales(640, 480) == [3, 1.5]
    assert scales(1280, 960) == [2, 1]
    assert scales(2560, 100) == [1, 0.5]
    assert scales(8000, 6000) == [1, 0.5, 0.25, 0.125]
    assert scales(1, 1) == [3, 1.5]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4000), st.integers(1, 4000), st.sampled_from([3.0, 1.5, 1.0, 0.5, 0.3]))
def test_tiles_cover_the_picture_and_fit_the_detector(width: int, height: int, scale: float):
    seen = np.zeros((height, width), bool)
    for x1, y1, x2, y2 in tiles(width, height, scale):
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height
        assert max(x2 - x1, y2 - y1) * scale <= TILE_PX
        seen[y1:y2, x1:x2] = True
    assert seen.all()


@given(st.integers(1, 4000), st.sampled_from([3.0, 1.5, 1.0, 0.5]), st.data())
def test_what_is_no_larger_than_the_overlap_is_whole_in_a_tile(width: int, scale: float, data: st.DataObject):
    side = min(width, int(OVERLAP_PX / scale))
    x = data.draw(st.integers(0, width - side))
    assert any(x1 <= x and x + side <= x2 for x1, _, x2, _ in tiles(width, 1, scale))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 1150), st.integers(0, 750), st.integers(8, 50))
def test_a_small_face_anywhere_is_found_once_and_whole(x: int, y: int, side: int):
    found = SlicedDetector(none, patches)(picture(1200, 800, (x, y, side)))
    assert len(found) == 1
    np.testing.assert_allclose(found.boxes[0], [x, y, x + side, y + side], atol=1.5)
    np.testing.assert_allclose(found.landmarks[0, 0], [x, y], atol=1.5)


def test_large_faces_are_whole_in_a_coarser_view():
    for side in (100, 400, 700):
        found = SlicedDetector(patches, patches)(picture(1200, 900, (310, 90, side)))
        np.testing.assert_allclose(found.boxes, [[310, 90, 310 + side, 90 + side]], atol=3)


def test_a_face_at_the_pictures_own_edge_is_no_cut_one():
    found = SlicedDetector(none, patches)(picture(900, 700, (0, 0, 30), (870, 670, 30)))
    np.testing.assert_allclose(found.boxes, [[0, 0, 30, 30], [870, 670, 900, 700]], atol=1.5)


def test_several_faces_come_from_left_to_right():
    found = SlicedDetector(none, patches)(picture(1500, 600, (1400, 10, 20), (20, 300, 40), (700, 500, 30)))
    np.testing.assert_allclose(found.boxes[:, 0], [20, 700, 1400], atol=1.5)


def test_the_best_of_several_views_of_a_face_is_kept():
    merged = merge([faces((10, 10, 50, 50, 0.7)), faces((12, 10, 52, 50, 0.9), (100, 0, 120, 20, 0.8)), faces()])
    np.testing.assert_array_equal(merged.boxes, [[12, 10, 52, 50], [100, 0, 120, 20]])
    np.testing.assert_allclose(merged.scores, [0.9, 0.8])


def test_part_of_a_face_is_no_face_of_its_own():
    assert len(merge([faces((0, 0, 100, 100, 0.95)), faces((20, 20, 50, 60, 0.8))])) == 1


def test_neighbours_stay_apart():
    assert len(merge([faces((0, 0, 40, 40, 0.95), (30, 0, 70, 40, 0.9))])) == 2


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (700, 3)])
def test_thin_pictures(shape: tuple[int, int]):
    assert len(SlicedDetector(none, none)(np.zeros((*shape, 3), np.uint8))) == 0


def test_the_detector_sees_no_more_than_a_tile_at_a_time():
    seen: list[tuple[int, ...]] = []

    def note(image: np.ndarray) -> Faces:
        seen.append(image.shape)
        return faces()

    SlicedDetector(none, note)(np.zeros((900, 1400, 3), np.uint8))
    assert len(seen) > 4
    assert max(max(shape) for shape in seen) <= module.TILE_PX
