import numpy as np
import pytest

from mien.data.split import Split
from mien.train.targets import TARGET_CLASSES, make_targets

#        neutral happy surprise sad anger disgust fear contempt unknown NF
VOTES = [
    [6, 0, 0, 2, 0, 0, 0, 2, 0, 0],
    [0, 9, 0, 0, 0, 0, 0, 0, 1, 0],
    [2, 0, 0, 3, 0, 0, 0, 5, 0, 0],
    [1, 0, 0, 0, 0, 0, 0, 0, 9, 0],
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 10],
]


@pytest.fixture
def split() -> Split:
    n = len(VOTES)
    return Split(
        images=np.zeros((n, 48, 48), np.uint8),
        votes=np.array(VOTES, np.uint8),
        emotions=np.array([0, 1, 3, 4, 5], np.int8),
        rows=np.arange(n),
        clean=np.ones(n, bool),
        sources=np.full(n, "ferplus"),
        choosing=np.ones(n, bool),
        names=np.arange(n).astype(str),
    )


def test_the_distribution_of_the_votes_leaves_unknown_out(split: Split):
    rows, targets = make_targets(split, "eight-votes", smoothing=0)
    assert rows.tolist() == [0, 1, 2]
    np.testing.assert_allclose(targets[0], [0.6, 0, 0, 0.2, 0, 0, 0, 0.2])
    np.testing.assert_allclose(targets[1], [0, 1, 0, 0, 0, 0, 0, 0])


def test_sharpening_favours_what_most_taggers_chose(split: Split):
    _, targets = make_targets(split, "eight-votes", smoothing=0, sharpening=2)
    np.testing.assert_allclose(targets[0], np.array([36, 0, 0, 4, 0, 0, 0, 4]) / 44, rtol=1e-6)
    np.testing.assert_allclose(targets[1], [0, 1, 0, 0, 0, 0, 0, 0])


def test_a_tenth_a_vote_counts_contempt_as_neutral(split: Split):
    _, targets = make_targets(split, "seven-votes", smoothing=0)
    np.testing.assert_allclose(targets[0], [0.8, 0, 0, 0.2, 0, 0, 0], atol=1e-7)
    np.testing.assert_allclose(targets[1], [0, 0.9, 0, 0, 0, 0, 0], atol=1e-7)


def test_the_label_of_seven_joins_contempt_to_neutral_before_the_arg_max(split: Split):
    _, targets = make_targets(split, "seven", smoothing=0)
    assert targets.argmax(axis=1).tolist() == [0, 1, 0]


def test_the_original_label_needs_only_a_face(split: Split):
    rows, targets = make_targets(split, "fer", smoothing=0)
    assert rows.tolist() == [0, 1, 2, 3]
    assert targets.argmax(axis=1).tolist() == [0, 1, 3, 4]


def test_smoothing_moves_towards_the_mean_target(split: Split):
    _, sharp = make_targets(split, "eight-votes", smoothing=0)
    _, smooth = make_targets(split, "eight-votes", smoothing=0.1)
    np.testing.assert_allclose(smooth, 0.9 * sharp + 0.1 * sharp.mean(axis=0))


@pytest.mark.parametrize("target", TARGET_CLASSES)
def test_the_head_is_as_wide_as_the_target(split: Split, target: str):
    assert make_targets(split, target, smoothing=0)[1].shape[1] == len(TARGET_CLASSES[target])
