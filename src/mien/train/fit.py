"""``train``: from a recipe and a prepared split to a run folder, resuming where an earlier call was stopped."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from mien.core.errors import UsageError
from mien.core.files import write_whole
from mien.data.split import Split
from mien.train.augment import augment
from mien.train.calibrate import calibrate, settle_head
from mien.train.checkpoint import BEST, CHECKPOINT, load_best, load_checkpoint, need_best
from mien.train.distill import DistillationLoss, beside_teachers, student_accuracy
from mien.train.epochs import Batches, Epochs
from mien.train.finished import copy_weights, describe_runs, same_runs
from mien.train.models import MODELS
from mien.train.published import PUBLISHED
from mien.train.recipe import Recipe, read_recipe
from mien.train.schedule import learning_rate
from mien.train.statistics import renew_statistics
from mien.train.targets import LABELS, make_targets, sampling_rates
from mien.version import __version__

Floats = NDArray[np.float32]

STATISTICS = 512
"""Faces from which batch normalisation takes its first statistics, where published or exported weights lack them."""


def train(
    recipe: Recipe,
    train_split: Split,
    valid_split: Split,
    run_dir: Path,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    *,
    teachers: Sequence[Path] = (),
    start: Path | None = None,
    asked: Sequence[dict[str, str]] = (),
) -> Path:
    """Train a net by a recipe; the same call resumes after a kill and ends with the same weights.

    Returns the run folder, which then holds ``recipe.toml, env.json, history.csv, calibration.json`` and
    ``model.keras``: the net with averaged weights, in float32, without augmentation.

    Args:
        recipe: every choice.
        train_split: the faces to learn from.
        valid_split: its choosing half is watched, and the head's biases, the temperature and the thresholds are fitted
            on it; the other half takes no part.
        run_dir: the run folder; made where missing.
        callbacks: more Keras callbacks, such as a progress bar.
        teachers: finished nets that answer for a share of the target, see ``train.distill``: run folders, or exported
            files.
        start: a finished net, likewise, whose weights the net starts from, widened if it is a wider ``compact``;
            without it random ones, or published ones for a net of ``train.published``.
        asked: the nets whose answers are the votes of ``train_split`` (``train.answers.read_teachers``).

    Raises:
        UsageError: the run folder holds another recipe, other data, teachers or start, a teacher or the start is not
            finished or names other classes, the start is another net, published weights are not installed, or the
            best epoch's weights of a run that keeps them are gone.
    """
    published = None if start else PUBLISHED.get(recipe.model)
    origin = {
        "teachers": [*asked, *describe_runs(teachers, recipe, "teacher")],
        "start": [published.describe()] if published else describe_runs([start] if start else [], recipe, "start"),
    }
    if valid_split.choosing.any():
        valid_split = valid_split.take(valid_split.choosing)
    run_dir.mkdir(parents=True, exist_ok=True)
    _claim(run_dir, recipe, train_split, origin)
    if (run_dir / "calibration.json").is_file():
        return run_dir
    keras.utils.set_random_seed(recipe.seed)
    keras.config.set_dtype_policy(policy_of(recipe.precision))
    rows, aims = make_targets(train_split, recipe.target, recipe.smoothing)
    net = MODELS[recipe.model](recipe, len(LABELS[recipe.target]))
    some = train_split.images[spread(rows, STATISTICS)][..., None].astype(np.float32)
    if start:
        copy_weights(start, net, recipe, some)
    elif published:
        published.copy(published.path(), net, some)
    model = augment(recipe, beside_teachers(net, teachers, recipe, some) if teachers else net)
    batches = Batches(train_split.images[rows][..., None], aims, recipe, sampling_rates(train_split, recipe))
    _compile(model, recipe, steps=len(batches), taught=bool(teachers))
    epochs = Epochs(recipe, net, batches, valid_split, run_dir)
    done = load_checkpoint(net, model.optimizer, run_dir)
    if done and recipe.keep == "best":
        need_best(run_dir)
    if done < recipe.epochs:
        model.fit(
            batches,
            epochs=recipe.epochs,
            initial_epoch=done,
            shuffle=False,
            verbose=0,
            callbacks=[epochs, *callbacks],
        )
    if recipe.keep == "best":
        load_best(net, run_dir)
    else:
        # Keras does this behind the last epoch, but a run that was stopped after it has the raw weights again.
        model.optimizer.finalize_variable_values(model.trainable_variables)
    if recipe.average:
        renew_statistics(model, batches, recipe)
    keras.config.set_dtype_policy("float32")
    plain = MODELS[recipe.model](recipe, len(LABELS[recipe.target]))
    plain.set_weights(net.get_weights())
    _finish(run_dir, recipe, plain, train_split, valid_split)
    return run_dir


def spread(rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return count of the rows at even distances, since class folders come one class after another."""
    return rows[np.linspace(0, len(rows), count, endpoint=False, dtype=np.int64)]


