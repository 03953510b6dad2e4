import csv
import json
import sys
from pathlib import Path

import pytest

import docpage
import road
from mien.core.emotions import SEVEN
from mien.core.errors import DataError
from mien.imaging.decode import read

NAMES = ("2-deeper", "4-regularised", "9-shipped")


def block(right: int) -> dict:
    """Scores of 10 faces a class, of which ``right`` are right and the others called the next class."""
    confusion = [[0] * 7 for _ in range(7)]
    for true in range(7):
        confusion[true][true] = right
        confusion[true][(true + 1) % 7] = 10 - right
    share = right / 10
    return {
        "n": 70,
        "accuracy": share,
        "interval": [share - 0.05, share + 0.05],
        "macro_f1": share,
        "per_class": {name: {"precision": share, "recall": share, "f1": share, "support": 10} for name in SEVEN},
        "confusion": confusion,
    }


def write_run(folder: Path, right: int, split: str = "valid", protocols: tuple[str, ...] = ("seven", "fer")) -> Path:
    folder.mkdir()
    scores = {name: {"all": block(right), "clean": {**block(right - 1), "n": 60}} for name in protocols}
    document = {"sha256": folder.name[0] * 64, "split": split, "protocols": scores}
    (folder / "metrics.json").write_text(json.dumps(document))
    with (folder / "history.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"])
        paused = [2, 0.7, 0.7, 1.0, 0.5, 0.1, 90000]
        writer.writerows([[1, 1.0, 0.5, 0.9, 0.6, 0.1, 1800], paused, [3, 0.5, 0.9, 1.1, right / 10, 0.1, 1800]])
    return folder


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    return [write_run(tmp_path / name, right) for name, right in zip(NAMES, (6, 7, 9), strict=True)]


def test_the_steps_are_points_over_the_row_above(folders: list[Path]):
    lines = road.steps([road.read_run(folder) for folder in folders]).splitlines()
    assert lines[2:] == [
        "| `2-deeper` | 3 | 1.5 |  | +14 | **60.0** [55.0, 65.0] |  | 50.0 |  | 0.60 | 60.0 | 50.0 |",
        "| `4-regularised` | 3 | 1.5 | 84 % |  | **70.0** [65.0, 75.0] | +10.0 | 60.0 | +10.0 | 0.70 (0.80) "
        "| 70.0 | 60.0 |",
        "| `9-shipped` | 3 | 1.5 |  |  | **90.0** [85.0, 95.0] | +20.0 | 80.0 | +20.0 | 0.90 | 90.0 | 80.0 |",
    ]


def test_the_last_epoch_stands_beside_the_best_one(folders: list[Path]):
    assert road.fit([road.read_run(folders[0])]).splitlines()[-1] == (
        "| `2-deeper` | 90.0 | 60.0 | 60.0 (1) | 1.100 | 0.900 (1) |"
    )


def test_a_class_has_a_line_and_a_run_a_column(folders: list[Path]):
    lines = road.f1([road.read_run(folder) for folder in folders]).splitlines()
    assert lines[2] == "| neutral | 10 | 0.60 | 0.70 | 0.90 |"
    assert len(lines) == 2 + len(SEVEN)


@pytest.mark.parametrize(("sha256", "said"), [("9" * 64, ", the packaged file"), ("8" * 64, ", not the packaged file")])
def test_the_page_says_whether_the_last_run_is_what_ships(folders: list[Path], sha256: str, said: str):
    last = road.made([road.read_run(folder) for folder in folders], sha256).splitlines()[-1]
    assert last == f"- `9-shipped`: sha256 `{'9' * 16}`{said} (`{sha256[:16]}`)"


def test_the_command_fills_page_and_pictures(folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    page = tmp_path / "README.md"
    page.write_text("before\n<!-- road-steps -->\n<!-- /road-steps -->\nafter\n")
    arguments = ["--page", str(page), "--images", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["road.py", *map(str, folders), *arguments])
    road.main()
    table = road.steps([road.read_run(folder) for folder in folders])
    assert page.read_text() == f"before\n<!-- road-steps -->\n{table}\n<!-- /road-steps -->\nafter\n"
    for name in ("road-ladder.png", "road-curves.png", "road-confusion.png"):
        assert read(tmp_path / name).shape[1] > 800


def test_a_run_that_cannot_be_compared_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="no finished run"):
        road.read_run(tmp_path)
    with pytest.raises(DataError, match="lacks PublicTest"):
        road.read_run(write_run(tmp_path / "a", 5, split="test"))
    with pytest.raises(DataError, match="without --protocol"):
        road.read_run(write_run(tmp_path / "b", 5, protocols=("seven",)))


def test_the_pictures_need_the_two_rungs_that_they_compare(folders: list[Path]):
    with pytest.raises(DataError, match="compares 2-deeper and 4-regularised; got 9-shipped"):
        road.pictures([road.read_run(folders[-1])])


def test_the_published_page_is_that_of_the_published_runs():
    page = (docpage.ROOT / "docs" / "ROAD.md").read_text(encoding="utf-8")
    runs = [road.read_run(docpage.ROOT / "docs" / "runs" / name) for name in road.RUNS]
    for name, part in {"steps": road.steps(runs), "fit": road.fit(runs), "f1": road.f1(runs)}.items():
        assert f"<!-- road-{name} -->\n{part}\n<!-- /road-{name} -->" in page
