import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mien.core.emotions import EIGHT, SEVEN, seen_as
from mien.core.errors import UsageError
from mien.core.metrics import calibration, softmax
from mien.core.priors import importance, parse_prior, rebalance, shown_at

SHARES = np.array([0.6, 0.3, 0.1])
priors = st.floats(0, 1)


def test_probabilities_are_divided_by_the_class_shares_to_the_prior():
    probs = np.array([[0.6, 0.3, 0.1], [0.8, 0.0, 0.2]])
    np.testing.assert_allclose(rebalance(probs, SHARES, 1), [[1 / 3, 1 / 3, 1 / 3], [0.4, 0, 0.6]])
    odds = probs[1] / np.sqrt(SHARES)
    np.testing.assert_allclose(rebalance(probs, SHARES.tolist(), 0.5)[1], odds / odds.sum())
    np.testing.assert_array_equal(rebalance(probs, SHARES, 0), probs)


@given(
    hnp.arrays(np.float32, st.tuples(st.integers(0, 5), st.just(3)), elements=st.floats(-40, 40, width=32)),
    priors,
    priors,
)
def test_rows_stay_distributions_and_priors_add_up(logits: np.ndarray, one: float, other: float):
    probs = softmax(logits)
    moved = rebalance(probs, SHARES, one)
    assert moved.dtype == np.float32
    assert moved.shape == probs.shape
    np.testing.assert_allclose(moved.sum(axis=1), 1, atol=1e-5)
    twice = rebalance(moved.astype(np.float64), SHARES, other)
    np.testing.assert_allclose(twice, rebalance(probs.astype(np.float64), SHARES, one + other), atol=1e-5)


@pytest.mark.parametrize("prior", [0.3, 1.0])
def test_calibrated_probabilities_stay_calibrated_where_the_prior_supposes(prior: float):
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(3 * SHARES, 40_000)
    truth = (probs.cumsum(axis=1) > rng.random((len(probs), 1))).argmax(axis=1)
    moved, weights = rebalance(probs, SHARES, prior), importance(truth, SHARES, prior)
    assert calibration(truth, moved, weights=weights).error < 0.015
    named = np.eye(3)[truth]
    np.testing.assert_allclose(weights @ moved, weights @ named, atol=0.005 * len(truth))
    assert np.abs((moved - named).mean(axis=0)).max() > 0.05  # but not in the world as it was


def test_balanced_faces_count_alike_a_class():
    truth = np.array([0] * 6 + [1] * 3 + [2])
    weights = importance(truth, SHARES, 1)
    assert weights.mean() == pytest.approx(1)
    np.testing.assert_allclose(np.bincount(truth, weights=weights), [10 / 3] * 3)
    np.testing.assert_array_equal(importance(truth, SHARES, 0), np.ones(10))


def test_arrays_that_do_not_fit_are_refused():
    probs = np.full((2, 3), 1 / 3)
    with pytest.raises(ValueError, match=r"expected probabilities \(N, 2\)"):
        rebalance(probs, [0.5, 0.5], 0.5)
    with pytest.raises(ValueError, match="above 0 for each class"):
        rebalance(probs, [0.5, 0.5, 0.0], 0.5)
    for truth in (np.array([], int), np.array([3]), np.array([-1, 0])):
        with pytest.raises(ValueError, match=r"expected one or more labels in 0\.\.2"):
            importance(truth, SHARES, 0.5)


@pytest.mark.parametrize(("text", "prior"), [("ferplus", 0), ("balanced", 1), ("0.3", 0.3), ("1", 1), ("0", 0)])
def test_a_prior_by_name_or_number(text: str, prior: float):
    assert parse_prior(text) == parse_prior(prior) == prior


@pytest.mark.parametrize("text", ["", "even", "-0.1", "1.01", "nan", "inf", "50%", 1.5, float("nan"), [0.5]])
def test_other_priors_are_refused(text: object):
    with pytest.raises(UsageError, match=r"unknown prior .* a number from 0 to 1"):
        parse_prior(text)


def test_views_keep_the_sum():
    probs = np.random.default_rng(0).dirichlet(np.ones(8), size=5)
    np.testing.assert_allclose(seen_as(probs, SEVEN).sum(axis=1), 1)
    np.testing.assert_allclose(seen_as(probs, SEVEN)[:, 0], probs[:, 0] + probs[:, 7])
    np.testing.assert_array_equal(seen_as(seen_as(probs, SEVEN), EIGHT)[:, 7], 0)
    assert seen_as(probs, EIGHT) is probs


def test_contempt_joins_neutral_before_the_prior_as_it_does_in_pictures():
    probs = np.array([[0.4, 0.25, 0.0, 0.0, 0.0, 0.0, 0.0, 0.35], [0.3, 0.5, 0.0, 0.0, 0.1, 0.0, 0.0, 0.1]])
    class_shares = np.array([0.3, 0.25, 0.12, 0.15, 0.09, 0.02, 0.05, 0.02])
    odds = probs[:, :7] + np.pad(probs[:, 7:], ((0, 0), (0, 6)))
    odds = odds / (class_shares[:7] + np.array([0.02, 0, 0, 0, 0, 0, 0]))
    expected = odds / odds.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shown_at(probs, class_shares, SEVEN, prior=1.0), expected)
    over_eight = shown_at(probs, class_shares, EIGHT, prior=1.0)
    assert over_eight[0].argmax() == 7
