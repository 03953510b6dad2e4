import sys
from pathlib import Path

import numpy as np
import pytest

import choose_quality
from choose_quality import Judged
from mien.core.crop_spec import CropSpec
from mien.data.split import save_split
from mien.data.synthetic import synthetic
from mien.detection.detectors import WholeImage
from mien.imaging.crop import crop_faces
from mien.inference.analyzer import Analyzer
from mien.inference.classifier import Classifier
from tiny_net import tiny_card, tiny_net


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(tiny_net(tiny_card(size_px=48)))
    return path


def noisy(level: int, side_px: int) -> np.ndarray:
    return (level + np.random.default_rng(0).integers(-9, 10, (side_px, side_px))).astype(np.uint8)


def judged(right: list[bool], quality: list[str], sharpness: list[float]) -> Judged:
    return Judged(np.array(right), np.array(right), np.array(quality), np.array(sharpness))


def test_each_face_is_judged_as_the_picture_that_it_fills(net: Path):
    analyze = Analyzer(WholeImage(), Classifier(net, 1))
    faces = [noisy(16, 48), noisy(48, 23), np.full((48, 48), 80, np.uint8)]
    found = choose_quality.judge(faces, np.array([0, 1, 0]), analyze)
    assert found.right.tolist() == [True, True, False]
    assert found.sure.tolist() == [True] * 3
    assert found.quality.tolist() == ["good", "small", "blurred"]
    assert found.sharpness[0] > found.sharpness[2] == 0.25


def test_the_crop_is_the_picture_whatever_the_margin():
    face = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)
    spec = CropSpec(channels=3, margin=0.8)
    found = choose_quality.framed(spec)(face)
    assert found.boxes.tolist() == [[-6, -6, 54, 54]]
    np.testing.assert_array_equal(crop_faces(face, found, spec)[0], face)


def test_batches_leave_no_face_out(net: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(choose_quality, "BATCH", 2)
    analyze = Analyzer(WholeImage(), Classifier(net, 1))
    found = choose_quality.judge([noisy(16 + 32 * k, 48) for k in range(5)], np.arange(5), analyze)
    assert found.right.all()
    assert len(found.right) == len(found.quality) == len(found.sharpness) == 5


def test_faces_are_blurred_shrunk_and_made_noisy():
    face = noisy(100, 48)
    assert choose_quality.blur(face, 2).std() < face.std() / 2
    assert choose_quality.shrink(face, 12).shape == (12, 12)
    plain = np.full((48, 48), 100, np.uint8)
    assert choose_quality.noise(plain, 10).std() == pytest.approx(10, rel=0.1)
    np.testing.assert_array_equal(choose_quality.noise(face, 10), choose_quality.noise(face, 10))


def test_what_is_done_to_faces_is_that_of_its_name():
    kinds = choose_quality.kinds()
    assert kinds["frame of 8 px"](noisy(100, 48)).shape == (8, 8)
    assert kinds["frame of 36 px"](noisy(100, 48)).shape == (36, 36)
    assert kinds["blur 3 px"](noisy(100, 48)).std() < kinds["blur 0.5 px"](noisy(100, 48)).std()


def test_accuracy_and_flags_are_told_apart():
    kinds = {"as it is": judged([True, False, True, True], ["good", "small", "blurred", "good"], [0.3, 0.3, 0.2, 0.4])}
    assert choose_quality.accuracy_table(kinds).splitlines()[-1].split()[3:] == [
        "75.0%",
        "0.300",
        "25.0%",
        "25.0%",
        "50.0%",
        "100.0%",
        "100.0%",
        "100.0%",
    ]


def test_limits_divide_all_blurred_faces_by_their_sharpness():
    kinds = {
        "as it is": judged([True, True], ["good"] * 2, [0.3, 0.3]),
        "blur 1 px": judged([True, False], ["good"] * 2, [0.265, 0.25]),
        "frame of 24 px": judged([False, False], ["good"] * 2, [0.2, 0.2]),
    }
    lines = choose_quality.limits_table(kinds).splitlines()
    assert "4 crops" in lines[0]
    assert lines[2].split() == ["0.258", "0.0%", "100.0%", "0.0%", "50.0%"]
    assert lines[-1].split() == ["0.270", "50.0%", "100.0%", "0.0%", "100.0%"]


def test_the_command_writes_its_tables(net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    save_split(synthetic(14, 0), tmp_path / "valid.npz")
    monkeypatch.setattr(choose_quality, "default_model", lambda: net)
    out = tmp_path / "quality.txt"
    monkeypatch.setattr(sys, "argv", ["choose_quality.py", str(tmp_path), "--faces", "3", "--out", str(out)])
    choose_quality.main()
    lines = out.read_text().splitlines()
    assert lines[0] == "$ python lab/scripts/choose_quality.py DATA --faces 3"
    assert lines[1].endswith(f"sha256 {Classifier(net).sha256}")
    assert lines[2].startswith("3 PublicTest faces")
    assert any(line.startswith("frame of 20 px") and "100.0%" in line for line in lines)
