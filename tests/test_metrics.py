import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import distance
from sklearn import metrics as reference

from mien.core import metrics

# Six faces of three classes: 0 0 1 1 2 2 called 0 1 1 1 2 0.
TRUTH = np.array([0, 0, 1, 1, 2, 2])
CALLED = np.array([0, 1, 1, 1, 2, 0])
CLASSES = 8
SEEDS = st.integers(0, 2**32 - 1)


def drawn(seed: int):
    """Random truth and probabilities, with some classes rare or absent."""
    rng = np.random.default_rng(seed)
    truth = np.minimum(rng.geometric(0.4, size=rng.integers(1, 200)) - 1, CLASSES - 1)
    probs = rng.dirichlet(np.full(CLASSES, 0.5), size=len(truth))
    return truth, probs / probs.sum(axis=1, keepdims=True)


def test_golden_scores():
    confusion = metrics.confusion_matrix(TRUTH, CALLED, 3)
    np.testing.assert_array_equal(confusion, [[1, 1, 0], [0, 2, 0], [1, 0, 1]])
    scores = metrics.class_scores(confusion)
    assert metrics.accuracy(TRUTH, CALLED) == pytest.approx(4 / 6)
    np.testing.assert_allclose(scores.precision, [1 / 2, 2 / 3, 1])
    np.testing.assert_allclose(scores.recall, [1 / 2, 1, 1 / 2])
    np.testing.assert_allclose(scores.f1, [1 / 2, 4 / 5, 2 / 3])
    np.testing.assert_array_equal(scores.support, [2, 2, 2])
    assert scores.macro_f1 == pytest.approx(59 / 90)
    assert scores.weighted_f1 == pytest.approx(59 / 90)
    assert scores.balanced_accuracy == pytest.approx(2 / 3)


def test_a_class_absent_from_the_truth_is_left_out_of_the_mean():
    scores = metrics.class_scores(metrics.confusion_matrix(np.array([0, 0, 1]), np.array([0, 2, 1]), 4))
    np.testing.assert_allclose(scores.f1, [2 / 3, 1, 0, 0])
    assert scores.macro_f1 == pytest.approx(5 / 6)


@given(SEEDS)
@settings(deadline=None, max_examples=50)
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_scores_agree_with_scikit_learn(seed: int):
    truth, probs = drawn(seed)
    called, labels = probs.argmax(axis=1), np.arange(CLASSES)
    confusion = metrics.confusion_matrix(truth, called, CLASSES)
    scores = metrics.class_scores(confusion)
    expected = reference.precision_recall_fscore_support(truth, called, labels=labels, zero_division=0)
    for ours, theirs in zip((scores.precision, scores.recall, scores.f1, scores.support), expected, strict=True):
        np.testing.assert_allclose(ours, theirs)
    np.testing.assert_array_equal(confusion, reference.confusion_matrix(truth, called, labels=labels))
    assert metrics.accuracy(truth, called) == pytest.approx(reference.accuracy_score(truth, called))
    weighted = reference.f1_score(truth, called, average="weighted", zero_division=0)
    macro = reference.f1_score(truth, called, labels=np.unique(truth), average="macro", zero_division=0)
    assert (scores.weighted_f1, scores.macro_f1) == pytest.approx((weighted, macro))
    assert scores.balanced_accuracy == pytest.approx(
        reference.recall_score(truth, called, labels=np.unique(truth), average="macro")
    )


@given(SEEDS)
@settings(deadline=None, max_examples=30)
def test_likelihood_agrees_with_scikit_learn(seed: int):
    truth, probs = drawn(seed)
    expected = reference.log_loss(truth, probs, labels=np.arange(CLASSES))
    assert metrics.negative_log_likelihood(truth, probs) == pytest.approx(expected)
    assert metrics.negative_log_likelihood(np.eye(CLASSES)[truth], probs) == pytest.approx(expected)


