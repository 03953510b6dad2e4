import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.tracking.smoothing import Hysteresis, Smoother

CALM = np.array([[0.9, 0.1]], np.float32)
GLAD = np.array([[0.1, 0.9]], np.float32)
ONE = np.array([7])
NOBODY = np.array([], np.int64), np.zeros((0, 2), np.float32)


def odds(probs: np.ndarray) -> float:
    """The logarithm of the odds of the second emotion."""
    return float(np.log(probs[0, 1] / probs[0, 0]))


def after(seconds: float, frames_per_s: float, smooth_s: float) -> np.ndarray:
    """What is shown so long after calm turned to glad."""
    smooth = Smoother(smooth_s)
    shown = smooth(ONE, CALM, time_s=0.0)
    for frame in range(1, round(seconds * frames_per_s) + 1):
        shown = smooth(ONE, GLAD, time_s=frame / frames_per_s)
    return shown


@pytest.mark.parametrize("seconds", [0.2, 0.4, 1, 2])
def test_the_frame_rate_does_not_matter(seconds: float):
    np.testing.assert_allclose(after(seconds, 15, smooth_s=0.5), after(seconds, 60, smooth_s=0.5), atol=1e-6)


@pytest.mark.parametrize("smooth_s", [0.3, 1.0])
def test_a_step_is_63_percent_done_after_the_time_constant(smooth_s: float):
    done = (odds(after(smooth_s, 60, smooth_s)) - odds(CALM)) / (odds(GLAD) - odds(CALM))
    assert done == pytest.approx(1 - np.exp(-1), abs=1e-5)


def test_the_first_sight_is_shown_as_it_is():
    np.testing.assert_allclose(Smoother()(ONE, CALM, 3.0), CALM, atol=1e-6)


@pytest.mark.parametrize("calls_between", [0, 1, 10])
def test_a_hidden_face_goes_on_from_its_faded_memory(calls_between: int):
    smooth = Smoother(smooth_s=0.5)
    smooth(ONE, CALM, 0.0)
    for call in range(calls_between):
        smooth(*NOBODY, time_s=0.04 * (call + 1))
    shown = smooth(ONE, GLAD, 0.5)
    assert odds(shown) == pytest.approx(odds(GLAD) - np.exp(-1) * (odds(GLAD) - odds(CALM)), abs=1e-5)


def test_faces_are_averaged_apart():
    smooth = Smoother(smooth_s=0.5)
    smooth(np.array([1, 2]), np.vstack([CALM, GLAD]), 0.0)
    both = smooth(np.array([2, 1]), np.vstack([GLAD, CALM]), 0.1)
    np.testing.assert_allclose(both, np.vstack([GLAD, CALM]), atol=1e-6)


def test_a_confident_frame_counts_for_more_than_a_vague_one():
    smooth = Smoother(smooth_s=0.5)
    smooth(ONE, np.array([[0.999, 0.001]], np.float32), 0.0)
    shown = smooth(ONE, np.array([[0.3, 0.7]], np.float32), 0.5)
    assert shown[0, 0] > 0.5


def test_averages_can_be_had_again_from_data_of_four_digits():
    rng = np.random.default_rng(0)
    written = rng.dirichlet(np.full(8, 0.1), 200).round(4).astype(np.float32)
    times = np.cumsum(rng.uniform(0.01, 0.2, 200))
    smooth = Smoother(0.3)
    log = np.zeros(8)
    for row, time_s, gone_s in zip(written, times, np.diff(times, prepend=-100), strict=True):
        log += (1 - np.exp(-gone_s / 0.3)) * (np.log(np.maximum(row, 1e-4)) - log)
        np.testing.assert_allclose(smooth(ONE, row[None], time_s)[0], np.exp(log) / np.exp(log).sum(), atol=1e-6)


def test_one_certain_frame_does_not_rule_out_the_rest_for_long():
    certain, calm = np.array([[0, 1]], np.float32), CALM
    smooth = Smoother(0.3)
    smooth(ONE, certain, 0.0)
    assert smooth(ONE, calm, 1.0)[0, 0] > 0.5


def test_zero_turns_it_off():
    smooth = Smoother(smooth_s=0)
    smooth(ONE, CALM, 0.0)
    np.testing.assert_array_equal(smooth(ONE, GLAD, 0.1), GLAD)


def test_untracked_faces_come_back_as_they_are():
    smooth = Smoother(smooth_s=10)
    zero = np.array([[1, 0], [0, 1]], np.float32)
    smooth(np.array([-1, -1]), zero, 0.0)
    np.testing.assert_array_equal(smooth(np.array([-1, -1]), zero[::-1], 0.1), zero[::-1])


@pytest.mark.parametrize("odd_s", [0.1, -4.0, np.nan, np.inf])
def test_a_clock_that_stands_or_goes_back_goes_on_from_there(odd_s: float):
    smooth = Smoother(smooth_s=0.5)
    smooth(ONE, CALM, 0.1)
    np.testing.assert_allclose(smooth(ONE, GLAD, odd_s), CALM, atol=1e-6)
    start_s = odd_s if np.isfinite(odd_s) else 0.1
    assert odds(smooth(ONE, GLAD, start_s + 0.5)) == pytest.approx(
        odds(GLAD) - np.exp(-1) * (odds(GLAD) - odds(CALM)), abs=1e-5
    )


