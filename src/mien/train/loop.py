"""``train``: trains a net by a recipe on a prepared split, into a run folder; resumes a run that was stopped."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mien.core.errors import UsageError
from mien.core.output import write_whole
from mien.core.types import Floats
from mien.data.split import Split
from mien.train.augment.layers import augment
from mien.train.batch_norm import reestimate_batch_norm
from mien.train.bias_correction import correct_bias
from mien.train.calibrate import calibrate
from mien.train.callbacks import Epochs
from mien.train.checkpoint import CHECKPOINT, load_best, load_checkpoint, need_checkpoint
from mien.train.distill import DistillationLoss, beside_teachers, student_accuracy
from mien.train.epochs import Batches, learning_rate
from mien.train.init.pretrained import PRETRAINED
from mien.train.init.warm_start import copy_weights, describe_runs, same_runs
from mien.train.nets.models import MODELS
from mien.train.recipe import Recipe, read_recipe
from mien.train.targets import LABELS, make_targets, sampling_rates
from mien.version import __version__

BATCH_NORM_FACES = 512
"""Number of faces for initial batch-norm statistics, if pretrained or exported weights lack them."""


def train(
    recipe: Recipe,
    train_split: Split,
    valid_split: Split,
    run_dir: Path,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    *,
    teachers: Sequence[Path] = (),
    start: Path | None = None,
    labelled_by: Sequence[dict[str, str]] = (),
    limit: int | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Path:
    """Train a net by a recipe; the same call resumes a killed run and ends with the same weights.

    With more epochs than before it extends a run that was stopped or completed. From there on the learning rate is that
    of a run planned for all the epochs, so after a completed cosine it rises again before it falls.

    Returns the run folder, which then holds ``recipe.toml, env.json, history.csv, calibration.json``, ``model.keras``,
    the net with averaged weights, in float32, without augmentation, and ``checkpoint.npz``, to train more epochs from.

    Args:
        recipe: all settings.
        train_split: the training faces.
        valid_split: its choosing half gives the validation scores, and the head's biases, the temperature and the
            thresholds are fitted on it; the other half is not used.
        run_dir: the run folder; made if missing.
        callbacks: more Keras callbacks, such as a progress bar.
        teachers: trained nets whose predictions are a share of the target, see ``train.distill``: run folders, or
            exported files.
        start: a trained net, likewise, whose weights the net starts from, widened if it is a wider ``compact``;
            without it those of ``recipe.start``; if that is empty, pretrained ones for a net of
            ``train.init.pretrained``, else random ones.
        labelled_by: the nets whose soft labels are the votes of ``train_split`` (``train.soft_labels.read_teachers``).
        limit: train on so many of the faces only, at even distances, if there are more.
        say: called before the first epoch with a message: what the net starts from, or how the run is resumed.

    Raises:
        UsageError: the run folder holds a run with another recipe, other data, teachers or start; a teacher or the
            start is not completed or has other classes; the start is another net; pretrained weights are not
            installed; or the files to resume from are missing.
        TrainingError: the loss became NaN or infinite.
    """
    faces = len(train_split)
    train_split = _part(train_split, limit)
    start = start or (Path(recipe.start) if recipe.start else None)
    pretrained = None if start else PRETRAINED.get(recipe.model)
    origin: dict[str, Any] = {
        **({"limit": f"{limit} of {faces} faces"} if len(train_split) < faces else {}),
        "teachers": [*labelled_by, *describe_runs(teachers, recipe, "teacher")],
        "start": [pretrained.describe()] if pretrained else describe_runs([start] if start else [], recipe, "start"),
    }
    if valid_split.choosing.any():
        valid_split = valid_split.take(valid_split.choosing)
    run_dir.mkdir(parents=True, exist_ok=True)
    _claim(run_dir, recipe, train_split, origin)
    if (run_dir / "calibration.json").is_file():
        return run_dir
    keras.utils.set_random_seed(recipe.seed)
    keras.config.set_dtype_policy(policy_of(recipe.precision))
    rows, targets = make_targets(train_split, recipe.target, recipe.smoothing, recipe.sharpening)
    net = MODELS[recipe.model](recipe, len(LABELS[recipe.target]))
    some = train_split.images[spread(rows, BATCH_NORM_FACES)][..., None].astype(np.float32)
    if start:
        copy_weights(start, net, recipe, some)
    elif pretrained:
        pretrained.copy(pretrained.path(), net, some)
    model = augment(recipe, beside_teachers(net, teachers, recipe, some) if teachers else net)
    batches = Batches(train_split.images[rows][..., None], targets, recipe, sampling_rates(train_split, recipe))
    _compile(model, recipe, steps=len(batches), taught=bool(teachers))
    epochs = Epochs(recipe, net, batches, valid_split, run_dir)
    done = load_checkpoint(net, model.optimizer, run_dir)
    say(_resuming(recipe, done, len(batches), run_dir) if done else _starting(start, origin["start"]))
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
        # Keras does this after the last epoch, but the checkpoint of that epoch has the raw weights.
        model.optimizer.finalize_variable_values(model.trainable_variables)
    if recipe.average:
        reestimate_batch_norm(model, batches, recipe)
    keras.config.set_dtype_policy("float32")
    plain = MODELS[recipe.model](recipe, len(LABELS[recipe.target]))
    plain.set_weights(net.get_weights())
    _finish(run_dir, recipe, plain, train_split, valid_split)
    return run_dir


def _starting(start: Path | None, described: Sequence[dict[str, str]]) -> str:
    """Return a message about the weights that a net starts from."""
    return f"starting from {start or described[0]['name']}" if described else "starting from random weights"


def _resuming(recipe: Recipe, done: int, steps: int, run_dir: Path) -> str:
    """Return a message about the epoch and learning rate at which a run with so many epochs done is resumed."""
    env = json.loads((run_dir / "env.json").read_text(encoding="utf-8"))
    resuming = f"resuming at epoch {done + 1} of {recipe.epochs}"
    if done == recipe.epochs or not (planned := env.get("planned_epochs")):
        return resuming if done < recipe.epochs else f"all {done} epochs are done"
    resuming += f" in a run that was planned for {planned[-1]}"
    rate: Any = learning_rate(recipe, steps)
    if isinstance(rate, float):
        return f"{resuming}; the learning rate is still {rate:g}"
    now = float(keras.ops.convert_to_numpy(rate(done * steps)))
    return f"{resuming}; the learning rate is now that of a run of {recipe.epochs} epochs, {now:.2g} at first"


def spread(rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return count of the rows at even distances, as faces may be ordered by class."""
    return rows[np.linspace(0, len(rows), count, endpoint=False, dtype=np.int64)]


