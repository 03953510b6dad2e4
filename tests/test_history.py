"""The history of a run, and when it says that training gains nothing more."""

from dataclasses import replace
from pathlib import Path

import pytest

from mien.train.history import append_epoch, has_stalled, scores
from mien.train.recipe import FIRST_TRY


def write(folder: Path, losses: list[float], accuracies: list[float]) -> None:
    for epoch, (loss, accuracy) in enumerate(zip(losses, accuracies, strict=True)):
        append_epoch(folder, epoch, {"val_loss": loss, "val_accuracy": accuracy})


@pytest.mark.parametrize(
    ("keep", "losses", "accuracies", "stalled"),
    [
        ("last", [3, 2, 2, 2.5], [0, 0, 1, 2], True),  # as good is not better
        ("last", [3, 2, 2.5, 1], [0, 0, 0, 0], False),
        ("last", [2, 3], [0, 0], False),  # not yet two epochs behind the first
        ("last", [2, 3, 3], [0, 0, 0], True),
        ("best", [3, 2, 1, 0], [0, 0.5, 0.5, 0.4], True),
        ("best", [3, 2, 2, 2], [0, 0.5, 0.4, 0.6], False),
    ],
)
def test_two_epochs_without_a_gain_end_a_training_that_waits_for_two(
    tmp_path: Path, keep: str, losses: list[float], accuracies: list[float], stalled: bool
):
    write(tmp_path, losses, accuracies)
    recipe = replace(FIRST_TRY, keep=keep, early_stopping=2)
    assert has_stalled(recipe, tmp_path, len(losses)) is stalled
    assert not has_stalled(replace(recipe, early_stopping=0), tmp_path, len(losses))


def test_lines_behind_an_epoch_are_those_of_a_killed_run(tmp_path: Path):
    assert scores(tmp_path, "val_loss", 5) == []
    write(tmp_path, [3, 2, 1], [0, 0, 0])
    assert scores(tmp_path, "val_loss", 2) == [3, 2]
    append_epoch(tmp_path, 1, {"val_loss": 4})
    assert scores(tmp_path, "val_loss", 5) == [3, 4]
