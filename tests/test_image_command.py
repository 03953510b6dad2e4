import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from command import Command
from mien.core.emotions import SEVEN
from mien.vision.images import read


def test_the_astronaut_is_happy(mien: Command, examples: Path, tmp_path: Path):
    outcome = mien("image", examples / "astronaut.png")
    assert outcome.code == 0
    assert "happiness" in outcome.out
    assert "wrote astronaut.mien.png" in outcome.out
    annotated = read(tmp_path / "astronaut.mien.png")
    original = read(examples / "astronaut.png")
    assert annotated.shape == original.shape
    assert (annotated != original).any()


def test_the_table_names_the_runner_up_and_the_box(mien: Command, examples: Path):
    out = mien("image", examples / "grace_hopper.jpg").out
    for heading in ("face", "box", "emotion", "probability", "runner-up"):
        assert heading in out


def test_the_document_follows_the_schema(mien: Command, examples: Path, tmp_path: Path):
    outcome = mien("image", examples / "astronaut.png", examples / "chelsea.png", "none.png", "--json")
    assert outcome.code == 1
    document = json.loads(outcome.out)
    assert document["schema"] == 1
    assert set(document["model"]) == {"name", "version", "sha256"}
    astronaut, cat = document["images"]
    assert (astronaut["width"], astronaut["height"], cat["faces"]) == (512, 512, [])
    (face,) = astronaut["faces"]
    assert tuple(face["probabilities"]) == SEVEN
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert face["emotion"] == "happiness"
    assert face["confidence"] == face["probabilities"]["happiness"]
    assert np.array(face["landmarks"]).shape == (5, 2)
    assert document["failures"] == [{"path": "none.png", "error": "no such file: none.png"}]
    assert not list(tmp_path.glob("*.mien.png"))


@pytest.mark.parametrize("picture", ["chelsea.png", "coffee.png"])
def test_no_face_is_no_error(mien: Command, examples: Path, tmp_path: Path, picture: str):
    outcome = mien("image", examples / picture)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == f"{picture}: no face found\n"
    assert not list(tmp_path.iterdir())


def test_a_missing_file_and_a_text_file_do_not_stop_the_others(mien: Command, examples: Path, tmp_path: Path):
    (tmp_path / "notes.jpg").write_text("milk, bread", encoding="utf-8")
    outcome = mien("image", "gone.jpg", "notes.jpg", examples / "astronaut.png")
    assert outcome.code == 1
    assert "no such file: gone.jpg" in outcome.err
    assert "not a picture: notes.jpg" in outcome.err
    assert "wrote astronaut.mien.png" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["image"], "Missing argument"),
        (["image", "a.png", "--colour"], "No such option"),
        (["image", "a.png", "--detector", "eyes"], "unknown detector 'eyes'; expected one of yunet, haar, none"),
        (["paint"], "No such command"),
    ],
)
def test_wrong_usage_exits_with_2(mien: Command, arguments: list[str], message: str):
    outcome = mien(*arguments)
    assert outcome.code == 2
    assert message in outcome.err


def test_a_file_that_is_no_model_is_refused(mien: Command, examples: Path, tmp_path: Path):
    (tmp_path / "model.onnx").write_bytes(b"no model")
    outcome = mien("image", examples / "astronaut.png", "--model", "model.onnx")
    assert outcome.code == 1
    assert "model.onnx" in outcome.err


def test_without_a_detector_the_whole_picture_is_the_face(mien: Command, examples: Path):
    outcome = mien("image", examples / "astronaut.png", "--detector", "none", "--json")
    (face,) = json.loads(outcome.out)["images"][0]["faces"]
    assert face["box"] == [0, 0, 512, 512]
    assert face["landmarks"] == []


@pytest.mark.skipif(hasattr(cv2, "CascadeClassifier"), reason="this OpenCV has the cascades")
def test_haar_says_where_the_cascades_are_gone(mien: Command, examples: Path):
    outcome = mien("image", examples / "astronaut.png", "--detector", "haar")
    assert outcome.code == 1
    assert "opencv-python-headless<5" in outcome.err


def test_the_version_is_told(mien: Command):
    assert mien("--version").out.startswith("mien 0.")
