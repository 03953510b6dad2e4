"""Packing for another machine: faces come back as they were, nets nearly."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import carry
from mien.data.split import load_split, save_split
from mien.data.synthetic import synthetic
from mien.train.nets.models import MODELS
from mien.train.recipe import FIRST_TRY
from runs import net_of


def test_what_is_packed_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def call(*words: str | Path) -> None:
        monkeypatch.setattr(sys, "argv", ["carry.py", *map(str, words)])
        carry.main()

    data, run = tmp_path / "data", tmp_path / "runs" / "small"
    data.mkdir()
    run.mkdir(parents=True)
    for name, seed in (("train", 0), ("valid", 1)):
        save_split(synthetic(20, seed=seed), data / f"{name}.npz")
    recipe = replace(FIRST_TRY, name="small", width=2)
    net = MODELS["compact"](recipe, 8)
    net.save(run / "model.keras")
    (run / "recipe.toml").write_text(recipe.to_toml())
    (run / "calibration.json").write_text("{}")
    packed, home = tmp_path / "packed", tmp_path / "home"
    call("pack", run, "--data", data, "--to", packed)
    call("unpack", packed, "--data", home / "data", "--runs", home / "runs")
    for name in ("train", "valid"):
        assert load_split(home / "data", name).sha256() == load_split(data, name).sha256()
    for one, other in zip(net.get_weights(), net_of(home / "runs" / "small").get_weights(), strict=True):
        exact = one.ndim != 4
        np.testing.assert_allclose(one, other, atol=0 if exact else np.abs(one).max() / 500)
    assert (home / "runs" / "small" / "recipe.toml").read_text() == recipe.to_toml()
