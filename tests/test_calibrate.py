"""What a finished net's calibration says: the shipped prior, the thresholds, and that a card can be made of it."""

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from mien.core.errors import UsageError
from mien.core.model_card import PRIOR_STEPS
from mien.data.synthetic import synthetic
from mien.train import calibrate as calibrating
from mien.train.bias_correction import correct_bias
from mien.train.calibrate import NONE_CERTAIN, calibrate, choose_prior, fit_class_shares, uncertain_below
from mien.train.export import make_card
from mien.train.recipe import FIRST_TRY
from mien.train.targets import make_targets

EVEN = np.full(7, 1 / 7)
PRIOR = np.array([0.64, 0.06, 0.06, 0.06, 0.06, 0.06, 0.06])


def sure_of_neutral(*confidences: float) -> np.ndarray:
    """Rows that say neutral with these probabilities, and happiness with the rest."""
    probs = np.zeros((len(confidences), 7), np.float32)
    probs[:, 0] = confidences
    probs[:, 1] = 1 - probs[:, 0]
    return probs


def test_the_threshold_leaves_19_of_20_right():
    # 19 right and one wrong at 0.9; more wrong ones below, but for a right one that is too few to mend it.
    truth = np.array([0] * 19 + [1] + [1, 1, 0])
    probs = sure_of_neutral(*[0.9] * 20, 0.7, 0.65, 0.6)
    threshold, share = uncertain_below(truth, probs, EVEN, prior=0)
    assert 0.7 < threshold <= 0.9
    assert threshold == pytest.approx(0.701, abs=1e-9)
    assert share == pytest.approx(20 / 23)


def test_the_least_threshold_counts_even_where_a_higher_one_fails():
    truth = np.array([1] + [0] * 19)
    assert uncertain_below(truth, sure_of_neutral(0.99, *[0.8] * 19), EVEN, prior=0) == (0.0, pytest.approx(1))


def test_no_threshold_helps_a_net_that_is_surely_wrong():
    truth = np.array([1, 1, 0])
    assert uncertain_below(truth, sure_of_neutral(1.0, 0.9, 0.8), EVEN, prior=0) == (NONE_CERTAIN, 0)


def test_at_a_prior_rare_faces_weigh_more():
    # At prior 1 a face of happiness counts for more than ten neutral ones, so that one mistake spoils the 40.
    truth = np.array([0] * 40 + [1])
    probs = sure_of_neutral(*[0.999] * 40, 0.995)
    assert uncertain_below(truth, probs, PRIOR, prior=0) == (0.0, pytest.approx(1))
    threshold, share = uncertain_below(truth, probs, PRIOR, prior=1)
    assert threshold > 0.94
    assert share < 0.9


def test_contempt_is_part_of_neutral():
    probs = np.zeros((2, 8), np.float32)
    probs[:, 7], probs[:, 1] = 0.9, 0.1
    assert uncertain_below(np.array([0, 0]), probs, np.full(8, 1 / 8), prior=1) == (0.0, pytest.approx(1))


def test_the_largest_prior_within_the_cost_ships():
    # Of 100 faces each of the last two turns from neutral to happiness at a prior of its own; one may be lost.
    def turns_at(prior: float) -> float:
        odds = (0.64 / 0.06) ** prior
        return odds / (1 + odds)

    truth = np.array([0] * 100)
    probs = sure_of_neutral(*[1.0] * 98, turns_at(0.32), turns_at(0.62))
    assert choose_prior({"seven": truth}, probs, PRIOR) == 0.6
    assert choose_prior({"seven": truth[2:]}, probs[2:], PRIOR) == 0.3
    assert choose_prior({"seven": truth}, sure_of_neutral(*[1.0] * 100), PRIOR) == 1.0
    left_out = np.where(np.arange(100) < 50, 0, -1)
    left_out[98] = 0
    assert choose_prior({"seven": truth, "fer": left_out}, probs, PRIOR) == 0.3


def test_the_prior_is_the_share_in_the_targets():
    split = synthetic(200, seed=0)
    votes = split.votes[:, :8] / split.votes[:, :8].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(fit_class_shares(split, FIRST_TRY), votes.mean(axis=0), atol=1e-6)
    assert len(fit_class_shares(split, replace(FIRST_TRY, target="seven"))) == 7
    assert fit_class_shares(split, replace(FIRST_TRY, target="seven-votes")).sum() == pytest.approx(1)


def test_a_label_that_no_face_shows_has_a_share_all_the_same():
    split = synthetic(40, seed=0)
    split.emotions[:] = 3
    class_shares = fit_class_shares(split, replace(FIRST_TRY, target="fer"))
    np.testing.assert_allclose(class_shares, [0.5 / 43] * 3 + [40 / 43] + [0.5 / 43] * 3)


def test_a_card_is_made_of_the_calibration_and_not_of_an_earlier_one(tmp_path: Path):
    valid = synthetic(40, seed=1)
    rows, _ = make_targets(valid, FIRST_TRY.target, smoothing=0.0)
    logits = valid.images[rows, 20:28, 24].astype(np.float32) / 64
    found = calibrate(logits, FIRST_TRY, synthetic(60, seed=0), valid)
    assert set(found["metrics"]) == {"valid/majority/accuracy", "valid/seven/accuracy"}
    assert len(found["uncertain_below"]) == len(found["certain_share"]) == len(PRIOR_STEPS)
    assert found["prior"] in calibrating.PRIOR_CANDIDATES
    (tmp_path / "recipe.toml").write_text(FIRST_TRY.to_toml(), encoding="utf-8")
    (tmp_path / "env.json").write_text('{"data_sha256": "0"}', encoding="utf-8")
    (tmp_path / "calibration.json").write_text(json.dumps(found), encoding="utf-8")
    card = make_card(tmp_path)
    assert card.from_json(card.to_json()) == card
    assert (card.prior, list(card.class_shares)) == (found["prior"], found["class_shares"])
    del found["class_shares"]
    (tmp_path / "calibration.json").write_text(json.dumps(found), encoding="utf-8")
    with pytest.raises(UsageError, match="written by an earlier mien and holds no class shares; train again"):
        make_card(tmp_path)


def mean_brightness_net() -> keras.Model:
    """Eight logits, all but equal whatever the face."""
    faces = keras.Input((48, 48, 1))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(faces))
    return keras.Model(faces, keras.layers.Dense(8, kernel_initializer="zeros", dtype="float32")(x))


def test_biases_are_corrected_to_what_is_chosen_first():
    split = synthetic(400, seed=2)
    split = replace(split, votes=np.where(np.arange(10) == 3, 6, np.where(np.arange(10) == 0, 4, 0)) + 0 * split.votes)
    net = mean_brightness_net()
    logits = correct_bias(net, FIRST_TRY, split)
    np.testing.assert_allclose(logits, net.predict(split.images[..., None], verbose=0), atol=1e-5)
    biases = net.layers[-1].get_weights()[1]
    # Sadness has most votes of each face; neutral, which has the others, stays with those that have none.
    assert biases.argmax() == 3
    np.testing.assert_allclose(np.delete(biases, 3), biases[0], atol=1e-6)


def test_a_head_of_other_targets_stays_as_it_is():
    net = mean_brightness_net()
    correct_bias(net, replace(FIRST_TRY, target="seven"), synthetic(60, seed=0))
    assert (net.layers[-1].get_weights()[1] == 0).all()
