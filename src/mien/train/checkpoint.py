"""Checkpoints: weights, optimizer state and the number of completed epochs, in one file.

The weights of the best epoch, if the recipe keeps them, are in another file.

Keras' model file does not store which variables weight decay leaves out, so the model is rebuilt from its recipe and
only arrays are saved.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mien.core.errors import UsageError
from mien.core.output import whole_file

CHECKPOINT = "checkpoint.npz"
BEST_WEIGHTS = "best.npz"


def save_checkpoint(net: keras.Model, optimizer: keras.Optimizer, run_dir: Path, epochs_done: int) -> None:
    """Write the state of a net and its optimizer atomically."""
    arrays = {f"v{i:04}": v.numpy() for i, v in enumerate([*net.weights, *optimizer.variables])}
    _save(run_dir / CHECKPOINT, epochs_done=np.array(epochs_done), **arrays)


def load_checkpoint(net: keras.Model, optimizer: keras.Optimizer, run_dir: Path) -> int:
    """Restore the state of a net and its optimizer and return the number of completed epochs; 0 without a file.

    Raises:
        UsageError: the file is of another net or optimizer.
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


def need_checkpoint(run_dir: Path, best: bool) -> None:
    """Check that a run can be resumed; if best, that the best weights so far are there too.

    Raises:
        UsageError: a file is missing, as in a completed run of an earlier mien.
    """
    for name in (CHECKPOINT, BEST_WEIGHTS) if best else (CHECKPOINT,):
        if not (run_dir / name).is_file():
            raise UsageError(
                f"{run_dir / name} is missing, so the run cannot be resumed; train another one, for instance from "
                f"its weights: 'mien train RECIPE --from {run_dir} --run DIR'"
            )


def save_best(net: keras.Model, run_dir: Path) -> None:
    """Write the weights of a net as the best so far, atomically."""
    _save(run_dir / BEST_WEIGHTS, **{f"v{i:04}": variable.numpy() for i, variable in enumerate(net.weights)})


def load_best(net: keras.Model, run_dir: Path) -> None:
    """Give a net the best weights so far; the file must exist."""
    with np.load(run_dir / BEST_WEIGHTS) as arrays:
        net.set_weights([arrays[name] for name in sorted(arrays.files)])


def _save(path: Path, **arrays: NDArray[Any]) -> None:
    with whole_file(path) as file:
        np.savez(file, **arrays)
