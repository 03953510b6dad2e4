import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import docpage
import framing
import framing_page
import pasted
from mien.core.errors import DataError, UsageError
from mien.core.faces import Faces
from mien.data.split import save_split
from mien.data.synthetic import synthetic
from mien.detection import detectors
from mien.imaging.decode import read
from mien.inference.classifier import Classifier
from tiny_net import tiny_card, tiny_net


class CentreDetector:
    """Finds one face, the middle half of any picture, with its landmarks on the box's corners and centre."""

    def __init__(self, min_score: float = 0.7) -> None:
        self.min_score = min_score

    def __call__(self, image) -> Faces:
        height, width = image.shape[:2]
        x1, y1, x2, y2 = width / 4, height / 4, 3 * width / 4, 3 * height / 4
        points = [[x1, y1], [x2, y1], [width / 2, height / 2], [x1, y2], [x2, y2]]
        return Faces(np.array([[x1, y1, x2, y2]], np.float32), np.array([points], np.float32), np.ones(1, np.float32))


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(tiny_net(tiny_card(size_px=48)))
    return path


def test_landmarks_are_told_in_pixels_of_the_frame():
    # The canvas is twice the frame, so its middle half is the frame.
    points = framing.landmarks_of(np.full((48, 48), 90, np.uint8), CentreDetector())
    assert points == pytest.approx([0, 0, 48, 48, 0, 0, 48, 0, 24, 24, 0, 48, 48, 48])


def test_a_face_beside_the_frame_is_not_the_frames():
    def beside(image) -> Faces:
        return detectors.without_landmarks(np.array([[0, 0, 60, 60]], np.float32))

    assert framing.landmarks_of(np.zeros((48, 48), np.uint8), beside) is None
    with pytest.raises(UsageError, match="no face in any of 2 frames"):
        framing.framed(np.zeros((2, 48, 48), np.uint8), beside)


@pytest.mark.parametrize("background", pasted.BACKGROUNDS)
@pytest.mark.parametrize(("place", "left", "top"), [("centre", 112, 112), ("off centre", 179, 45), ("edge", 0, 112)])
def test_the_face_lies_in_its_box_untouched(background: str, place: str, left: int, top: int):
    face = np.random.default_rng(0).integers(0, 255, (48, 48), np.uint8)
    scene = pasted.Scene(None, background, place)
    picture, box = pasted.paste(face, 96, scene, np.random.default_rng(0))
    assert picture.shape == (320, 320, 3)
    assert box.tolist() == [left, top, left + 96, top + 96]
    assert (picture[top : top + 96, left : left + 96, 0] == pasted.enlarged(face, 96)).all()


def test_a_larger_picture_has_a_larger_box():
    face = np.full((48, 48), 200, np.uint8)
    picture, box = pasted.paste(face, 48, pasted.Scene(None, times=2), np.random.default_rng(0))
    assert picture.shape == (640, 640, 3)
    assert box.tolist() == [272, 272, 368, 368]
    assert (picture[280:360, 280:360] == 200).all()


def test_faces_count_as_found_where_the_box_overlaps_and_as_wrong_elsewhere(net: Path):
    images = np.full((4, 48, 48), 16 + 32 * 2, np.uint8)
    known = pasted.Known(images, np.array([2, 2, 2, 5]), np.array([2, 2, 0, 2]))
    classifier = Classifier(net, 1)
    true = pasted.walk(known, classifier, pasted.Scene(None))
    assert true["144"] == {"found": 1.0, "accuracy": 0.75, "accuracy_of_found": 0.75, "bare_of_found": 0.5}
    # The middle half of the picture is 160 px: at the centre it overlaps a face of 144 px, but not one of 36 px.
    scores = pasted.walk(known, classifier, pasted.Scene(CentreDetector()))
    assert scores["144"]["found"] == 1.0
    assert scores["36"] == {"found": 0.0, "accuracy": 0.0, "accuracy_of_found": None, "bare_of_found": None}