def test_a_probability_of_zero_costs_a_finite_amount():
    loss = metrics.negative_log_likelihood(np.array([1]), np.array([[1.0, 0.0]], np.float32))
    assert loss == pytest.approx(-math.log(np.finfo(np.float32).eps))


@given(SEEDS)
@settings(deadline=None, max_examples=30)
def test_divergence_agrees_with_scipy(seed: int):
    _, p = drawn(seed)
    votes = np.random.default_rng(seed + 1).multinomial(10, np.full(CLASSES, 1 / CLASSES), size=len(p)) / 10
    expected = distance.jensenshannon(p, votes, axis=1) ** 2
    np.testing.assert_allclose(metrics.jensen_shannon(p, votes), expected, atol=1e-9)


def test_divergence_of_equals_and_of_strangers():
    one, other = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    assert metrics.jensen_shannon(one, one) == pytest.approx([0])
    assert metrics.jensen_shannon(one, other) == pytest.approx([math.log(2)])


def test_golden_calibration():
    probs = np.array([[0.6, 0.4], [0.6, 0.4], [0.9, 0.1], [0.1, 0.9]])
    found = metrics.calibration(np.array([0, 1, 0, 1]), probs, bins=2)
    np.testing.assert_allclose(found.confidence, [0.6, 0.9])
    np.testing.assert_allclose(found.accuracy, [0.5, 1.0])
    np.testing.assert_allclose(found.share, [0.5, 0.5])
    assert found.error == pytest.approx(0.1)


@given(SEEDS)
@settings(deadline=None, max_examples=30)
def test_calibration_does_not_depend_on_the_order(seed: int):
    truth, probs = drawn(seed)
    probs = np.round(probs, 1)  # many equal confidences
    order = np.random.default_rng(seed).permutation(len(truth))
    assert metrics.calibration(truth[order], probs[order]).error == pytest.approx(
        metrics.calibration(truth, probs).error, abs=1e-12
    )


def test_a_weight_counts_as_so_many_faces():
    truth, probs = np.array([0, 1, 0]), np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]])
    weighted = metrics.calibration(truth, probs, bins=1, weights=np.array([1.0, 2.0, 3.0]))
    repeated = metrics.calibration(truth.repeat([1, 2, 3]), probs.repeat([1, 2, 3], axis=0), bins=1)
    assert weighted.error == pytest.approx(repeated.error)
    assert weighted.accuracy == pytest.approx([4 / 6])
    spread = metrics.calibration(truth, probs, weights=np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(spread.share, [3 / 6, 2 / 6, 1 / 6])  # the least sure first
    with pytest.raises(ValueError, match="weights"):
        metrics.calibration(truth, probs, weights=np.zeros(3))


def test_honest_probabilities_are_calibrated():
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.full(CLASSES, 0.3), size=40_000)
    truth = (probs.cumsum(axis=1) < rng.random((len(probs), 1))).sum(axis=1)
    assert metrics.calibration(truth, probs).error < 0.01


def test_interval_is_that_of_drawing_faces():
    rng = np.random.default_rng(1)
    truth = np.zeros(400, np.int64)
    called = (rng.random(400) < 0.2).astype(np.int64)
    means = (truth == called)[rng.integers(0, 400, size=(20_000, 400))].mean(axis=1)
    np.testing.assert_allclose(metrics.accuracy_interval(truth, called), np.quantile(means, [0.025, 0.975]), atol=0.006)
    assert metrics.accuracy_interval(truth, called) == metrics.accuracy_interval(truth, called)


def test_interval_of_a_perfect_score_is_a_point():
    assert metrics.accuracy_interval(TRUTH, TRUTH) == (1.0, 1.0)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_a_known_temperature_is_found(temperature: float):
    rng = np.random.default_rng(2)
    logits = rng.normal(0, 3, size=(30_000, CLASSES))
    wanted = metrics.softmax(logits / temperature)
    assert metrics.fit_temperature(logits, wanted) == pytest.approx(temperature, rel=1e-6)
    truth = (wanted.cumsum(axis=1) < rng.random((len(wanted), 1))).sum(axis=1)
    assert metrics.fit_temperature(logits.astype(np.float32), truth) == pytest.approx(temperature, rel=0.05)


