"""Photos with a table of votes beside them, alone and beside FER2013."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mien.core.crop_spec import CROP_MARGIN
from mien.core.errors import DataError
from mien.core.faces import Faces
from mien.core.protocols import PROTOCOLS, UNCOUNTED
from mien.data.faces import MORE_FACES
from mien.data.folders import DRAWN
from mien.data.near_duplicates import find_duplicates
from mien.data.prepare import NEAR_LEAK, kept_splits, prepare, reasons
from mien.data.samples import UNREADABLE, join_samples
from mien.data.sources import read_source
from mien.data.split import load_split
from mien.data.votes_table import read_votes_table
from small_data import faces, samples, write_fer, write_votes

SIDE = 100
BOX = tuple(round(SIDE / 2 + side * 24 / CROP_MARGIN, 4) for side in (-1, -1, 1, 1))
"""Where a face of 48 px in the middle of a photo is boxed, so that what is cut is the face."""


def photo(path: Path, face: np.ndarray) -> None:
    picture = np.full((SIDE, SIDE), 90, np.uint8)
    picture[26:74, 26:74] = face
    Image.fromarray(picture).save(path)


def photos(folder: Path, lines: list[str], header: str = "file,happiness,fear,x1,y1,x2,y2", seed: int = 1) -> Path:
    folder.mkdir(exist_ok=True)
    for face, line in zip(faces(len(lines), seed), lines, strict=True):
        photo(folder / line.split(",")[0], face)
    (folder / "votes.csv").write_text("\n".join([header, *lines]) + "\n")
    return folder


def corners() -> str:
    return ",".join(map(str, BOX))


def same(cut: np.ndarray, face: np.ndarray) -> None:
    """Compare all but the edge, which a corner that is rounded may blend with what lies beside."""
    np.testing.assert_allclose(cut[1:-1, 1:-1].astype(int), face[1:-1, 1:-1].astype(int), atol=4)


class TestTable:
    def test_a_face_is_cut_at_its_box_as_prediction_cuts_it(self, tmp_path: Path):
        got = read_votes_table(photos(tmp_path / "web", [f"7.png,8,2,{corners()}"]))
        same(got.images[0], faces(1, 1)[0])
        assert got.votes[0].tolist() == [0, 8, 0, 0, 0, 0, 2, 0, 0, 0]
        assert (got.rows.tolist(), got.sources.tolist(), got.emotions.tolist()) == ([7], ["web"], [-1])

    def test_without_a_box_the_detector_finds_the_largest_face(self, tmp_path: Path):
        folder = photos(tmp_path / "web", ["a.png,1,0"], "file,happiness,fear")

        def detector(image: np.ndarray) -> Faces:
            boxes = np.array([[0, 0, 9, 9], BOX], np.float32)
            return Faces(boxes, np.full((2, 5, 2), np.nan, np.float32), np.ones(2, np.float32))

        got = read_votes_table(folder, detector)
        same(got.images[0], faces(1, 1)[0])
        assert dict(got.notes) == {MORE_FACES: 1, DRAWN: 1}

    def test_fractions_keep_their_shares(self, tmp_path: Path):
        lines = ["1.png,0.5,9.5", "2.png,3.3,6.7"]
        got = read_votes_table(photos(tmp_path / "web", lines, "file,happiness,contempt"))
        assert got.votes[:, [1, 7]].tolist() == [[10, 190], [66, 134]]
        assert PROTOCOLS["majority"](got.votes, got.emotions).tolist() == [7, 7]

    def test_a_tenth_of_a_large_panel_is_an_outlier_as_one_of_ten_is(self):
        small = np.array([[5, 4, 1, 0, 0, 0, 0, 0, 0, 0]], np.uint8)
        none = np.full(1, -1, np.int8)
        assert PROTOCOLS["majority"](small, none) == PROTOCOLS["majority"](20 * small, none) == 0
        assert PROTOCOLS["majority"](np.array([[100, 79, 21, *[0] * 7]], np.uint8), none) == UNCOUNTED

    def test_split_and_source_may_be_named(self, tmp_path: Path):
        lines = ["3.png,1,0,dev,flickr", "4.png,1,0,Training,web", "5.png,0,1,,web"]
        got = read_votes_table(photos(tmp_path / "x", lines, "file,happiness,fear,split,source"))
        assert got.splits[:2].tolist() == [1, 0]
        assert got.sources.tolist() == ["flickr", "web", "web"]
        assert dict(got.notes)[DRAWN] == 1

    def test_files_without_numbers_count_by_place(self, tmp_path: Path):
        got = read_votes_table(photos(tmp_path / "x", ["b.png,1,0", "a.png,1,0"], "file,happiness,fear"))
        assert got.rows.tolist() == [0, 1]

    def test_a_picture_that_cannot_be_read_is_dropped_by_name(self, tmp_path: Path):
        folder = photos(tmp_path / "x", ["1.png,1,0,train", "2.png,1,0,dev"], "file,happiness,fear,split")
        (folder / "2.png").write_bytes(b"no picture")
        got = read_votes_table(folder)
        assert len(got) == 1
        assert [(drop.split, drop.name, drop.why) for drop in got.unread] == [("valid", "2.png", UNREADABLE)]

    @pytest.mark.parametrize(
        ("header", "line", "match"),
        [
            ("file,joy", "1.png,1", "no column of votes in the first line; expected one or more of neutral, happiness"),
            ("name,happiness", "1.png,1", "no column 'file' in the first line"),
            ("file,happiness", "1.png,many", r"row 1 \(line 2\): got 'many'; expected numbers for happiness"),
            ("file,happiness", "1.png,-1", r"the votes are -1; expected numbers of 0 or more, not all 0"),
            ("file,happiness", "1.png,nan", r"the votes are nan; expected numbers of 0 or more"),
            ("file,happiness,split", "1.png,1,later", "the split is 'later'; expected train, valid, test, or nothing"),
            ("file,happiness,x1,y1,x2,y2", "1.png,1,5,5,5,9", "the box is 5, 5, 5, 9; expected x1 < x2 and y1 < y2"),
        ],
    )
    def test_a_line_that_cannot_be_used(self, tmp_path: Path, header: str, line: str, match: str):
        folder = photos(tmp_path / "x", [line], header)
        with pytest.raises(DataError, match=match):
            read_votes_table(folder)

    def test_no_picture_at_all(self, tmp_path: Path):
        folder = photos(tmp_path / "x", ["1.png,1"], "file,happiness")
        (folder / "1.png").unlink()
        with pytest.raises(DataError, match=r"no readable picture of 1 that .*votes\.csv names"):
            read_votes_table(folder)


class TestBesideFer2013:
    def test_sources_keep_their_names_from_files_to_splits(self, tmp_path: Path):
        usages = ["Training", "Training", "PublicTest"]
        fer = write_fer(tmp_path / "fer2013.csv", faces(3), usages)
        votes = write_votes(tmp_path / "fer2013new.csv", usages, [(0, 10, *[0] * 8)] * 3, ["a", "b", "c"])
        lines = ["2.png,1,0,train", "3.png,0,1,dev", "4.png,0,1,dev"]
        web = photos(tmp_path / "web", lines, "file,happiness,fear,split", seed=5)
        found = prepare(read_source([fer, votes, web]), tmp_path / "out")
        train, valid = (load_split(tmp_path / "out", name) for name in ("train", "valid"))
        assert train.sources.tolist() == ["ferplus", "ferplus", "web"]
        assert valid.sources.tolist() == ["ferplus", "web", "web"]
        assert {name: len(part) for name, part in valid.by_source().items()} == {"ferplus": 1, "web": 2}
        assert valid.choosing.tolist() == [True, False, True]
        assert [*train.names, *valid.names] == ["0", "1", "2.png", "2", "3.png", "4.png"]
        assert found.balance["seven"]["valid, web"]["fear"] == 2
        assert set(found.agreement) <= {"train, ferplus", "valid, ferplus"}

    def test_a_photo_like_one_that_is_scored_is_not_learnt(self):
        images = np.concatenate([faces(2), faces(2)])
        images[2:] = images[2:] // 2 + 60  # another light, not another face
        here = samples(images, ["valid", "valid", "train", "train"])
        here.sources[3] = "web"
        assert reasons(here, find_duplicates(here)).tolist() == ["", "", "", NEAR_LEAK]

    def test_duplicates_choose_together(self):
        images = faces(4)
        images[3] = images[0] // 2 + 60
        here = samples(images, ["valid"] * 4)
        duplicates = find_duplicates(here)
        valid = kept_splits(here, duplicates, reasons(here, duplicates))["valid"]
        assert valid.choosing.tolist() == [True, False, True, True]

    def test_joined_notes_add_up(self, tmp_path: Path):
        one = read_votes_table(photos(tmp_path / "a", ["1.png,1"], "file,happiness"))
        both = join_samples([one, one])
        assert len(both) == 2
        assert dict(both.notes) == {DRAWN: 2}


@pytest.mark.parametrize("header", ["file,happiness", None])
def test_what_names_no_split_may_go_to_one(tmp_path: Path, header: str | None):
    folder = tmp_path / "happy"
    photos(folder, [f"{number}.png,1" for number in range(9)], "file,happiness")
    if header is None:
        (folder / "votes.csv").unlink()
    got = read_source([folder if header else tmp_path], split="test")
    assert got.splits.tolist() == [2] * 9
    assert DRAWN not in dict(got.notes)
