"""What makes an epoch: its learning rate, order and random draws, by seed and epoch alone, and what is kept of it."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mien.core.emotions import seen_as
from mien.core.errors import TrainingError
from mien.core.metrics import softmax
from mien.core.protocols import CLASSES, PROTOCOLS
from mien.data.split import Split
from mien.train.augment.mix import mix
from mien.train.checkpoint import save_best, save_checkpoint
from mien.train.recipe import Recipe
from mien.train.sampling import draw
from mien.train.targets import PROTOCOL, make_targets

HISTORY_COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")


class Batches(keras.utils.PyDataset):
    """The training faces in batches, in an order that depends on seed and epoch alone.

    Args:
        images: (N, S, S, 1) uint8.
        targets: (N, K) float32.
        recipe: gives the batch size, the seed and the share of mixed faces.
        rates: (N,) how often each face is drawn in an epoch in the mean; None draws each once.

    Attributes:
        order: the places of the faces of this epoch, in the order in which batches take them.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        targets: NDArray[np.float32],
        recipe: Recipe,
        rates: NDArray[np.float64] | None = None,
    ) -> None:
        super().__init__()
        self._images, self._targets, self._rates = images, targets, rates
        self._batch_size, self._seed, self._mix = recipe.batch_size, recipe.seed, recipe.mix
        self.start(epoch=0)

    def start(self, epoch: int) -> None:
        """Draw the faces of an epoch, or shuffle them."""
        self._epoch = epoch
        random = np.random.default_rng([self._seed, epoch])
        self.order = random.permutation(len(self._images)) if self._rates is None else draw(self._rates, random)

    def __len__(self) -> int:
        """Return the number of batches; a last one that is not full is left out, unless it is the only one."""
        return max(1, len(self.order) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return the faces and targets of one batch."""
        rows = self.order[index * self._batch_size : (index + 1) * self._batch_size]
        if not self._mix:
            return self._images[rows], self._targets[rows]
        random = np.random.default_rng([self._seed, self._epoch, index])
        return mix(self._images[rows], self._targets[rows], self._mix, random)


class Epochs(keras.callbacks.Callback):
    """Seeds every epoch, scores the averaged weights on the validation faces, and writes history and checkpoint.

    Args:
        recipe: gives target and seed.
        net: the part of the fitted model that is scored and kept, without augmentation and teachers.
        batches: what the model is fitted to.
        valid: the validation faces.
        run_dir: the run folder.
    """

    def __init__(self, recipe: Recipe, net: keras.Model, batches: Batches, valid: Split, run_dir: Path) -> None:
        super().__init__()
        self._recipe, self._net, self._batches, self._run_dir = recipe, net, batches, run_dir
        rows, self._targets = make_targets(valid, recipe.target, smoothing=0.0)
        self._faces = valid.images[rows][..., None]
        self._protocol = PROTOCOL[recipe.target]
        self._truth = PROTOCOLS[self._protocol](valid.votes, valid.emotions)[rows]

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Shuffle and seed."""
        self._epoch = epoch
        self._started = time.monotonic()
        begin_epoch(self.model, self._batches, self._recipe.seed, epoch)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """End the run where the loss is no number, which no later step would mend."""
        self._need_number((logs or {}).get("loss", 0.0))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Score, then write history and checkpoint; ``logs`` gains the scores for those who come after."""
        logs = {} if logs is None else logs
        with self._averaged_weights():
            logs.update(self._score())
            self._need_number(logs["val_loss"])
            if self._recipe.keep == "best" and logs["val_accuracy"] > self._best_before(epoch):
                save_best(self._net, self._run_dir)
        logs["learning_rate"] = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        logs["seconds"] = time.monotonic() - self._started
        self._append_history(epoch, logs)
        save_checkpoint(self._net, self.model.optimizer, self._run_dir, epoch + 1)

    def _need_number(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss became NaN or infinite in epoch {self._epoch + 1}; lower the learning rate "
                f"(--set learning_rate={self._recipe.learning_rate / 10:g}) or compute with --set precision=float32, "
                f"in another folder (--run); {self._run_dir} holds what came before"
            )

    def _score(self) -> dict[str, float]:
        logits = np.asarray(self._net.predict(self._faces, batch_size=256, verbose=0), np.float32)
        loss = -(self._targets * np.log(np.maximum(softmax(logits), 1e-7))).sum(axis=1).mean()
        predicted = seen_as(softmax(logits), CLASSES[self._protocol]).argmax(axis=1)
        return {"val_loss": float(loss), "val_accuracy": float((predicted == self._truth).mean())}

    @contextmanager
    def _averaged_weights(self) -> Generator[None]:
        """Lend the net its averaged weights, where the recipe has any."""
        variables = self._net.trainable_variables
        raw = [variable.numpy().copy() for variable in variables]
        self.model.optimizer.finalize_variable_values(variables)
        for variable in variables:
            # JAX now holds one array for weight and average, and predicting with it would delete both.
            variable.assign(variable.numpy().copy())
        yield
        for variable, value in zip(variables, raw, strict=True):
            variable.assign(value)

    def _earlier(self, epoch: int) -> list[str]:
        """Return the lines of the history before an epoch, which a killed run may have written already."""
        path = self._run_dir / "history.csv"
        return path.read_text(encoding="utf-8").splitlines()[1 : epoch + 1] if path.is_file() and epoch else []

    def _best_before(self, epoch: int) -> float:
        place = HISTORY_COLUMNS.index("val_accuracy")
        return max((float(line.split(",")[place]) for line in self._earlier(epoch)), default=-1.0)

    def _append_history(self, epoch: int, logs: dict[str, Any]) -> None:
        path = self._run_dir / "history.csv"
        earlier = self._earlier(epoch)
        values = [epoch + 1, *(f"{logs.get(key, math.nan):.6g}" for key in HISTORY_COLUMNS[1:])]
        beside = path.with_suffix(".part")
        with beside.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(HISTORY_COLUMNS)
            file.writelines(line + "\n" for line in earlier)
            writer.writerow(values)
        beside.replace(path)


def begin_epoch(model: keras.Model, batches: Batches, seed: int, epoch: int) -> None:
    """Make the order and every random draw a function of seed and epoch."""
    batches.start(epoch)
    keras.utils.set_random_seed(seed * 10_000 + epoch)
    for place, layer in enumerate(layers_of(model)):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            # Steps of a million leave room for the draws of an epoch, which count upwards.
            generator.state.assign([seed * 1_000 + place, epoch * 1_000_000])


def layers_of(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers of a model and of the models inside it, in order."""
    nested = [layers_of(layer) if isinstance(layer, keras.Model) else [layer] for layer in model.layers]
    return [layer for layers in nested for layer in layers]


WARMUP_SHARE = 0.5
"""How much of a run the warm-up takes at most, for runs that are cut down to a few epochs."""


def learning_rate(recipe: Recipe, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Return the learning rate of each of the steps that an epoch has: a line up to the peak, then half a cosine."""
    if recipe.schedule == "constant":
        return recipe.learning_rate
    warmup = int(min(recipe.warmup_epochs, WARMUP_SHARE * recipe.epochs) * steps)
    return keras.optimizers.schedules.CosineDecay(
        0.0 if warmup else recipe.learning_rate,
        decay_steps=recipe.epochs * steps - warmup,
        warmup_target=recipe.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
