"""Augmentation layers: what each does to a picture, and that none does anything outside training."""

from __future__ import annotations

from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from mien.data.synthetic import synthetic
from mien.train.augment.layers import (
    RandomAffine,
    RandomErase,
    RandomJpeg,
    RandomLight,
    RandomNoise,
    RandomSoften,
    augment,
    blur_matrix,
    shrink_matrix,
)
from mien.train.epochs import Batches, begin_epoch, layers_of
from mien.train.nets.models import MODELS
from mien.train.recipe import Recipe

EVERY = Recipe(
    name="every",
    model="compact",
    target="eight-votes",
    width=2,
    flip=True,
    rotation_deg=10,
    zoom=0.1,
    shift=0.1,
    large_shift=0.1,
    light=0.2,
    gamma=1,
    erase=0.5,
    degrade=0.5,
)


def pictures(n: int = 8) -> np.ndarray:
    return synthetic(n, seed=3).images[..., None].astype(np.float32)


def test_augmentation_rests_outside_training():
    wrapped = augment(EVERY, net := MODELS["compact"](EVERY, 8))
    bytes_ = pictures().astype(np.uint8)
    np.testing.assert_allclose(wrapped.predict(bytes_, verbose=0), net.predict(bytes_, verbose=0), atol=1e-5)


def test_augmentation_is_saved_and_read_with_the_model_that_has_it(tmp_path: Path):
    wrapped = augment(EVERY, keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten()]))
    wrapped.save(tmp_path / "wrapped.keras")
    read = keras.saving.load_model(tmp_path / "wrapped.keras")
    kinds = {RandomAffine, RandomErase, RandomJpeg, RandomLight, RandomNoise, RandomSoften}
    assert kinds <= {type(layer) for layer in layers_of(read)}
    assert [layer.get_config() for layer in layers_of(read)] == [layer.get_config() for layer in layers_of(wrapped)]
    batches = Batches(pictures().astype(np.uint8), np.zeros((8, 8), np.float32), EVERY)
    outputs: list[np.ndarray] = []
    for model in (wrapped, read):
        begin_epoch(model, batches, seed=5, epoch=1)
        outputs.append(keras.ops.convert_to_numpy(model(pictures().astype(np.uint8), training=True)))
    np.testing.assert_array_equal(*outputs)
    assert np.abs(outputs[0] - pictures().reshape(8, -1)).max() > 20


def test_an_affine_transform_of_no_amount_changes_nothing():
    out = keras.ops.convert_to_numpy(RandomAffine(False, 0, 0, 0, 0)(pictures(), training=True))
    np.testing.assert_allclose(out, pictures(), atol=1e-3)


def test_flipping_gives_the_picture_or_its_mirror_image():
    out = keras.ops.convert_to_numpy(RandomAffine(True, 0, 0, 0, 0)(pictures(64), training=True))
    same = np.abs(out - pictures(64)).max(axis=(1, 2, 3)) < 1e-2
    mirrored = np.abs(out - pictures(64)[:, :, ::-1]).max(axis=(1, 2, 3)) < 1e-2
    assert (same | mirrored).all()
    assert same.any()
    assert mirrored.any()


def moved_px(shift: float, large_shift: float) -> np.ndarray:
    """Return how far, (64, 2) px, a dot in the middle of each of 64 pictures goes; NaN where it leaves the picture."""
    dots = np.zeros((64, 48, 48, 1), np.float32)
    dots[:, 24, 24] = 255
    out = keras.ops.convert_to_numpy(RandomAffine(False, 0, 0, shift, large_shift)(dots, training=True))[..., 0]
    place = np.stack([out.sum(axis=1) @ np.arange(48), out.sum(axis=2) @ np.arange(48)], axis=1)
    # At the very edge the dot is repeated outside, which no longer is one dot.
    whole = out.sum(axis=(1, 2)) < 300
    return np.where(whole[:, None], place / out.sum(axis=(1, 2))[:, None] - 24, np.nan)


def test_a_shift_moves_by_no_more_than_its_share():
    moved = moved_px(shift=0.1, large_shift=0)
    assert 3 < np.abs(moved).max() <= 4.8 + 1e-3


def test_largely_shifted_frames_are_off_by_up_to_half_a_side_and_the_others_by_the_shift():
    farthest = np.abs(moved_px(shift=0, large_shift=0.5)).max(axis=1)
    assert 10 < (farthest < 1e-3).sum() < 54
    assert 15 < np.nanmax(farthest) <= 24


LAYERS = (RandomLight(0.5, 0), RandomErase(1.0), RandomSoften(1.0), RandomNoise(1.0), RandomJpeg(1.0))


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_layers_change_pictures_within_the_range_of_bytes(layer: keras.layers.Layer):
    out = keras.ops.convert_to_numpy(layer(pictures(), training=True))
    assert out.min() > -1e-3
    assert out.max() < 255 + 1e-3
    assert (np.abs(out - pictures()).max(axis=(1, 2, 3)) > 1).all()


def test_erasing_covers_a_rectangle_with_one_grey():
    blank = np.full((16, 48, 48, 1), 300, np.float32)
    out = keras.ops.convert_to_numpy(RandomErase(1.0)(blank, training=True))[..., 0]
    for picture in out:
        covered = picture != 300
        rows, columns = covered.any(axis=1), covered.any(axis=0)
        assert 0 < covered.sum() == rows.sum() * columns.sum() <= 0.33 * 48**2 + 2 * 48
        assert np.ptp(picture[covered]) < 1e-3


def test_gamma_keeps_the_order_of_grey_levels():
    ramp = np.tile(np.linspace(0, 255, 48, dtype=np.float32), (8, 48, 1))[..., None]
    out = keras.ops.convert_to_numpy(RandomLight(0, 1.0)(ramp, training=True))
    assert (np.diff(out, axis=2) >= -1e-3).all()
    assert np.abs(out - ramp).max() > 20


@pytest.mark.parametrize("layer", LAYERS[1:], ids=lambda layer: type(layer).__name__)
def test_a_probability_of_zero_changes_nothing(layer: keras.layers.Layer):
    still = type(layer)(0.0)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(still(pictures(), training=True)), pictures(), atol=1e-3)


def test_softening_is_opencvs_blur_and_its_way_down_and_back():
    face = pictures(1)[0, :, :, 0]
    blur = blur_matrix(48, 1.5)
    np.testing.assert_allclose(
        blur @ face @ blur.T, cv2.GaussianBlur(face, (0, 0), 1.5, borderType=cv2.BORDER_REPLICATE), atol=1e-3
    )
    shrink = shrink_matrix(48, 16)
    small = cv2.resize(face, (16, 16), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(shrink @ face @ shrink.T, cv2.resize(small, (48, 48)), atol=1e-3)


def test_the_marks_of_jpeg_are_those_of_a_real_file(monkeypatch: pytest.MonkeyPatch):
    faces = synthetic(8, seed=3).images
    layer = RandomJpeg(1.0)
    monkeypatch.setattr(layer, "each", lambda count, low, high: keras.ops.full((count, 1, 1, 1), 20.0))
    monkeypatch.setattr(layer, "chosen", lambda count: keras.ops.ones((count, 1, 1, 1)))
    out = keras.ops.convert_to_numpy(layer(faces[..., None].astype(np.float32), training=True))[..., 0]
    files = [cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, 20])[1] for face in faces]
    read = np.stack([cv2.imdecode(file, cv2.IMREAD_GRAYSCALE) for file in files])
    assert np.abs(out - read).mean() < 0.2 * np.abs(faces.astype(float) - read).mean()
