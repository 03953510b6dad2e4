"""What a run folder holds, for tests that train."""

import csv
from pathlib import Path

import keras


def net_of(run: Path) -> keras.Model:
    return keras.saving.load_model(run / "model.keras", compile=False)


def history_of(run: Path) -> list[dict[str, str]]:
    """The rows of the history, less the seconds, which no two runs share."""
    with (run / "history.csv").open(newline="", encoding="utf-8") as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]
