import csv
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import choose_detector
import standins
from mien.core.errors import DataError
from mien.core.faces import Faces
from mien.data.split import save_split
from mien.data.synthetic import synthetic
from mien.detection.detectors import without_landmarks

PHOTO = np.full((300, 400, 3), 100, np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.fromarray(np.full((96, 96, 3), 250, np.uint8)).save(tmp_path / "0.png")
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "emotion", "x1", "y1", "x2", "y2"), ("0.png", "fear", 24, 24, 72, 72)])
    return tmp_path


def found(*boxes: tuple[float, ...], score: float = 1.0) -> Faces:
    faces = without_landmarks(np.array(boxes, np.float32).reshape(-1, 4))
    return Faces(faces.boxes, faces.landmarks, np.full(len(boxes), score, np.float32))


class FindsNothing:
    def __init__(self, min_score: float = 0.7) -> None:
        self.once = self

    def __call__(self, image: np.ndarray) -> Faces:
        return found()


def test_a_group_has_a_face_in_each_box_and_nowhere_else(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(standins, "aged", lambda image, random: image)
    monkeypatch.setattr(standins, "TEXTURES", (lambda random: PHOTO[:, :, 0],))
    one = standins.group(standins.read_faces(folder), [PHOTO], np.random.default_rng(3))
    assert 1 <= len(one.boxes) <= 8
    bright = one.image[:, :, 0] > 200
    for x1, y1, x2, y2 in one.boxes.round().astype(int):
        assert 12 <= x2 - x1 <= 49
        assert bright[y1 + 2 : y2 - 2, x1 + 2 : x2 - 2].all()
        reach = (x2 - x1) // 2 + 1
        bright[y1 - min(y1, reach) : y2 + reach, x1 - min(x1, reach) : x2 + reach] = False
    assert not bright.any()


def test_pictures_are_the_same_for_the_same_seed_and_scenes_have_no_face(folder: Path):
    first, second = (standins.scene([PHOTO], np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)
    assert first.boxes.shape == (0, 4)
    assert 360 <= first.image.shape[1] < 1000


def test_a_photo_without_its_faces_is_blurred_where_they_were(folder: Path):
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    Image.fromarray(noise).save(folder / "0.png")
    hidden = standins.faceless(standins.read_faces(folder)[0], lambda image: found((80, 80, 120, 120)))
    changed = (hidden != noise).any(axis=2)
    assert changed[20:76, 20:76].mean() > 0.95
    assert changed[80:, 80:].mean() > 0.95
    assert not changed[:15].any()
    assert not changed[:60, 80:].any()


@pytest.mark.parametrize("texture", standins.TEXTURES)
def test_a_texture_is_a_grey_picture_with_something_in_it(texture):
    picture = texture(np.random.default_rng(0))
    assert (picture.shape, picture.dtype) == (standins.TEXTURE_PX, np.uint8)
    assert picture.std() > 15


def test_an_aged_picture_is_grey():
    aged = standins.aged(np.full((40, 50, 3), (200, 30, 30), np.uint8), np.random.default_rng(0))
    assert aged.shape == (40, 50, 3)
    assert (aged == aged[:, :, :1]).all()


def test_a_folder_without_faces_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match=r"no labels\.csv"):
        standins.read_faces(tmp_path)
    (tmp_path / "labels.csv").write_text("file,emotion,x1,y1,x2,y2\n")
    with pytest.raises(DataError, match="names no face"):
        standins.read_faces(tmp_path)


def test_what_is_found_is_counted_by_size_and_mistakes_apart():
    truth = np.array([[100, 100, 114, 114], [200, 100, 240, 140], [300, 100, 340, 140]], np.float32)
    group, scene = standins.Standin(PHOTO, truth), standins.Standin(PHOTO, truth[:0])
    # The first lies in a box, the second too high to count but on the pasted patch, the third where nothing is.
    detected = found((100, 100, 114, 114), (200, 85, 240, 105), (10, 10, 40, 40))
    row = choose_detector.search("m", "0", lambda image: detected, [group], [scene])
    assert row.recall == pytest.approx(1 / 3)
    np.testing.assert_equal(row.by_size, (1.0, np.nan, np.nan, 0.0))
    assert (row.false_faces, row.mistaken_scenes) == (1.0, 1.0)
    nothing = choose_detector.search("m", "0", lambda image: found(), [group], [scene])
    assert (nothing.recall, nothing.false_faces, nothing.mistaken_scenes) == (0, 0, 0)


def test_a_threshold_drops_what_scores_less():
    detect = choose_detector.at_least(lambda image: found((0, 0, 9, 9), score=0.5), 0.6)
    assert len(detect(PHOTO)) == 0
    assert len(choose_detector.at_least(lambda image: found((0, 0, 9, 9), score=0.7), 0.6)(PHOTO)) == 1


def test_equal_pictures_are_searched_once():
    seen: list[np.ndarray] = []
    detect = choose_detector.remembered(lambda image: seen.append(image) or found())
    for image in (PHOTO, PHOTO.copy(), PHOTO + 1, PHOTO[:, :300].reshape(400, 225, 3)):
        detect(image)
    assert len(seen) == 3


class SeesSome:
    """Finds a face in pictures of some widths."""

    def __init__(self, min_score: float) -> None:
        self.min_score = min_score

    def once(self, image: np.ndarray) -> Faces:
        return found((0, 0, 9, 9)) if image.shape[1] in (50, 224) else found()


def test_another_search_counts_with_those_before_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(choose_detector, "YuNet", SeesSome)
    monkeypatch.setattr(choose_detector, "LOOKS_PX", (128, 224))
    monkeypatch.setattr(choose_detector, "RETRY_SIZES_PX", (128,))
    pictures = [np.zeros((side, side, 3), np.uint8) for side in (50, 60, 70, 80)]
    shares = choose_detector.looks(pictures, lambda image: found((0, 0, 9, 9)) if len(image) < 80 else found())
    assert shares == [0.25, 0.25, 1.0, 0.25, 0.75]


def test_the_command_writes_its_tables(folder: Path, monkeypatch: pytest.MonkeyPatch):
    save_split(synthetic(2, 0), folder / "valid.npz")
    out = folder / "detector.txt"
    monkeypatch.setattr(choose_detector, "CROPS_PX", (48,))
    monkeypatch.setattr(choose_detector, "SMALL_PX", (36,))
    monkeypatch.setattr(choose_detector, "YuNet", FindsNothing)
    monkeypatch.setattr(choose_detector, "THRESHOLDS", (0.7,))
    arguments = [str(folder), str(folder), "--groups", "1", "--scenes", "1", "--crops", "2", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["choose_detector.py", *arguments])
    choose_detector.main()
    lines = out.read_text().splitlines()
    assert lines[0] == "$ python lab/scripts/choose_detector.py FOLDER DATA --groups 1 --scenes 1 --crops 2"
    assert lines[1].startswith("commit ")
    assert [line.split()[:2] for line in lines[4:7]] == [["plain", "0.7"], ["tiles", "0.7"], ["tiles", "0.7,"]]
    assert lines[4].split()[2] == "0.0%"
    assert lines[-4].startswith("face of 48 px ")
    assert lines[-3].startswith("36 px in 320 px ")
    assert lines[-2].startswith("scene ")
    assert lines[-1].startswith("photo, faces hidden ")
