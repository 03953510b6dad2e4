import numpy as np
import pytest

from mien.core.emotions import EIGHT
from mien.core.protocols import PROTOCOLS, UNCOUNTED
from mien.data.synthetic import EXPRESSIONS, synthetic


def test_every_emotion_is_drawn_as_often_and_labelled_so():
    split = synthetic(80, seed=0)
    assert set(EXPRESSIONS) == set(EIGHT)
    labels = PROTOCOLS["majority"](split.votes, split.emotions)
    assert np.bincount(labels).tolist() == [10] * 8
    np.testing.assert_array_equal(labels, np.arange(80) % 8)
    assert (split.votes.sum(axis=1) == 10).all()
    assert (PROTOCOLS["seven"](split.votes, split.emotions) != UNCOUNTED).all()


def test_half_of_each_emotion_chooses():
    split = synthetic(80, seed=0)
    assert np.bincount(split.votes[split.choosing].argmax(axis=1)).tolist() == [5] * 8


def test_the_same_seed_draws_the_same_faces_and_a_longer_split_begins_with_them():
    assert synthetic(24, seed=3).sha256() == synthetic(24, seed=3).sha256()
    np.testing.assert_array_equal(synthetic(24, seed=3).images, synthetic(32, seed=3).images[:24])
    assert (synthetic(24, seed=3).images != synthetic(24, seed=4).images).any()


def test_faces_of_one_emotion_differ():
    faces = synthetic(800, seed=0).images
    assert len(np.unique(faces.reshape(800, -1), axis=0)) == 800
    assert (faces.std(axis=(1, 2)) > 2).all()


def test_no_faces():
    assert len(synthetic(0, seed=0)) == 0
    with pytest.raises(ValueError, match="n must be a number of faces, 0 or more; got -1"):
        synthetic(-1, seed=0)


def test_a_simple_model_reads_them():
    """Ridge regression on edges in a coarse grid: far above the eighth that chance gives, with no net at all."""
    train, valid = synthetic(1200, seed=0), synthetic(400, seed=1)
    x, y = edges(train.images), np.eye(8)[train.votes[:, :8].argmax(axis=1)]
    weights = np.linalg.solve(x.T @ x + 10 * np.eye(x.shape[1]), x.T @ y)
    right = (edges(valid.images) @ weights).argmax(axis=1) == valid.votes[:, :8].argmax(axis=1)
    assert right.mean() > 0.9


def edges(images: np.ndarray) -> np.ndarray:
    """Strength of the edges in six directions on a 12 x 12 grid, (N, 865)."""
    down, across = np.gradient(images.astype(np.float32), axis=(1, 2))
    turn = ((np.arctan2(down, across) / np.pi * 3).astype(int)) % 6
    maps = [np.where(turn == k, np.hypot(down, across), 0).reshape(-1, 12, 4, 12, 4).sum(axis=(2, 4)) for k in range(6)]
    flat = np.stack(maps, axis=1).reshape(len(images), -1)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    return np.hstack([np.sqrt(flat), np.ones((len(images), 1))])
