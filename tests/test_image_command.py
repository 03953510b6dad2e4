import csv
import json
import shutil
from dataclasses import replace
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from command import Command
from mien.core.emotions import EIGHT, SEVEN
from mien.core.model_card import PRIOR_STEPS
from mien.imaging.decode import read, write
from mien.inference.pipeline import pipeline
from tiny_net import tiny_card, tiny_net


def test_the_astronaut_is_happy(mien: Command, examples: Path, tmp_path: Path):
    outcome = mien("image", examples / "astronaut.png")
    assert outcome.code == 0
    assert outcome.out.startswith(f"{examples / 'astronaut.png'}\t1\thappiness\t1.0")
    annotated = read(tmp_path / "astronaut.mien.png")
    original = read(examples / "astronaut.png")
    assert annotated.shape == original.shape
    assert (annotated != original).any()


def test_the_document_follows_the_schema(mien: Command, examples: Path, tmp_path: Path):
    outcome = mien("image", examples / "astronaut.png", examples / "chelsea.png", "none.png", "--json")
    assert outcome.code == 1
    document = json.loads(outcome.out)
    assert document["schema"] == 2
    assert set(document["model"]) == {"name", "version", "sha256", "prior"}
    astronaut, cat = document["images"]
    assert (astronaut["width"], astronaut["height"], cat["faces"]) == (512, 512, [])
    (face,) = astronaut["faces"]
    assert tuple(face["probabilities"]) == SEVEN
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert face["emotion"] == "happiness"
    assert face["confidence"] == face["probabilities"]["happiness"]
    assert face["uncertain"] is False
    assert np.array(face["landmarks"]).shape == (5, 2)
    assert document["failures"] == [{"path": "none.png", "error": "no such file: none.png"}]
    assert not list(tmp_path.glob("*.mien.png"))


def test_the_prior_raises_the_rare_and_marks_the_uncertain(mien: Command, examples: Path, tmp_path: Path):
    def neutral(*options: str) -> float:
        document = json.loads(mien("image", examples / "grace_hopper.jpg", "--json", *options).out)
        assert document["model"]["prior"] == {"ferplus": 0, "0.5": 0.5, "balanced": 1}[options[1]]
        return document["images"][0]["faces"][0]["probabilities"]["neutral"]

    assert neutral("--prior", "ferplus") > neutral("--prior", "0.5") > neutral("--prior", "balanced")
    doubtful = replace(tiny_card(), uncertain_below=(1.001,) * len(PRIOR_STEPS))
    (tmp_path / "doubtful.onnx").write_bytes(tiny_net(doubtful))
    outcome = mien("image", examples / "grace_hopper.jpg", "--model", "doubtful.onnx", "--prior", "0.5")
    assert "uncertain" in outcome.out


@pytest.mark.parametrize("picture", ["chelsea.png", "coffee.png"])
def test_no_face_is_no_error(mien: Command, examples: Path, tmp_path: Path, picture: str):
    outcome = mien("image", examples / picture)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == f"{examples / picture}\tno face found\n"
    assert not list(tmp_path.iterdir())


def test_a_missing_file_and_a_text_file_do_not_stop_the_others(mien: Command, examples: Path, tmp_path: Path):
    (tmp_path / "notes.jpg").write_text("milk, bread", encoding="utf-8")
    outcome = mien("image", "gone.jpg", "notes.jpg", examples / "astronaut.png")
    assert outcome.code == 1
    assert "no such file: gone.jpg" in outcome.err
    assert "not a picture: notes.jpg" in outcome.err
    assert "astronaut.png\t1\thappiness" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["image", "a.png", "--resume"], "name it with --out FILE"),
        (["image", "a.png", "--blur", "--crops", "faces"], "leave one out"),
        (
            ["image", "a.png", "--out", "faces.xls"],
            "--out takes a name that ends in .jsonl, .csv, .parquet; got faces.xls",
        ),
        (["image", "a.png", "--colour"], "No such option"),
        (["image", "a.png", "--detector", "eyes"], "Invalid value for '--detector': 'eyes' is not one of"),
        (["image", "a.png", "--prior", "even"], "unknown prior 'even'; expected ferplus, balanced or a number"),
        (
            ["image", "a.png", "--prior", "2"],
            "unknown prior '2'; expected ferplus, balanced or a number from 0 to 1",
        ),
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