def test_known_offsets_are_found_at_any_temperature():
    rng = np.random.default_rng(3)
    offsets = np.linspace(-0.6, 0.6, CLASSES)
    logits = rng.normal(0, 3, size=(30_000, CLASSES))
    wanted = metrics.softmax((logits + offsets) / 0.5)
    np.testing.assert_allclose(metrics.fit_offsets(logits, wanted), offsets, atol=0.01)
    truth = (wanted.cumsum(axis=1) < rng.random((len(wanted), 1))).sum(axis=1)
    np.testing.assert_allclose(metrics.fit_offsets(logits.astype(np.float32), truth), offsets, atol=0.1)


@given(SEEDS)
@settings(deadline=None, max_examples=20)
def test_offsets_make_no_fit_worse(seed: int):
    truth, probs = drawn(seed)
    logits = np.log(np.maximum(probs, 1e-6))
    offsets = metrics.fit_offsets(logits, truth)
    assert np.isfinite(offsets).all()
    assert offsets.mean() == pytest.approx(0, abs=1e-9)

    def loss(shifted: np.ndarray) -> float:
        temperature = metrics.fit_temperature(shifted, truth)
        return metrics.negative_log_likelihood(truth, metrics.softmax(shifted / temperature))

    # The prior on the offsets may cost a little of what they fit.
    assert loss(logits + offsets) <= loss(logits) + 0.01


def test_a_class_that_nobody_names_stays_near_its_place():
    logits = np.random.default_rng(4).normal(0, 1, size=(200, CLASSES))
    truth = np.where(logits[:, 0] > logits[:, 1], 0, 1)
    assert np.abs(metrics.fit_offsets(logits, truth)).max() < 5


def test_logits_that_say_the_contrary_get_no_offsets():
    logits = np.eye(CLASSES).repeat(50, axis=0)
    truth = (logits.argmax(axis=1) + 1) % CLASSES
    assert (metrics.fit_offsets(logits, truth) == 0).all()


@given(SEEDS)
@settings(deadline=None, max_examples=20)
def test_no_other_temperature_is_better(seed: int):
    truth, probs = drawn(seed)
    logits = np.log(np.maximum(probs, 1e-6))
    found = metrics.fit_temperature(logits, truth)

    def loss(temperature: float) -> float:
        return metrics.negative_log_likelihood(truth, metrics.softmax(logits / temperature))

    coldest, hottest = metrics.TEMPERATURES
    for other in (found * 0.97, found * 1.03):
        if coldest <= other <= hottest:
            assert loss(found) <= loss(other) + 1e-9


def test_softmax_of_large_logits():
    probs = metrics.softmax(np.array([[1e4, 0.0], [-1e4, -1e4]], np.float32))
    np.testing.assert_allclose(probs, [[1, 0], [0.5, 0.5]])
    assert probs.dtype == np.float32


NONE = np.array([], np.int64)
PROBS = np.full((6, 3), 1 / 3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: metrics.accuracy(NONE, NONE),
        lambda: metrics.accuracy(TRUTH, CALLED[:5]),
        lambda: metrics.accuracy_interval(NONE, NONE),
        lambda: metrics.confusion_matrix(TRUTH, CALLED, 2),
        lambda: metrics.confusion_matrix(TRUTH - 1, CALLED, 3),
        lambda: metrics.calibration(TRUTH, PROBS[:5]),
        lambda: metrics.jensen_shannon(PROBS, PROBS[:, :2]),
        lambda: metrics.negative_log_likelihood(TRUTH[:5], PROBS),
        lambda: metrics.fit_temperature(PROBS, 2 * PROBS),
        lambda: metrics.fit_temperature(PROBS[:0], PROBS[:0]),
    ],
)
def test_arrays_that_do_not_fit_are_refused(call):
    with pytest.raises(ValueError, match=r"expected|must"):
        call()
