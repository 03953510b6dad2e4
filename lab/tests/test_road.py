import csv
import json
import sys
from pathlib import Path

import pytest

import docpage
import like_for_like
import road
import road_tables
from mien.core.emotions import SEVEN
from mien.core.errors import DataError
from mien.core.packaged import default_model
from mien.imaging.decode import read
from mien.inference.classifier import Classifier

NAMES = ("2-deeper", "4-regularised", "8-own", "9-shipped")
EARLIER, LATER = NAMES[:2], NAMES[2:]


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
        "balanced_accuracy": share,
        "macro_f1": share,
        "weighted_f1": share + 0.05,
        "per_class": {name: {"precision": share, "recall": share, "f1": share, "support": 10} for name in SEVEN},
        "confusion": confusion,
    }


def write_run(folder: Path, right: int, split: str = "valid", protocols: tuple[str, ...] = ("seven", "fer")) -> Path:
    folder.mkdir()
    scores = {name: {"all": block(right), "clean": {**block(right - 1), "n": 60}} for name in protocols}
    document = {"sha256": folder.name[0] * 64, "split": split, "protocols": scores}
    (folder / "metrics.json").write_text(json.dumps(document))
    (folder / "env.json").write_text(json.dumps({"cores": 2, "backend": "torch"}))
    (folder / "recipe.toml").write_text(f'epochs = 3\nkeep = "{"best" if folder.name in EARLIER else "last"}"\n')
    with (folder / "history.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"])
        paused = [2, 0.7, 0.7, 1.0, 0.5, 0.1, 90000]
        writer.writerows([[1, 1.0, 0.5, 0.9, 0.6, 0.1, 1800], paused, [3, 0.5, 0.9, 1.1, right / 10, 0.1, 1800]])
    return folder


def pair(p: float) -> dict:
    """A step of ten points, and of none in recall."""
    recall = {"difference": -0.0004, "interval": [-0.02, 0.02]}
    return {"n": 70, "p": p, "accuracy": {"difference": 0.1, "interval": [0.04, 0.16]}, "balanced_accuracy": recall}


def alike(p: float = 0.01) -> dict:
    accuracies = {by: dict.fromkeys(("choosing", "reported", "all"), 0.5) for by in ("none", "choosing", "all")}
    runs = [
        {
            "name": name,
            "sha256": name[0] * 64,
            **{part: block(right) for part in ("reported", "clean", "all")},
            "accuracy_by_correction": accuracies,
        }
        for name, right in zip(LATER, (8, 9), strict=True)
    ]
    return {"runs": runs, "pairs": [{"before": LATER[0], "after": LATER[1], "reported": pair(p)}]}


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    return [write_run(tmp_path / name, right) for name, right in zip(NAMES, (6, 7, 8, 9), strict=True)]


@pytest.fixture
def runs(folders: list[Path]) -> list[road_tables.Run]:
    return [road.read_run(folder) for folder in folders]


def test_the_published_steps_stand_beside_what_is_claimed(runs: list[road_tables.Run]):
    assert road_tables.rungs(runs[:2]).splitlines()[2:] == [
        "| `2-deeper` |  | **60.0** [55.0, 65.0] | (+14) | 0.60 / 0.65 | 60.0 |",
        "| `4-regularised` | 84 % | **70.0** [65.0, 75.0] | +10.0 | 0.70 / 0.75 (0.80) | 70.0 |",
    ]


@pytest.mark.parametrize(("p", "verdict"), [(0.0123, "yes, p = 0.012"), (0.05, "no, p = 0.05")])
def test_a_step_is_told_apart_or_not(p: float, verdict: str):
    assert road_tables.steps(alike(p)).splitlines()[2:] == [
        "| `8-own` | **80.0** [75.0, 85.0] |  |  | 80.0 / 0.80 |  |",
        f"| `9-shipped` | **90.0** [85.0, 95.0] | +10.0 [+4.0, +16.0] | {verdict} | 90.0 / 0.90 | +0.0 [-2.0, +2.0] |",
    ]


def test_of_more_than_two_the_last_stands_beside_the_first_too():
    three = alike()
    three["runs"].append({**three["runs"][-1], "name": "10-last"})
    ends = [(LATER[1], "10-last"), (LATER[0], "10-last")]
    three["pairs"] += [{"before": before, "after": after, "reported": pair(0.5)} for before, after in ends]
    last = road_tables.steps(three).splitlines()[-1]
    assert last == ("| from `8-own` to `10-last` |  | +10.0 [+4.0, +16.0] | no, p = 0.5 |  | +0.0 [-2.0, +2.0] |")


