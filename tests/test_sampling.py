"""How often faces are drawn: by rarity and by data set, and in every epoch the same number of them."""

from dataclasses import replace

import numpy as np
import pytest

from mien.core.errors import UsageError
from mien.data.synthetic import synthetic
from mien.train.calibrate import fit_class_shares
from mien.train.epochs import Batches
from mien.train.recipe import FIRST_TRY, override
from mien.train.sampling import MOST_DRAWS, draw, draw_rates, parse_shares
from mien.train.targets import make_targets, sampling_rates

NEUTRAL, FEAR, CONTEMPT = np.eye(8, dtype=np.float32)[[0, 6, 7]]
HERE = np.full(100, "here")


def faces(fear: int) -> np.ndarray:
    return np.array([FEAR] * fear + [NEUTRAL] * (100 - fear))


class TestRates:
    def test_rare_faces_are_drawn_by_a_power_of_their_share(self):
        rates = draw_rates(faces(20), HERE, 0.5, "")
        np.testing.assert_allclose(rates, [2.0] * 20 + [1.0] * 80)
        assert draw_rates(faces(20), HERE, 1, "").reshape(5, 20).sum(axis=1).tolist() == [80, 20, 20, 20, 20]
        assert (draw_rates(faces(20), HERE, 0, "") == 1).all()

    def test_what_is_rare_is_counted_in_each_data_set_alone(self):
        sources = np.repeat(["photos", "posed"], 100)
        rates = draw_rates(np.concatenate([faces(20), faces(50)]), sources, 0.5, "")
        np.testing.assert_allclose(rates, [2.0] * 20 + [1.0] * 180)

    def test_a_face_counts_by_its_votes(self):
        targets = np.concatenate([faces(20), [0.5 * NEUTRAL + 0.5 * FEAR]])
        assert draw_rates(targets, np.full(101, "here"), 1, "")[-1] == pytest.approx((1 + 80.5 / 20.5) / 2)

    def test_no_face_is_drawn_more_often_than_the_cap(self):
        assert draw_rates(faces(1), HERE, 1, "").max() == MOST_DRAWS

    def test_contempt_is_as_common_as_neutral(self):
        assert (draw_rates(np.array([NEUTRAL] * 99 + [CONTEMPT]), HERE, 1, "") == 1).all()

    def test_a_data_set_counts_as_often_as_it_is_said_to(self):
        sources = np.array(["a"] * 50 + ["b"] * 50)
        assert draw_rates(faces(0), sources, 0, "b=0.5").reshape(2, 50).sum(axis=1).tolist() == [50, 25]
        with pytest.raises(UsageError, match="recipe key 'sources' names c; the faces are of a, b"):
            draw_rates(faces(0), sources, 0, "c=2")

    @pytest.mark.parametrize("text", ["a", "a=", "=2", "a=0", "a=-1", "a=nan", "a=inf", "a=x"])
    def test_shares_that_say_nothing(self, text: str):
        with pytest.raises(UsageError, match="expected a data set and a number, such as expw=2"):
            override(FIRST_TRY, [f"sources={text}"])
        assert parse_shares("a=1 b=0.5") == {"a": 1, "b": 0.5}


class TestDraw:
    def test_each_face_comes_as_often_as_its_rate_says(self):
        rates = np.array([0.5, 1, 2.25, 4.25])
        counts = np.array([np.bincount(draw(rates, np.random.default_rng(seed)), minlength=4) for seed in range(400)])
        assert (counts.sum(axis=1) == 8).all()
        assert (np.abs(counts - rates) < 1).all()
        np.testing.assert_allclose(counts.mean(axis=0), rates, atol=0.1)

    def test_an_epoch_takes_them_in_batches(self):
        split = synthetic(80, seed=0)
        rows, targets = make_targets(split, "eight-votes", 0)
        recipe = replace(FIRST_TRY, batch_size=16, sources="synthetic=2")
        batches = Batches(split.images[rows][..., None], targets, recipe, sampling_rates(split, recipe))
        assert len(batches) == 10
        first = batches.order
        batches.start(1)
        assert sorted(batches.order) == sorted(first) == sorted([*range(80)] * 2)
        assert (batches.order != first).any()

    def test_without_these_keys_each_face_is_drawn_once(self):
        assert sampling_rates(synthetic(16, seed=0), FIRST_TRY) is None


def test_the_prior_is_that_of_the_faces_as_they_are_drawn():
    split = synthetic(800, seed=0)
    plain, even = (fit_class_shares(split, replace(FIRST_TRY, rarity=rarity)) for rarity in (0.0, 1.0))
    assert np.ptp(even[1:7]) < np.ptp(plain[1:7]) + 1e-9
    drawn = replace(FIRST_TRY, sources="a=3")
    half = np.arange(800) < 400
    split.sources[half] = "a"
    rows, targets = make_targets(split, "eight-votes", 0)
    expected = (targets * np.where(half, 3, 1)[rows, None]).sum(axis=0)
    np.testing.assert_allclose(fit_class_shares(split, drawn), expected / expected.sum(), atol=1e-6)
