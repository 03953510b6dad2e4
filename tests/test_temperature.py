import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mien.core.emotions import to_seven
from mien.core.metrics import softmax
from mien.core.temperature import shown_logits, tempered, untempered

LOGITS = st.integers(2, 9).flatmap(
    lambda classes: arrays(np.float64, (3, classes), elements=st.floats(-20, 20, allow_subnormal=False))
)


@given(LOGITS, st.floats(0.3, 3))
def test_probabilities_are_distributions_and_lead_back(logits: np.ndarray, temperature: float):
    probs = tempered(logits, temperature)
    assert probs.shape == logits.shape
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-9)
    np.testing.assert_allclose(tempered(logits, 1.0), softmax(logits), atol=1e-9)
    np.testing.assert_allclose(untempered(probs, temperature), softmax(logits), atol=1e-6)


@given(LOGITS, st.floats(0.3, 3))
def test_no_temperature_changes_what_is_shown_first(logits: np.ndarray, temperature: float):
    shown = softmax(shown_logits(logits))
    runner_up, first = np.sort(shown, axis=1)[:, -2:].T
    clear = first > runner_up + 1e-6
    probs = tempered(logits, temperature)
    seen = to_seven(probs) if logits.shape[1] == 8 else probs
    assert (seen.argmax(axis=1) == shown.argmax(axis=1))[clear].all()


def test_contempt_joins_neutral_before_the_temperature_acts():
    logits = np.log(np.array([[0.3, 0.4, 0.02, 0.02, 0.02, 0.02, 0.02, 0.2]]))
    (probs,) = tempered(logits, 0.5)
    squares = np.array([0.5, 0.4, *[0.02] * 5]) ** 2
    assert probs[0] + probs[7] == pytest.approx(squares[0] / squares.sum())
    assert probs[7] / probs[0] == pytest.approx(0.2 / 0.3)
    assert to_seven(softmax(logits / 0.5)).argmax() == 1
    assert to_seven(probs[None]).argmax() == 0


def test_other_labels_are_simply_divided():
    logits = np.array([[1.0, 2.0, 0.5]])
    np.testing.assert_allclose(tempered(logits, 2.0), softmax(logits / 2))


def test_logits_far_apart_do_not_overflow():
    logits = np.array([[-200, 0, 0, 0, 0, 0, 0, 200], [200, 0, 0, 0, 0, 0, 0, -200]], np.float32)
    np.testing.assert_allclose(tempered(logits, 0.5)[:, [0, 7]], [[0, 1], [1, 0]])
