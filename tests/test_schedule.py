from dataclasses import replace

import pytest

from mien.train.epochs import learning_rate
from mien.train.recipe import FIRST_TRY

COSINE = replace(FIRST_TRY, learning_rate=0.8, schedule="cosine")


@pytest.mark.parametrize(
    ("epochs", "warmup_epochs", "expected"),
    [
        (4, 0, {0: 0.8, 20: 0.4, 40: 0}),
        (4, 1, {0: 0, 5: 0.4, 10: 0.8, 25: 0.4, 40: 0}),
        (1, 2, {0: 0, 5: 0.8, 10: 0}),  # half of a run that is shorter than its warm-up
    ],
)
def test_a_line_up_and_a_cosine_down(epochs: int, warmup_epochs: float, expected: dict[int, float]):
    rate = learning_rate(replace(COSINE, epochs=epochs, warmup_epochs=warmup_epochs), steps=10)
    assert not isinstance(rate, float)
    assert {step: float(rate(step)) for step in expected} == pytest.approx(expected, abs=1e-6)


def test_a_constant_rate_has_no_warmup():
    assert learning_rate(replace(COSINE, schedule="constant", warmup_epochs=1), steps=10) == 0.8
