"""``train``: trains a net by a recipe on a prepared split, into a run folder; resumes a run that was stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Floats
from mien.core.output import write_whole
from mien.data.split import Split
from mien.train._run_record import CALIBRATION, claim, is_completed, origin_of, resuming, starting, stopped_early
from mien.train.augment.layers import augment
from mien.train.batch_norm import reestimate_batch_norm
from mien.train.bias_correction import correct_bias
from mien.train.calibrate import calibrate
from mien.train.callbacks import Epochs
from mien.train.checkpoint import load_best, load_checkpoint
from mien.train.distill import DistillationLoss, beside_teachers, student_accuracy
from mien.train.epochs import Batches, learning_rate
from mien.train.history import has_stalled
from mien.train.init.pretrained import PRETRAINED
from mien.train.init.warm_start import copy_weights
from mien.train.named_callbacks import make_callbacks
from mien.train.nets.models import MODELS
from mien.train.recipe import Recipe
from mien.train.targets import TARGET_CLASSES, make_targets, sampling_rates

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
        say: called with a message before the first epoch: what the net starts from, or how the run is resumed; and
            after the last, if training stopped early.

    Raises:
        UsageError: the run folder holds a run with another recipe, other data, teachers or start; a teacher or the
            start is not completed or has other classes; the start is another net; pretrained weights are not
            installed; a callback cannot be made; or the files to resume from are missing.
        TrainingError: the loss became NaN or infinite.
    """
    part = _part(train_split, limit)
    start = start or (Path(recipe.start) if recipe.start else None)
    origin = {
        **({"limit": f"{limit} of {len(train_split)} faces"} if len(part) < len(train_split) else {}),
        **origin_of(recipe, teachers, labelled_by, start),
    }
    if valid_split.choosing.any():
        valid_split = valid_split.take(valid_split.choosing)
    run_dir.mkdir(parents=True, exist_ok=True)
    named = make_callbacks(recipe.callbacks, run_dir)
    claim(run_dir, recipe, part, origin, policy_of(recipe.precision))
    if is_completed(run_dir):
        return run_dir
    keras.utils.set_random_seed(recipe.seed)
    keras.config.set_dtype_policy(policy_of(recipe.precision))
    net, model, batches = _build(recipe, part, teachers, start)
    done = load_checkpoint(net, model.optimizer, run_dir)
    if not has_stalled(recipe, run_dir, done):
        say(resuming(recipe, done, len(batches), run_dir) if done else starting(start, origin))
        if done < recipe.epochs:
            hooks = [Epochs(recipe, net, batches, valid_split, run_dir), *named, *callbacks]
            model.fit(batches, epochs=recipe.epochs, initial_epoch=done, shuffle=False, verbose=0, callbacks=hooks)
    if has_stalled(recipe, run_dir, recipe.epochs - 1):
        say(stopped_early(recipe))
    _take_final_weights(net, model, batches, recipe, run_dir)
    _finish(run_dir, recipe, net, part, valid_split)
    return run_dir


def _build(
    recipe: Recipe, split: Split, teachers: Sequence[Path], start: Path | None
) -> tuple[keras.Model, keras.Model, Batches]:
    """Return the net, with the weights that it starts from, the compiled model that trains it, and its batches."""
    rows, targets = make_targets(split, recipe.target, recipe.smoothing, recipe.sharpening)
    net = _untrained(recipe)
    some = split.images[evenly(rows, BATCH_NORM_FACES)][..., None].astype(np.float32)
    if start:
        copy_weights(start, net, recipe, some)
    elif pretrained := PRETRAINED.get(recipe.model):
        pretrained.copy(pretrained.path(), net, some)
    model = augment(recipe, beside_teachers(net, teachers, recipe, some) if teachers else net)
    batches = Batches(split.images[rows][..., None], targets, recipe, sampling_rates(split, recipe))
    _compile(model, recipe, steps=len(batches), taught=bool(teachers))
    return net, model, batches