def _part(split: Split, limit: int | None) -> Split:
    """Return so many faces of a split, at even distances in its order."""
    if limit is None or limit >= len(split):
        return split
    return split.take(spread(np.arange(len(split)), limit))


def _claim(run_dir: Path, recipe: Recipe, split: Split, origin: dict[str, Any]) -> None:
    """Write recipe.toml and env.json, or refuse a folder that holds another run."""
    recipe_path, env_path = run_dir / "recipe.toml", run_dir / "env.json"
    digest, planned = split.sha256(), list[int]()
    completed = (run_dir / "calibration.json").is_file()
    if completed or (run_dir / CHECKPOINT).is_file():
        begun, env = read_recipe(recipe_path), json.loads(env_path.read_text(encoding="utf-8"))
        changes = _changes(begun, recipe)
        longer = changes.keys() == {"epochs"} and recipe.epochs > begun.epochs
        differs = {
            f"of another recipe ({', '.join(changes.values())})": changes and not longer,
            "on other data": env["data_sha256"] != digest,
            "with other teachers": not same_runs(env.get("teachers", []), origin["teachers"]),
            "from another start": not same_runs(env.get("start", []), origin["start"]),
        }
        for what, is_so in differs.items():
            if is_so:
                raise UsageError(f"{run_dir} holds a run {what}; name another folder with --run, or delete it")
        if longer or not completed:
            need_checkpoint(run_dir, recipe.keep == "best")
        if not longer:
            return
        planned = [*env.get("planned_epochs", []), begun.epochs]
        (run_dir / "calibration.json").unlink(missing_ok=True)  # whose presence means that the run is completed
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
        **({"planned_epochs": planned} if planned else {}),
        **origin,
    }
    write_whole(env_path, (json.dumps(env, indent=1) + "\n").encode())
    write_whole(recipe_path, recipe.to_toml().encode())


def _changes(begun: Recipe, recipe: Recipe) -> dict[str, str]:
    """Return key -> words for each setting that differs from the recipe with which a run was begun.

    The start is left out: the weights themselves are compared.
    """
    pairs = {key: (getattr(begun, key), value) for key, value in asdict(recipe).items() if key != "start"}
    return {key: f"{key} {was!r} instead of {now!r}" for key, (was, now) in pairs.items() if was != now}


def policy_of(precision: str) -> str:
    """Return the dtype policy: ``auto`` is bfloat16 on torch only.

    On a CPU it is no faster with TensorFlow, and JAX computes NaN in it on some CPUs.
    """
    if precision == "auto":
        precision = "bfloat16" if keras.backend.backend() == "torch" else "float32"
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
    """Correct the biases of the net and save it, and then its calibration, which marks the run as completed."""
    logits = correct_bias(net, recipe, valid_split)
    net.save(run_dir / "model.part.keras")
    (run_dir / "model.part.keras").replace(run_dir / "model.keras")
    text = json.dumps(calibrate(logits, recipe, train_split, valid_split), indent=1) + "\n"
    write_whole(run_dir / "calibration.json", text.encode())
