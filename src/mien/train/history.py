"""The history of a run, ``history.csv``: a line an epoch, and what it says of whether training still gains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from mien.core.output import write_whole
from mien.train.recipe import Recipe

HISTORY = "history.csv"
HISTORY_COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")


def append_epoch(run_dir: Path, epoch: int, logs: Mapping[str, float]) -> None:
    """Write the line of an epoch, the first of which is 0, behind those of the epochs before it."""
    values = [str(epoch + 1), *(f"{logs.get(key, math.nan):.6g}" for key in HISTORY_COLUMNS[1:])]
    lines = [",".join(HISTORY_COLUMNS), *_lines(run_dir, epoch), ",".join(values)]
    write_whole(run_dir / HISTORY, "".join(f"{line}\n" for line in lines).encode())


def scores(run_dir: Path, column: str, epochs: int) -> list[float]:
    """Return a column of the first epochs, as many as there are."""
    place = HISTORY_COLUMNS.index(column)
    return [float(line.split(",")[place]) for line in _lines(run_dir, epochs)]


def has_stalled(recipe: Recipe, run_dir: Path, epochs: int) -> bool:
    """Return whether the last ``recipe.early_stopping`` of the first epochs gained nothing; never if that is 0."""
    patience = recipe.early_stopping
    column, sign = ("val_accuracy", 1) if recipe.keep == "best" else ("val_loss", -1)
    gains = [sign * score for score in scores(run_dir, column, epochs)]
    return 0 < patience < len(gains) and max(gains[-patience:]) <= max(gains[:-patience])


def _lines(run_dir: Path, epochs: int) -> list[str]:
    """Return the lines of the first epochs; a killed run may have written later ones."""
    path = run_dir / HISTORY
    return path.read_text(encoding="utf-8").splitlines()[1 : epochs + 1] if path.is_file() and epochs else []