def test_bare_predictions_are_the_nets_on_the_faces_themselves(net: Path):
    images = np.stack([np.full((48, 48), 16 + 32 * k, np.uint8) for k in range(7)])
    assert pasted.bare_answers(images, Classifier(net, 1)).tolist() == list(range(7))


def test_the_command_writes_figures_picture_and_page(net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    data, photos, out = tmp_path / "data", tmp_path / "photos", tmp_path / "out"
    for folder in (data, photos, out):
        folder.mkdir()
    save_split(synthetic(8, 0), data / "train.npz")
    save_split(synthetic(8, 1), data / "valid.npz")
    Image.fromarray(np.full((192, 192, 3), 90, np.uint8)).save(photos / "0.png")
    with (photos / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "emotion", "x1", "y1", "x2", "y2"), ("0.png", "fear", 48, 48, 144, 144)])
    marks = ("framing-landmarks", "framing-path", "framing-why", "framing-made")
    (out / "framing.md").write_text(
        "# Prose\n" + "".join(f"<!-- {mark} -->\nold\n<!-- /{mark} -->\n" for mark in marks)
    )
    monkeypatch.setattr(framing, "default_model", lambda: net)
    monkeypatch.setattr(framing, "YuNet", CentreDetector)
    monkeypatch.setattr(framing, "load_detector", lambda name: CentreDetector())
    monkeypatch.setattr(sys, "argv", ["framing.py", str(data), str(photos), "--valid", "3", "--to", str(out)])
    framing.main()
    document = json.loads((out / "framing.json").read_text())
    assert document["frame"]["photos"]["found"] == 1
    assert document["path"]["faces"] == 3
    assert document["made_by"]["model_sha256"] == Classifier(net).sha256
    page = (out / "framing.md").read_text()
    assert page.startswith("# Prose\n")
    assert "old" not in page
    assert f"Bare crops: {100 * document['path']['bare']:.1f} % of the same 3 faces." in page
    assert read(out / "framing.png").shape[1] > 500


def test_a_cell_is_bold_within_the_target():
    sizes = {str(size): {"accuracy": 0.824, "found": 0.99} for size in pasted.SIZES_PX}
    sizes["48"]["accuracy"] = 0.825
    path = {"bare": 0.84, "scenes": {"s": sizes}}
    assert framing_page.path_table(path, ["s"]).splitlines()[-1].split(" | ")[1:4] == [
        "82.4 (-1.6); 99 %",
        "**82.5 (-1.5)**; 99 %",
        "82.4 (-1.6); 99 %",
    ]
    assert framing_page.reached(path, ["s"]) == "Within 1.5 points of that: 1 of 6 cells."


def test_the_scale_is_the_way_from_the_eyes_to_the_mouth():
    def quartiles(eyes: float, mouth: float) -> dict[str, list[float]]:
        return {name: [0, mouth if "mouth" in name else eyes, 0] for name in framing_page.NAMES}

    frame = {"fer2013": {"quartiles": quartiles(18, 38)}, "photos": {"quartiles": quartiles(18, 36)}}
    assert framing_page.scale(frame).endswith("20.0 px in FER2013, 18.0 px in our crops (0.90).")


def test_the_published_page_is_that_of_the_published_figures():
    document = json.loads((docpage.ROOT / "lab" / "framing" / "framing.json").read_text(encoding="utf-8"))
    page = (docpage.ROOT / "lab" / "framing" / "framing.md").read_text(encoding="utf-8")
    for name, part in framing_page.parts(document).items():
        assert f"<!-- {name} -->\n{part}\n<!-- /{name} -->" in page


def test_a_mark_without_its_end_is_refused(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("<!-- table -->\nold\n")
    with pytest.raises(DataError, match="do not come in pairs"):
        docpage.fill(page, {"table": "new"})
    assert page.read_text() == "<!-- table -->\nold\n"