@pytest.fixture
def folder(examples: Path, tmp_path: Path) -> Path:
    """A folder of a happy face, a stern one, none, a broken picture, and a second file of a stem in a folder below."""
    folder = tmp_path / "my photos"
    (folder / "below").mkdir(parents=True)
    for name in ("astronaut.png", "grace_hopper.jpg", "coffee.png"):
        shutil.copy(examples / name, folder / name)
    shutil.copy(examples / "astronaut.png", folder / "below" / "Grace_Hopper.png")
    (folder / "torn.jpg").write_bytes((examples / "grace_hopper.jpg").read_bytes()[:5000])
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_folder_becomes_a_table_and_the_broken_picture_is_told(mien: Command, folder: Path):
    outcome = mien("image", folder, "--recursive", "--out", "faces.csv")
    assert (outcome.code, outcome.out) == (1, "")
    assert "torn.jpg" in outcome.err
    rows = rows_of(folder.parent / "faces.csv")
    assert [Path(row["path"]).name for row in rows] == ["astronaut.png", "grace_hopper.jpg", "Grace_Hopper.png"]
    assert [row["emotion"] for row in rows] == ["happiness", "neutral", "happiness"]
    assert not list(folder.parent.glob("*.mien.*"))


def test_resume_does_only_what_is_left(mien: Command, folder: Path, examples: Path):
    assert mien("image", folder, "--out", "faces.jsonl").code == 1
    assert mien("image", folder, "--out", "faces.jsonl").code == 2
    shutil.copy(examples / "grace_hopper.jpg", folder / "torn.jpg")
    assert mien("image", folder, "--out", "faces.jsonl", "--resume").code == 0
    lines = [json.loads(line) for line in (folder.parent / "faces.jsonl").read_text(encoding="utf-8").splitlines()]
    done = [Path(line["path"]).name for line in lines if "faces" in line]
    assert sorted(done) == ["astronaut.png", "coffee.png", "grace_hopper.jpg", "torn.jpg"]


def test_annotated_pictures_and_crops_of_one_stem_have_names_of_their_own(mien: Command, folder: Path):
    assert mien("image", folder, "-r", "--annotate", "marked", "--crops", "cut").code == 1
    marked, cut = folder.parent / "marked", folder.parent / "cut"
    assert sorted(path.name for path in marked.iterdir()) == [
        "Grace_Hopper-2.mien.png",
        "astronaut.mien.png",
        "grace_hopper.mien.jpg",
    ]
    assert sorted(path.name for path in cut.iterdir()) == [
        "Grace_Hopper-2.0.png",
        "astronaut.0.png",
        "grace_hopper.0.png",
    ]
    assert read(cut / "astronaut.0.png").shape == (48, 48, 3)


def test_blurred_faces_are_no_longer_found(mien: Command, examples: Path, tmp_path: Path):
    assert mien("image", examples / "astronaut.png", "--annotate", "hidden", "--blur").code == 0
    assert json.loads(mien("image", tmp_path / "hidden", "--json").out)["images"] == []
    written = mien("image", tmp_path / "hidden" / "astronaut.mien.png", "--json", "--min-score", "0.9")
    assert json.loads(written.out)["images"][0]["faces"] == []


def test_names_come_from_a_pipe(mien: Command, examples: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        "sys.stdin", TextIOWrapper(BytesIO(f"{examples / 'astronaut.png'}\nhttps://a.b/c.jpg\n".encode()))
    )
    outcome = mien("image", "-")
    assert outcome.code == 1
    assert "\thappiness\t" in outcome.out
    assert "download it first" in outcome.err


@pytest.mark.parametrize("option", ["--view", "--labels"])  # the second is its earlier name
def test_contempt_is_shown_apart_on_demand(mien: Command, examples: Path, option: str):
    (face,) = json.loads(mien("image", examples / "astronaut.png", "--json", option, "eight").out)["images"][0]["faces"]
    assert tuple(face["probabilities"]) == EIGHT


