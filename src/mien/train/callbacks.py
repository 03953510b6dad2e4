"""Keras callbacks of training: seeds, validation scores, history and checkpoint of each epoch, and a progress bar."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mien.core.emotions import seen_as
from mien.core.errors import TrainingError
from mien.core.metrics import softmax
from mien.core.protocols import CLASSES, PROTOCOLS
from mien.data.split import Split
from mien.train.checkpoint import save_best, save_checkpoint
from mien.train.epochs import Batches, begin_epoch
from mien.train.history import append_epoch, has_stalled, scores
from mien.train.recipe import Recipe
from mien.train.targets import TARGET_PROTOCOL, make_targets


class Epochs(keras.callbacks.Callback):
    """Seeds every epoch, scores the averaged weights on the validation faces, writes history and checkpoint.

    Args:
        recipe: gives target and seed.
        net: the part of the fitted model that is scored and saved, without augmentation and teachers.
        batches: what the model is fitted to.
        valid: the validation faces.
        run_dir: the run folder.
    """

    def __init__(self, recipe: Recipe, net: keras.Model, batches: Batches, valid: Split, run_dir: Path) -> None:
        super().__init__()
        self._recipe, self._net, self._batches, self._run_dir = recipe, net, batches, run_dir
        rows, self._targets = make_targets(valid, recipe.target, smoothing=0.0)
        self._faces = valid.images[rows][..., None]
        self._protocol = TARGET_PROTOCOL[recipe.target]
        self._truth = PROTOCOLS[self._protocol](valid.votes, valid.emotions)[rows]

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Shuffle and seed."""
        self._epoch = epoch
        self._started = time.monotonic()
        begin_epoch(self.model, self._batches, self._recipe.seed, epoch)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Stop if the loss is NaN or infinite, which it would stay."""
        self._check_loss((logs or {}).get("loss", 0.0))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Score, write history and checkpoint, and stop if it stalls; later callbacks find the scores in ``logs``."""
        logs = {} if logs is None else logs
        with self._averaged_weights():
            logs.update(self._score())
            self._check_loss(logs["val_loss"])
            best = max(scores(self._run_dir, "val_accuracy", epoch), default=-1.0)
            if self._recipe.keep == "best" and logs["val_accuracy"] > best:
                save_best(self._net, self._run_dir)
        logs["learning_rate"] = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        logs["seconds"] = time.monotonic() - self._started
        append_epoch(self._run_dir, epoch, logs)
        save_checkpoint(self._net, self.model.optimizer, self._run_dir, epoch + 1)
        if has_stalled(self._recipe, self._run_dir, epoch + 1):
            self.model.stop_training = True

    def _check_loss(self, loss: float) -> None:
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
        """Give the net its averaged weights for a while, if the recipe averages."""
        variables = self._net.trainable_variables
        raw = [variable.numpy().copy() for variable in variables]
        self.model.optimizer.finalize_variable_values(variables)
        for variable in variables:
            # JAX now shares one array between weight and average, and prediction would delete both.
            variable.assign(variable.numpy().copy())
        yield
        for variable, value in zip(variables, raw, strict=True):
            variable.assign(value)


class ProgressBar(keras.callbacks.Callback):
    """Shows epoch, loss, accuracy and the time left of the whole run; prints a line an epoch.

    It is a context manager, so that the terminal is restored however training ends.
    """

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[scores]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )

    def __enter__(self) -> ProgressBar:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the bar."""
        self._bar.stop()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Show the bar, filled up to the epochs of earlier calls."""
        self._steps = self.params["steps"]
        self._task = self._bar.add_task("", total=self.params["epochs"] * self._steps, scores="")
        self._bar.start()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Show the epoch."""
        description = f"epoch {epoch + 1}/{self.params['epochs']}"
        self._bar.update(self._task, completed=epoch * self._steps, description=description)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Advance, with the epoch's loss and accuracy so far."""
        scores = "loss {loss:.3f}  accuracy {accuracy:.3f}".format(**(logs or {}))
        self._bar.update(self._task, advance=1, scores=scores)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Print the scores of the epoch."""
        line = (
            "epoch {epoch:3}  loss {loss:.4f}  accuracy {accuracy:.4f}  "
            "val_loss {val_loss:.4f}  val_accuracy {val_accuracy:.4f}  {seconds:.0f} s"
        )
        self._console.print(line.format(epoch=epoch + 1, **(logs or {})), highlight=False, soft_wrap=True)