def test_memory_is_bounded():
    smooth, hysteresis = Smoother(smooth_s=0.3), Hysteresis()

    def size_after(ids: range) -> int:
        for face in ids:
            hysteresis(np.array([face]), smooth(np.array([face]), CALM, face * 0.1), face * 0.1)
        return len(pickle.dumps((smooth, hysteresis)))

    assert size_after(range(1000, 1100)) == pytest.approx(size_after(range(1100, 3000)), rel=0.1)


def test_the_input_is_left_alone():
    probs = GLAD.copy()
    smooth = Smoother()
    smooth(ONE, CALM, 0.0)
    smooth(ONE, probs, 0.1)
    np.testing.assert_array_equal(probs, GLAD)


PROBS = st.lists(st.floats(0, 1), min_size=4, max_size=4).filter(lambda row: sum(row) > 0.01)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(PROBS, PROBS, PROBS, st.permutations(range(3))), min_size=1, max_size=5), st.floats(0.001, 2))
def test_rows_are_probabilities_and_their_order_does_not_matter(frames: list, step_s: float):
    ids = np.array([3, 9, -1])
    smooth, other, hysteresis, other_hysteresis = Smoother(), Smoother(), Hysteresis(), Hysteresis()
    for number, (*rows, order) in enumerate(frames):
        probs = np.array(rows, np.float64)
        probs = (probs / probs.sum(axis=1, keepdims=True)).astype(np.float32)
        mixed = list(order)
        shown = smooth(ids, probs, number * step_s)
        assert (shown.shape, shown.dtype) == ((3, 4), np.float32)
        np.testing.assert_allclose(shown.sum(axis=1), 1, atol=1e-5)
        np.testing.assert_array_equal(other(ids[mixed], probs[mixed], number * step_s), shown[mixed])
        columns = hysteresis(ids, shown, number * step_s)
        np.testing.assert_array_equal(other_hysteresis(ids[mixed], shown[mixed], number * step_s), columns[mixed])


def test_nobody_is_nothing():
    assert Smoother()(*NOBODY, time_s=0.0).shape == (0, 2)
    columns = Hysteresis()(*NOBODY, time_s=0.0)
    assert (columns.shape, columns.dtype) == ((0,), np.int64)


@pytest.mark.parametrize("smooth_s", [-1, np.nan, np.inf])
def test_a_time_constant_that_is_none_is_refused(smooth_s: float):
    with pytest.raises(ValueError, match="smooth_s must be a number of seconds"):
        Smoother(smooth_s=smooth_s)


def changes(columns: list[int]) -> int:
    return int(np.count_nonzero(np.diff(columns)))


def wavering(share: float) -> np.ndarray:
    return np.array([[share, 1 - share]], np.float32)


def test_emotions_as_good_as_level_do_not_take_turns():
    rng = np.random.default_rng(0)
    rows = [wavering(0.5 + rng.normal(0, 0.015)) for _ in range(200)]
    hysteresis = Hysteresis(margin=0.1)
    calm = [int(hysteresis(ONE, row, 0.04 * i)[0]) for i, row in enumerate(rows)]
    assert changes(calm) == 0
    assert changes([int(row.argmax()) for row in rows]) > 50


def test_a_clear_lead_changes_the_emotion_at_once():
    hysteresis = Hysteresis(margin=0.1)
    shown = [
        int(hysteresis(ONE, wavering(share), 0.04 * i)[0]) for i, share in enumerate([0.6, 0.46, 0.44, 0.54, 0.56])
    ]
    assert shown == [0, 0, 1, 1, 0]


def test_first_sight_shows_the_top_and_each_face_its_own():
    hysteresis = Hysteresis(margin=0.5)
    assert hysteresis(np.array([1, 2]), np.vstack([CALM, GLAD]), 0.0).tolist() == [0, 1]
    assert hysteresis(np.array([2, 1]), np.vstack([wavering(0.6), wavering(0.4)]), 0.1).tolist() == [1, 0]


def test_a_face_gone_for_longer_than_the_gap_starts_afresh():
    hysteresis = Hysteresis(margin=0.5)
    hysteresis(ONE, CALM, 0.0)
    hysteresis(*NOBODY, time_s=0.9)
    assert hysteresis(ONE, wavering(0.4), 1.0).tolist() == [0]
    hysteresis(*NOBODY, time_s=2.1)
    assert hysteresis(ONE, wavering(0.4), 2.2).tolist() == [1]


def test_untracked_faces_show_their_top():
    hysteresis = Hysteresis(margin=0.5)
    hysteresis(np.array([-1]), CALM, 0.0)
    assert hysteresis(np.array([-1]), wavering(0.4), 0.1).tolist() == [1]


def test_without_a_margin_the_top_is_shown():
    hysteresis = Hysteresis(margin=0)
    assert [int(hysteresis(ONE, wavering(share), 0.0)[0]) for share in (0.6, 0.49, 0.51)] == [0, 1, 0]


@pytest.mark.parametrize("margin", [-0.1, 1, np.nan])
def test_a_margin_that_is_none_is_refused(margin: float):
    with pytest.raises(ValueError, match="margin must be a difference of probabilities"):
        Hysteresis(margin=margin)


def test_a_gap_that_is_none_is_refused():
    with pytest.raises(ValueError, match="max_gap_s must be a number of seconds"):
        Hysteresis(max_gap_s=-1)
