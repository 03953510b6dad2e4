"""How fast the compact net trains, by backend, layers and precision, side by side in one run.

    python benchmarks/training.py

Each line is a process of its own: a few steps to warm up, then steps timed on random faces. A backend that is not
installed is left out. Read the ratios; the figures themselves are of this machine in this minute.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from importlib.util import find_spec

BATCH, WARM_UP, STEPS = 128, 3, 10
VARIANTS = [
    ("tensorflow", "keras", "float32"),
    ("tensorflow", "mien", "float32"),
    ("torch", "keras", "float32"),
    ("torch", "keras", "bfloat16"),
    ("torch", "mien", "float32"),
    ("torch", "mien", "bfloat16"),
]
"""Backend, whose layers, precision."""


def faces_per_second(layers: str, precision: str) -> float:
    """Return the training speed of the compact net, without augmentation, under the backend of this process."""
    import keras
    import numpy as np

    from mien.train.nets import models
    from mien.train.recipe import FIRST_TRY, override

    if layers == "keras":
        for name in ("Conv2D", "BatchNormalization", "MaxPooling2D"):
            setattr(models, name, getattr(keras.layers, name))
    keras.config.set_dtype_policy("float32" if precision == "float32" else f"mixed_{precision}")
    net = models.compact(override(FIRST_TRY, ["width=32", "dropout=0.3"]), 8)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    net.compile(keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True), loss)
    random = np.random.default_rng(0)
    faces = random.uniform(0, 255, (BATCH, 48, 48, 1)).astype(np.float32)
    targets = random.dirichlet(np.ones(8), BATCH).astype(np.float32)
    for _ in range(WARM_UP):
        net.train_on_batch(faces, targets)
    started = time.perf_counter()
    for _ in range(STEPS):
        net.train_on_batch(faces, targets)
    return BATCH * STEPS / (time.perf_counter() - started)


def main() -> None:
    """Print a table, or, with --one, the speed of one variant."""
    if "--one" in sys.argv:
        print(faces_per_second(*sys.argv[-2:]))
        return
    print(f"{os.cpu_count()} cores\nbackend      layers  precision  faces/s  ratio")
    first = None
    for backend, layers, precision in VARIANTS:
        if find_spec(backend) is None:
            continue
        environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, __file__, "--one", layers, precision]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        speed = float(done.stdout.splitlines()[-1])
        first = first or speed
        print(f"{backend:12} {layers:7} {precision:10} {speed:7.0f}  {speed / first:5.2f}")


if __name__ == "__main__":
    main()
