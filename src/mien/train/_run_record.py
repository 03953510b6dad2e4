"""What a run folder records of its run: ``recipe.toml`` and ``env.json``, to which a resumed run is held."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import keras

from mien.core.errors import UsageError
from mien.core.output import write_whole
from mien.data.split import Split
from mien.train.checkpoint import CHECKPOINT, need_checkpoint
from mien.train.epochs import learning_rate
from mien.train.init.pretrained import PRETRAINED
from mien.train.init.warm_start import describe_runs, same_runs
from mien.train.recipe import Recipe, read_recipe
from mien.version import __version__

CALIBRATION = "calibration.json"
"""The last file that a run writes: a run that has it is completed."""

Origin = dict[str, Any]
"""Which nets taught a run, which one it started from, and of how many faces it learns."""


def origin_of(
    recipe: Recipe, teachers: Sequence[Path], labelled_by: Sequence[dict[str, str]], start: Path | None
) -> Origin:
    """Return name and sha256 of each teacher and of the start, for ``env.json``.

    Raises:
        UsageError: a teacher or the start is not completed or has other classes; or pretrained weights are not
            installed.
    """
    pretrained = None if start else PRETRAINED.get(recipe.model)
    return {
        "teachers": [*labelled_by, *describe_runs(teachers, recipe, "teacher")],
        "start": [pretrained.describe()] if pretrained else describe_runs([start] if start else [], recipe, "start"),
    }


def is_completed(run_dir: Path) -> bool:
    """Return whether the run in a folder is completed."""
    return (run_dir / CALIBRATION).is_file()


def claim(run_dir: Path, recipe: Recipe, split: Split, origin: Origin, precision: str) -> None:
    """Write ``recipe.toml`` and ``env.json``, or check that the folder holds the same run.

    A run of the same recipe with more epochs replaces both, and is not completed any more.

    Raises:
        UsageError: the folder holds another run, or files to resume from are missing.
    """
    planned: list[int] = []
    if is_completed(run_dir) or (run_dir / CHECKPOINT).is_file():
        begun, env = read_recipe(run_dir / "recipe.toml"), _read_env(run_dir)
        changes = _changes(begun, recipe)
        longer = changes.keys() == {"epochs"} and recipe.epochs > begun.epochs
        _refuse_another(run_dir, {} if longer else changes, env, split, origin)
        if longer or not is_completed(run_dir):
            need_checkpoint(run_dir, recipe.keep == "best")
        if not longer:
            return
        planned = [*env.get("planned_epochs", []), begun.epochs]
        (run_dir / CALIBRATION).unlink(missing_ok=True)
    env = _environment(precision, split) | ({"planned_epochs": planned} if planned else {}) | origin
    write_whole(run_dir / "env.json", (json.dumps(env, indent=1) + "\n").encode())
    write_whole(run_dir / "recipe.toml", recipe.to_toml().encode())


def starting(start: Path | None, origin: Origin) -> str:
    """Return a message about the weights that a net starts from."""
    described = origin["start"]
    return f"starting from {start or described[0]['name']}" if described else "starting from random weights"


def resuming(recipe: Recipe, done: int, steps: int, run_dir: Path) -> str:
    """Return a message about the epoch and learning rate at which a run with so many epochs done is resumed."""
    at = f"resuming at epoch {done + 1} of {recipe.epochs}"
    if done == recipe.epochs or not (planned := _read_env(run_dir).get("planned_epochs")):
        return at if done < recipe.epochs else f"all {done} epochs are done"
    at += f" in a run that was planned for {planned[-1]}"
    rate: Any = learning_rate(recipe, steps)
    if isinstance(rate, float):
        return f"{at}; the learning rate is still {rate:g}"
    now = float(keras.ops.convert_to_numpy(rate(done * steps)))
    return f"{at}; the learning rate is now that of a run of {recipe.epochs} epochs, {now:.2g} at first"


def stopped_early(recipe: Recipe) -> str:
    """Return a message about a run that stopped before its last epoch."""
    missed = "a better validation accuracy" if recipe.keep == "best" else "a lower validation loss"
    return f"stopped after {recipe.early_stopping} epochs without {missed}"


def _read_env(run_dir: Path) -> dict[str, Any]:
    return json.loads((run_dir / "env.json").read_text(encoding="utf-8"))


def _refuse_another(run_dir: Path, changes: dict[str, str], env: dict[str, Any], split: Split, origin: Origin) -> None:
    """Raise UsageError if a folder holds a run of another recipe, other data, teachers or start."""
    differs = {
        f"of another recipe ({', '.join(changes.values())})": bool(changes),
        "on other data": env["data_sha256"] != split.sha256(),
        "with other teachers": not same_runs(env.get("teachers", []), origin["teachers"]),
        "from another start": not same_runs(env.get("start", []), origin["start"]),
    }
    for what, is_so in differs.items():
        if is_so:
            raise UsageError(f"{run_dir} holds a run {what}; name another folder with --run, or delete it")


def _changes(begun: Recipe, recipe: Recipe) -> dict[str, str]:
    """Return key -> words for each setting that differs from the recipe with which a run was begun.

    The start is left out: the weights themselves are compared.
    """
    pairs = {key: (getattr(begun, key), value) for key, value in asdict(recipe).items() if key != "start"}
    return {key: f"{key} {was!r} instead of {now!r}" for key, (was, now) in pairs.items() if was != now}


def _environment(precision: str, split: Split) -> dict[str, Any]:
    """Return what a run is made with: software, machine and data."""
    backend = keras.backend.backend()
    return {
        "backend": backend,
        "precision": precision,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "mien": __version__,
        "packages": {name: import_module(name).__version__ for name in ("keras", "numpy", backend)},
        "data_sha256": split.sha256(),
        "faces": len(split),
    }
