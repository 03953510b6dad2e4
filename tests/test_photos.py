import csv
import json
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from mien.apps.cli.commands import command
from mien.apps.cli.evaluate import evaluate as evaluate_command
from mien.core.crop_spec import CropSpec
from mien.core.emotions import SEVEN
from mien.core.errors import DataError, ImageError
from mien.core.faces import Faces
from mien.evaluation import evaluate as scoring
from mien.evaluation.photos import COLUMNS, photos_block, read_photos, score_photos
from mien.report.page import write_page
from test_ensemble import file_with
from test_evaluate import data

__all__ = ["data"]  # a fixture

BRIGHTNESS = {"neutral": 16, "happiness": 48, "fear": 208}
"""What the tiny net calls a face of this brightness."""

# The brightness of the face, its label, and the labelled box; the detector below finds 10, 10, 30, 30 and one farther.
PHOTOS = [
    ("neutral", "neutral", (10, 10, 30, 30)),
    ("happiness", "happiness", (12, 12, 30, 32)),
    ("happiness", "fear", (0, 0, 49, 49)),  # loose: a face of a sixth of its size is the one meant, not its neighbour
    ("fear", "contempt", (28, 28, 46, 46)),  # two boxes overlap it a little, the centre of none lies in it
]


def detect(image) -> Faces:
    boxes = np.array([[40, 40, 60, 60], [10, 10, 30, 30]], np.float32)
    return Faces(boxes, np.full((2, 5, 2), np.nan, np.float32), np.ones(2, np.float32))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    lines = [COLUMNS]
    for row, (shown, label, box) in enumerate(PHOTOS):
        image = np.full((64, 64, 3), 240, np.uint8)
        image[10:30, 10:30] = BRIGHTNESS[shown]
        Image.fromarray(image).save(folder / f"{row}.png")
        lines.append((f"{row}.png", label, *box))
    write_lines(folder, lines)
    return folder


def write_lines(folder: Path, lines) -> None:
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows(lines)


def test_the_face_that_overlaps_the_label_is_cut_by_every_spec(folder: Path):
    found = read_photos(folder, [CropSpec(size_px=8), CropSpec(size_px=6, margin=0.5)], detect)
    assert found.truth.tolist() == [0, 1, 6, 0]
    assert found.found.tolist() == [True, True, True, False]
    assert [crops.shape for crops in found.crops] == [(3, 8, 8, 1), (3, 6, 6, 1)]
    assert found.crops[0][:, 4, 4, 0].tolist() == [16, 48, 48]


def test_a_missed_face_costs_accuracy_recall_and_f1(folder: Path):
    photos = read_photos(folder, [CropSpec(size_px=8)], detect)
    scores = score_photos(photos, np.eye(7)[[0, 1, 1]])
    assert scores["accuracy"] == 0.5
    assert scores["per_class"]["neutral"] == {"precision": 1, "recall": 0.5, "f1": 0.666667, "support": 2}
    assert scores["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 0) / 3, abs=1e-6)
    assert scores["balanced_accuracy"] == pytest.approx((0.5 + 1 + 0) / 3, abs=1e-6)
    assert list(scores["per_class"]) == list(SEVEN)
    assert np.shape(scores["confusion"]) == (7, 8)
    assert scores["confusion"][0] == [1, 0, 0, 0, 0, 0, 0, 1]
    assert scores["called_neutral"] == 0.25


def test_no_face_found_at_all_is_a_score_of_nought(folder: Path):
    none = read_photos(folder, [CropSpec(size_px=8)], lambda image: nothing())
    block = photos_block(none, {0.0: np.empty((0, 7))}, 0.0)
    assert (block["n"], block["found"], block["accuracy"], block["macro_f1"]) == (4, 0, 0, 0)


def nothing() -> Faces:
    return Faces(np.empty((0, 4), np.float32), np.empty((0, 5, 2), np.float32), np.empty(0, np.float32))


def test_labels_that_cannot_be_meant(folder: Path):
    def found():
        return read_photos(folder, [CropSpec()], detect)

    for lines, message in [
        ([COLUMNS], "names no face"),
        ([COLUMNS[:4]], "has no column x2, y2"),
        ([COLUMNS, ("0.png", "glee", 1, 2, 3, 4)], "line 2: unknown emotion 'glee'"),
        ([COLUMNS, ("0.png", "fear", 1, 2, 3, "far")], "line 2: x1, y1, x2, y2 must be numbers"),
        ([COLUMNS, ("0.png", "fear", 1, 2, 3)], "line 2: x1, y1, x2, y2 must be numbers"),
    ]:
        write_lines(folder, lines)
        with pytest.raises(DataError, match=message):
            found()
    write_lines(folder, [COLUMNS, ("gone.png", "fear", 1, 2, 3, 4)])
    with pytest.raises(ImageError, match=r"gone\.png"):
        found()
    (folder / "labels.csv").unlink()
    with pytest.raises(DataError, match="expected a line a face"):
        found()


def test_the_command_and_the_page(tmp_path: Path, data: Path, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(scoring, "YuNet", lambda: detect)
    app = typer.Typer()
    app.command()(command(evaluate_command))
    model, out = file_with(tmp_path, "net"), tmp_path / "run"
    arguments = [str(model), "--data", str(data), "--photos", str(folder), "--prior", "0.25", "--protocol", "seven"]
    found = CliRunner().invoke(app, [*arguments, "--out", str(out)], catch_exceptions=False)
    assert found.exit_code == 0
    assert "3 of 4 faces found" in found.output
    assert "called neutral" in found.output
    block = json.loads((out / "metrics.json").read_text())["photos"]
    assert [row["prior"] for row in block["prior_sweep"]] == [0, 0.25, 0.5, 1]
    assert (block["n"], block["found"], block["accuracy"]) == (4, 3, 0.5)
    assert (out / "photos.png").is_file()
    (out / "recipe.toml").write_text('name = "run"\n')
    page = write_page(out).read_text(encoding="utf-8")
    for title in ("In short", "Uncertainty", "Prior", "Photos"):
        assert f"<h2>{title}</h2>" in page