def _untrained(recipe: Recipe) -> keras.Model:
    """Return the recipe's net with random weights."""
    return MODELS[recipe.model](recipe, len(TARGET_CLASSES[recipe.target]))


def _take_final_weights(net: keras.Model, model: keras.Model, batches: Batches, recipe: Recipe, run_dir: Path) -> None:
    """Give the net the weights of the best epoch or of the last one, averaged if the recipe averages."""
    if recipe.keep == "best":
        load_best(net, run_dir)
    else:
        # Keras does this after the last epoch, but the checkpoint of that epoch has the raw weights.
        model.optimizer.finalize_variable_values(model.trainable_variables)
    if recipe.average:
        reestimate_batch_norm(model, batches, recipe)


def _finish(run_dir: Path, recipe: Recipe, trained: keras.Model, train_split: Split, valid_split: Split) -> None:
    """Correct the biases of the net and save it in float32, and then its calibration, which completes the run."""
    keras.config.set_dtype_policy("float32")
    net = _untrained(recipe)
    net.set_weights(trained.get_weights())
    logits = correct_bias(net, recipe, valid_split)
    net.save(run_dir / "model.part.keras")
    (run_dir / "model.part.keras").replace(run_dir / "model.keras")
    text = json.dumps(calibrate(logits, recipe, train_split, valid_split), indent=1) + "\n"
    write_whole(run_dir / CALIBRATION, text.encode())


def evenly(rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return count of the rows at even distances, as faces may be ordered by class."""
    return rows[np.linspace(0, len(rows), count, endpoint=False, dtype=np.int64)]


def _part(split: Split, limit: int | None) -> Split:
    """Return so many faces of a split, at even distances in its order."""
    if limit is None or limit >= len(split):
        return split
    return split.take(evenly(np.arange(len(split)), limit))


def policy_of(precision: str) -> str:
    """Return the dtype policy: ``auto`` is bfloat16 on torch only.

    On a CPU it is no faster with TensorFlow, and JAX computes NaN in it on some CPUs.
    """
    if precision == "auto":
        precision = "bfloat16" if keras.backend.backend() == "torch" else "float32"
    return precision if precision == "float32" else f"mixed_{precision}"


def _compile(model: keras.Model, recipe: Recipe, steps: int, taught: bool) -> None:
    """Give a model its loss and its optimizer, for epochs of a number of steps."""
    optimizer = _optimizer(recipe, steps)
    if recipe.loss == "categorical":
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    else:
        loss = SoftmaxBinaryCrossentropy()
    if taught:
        loss = DistillationLoss(loss, recipe.teacher_share)
    model.compile(optimizer, loss, metrics=[keras.metrics.MeanMetricWrapper(student_accuracy, name="accuracy")])
    optimizer.build(model.trainable_variables)


def _optimizer(recipe: Recipe, steps: int) -> keras.Optimizer:
    """Return the recipe's optimizer, which decays no biases and no scales and offsets of batch normalisation."""
    shared = {
        "learning_rate": learning_rate(recipe, steps),
        "weight_decay": recipe.weight_decay or None,
        "use_ema": recipe.average > 0,
        "ema_momentum": recipe.average or 0.99,
    }
    if recipe.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(momentum=0.9, nesterov=True, **shared)
    elif recipe.optimizer == "adamw":
        optimizer = keras.optimizers.AdamW(**shared)
    else:
        optimizer = keras.optimizers.Adam(**shared)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


class SoftmaxBinaryCrossentropy(keras.losses.Loss):
    """Binary cross-entropy of each class's softmax probability, the mean over classes."""

    def call(self, y_true: Floats, y_pred: Floats) -> Floats:
        """Return the loss (N,) of logits (N, K)."""
        return keras.losses.binary_crossentropy(y_true, keras.ops.softmax(y_pred))
