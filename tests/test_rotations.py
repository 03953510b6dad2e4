"""Photos that lie on their side or hang upside down."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import mien
from mien.core.crop_spec import CropSpec
from mien.core.faces import Faces
from mien.core.frame import Frame
from mien.detection.detectors import load_detector
from mien.detection.rotations import search_turned, turn
from mien.detection.sliced import SlicedDetector
from mien.detection.yunet import YuNet
from mien.imaging.crop import crop_faces
from mien.imaging.decode import read
from mien.results.rows import columns
from mien.tracking.stream import Stream

DEGREES = (90, 180, 270)
BOX = (30, 20, 50, 60)
"""Of a bright rectangle in an upright picture, whose landmarks are at its upper left corner."""


def lying(upright: np.ndarray, degrees: int) -> np.ndarray:
    """The picture as it is given, which a turn by so many degrees puts upright."""
    return turn(upright, 360 - degrees)


def marked() -> np.ndarray:
    image = np.zeros((80, 120, 3), np.uint8)
    image[BOX[1] : BOX[3], BOX[0] : BOX[2]] = 200
    image[BOX[1] : BOX[1] + 4, BOX[0] : BOX[0] + 4] = 255
    return image


def bright(image: np.ndarray) -> Faces:
    """Find the rectangle and its brightest corner."""
    rows, columns_ = np.nonzero(image[:, :, 0])
    box = np.array([[columns_.min(), rows.min(), columns_.max() + 1, rows.max() + 1]], np.float32)
    rows, columns_ = np.nonzero(image[:, :, 0] == 255)
    centre = np.array([columns_.mean() + 0.5, rows.mean() + 0.5], np.float32)
    return Faces(box, np.tile(centre, (1, 5, 1)).astype(np.float32), np.ones(1, np.float32))


@pytest.mark.parametrize("degrees", DEGREES)
def test_what_is_found_in_the_turned_picture_is_told_in_the_picture_as_it_is(degrees: int):
    seen: list[np.ndarray] = []

    def find(image: np.ndarray) -> Faces:
        seen.append(image)
        return bright(image)

    given = lying(marked(), degrees)
    found = search_turned(find, given, degrees)
    np.testing.assert_array_equal(seen[0], marked())
    np.testing.assert_array_equal(found.boxes, bright(given).boxes)
    np.testing.assert_array_equal(found.landmarks, bright(given).landmarks)
    assert (found.turn, found.take(np.array([0])).turn) == (degrees, degrees)


@pytest.mark.parametrize("degrees", DEGREES)
@pytest.mark.parametrize("align", [False, True])
def test_a_turned_face_is_cut_as_it_stands(examples: Path, degrees: int, align: bool):
    upright, spec = read(examples / "astronaut.png"), CropSpec(48, 3, 1.2, align)
    face = YuNet()(upright)
    given = lying(upright, degrees)
    there = search_turned(lambda _: face, given, degrees)
    difference = crop_faces(given, there, spec).astype(int) - crop_faces(upright, face, spec)
    assert np.abs(difference).max() <= 2


@pytest.fixture(scope="module")
def analyzer() -> mien.Analyzer:
    return mien.load()


@pytest.mark.parametrize("degrees", DEGREES)
def test_a_photo_that_lies_is_read_as_if_it_stood(analyzer: mien.Analyzer, examples: Path, degrees: int):
    upright = read(examples / "astronaut.png")
    standing, result = analyzer(upright), analyzer(Frame(lying(upright, degrees), path="a.png"))
    assert (standing[0].turn, result[0].turn, result.faces.turn) == (0, degrees, degrees)
    assert result[0].emotion == "happiness"
    np.testing.assert_allclose(result.probs, standing.probs, atol=0.01)
    expected = search_turned(lambda _: standing.faces, result.frame.image, degrees)
    np.testing.assert_allclose(result.faces.boxes, expected.boxes, atol=0.01)
    np.testing.assert_allclose(result.faces.landmarks, expected.landmarks, atol=0.01)
    assert json.loads(json.dumps(result.to_dict()))["turned"] == degrees
    assert "turned" not in standing.to_dict()


def test_the_table_says_how_a_picture_was_turned(analyzer: mien.Analyzer, examples: Path):
    pytest.importorskip("pandas")
    upright = read(examples / "astronaut.png")
    tables = [result.to_dataframe() for result in analyzer([upright, lying(upright, 180)])]
    assert [table["turned"].tolist() for table in tables] == [[0], [180]]
    assert "turned" not in columns(analyzer.labels, timed=True)


def test_frames_of_videos_are_not_turned(analyzer: mien.Analyzer, examples: Path):
    hanging = Frame(lying(read(examples / "grace_hopper.jpg"), 180))
    assert Stream(analyzer)(hanging).faces.turn == 0
    assert analyzer(hanging).faces.turn == 180


def test_a_picture_with_an_upright_face_stays_as_it_is(examples: Path):
    face = read(examples / "astronaut.png")[:256, 96:352]
    both = np.hstack([face, lying(face, 180)])
    found = YuNet().turned(both)
    assert found.turn == 0
    np.testing.assert_array_equal(found.boxes, YuNet()(both).boxes)


@pytest.mark.parametrize("name", ["chelsea.png", "coffee.png"])
@pytest.mark.parametrize("degrees", [0, 90])
def test_without_a_face_nothing_is_turned(examples: Path, name: str, degrees: int):
    given = lying(read(examples / name), degrees)
    found = YuNet().turned(given)
    assert (len(found), found.turn) == (len(YuNet()(given)), 0)


def test_a_choice_of_faces_and_a_search_in_tiles_turn_as_well(examples: Path):
    face = read(examples / "astronaut.png")[:256, 96:352]
    hanging = lying(np.hstack([face, np.full_like(face, 90), cv2.resize(face, (256, 256))]), 180)
    result = mien.load(largest=True)(hanging)
    assert (len(result), result.faces.turn) == (1, 180)
    small = load_detector("yunet", small_faces=True)
    assert isinstance(small, SlicedDetector)
    found = small.turned(hanging)
    assert (len(found), found.turn) == (2, 180)
    assert mien.load(detector=bright, largest=True)(marked()).faces.turn == 0