def _claim(run_dir: Path, recipe: Recipe, split: Split, origin: dict[str, list[dict[str, str]]]) -> None:
    """Write recipe.toml and env.json, or refuse a folder in which something else was begun."""
    recipe_path, env_path = run_dir / "recipe.toml", run_dir / "env.json"
    digest = split.sha256()
    if recipe_path.is_file():
        begun = json.loads(env_path.read_text(encoding="utf-8"))
        differs = {
            "of another recipe": read_recipe(recipe_path) != recipe,
            "on other data": begun["data_sha256"] != digest,
            "with other teachers": not same_runs(begun.get("teachers", []), origin["teachers"]),
            "from another start": not same_runs(begun.get("start", []), origin["start"]),
        }
        for what, is_so in differs.items():
            if is_so:
                raise UsageError(f"{run_dir} holds a run {what}; name another folder with --run, or delete it")
        return
    backend = keras.backend.backend()
    packages = ("keras", "numpy", backend)
    env = {
        "backend": backend,
        "precision": policy_of(recipe.precision),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "mien": __version__,
        "packages": {name: import_module(name).__version__ for name in packages},
        "data_sha256": digest,
        "faces": len(split),
        **origin,
    }
    write_whole(env_path, (json.dumps(env, indent=1) + "\n").encode())
    write_whole(recipe_path, recipe.to_toml().encode())


def policy_of(precision: str) -> str:
    """Return the dtype policy: bfloat16 pays on torch and jax, and brings nothing with TensorFlow on a processor."""
    if precision == "auto":
        precision = "float32" if keras.backend.backend() == "tensorflow" else "bfloat16"
    return precision if precision == "float32" else f"mixed_{precision}"


def _compile(model: keras.Model, recipe: Recipe, steps: int, taught: bool) -> None:
    shared = {
        "learning_rate": learning_rate(recipe, steps),
        "weight_decay": recipe.weight_decay or None,
        "use_ema": recipe.average > 0,
        "ema_momentum": recipe.average or 0.99,
    }
    if recipe.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(momentum=0.9, nesterov=True, **shared)
    else:
        optimizer = keras.optimizers.Adam(**shared)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    if recipe.loss == "categorical":
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    else:
        loss = SoftmaxBinaryCrossentropy()
    if taught:
        loss = DistillationLoss(loss, recipe.teacher_share)
    model.compile(optimizer, loss, metrics=[keras.metrics.MeanMetricWrapper(student_accuracy, name="accuracy")])
    optimizer.build(model.trainable_variables)


class SoftmaxBinaryCrossentropy(keras.losses.Loss):
    """Binary cross-entropy of each class's softmax probability, the mean over classes."""

    def call(self, y_true: Floats, y_pred: Floats) -> Floats:
        """Return the loss (N,) of logits (N, K)."""
        return keras.losses.binary_crossentropy(y_true, keras.ops.softmax(y_pred))


def _finish(run_dir: Path, recipe: Recipe, net: keras.Model, train_split: Split, valid_split: Split) -> None:
    """Settle and save the net, and its calibration, then drop what a run that is stopped goes on from."""
    logits = settle_head(net, recipe, valid_split)
    net.save(run_dir / "model.part.keras")
    (run_dir / "model.part.keras").replace(run_dir / "model.keras")
    text = json.dumps(calibrate(logits, recipe, train_split, valid_split), indent=1) + "\n"
    write_whole(run_dir / "calibration.json", text.encode())
    for name in (CHECKPOINT, BEST):
        (run_dir / name).unlink(missing_ok=True)
