"""Mixed faces: what of each face is kept, and that their targets follow the pixels."""

from dataclasses import replace

import numpy as np
import pytest

from mien.train.augment.mix import SEAM_BLEND, SEAM_RANGE, mix
from mien.train.epochs import Batches
from mien.train.recipe import FIRST_TRY

FACES = np.random.default_rng(4).integers(40, 216, (64, 48, 48, 1)).astype(np.uint8)
ONE_HOT = np.eye(64, dtype=np.float32)
"""Targets from which the share of each face can be read."""


def mixed(share: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return mix(FACES, ONE_HOT, share, np.random.default_rng(seed))


def test_a_share_of_none_changes_nothing():
    faces, targets = mixed(0)
    np.testing.assert_array_equal(faces, FACES)
    np.testing.assert_array_equal(targets, ONE_HOT)


def test_every_target_is_still_a_distribution_over_at_most_two_faces():
    targets = mixed(1)[1]
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    assert ((targets > 0).sum(axis=1) <= 2).all()


@pytest.mark.parametrize("share", [0.25, 0.75])
def test_that_share_is_mixed(share: float):
    touched = [np.diag(mixed(share, seed)[1]) < 1 for seed in range(40)]
    # The partner of a face is itself once in 64 times.
    assert np.mean(touched) == pytest.approx(share * 63 / 64, abs=0.03)


def test_a_mixed_face_is_a_blend_or_has_the_mouth_of_another():
    faces, targets = mixed(1)
    brow, mouth = (
        slice(0, int(48 * (SEAM_RANGE[0] - SEAM_BLEND / 2)) - 1),
        slice(int(48 * (SEAM_RANGE[1] + SEAM_BLEND / 2)) + 1, 48),
    )
    blends, halves = [], []
    for place, (face, target, own) in enumerate(zip(faces, targets, FACES, strict=True)):
        partner = int(np.argmax(np.where(np.arange(64) == place, 0, target)))
        other = np.clip(lit_like(FACES[partner], own), 0, 255)
        blend = np.clip(target[place] * own + (1 - target[place]) * lit_like(FACES[partner], own), 0, 255)
        blends.append(np.abs(face - blend).max() < 0.51)
        halves.append(np.array_equal(face[brow], own[brow]) and np.abs(face - other)[mouth].max() < 0.51)
    assert all(np.logical_or(blends, halves))
    assert 16 <= sum(halves) <= 48


def lit_like(face: np.ndarray, model: np.ndarray) -> np.ndarray:
    return (face - face.mean()) / face.std() * model.std() + model.mean()


def test_a_batch_depends_on_seed_epoch_and_place_alone():
    recipe = replace(FIRST_TRY, batch_size=16, mix=1.0)
    first, again = (Batches(FACES, ONE_HOT, recipe) for _ in range(2))
    again.start(epoch=1)
    assert not np.array_equal(first[1][0], again[1][0])
    first.start(epoch=1)
    np.testing.assert_array_equal(first[1][0], again[1][0])
    np.testing.assert_array_equal(first[1][1], again[1][1])
    other = Batches(FACES, ONE_HOT, replace(recipe, seed=1))
    other.start(epoch=1)
    assert not np.array_equal(first[1][0], other[1][0])
