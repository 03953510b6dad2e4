"""The same weights answer alike on every backend that is installed, in a process of its own."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest

from mien.data.split import save_split
from mien.data.synthetic import synthetic
from mien.train.augment.layers import warp
from mien.train.loop import train
from mien.train.recipe import FIRST_TRY
from runs import net_of

TINY = replace(FIRST_TRY, name="tiny", epochs=1, batch_size=16, width=4, average=0.9, weight_decay=1e-3)

OTHER_BACKEND = """
import json, sys
from pathlib import Path
import keras
import numpy as np
from mien.data.split import load_split
from mien.train.export import export
from mien.train.loop import train
from mien.train.recipe import read_recipe
from mien.train.augment.layers import warp

folder = Path(sys.argv[1])
faces = load_split(folder, "valid")
net = keras.saving.load_model(folder / "tiny" / "model.keras", compile=False)
logits = net.predict(faces.images[..., None], verbose=0)
run = train(read_recipe(folder / "tiny" / "recipe.toml"), faces, faces, folder / "other")
export(run)
with np.load(folder / "warp.npz") as arrays:
    pictures, transform = (keras.ops.convert_to_tensor(arrays[name]) for name in ("pictures", "transform"))
warped = keras.ops.convert_to_numpy(warp(pictures, transform))
print(json.dumps([keras.backend.backend(), np.asarray(logits).tolist(), warped.tolist()]))
"""


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_another_backend_predicts_alike_trains_and_exports(backend: str, tmp_path: Path):
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    faces = synthetic(48, seed=0)
    save_split(faces, tmp_path / "valid.npz")
    run = train(TINY, faces, faces, tmp_path / "tiny")
    expected = net_of(run).predict(faces.images[..., None], verbose=0)
    pictures = faces.images[:4, ..., None].astype(np.float32)
    transform = (
        np.random.default_rng(0).normal([1, 0, 0, 0, 1, 0], [0.1, 0.1, 3, 0.1, 0.1, 3], (4, 6)).astype(np.float32)
    )
    np.savez(tmp_path / "warp.npz", pictures=pictures, transform=transform)
    done = subprocess.run(
        [sys.executable, "-c", OTHER_BACKEND, str(tmp_path)],
        env={"KERAS_BACKEND": backend, "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    name, logits, warped = json.loads(done.stdout.splitlines()[-1])
    assert name == backend
    np.testing.assert_allclose(np.array(logits), expected, atol=1e-4)
    np.testing.assert_allclose(np.array(warped), keras.ops.convert_to_numpy(warp(pictures, transform)), atol=0.01)
    assert (tmp_path / "other" / "model.onnx").is_file()
