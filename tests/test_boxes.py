import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mien.core import boxes


def rows(*values: tuple[float, ...]) -> np.ndarray:
    return np.array(values, np.float32).reshape(-1, 4)


def some_boxes(max_rows: int = 12) -> st.SearchStrategy[np.ndarray]:
    """Boxes with their corners in order, some without area."""
    corner = st.integers(-50, 50)
    side = st.integers(0, 60)
    box = st.tuples(corner, corner, side, side).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))
    return st.lists(box, max_size=max_rows).map(lambda found: rows(*found))


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ((0, 0, 10, 10), 1),
        ((5, 0, 15, 10), 1 / 3),
        ((0, 0, 5, 5), 1 / 4),
        ((10, 0, 20, 10), 0),  # they touch
        ((30, 30, 40, 40), 0),
        ((5, 5, 5, 5), 0),
    ],
)
def test_iou_of_known_pairs(other: tuple[float, ...], expected: float):
    assert boxes.iou(rows((0, 0, 10, 10)), rows(other))[0, 0] == pytest.approx(expected)


@given(some_boxes(), some_boxes())
def test_iou_is_symmetric_and_a_share(first: np.ndarray, second: np.ndarray):
    overlap = boxes.iou(first, second)
    assert overlap.shape == (len(first), len(second))
    assert overlap.dtype == np.float32
    assert ((overlap >= 0) & (overlap <= 1)).all()
    np.testing.assert_array_equal(overlap, boxes.iou(second, first).T)


@given(some_boxes())
def test_a_box_with_area_overlaps_itself_wholly(some: np.ndarray):
    np.testing.assert_allclose(np.diag(boxes.iou(some, some)), boxes.area(some) > 0)


def test_area_of_a_box_with_its_corners_out_of_order_is_nothing():
    np.testing.assert_array_equal(boxes.area(rows((0, 0, 3, 4), (3, 4, 0, 0), (3, 0, 0, 4))), [12, 0, 0])


def test_clip_keeps_what_lies_in_the_picture():
    found = boxes.clip(rows((-5, -5, 5, 5), (8, 2, 30, 30), (90, 90, 95, 95)), width=20, height=10)
    np.testing.assert_array_equal(found, rows((0, 0, 5, 5), (8, 2, 20, 10), (20, 10, 20, 10)))


@given(some_boxes(), st.integers(1, 60), st.integers(1, 60))
def test_clip_twice_is_clip_once(some: np.ndarray, width: int, height: int):
    once = boxes.clip(some, width, height)
    np.testing.assert_array_equal(boxes.clip(once, width, height), once)


def test_square_takes_the_longer_side_and_keeps_the_centre():
    np.testing.assert_array_equal(boxes.square(rows((0, 0, 10, 20))), rows((-5, 0, 15, 20)))
    np.testing.assert_array_equal(boxes.square(rows((0, 0, 10, 20)), margin=1.5), rows((-10, -5, 20, 25)))


@given(some_boxes(), st.floats(0.5, 3))
def test_squares_are_square(some: np.ndarray, margin: float):
    squares = boxes.square(some, margin)
    np.testing.assert_allclose(squares[:, 2] - squares[:, 0], squares[:, 3] - squares[:, 1], atol=1e-3)
    np.testing.assert_allclose(squares[:, :2] + squares[:, 2:], some[:, :2] + some[:, 2:], atol=1e-3)


def test_nms_keeps_the_best_of_each_cluster_best_first():
    some = rows((0, 0, 10, 10), (50, 50, 60, 60), (1, 0, 11, 10), (50, 51, 60, 61))
    np.testing.assert_array_equal(boxes.nms(some, np.array([0.7, 0.8, 0.9, 0.6], np.float32), max_overlap=0.3), [2, 1])


def test_a_box_that_was_dropped_drops_no_other():
    chain = rows((0, 0, 10, 10), (4, 0, 14, 10), (8, 0, 18, 10))  # each overlaps the next, the ends hardly do
    np.testing.assert_array_equal(boxes.nms(chain, np.array([0.9, 0.8, 0.7], np.float32), max_overlap=0.3), [0, 2])


@given(
    some_boxes().flatmap(
        lambda some: st.tuples(st.just(some), arrays(np.float32, len(some), elements=st.floats(0, 1, width=32)))
    ),
    st.sampled_from([0.0, 0.3, 0.5, 1.0]),
)
def test_nms_leaves_no_pair_above_the_limit_and_is_stable(found: tuple[np.ndarray, np.ndarray], max_overlap: float):
    some, scores = found
    kept = boxes.nms(some, scores, max_overlap)
    assert kept.dtype == np.int64
    overlap = boxes.iou(some[kept], some[kept])
    np.fill_diagonal(overlap, 0)
    assert (overlap <= max_overlap).all()
    assert (np.diff(scores[kept]) <= 0).all()
    np.testing.assert_array_equal(boxes.nms(some[kept], scores[kept], max_overlap), np.arange(len(kept)))


def test_inside_is_the_share_of_the_smaller_box():
    found = boxes.inside(rows((0, 0, 10, 10)), rows((2, 2, 4, 4), (5, 0, 25, 10), (10, 0, 12, 10), (3, 3, 3, 9)))
    np.testing.assert_allclose(found, [[1, 0.5, 0, 0]])


@given(some_boxes(), some_boxes())
def test_a_pair_is_inside_at_least_as_much_as_it_overlaps(first: np.ndarray, second: np.ndarray):
    within = boxes.inside(first, second)
    assert (within >= boxes.iou(first, second)).all()
    assert (within <= 1).all()


def test_nms_by_what_lies_inside_drops_parts():
    whole_and_half = rows((0, 0, 40, 40), (5, 5, 20, 20))
    scores = np.array([0.8, 0.9], np.float32)
    assert len(boxes.nms(whole_and_half, scores, 0.3)) == 2
    np.testing.assert_array_equal(boxes.nms(whole_and_half, scores, 0.7, boxes.inside), [1])


def test_from_left_to_right_by_centres_then_from_the_top():
    some = rows((0, 20, 40, 30), (5, 0, 15, 10), (10, 0, 30, 10), (0, 0, 10, 10))
    np.testing.assert_array_equal(boxes.left_to_right(some), [3, 1, 2, 0])