def test_the_correction_is_told_by_the_faces_that_made_it():
    document = alike()
    document["runs"][0]["accuracy_by_correction"] = {
        "none": {"reported": 0.1, "choosing": 0.4, "all": 0.9},
        "choosing": {"reported": 0.2, "choosing": 0.5, "all": 0.9},
        "all": {"reported": 0.3, "choosing": 0.9, "all": 0.6},
    }
    assert road_tables.choice(document).splitlines()[2:] == [
        "| `8-own` | 10.0 | 20.0 | 40.0 | 50.0 | 60.0 |",
        "| `9-shipped` | 50.0 | 50.0 | 50.0 | 50.0 | 50.0 |",
        "| mean | 30.0 | 35.0 | 45.0 | 50.0 | 55.0 |",
    ]


def test_the_epochs_are_those_of_the_recipe_and_pauses_do_not_count(runs: list[road_tables.Run]):
    assert road_tables.trained(runs[1:3]).splitlines()[2:] == [
        "| `4-regularised` | 3 of 100 | the best, 3 | 1.5 | 2 cores, torch |",
        "| `8-own` | 3 of 3 | the last | 1.5 | 2 cores, torch |",
    ]


def test_the_last_epoch_stands_beside_the_best_one(runs: list[road_tables.Run]):
    assert road_tables.fit(runs[:1]).splitlines()[-1] == "| `2-deeper` | 90.0 | 60.0 | 60.0 (1) | 1.100 | 0.900 (1) |"


def test_the_rarest_class_comes_first(runs: list[road_tables.Run]):
    document = alike()
    runs[0].block("seven")["per_class"]["fear"]["support"] = 3
    document["runs"][1]["all"]["per_class"]["fear"]["f1"] = 0.126
    lines = road_tables.f1(runs[:2], document).splitlines()
    assert lines[0].startswith("| run | fear (3) | neutral (10) |")
    assert lines[-1] == f"| `9-shipped` | 0.13 |{' 0.90 |' * (len(SEVEN) - 1)}"
    assert len(lines) == 2 + len(NAMES)


@pytest.mark.parametrize(("sha256", "said"), [("9" * 64, ", the packaged file"), ("8" * 64, ", not the packaged file")])
def test_the_page_says_whether_the_last_run_is_what_ships(runs: list[road_tables.Run], sha256: str, said: str):
    lines = road_tables.made(runs[:2], alike(), sha256).splitlines()
    assert lines[-1] == f"- `9-shipped`: sha256 `{'9' * 16}`{said} (`{sha256[:16]}`)"
    assert [line.split("`")[1] for line in lines if line.startswith("- ")] == list(NAMES)


def test_the_command_fills_page_and_pictures(folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    page, file = tmp_path / "README.md", tmp_path / "alike.json"
    page.write_text("before\n<!-- road-steps -->\n<!-- /road-steps -->\nafter\n")
    file.write_text(json.dumps(alike()))
    arguments = ["--page", str(page), "--images", str(tmp_path), "--alike", str(file)]
    monkeypatch.setattr(sys, "argv", ["road.py", *map(str, folders), *arguments])
    road.main()
    table = road_tables.steps(alike())
    assert page.read_text() == f"before\n<!-- road-steps -->\n{table}\n<!-- /road-steps -->\nafter\n"
    for name in ("road-ladder.png", "road-curves.png", "road-confusion.png"):
        assert read(tmp_path / name).shape[1] > 800


def test_a_run_that_cannot_be_compared_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="no completed run"):
        road.read_run(tmp_path)
    with pytest.raises(DataError, match="lacks PublicTest"):
        road.read_run(write_run(tmp_path / "a", 5, split="test"))
    with pytest.raises(DataError, match="without --protocol"):
        road.read_run(write_run(tmp_path / "b", 5, protocols=("seven",)))


def test_a_net_that_is_no_run_is_refused(runs: list[road_tables.Run], tmp_path: Path):
    (tmp_path / "alike.json").write_text(json.dumps(alike()))
    with pytest.raises(DataError, match="scores 9-shipped, which is none of 2-deeper, 4-regularised, 8-own"):
        road.read_alike(tmp_path / "alike.json", runs[:3])


def test_the_pictures_need_the_two_rungs_that_they_compare(runs: list[road_tables.Run]):
    with pytest.raises(DataError, match="compares 2-deeper and 4-regularised; got 9-shipped"):
        road.pictures(runs[-1:], alike())


def test_the_published_page_is_that_of_the_published_runs():
    page = (docpage.ROOT / "docs" / "ROAD.md").read_text(encoding="utf-8")
    runs = [road.read_run(docpage.ROOT / "docs" / "runs" / name) for name in road.RUNS]
    document = road.read_alike(like_for_like.OUT, runs)
    for name, part in road.parts(runs, document, Classifier(default_model()).sha256).items():
        assert f"<!-- {name} -->\n{part}\n<!-- /{name} -->" in page


def test_every_net_of_ours_is_scored_like_for_like():
    document = json.loads(like_for_like.OUT.read_text(encoding="utf-8"))
    names = [run["name"] for run in document["runs"]]
    assert names == list(like_for_like.ROAD)
    assert names == list(road.RUNS[road.RUNS.index("5-compact") :])
