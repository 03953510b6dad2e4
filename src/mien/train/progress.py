"""A bar that shows how training goes."""

from __future__ import annotations

from typing import Any

import keras
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class ProgressBar(keras.callbacks.Callback):
    """Shows epoch, loss, accuracy and the time left of the whole run; prints a line an epoch.

    A context manager, so that the terminal is given back however training ends.
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
        """Take the bar away."""
        self._bar.stop()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Show the bar, filled up to the epochs that an earlier call did."""
        self._steps = self.params["steps"]
        self._task = self._bar.add_task("", total=self.params["epochs"] * self._steps, scores="")
        self._bar.start()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Name the epoch."""
        description = f"epoch {epoch + 1}/{self.params['epochs']}"
        self._bar.update(self._task, completed=epoch * self._steps, description=description)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Advance, with the epoch's loss and accuracy so far."""
        scores = "loss {loss:.3f}  accuracy {accuracy:.3f}".format(**(logs or {}))
        self._bar.update(self._task, advance=1, scores=scores)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Print what the epoch came to."""
        line = (
            "epoch {epoch:3}  loss {loss:.4f}  accuracy {accuracy:.4f}  "
            "val_loss {val_loss:.4f}  val_accuracy {val_accuracy:.4f}  {seconds:.0f} s"
        )
        self._console.print(line.format(epoch=epoch + 1, **(logs or {})), highlight=False, soft_wrap=True)
