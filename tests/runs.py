"""What a run folder holds, and held behind each epoch, for tests that train."""

import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
import pytest

from mien.train.nets import models


def net_of(run: Path) -> keras.Model:
    return keras.saving.load_model(run / "model.keras", compile=False)


def history_of(run: Path) -> list[dict[str, str]]:
    """The rows of the history, less the seconds, which no two runs share."""
    with (run / "history.csv").open(newline="", encoding="utf-8") as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def behind(run: Path, epoch: int) -> Path:
    """The copy of a run folder as it was behind an epoch, the first of which is 1."""
    return run.with_name(f"{run.name}-behind-{epoch}")


class Copies(keras.callbacks.Callback):
    """Copies a run folder behind each epoch, as if the run had been stopped there."""

    def __init__(self, run: Path) -> None:
        super().__init__()
        self.run = run

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        shutil.copytree(self.run, behind(self.run, epoch + 1))


@contextmanager
def shallow() -> Iterator[None]:
    """Give ``compact`` one convolution a stage, not two or three: it trains as before, in two thirds of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "COMPACT_DEPTHS", (1, 1, 1, 1))
        yield


@contextmanager
def without_bias_correction() -> Iterator[None]:
    """Leave out the bias correction: to compare weights, or since after few epochs it makes probabilities so equal that
    8 bits change the top class."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mien.train.bias_correction.fit_offsets", lambda logits, _: np.zeros(logits.shape[1]))
        yield