def test_pictures_beyond_the_limit_are_refused(mien: Command, examples: Path):
    outcome = mien("image", examples / "astronaut.png", "--max-megapixels", "0.1")
    assert outcome.code == 1
    assert "too large" in outcome.err
    assert "--max-megapixels" in outcome.err


def test_a_large_picture_is_marked_in_its_full_size(mien: Command, tmp_path: Path):
    canvas = np.full((2600, 5200, 3), 180, np.uint8)
    canvas[1000:1512, 2000:2512] = read(Path(__file__).parents[1] / "examples" / "astronaut.png")
    write(canvas, tmp_path / "large.jpg")
    assert mien("image", "large.jpg").code == 0
    assert read(tmp_path / "large.mien.jpg").shape == canvas.shape
    (face,) = json.loads(mien("image", "large.jpg", "--json").out)["images"][0]["faces"]
    assert 2100 < face["box"][0] < face["box"][2] < 2350


NOWHERE = Path("/proc")
"""A folder into which nobody can write, not even root."""


@pytest.mark.parametrize("option", ["--annotate", "--crops"])
def test_a_folder_that_vanishes_ends_the_run(
    mien: Command, examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
):
    def vanishing(*args: Any) -> Any:
        for outcome in pipeline(*args):
            (tmp_path / "made").rmdir()
            yield outcome

    monkeypatch.setattr("mien.inference.pipeline.pipeline", vanishing)
    outcome = mien("image", examples / "astronaut.png", option, tmp_path / "made")
    assert outcome.code == 1
    assert outcome.err.startswith(f"mien: {tmp_path / 'made'} was deleted or replaced while pictures went into it; see")


@pytest.mark.skipif(not NOWHERE.is_dir(), reason="no such folder here")
def test_a_folder_that_takes_no_copy_gets_the_answer_out(
    mien: Command, examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(NOWHERE)
    outcome = mien("image", examples / "astronaut.png", examples / "grace_hopper.jpg")
    assert (outcome.code, outcome.out.count("\n")) == (0, 2)
    assert outcome.err.startswith("mien: no marked copies: cannot write astronaut.mien.png as PNG")
    assert outcome.err.count("\n") == 1
    outcome = mien("image", examples / "astronaut.png", "--annotate", ".")
    assert (outcome.code, outcome.out.count("\n")) == (1, 1)
    assert outcome.err.startswith("mien: cannot write astronaut.mien.png as PNG")
    outcome = mien("image", examples / "astronaut.png", "--annotate", "marked")
    assert (outcome.code, outcome.out) == (2, "")
    assert "cannot make the folder marked" in outcome.err


def test_copies_of_a_few_pictures_are_written_unasked_and_of_no_more(mien: Command, examples: Path, tmp_path: Path):
    for number in range(6):
        shutil.copy(examples / "coffee.png", tmp_path / f"{number}.png")
    shutil.copy(examples / "astronaut.png", tmp_path / "face.png")
    few, many = ["face.png", "1.png", "2.png", "3.png", "4.png"], ["face.png", *(f"{n}.png" for n in range(6))]
    outcome = mien("image", *many)
    assert (outcome.code, outcome.out.count("\n")) == (0, 7)
    assert outcome.err == "mien: no marked copies of more than 5 pictures; add --annotate DIR to write them\n"
    assert not list(tmp_path.glob("*.mien.png"))
    assert mien("image", *few).err == ""
    assert [path.name for path in tmp_path.glob("*.mien.png")] == ["face.mien.png"]


def test_a_second_time_the_copies_of_the_first_are_left_aside(mien: Command, examples: Path, tmp_path: Path):
    shutil.copy(examples / "astronaut.png", tmp_path / "p.png")
    for _ in range(2):
        pictures = sorted(path.name for path in tmp_path.glob("*.png"))
        assert mien("image", *pictures).out.splitlines() == ["p.png\t1\thappiness\t1.000"]
    assert pictures == ["p.mien.png", "p.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == pictures
