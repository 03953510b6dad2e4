"""All that a run needs to go on: weights, optimizer state and the number of finished epochs, in one file.

Keras' own model file forgets which variables weight decay leaves out, so the model is rebuilt from its recipe and
only arrays are kept.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from mien.core.errors import UsageError

CHECKPOINT = "checkpoint.npz"


def save_checkpoint(net: keras.Model, optimizer: keras.Optimizer, run_dir: Path, epochs_done: int) -> None:
    """Write the state of a net and its optimizer; the file appears whole or not at all."""
    arrays = {f"v{i:04}": v.numpy() for i, v in enumerate([*net.weights, *optimizer.variables])}
    beside = run_dir / (CHECKPOINT + ".part")
    with beside.open("wb") as file:
        np.savez(file, epochs_done=np.array(epochs_done), **arrays)
    beside.replace(run_dir / CHECKPOINT)


def load_checkpoint(net: keras.Model, optimizer: keras.Optimizer, run_dir: Path) -> int:
    """Restore the state of a net and its optimizer and return the number of finished epochs, 0 where there is none.

    Raises:
        UsageError: the file belongs to another net or optimizer.
    """
    path = run_dir / CHECKPOINT
    if not path.is_file():
        return 0
    variables = [*net.weights, *optimizer.variables]
    with np.load(path) as arrays:
        saved = [arrays[f"v{i:04}"] for i in range(len(arrays.files) - 1)]
        if [array.shape for array in saved] != [tuple(variable.shape) for variable in variables]:
            raise UsageError(f"{path} belongs to another net; delete {run_dir} to start afresh")
        for variable, array in zip(variables, saved, strict=True):
            variable.assign(array)
        return int(arrays["epochs_done"])
