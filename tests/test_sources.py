import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import features

from mien.core.crop_spec import CROP_MARGIN
from mien.core.errors import DataError, UsageError
from mien.core.faces import Faces
from mien.data.faces import CUT_ALREADY, MORE_FACES, NO_FACE, one_face
from mien.data.fer2013 import NO_USAGE, parse_block, parse_row, read_fer2013
from mien.data.folders import DRAWN, MOVED, NO_PICTURE, draw_splits
from mien.data.samples import Drop
from mien.data.sources import read_source
from small_data import HAPPY, faces, text, write_fer, write_votes

USES = ["Training", "PublicTest", "Training", "PrivateTest"]
NAMES = ["fer0000000.png", "", "fer0000003.png", "fer0000003.png"]
VOTES = [HAPPY, (0,) * 9 + (10,), (5, 0, 0, 0, 0, 0, 0, 5, 0, 0), (1,) * 10]
EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    fer = write_fer(tmp_path / "fer2013.csv", faces(4), USES, [0, 1, 6, 3])
    return fer, write_votes(tmp_path / "fer2013new.csv", USES, VOTES, NAMES)


class TestFER2013:
    def test_rows_pair_up_by_place_not_by_name(self, pair: tuple[Path, Path]):
        got = read_source(pair)
        np.testing.assert_array_equal(got.images, faces(4))
        np.testing.assert_array_equal(got.votes, VOTES)
        assert got.emotions.tolist() == [4, 5, 0, 1]  # anger, disgust, neutral, happiness
        assert got.splits.tolist() == [0, 1, 0, 2]
        assert got.rows.tolist() == [0, 1, 2, 3]
        assert got.nameless.tolist() == [False, True, False, False]

    def test_a_folder_with_both_files(self, pair: tuple[Path, Path]):
        np.testing.assert_array_equal(read_source([pair[0].parent]).votes, VOTES)

    def test_without_votes_the_original_label_has_them_all(self, pair: tuple[Path, Path]):
        got = read_source(pair[:1])
        assert got.votes.argmax(axis=1).tolist() == got.emotions.tolist()
        assert got.votes.sum(axis=1).tolist() == [10] * 4

    def test_the_order_of_columns_windows_lines_quotes_a_byte_order_mark_and_blank_lines_do_not_matter(
        self, tmp_path: Path, pair: tuple[Path, Path]
    ):
        lines = ["\ufeffUsage, pixels ,extra,emotion", ""]
        lines += [f'"{use}","{text(face)}",x,3' for use, face in zip(USES, faces(4), strict=True)]
        odd = tmp_path / "odd.csv"
        odd.write_bytes("\r\n".join(lines).encode())
        np.testing.assert_array_equal(read_fer2013(odd, pair[1]).images, faces(4))

    def test_the_icml_variant(self, tmp_path: Path):
        lines = ["emotion, Usage, pixels", *(f"3,{use}, {text(face)} " for use, face in zip(USES, faces(4)))]  # noqa: B905
        (tmp_path / "icml_face_data.csv").write_text("\n".join(lines))
        np.testing.assert_array_equal(read_source([tmp_path]).images, faces(4))

    def test_more_rows_than_a_block(self, tmp_path: Path):
        images = faces(300)
        got = read_fer2013(write_fer(tmp_path / "many.csv", images, ["Training"] * 300))
        np.testing.assert_array_equal(got.images, images)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda s: s[: s.rindex(" ")], "too few pixels: 2303, expected 2304"),
            (lambda s: s + " 7", "too many pixels: 2305, expected 2304"),
            (lambda s: "256" + s[s.index(" ") :], "pixel 1 is 256, over 255"),
            (lambda s: "9" * 30 + s[s.index(" ") :], "over 255"),
            (lambda s: "-1" + s[s.index(" ") :], "pixel 1 is '-1', not a number"),
            (lambda s: "1.5" + s[s.index(" ") :], "pixel 1 is '1.5', not a number"),
            (lambda s: "²" + s[s.index(" ") :], "pixel 1 is '²', not a number"),
            (lambda s: "", "too few pixels: 0"),
        ],
    )
    def test_a_wrong_face_is_named_by_file_and_row(self, tmp_path: Path, change, message: str):
        rows = [text(face) for face in faces(3)]
        rows[1] = change(rows[1])
        path = tmp_path / "fer2013.csv"
        path.write_text("\n".join(["emotion,pixels,Usage", *(f"3,{row},Training" for row in rows)]), "utf-8")
        with pytest.raises(DataError, match=message) as caught:
            read_fer2013(path)
        assert str(caught.value).startswith(f"{path}, row 2 (line 3): ")

    def test_one_row_short_and_the_next_long_is_no_match(self, tmp_path: Path):
        a, b = (text(face) for face in faces(2))
        path = tmp_path / "fer2013.csv"
        path.write_text(f"emotion,pixels,Usage\n3,{a.rsplit(' ', 1)[0]},Training\n3,{b} 1,Training\n")
        with pytest.raises(DataError, match=r"row 1 \(line 2\): too few pixels: 2303"):
            read_fer2013(path)

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("7,0,Training", r"row 1 \(line 2\): emotion is '7', expected a code from 0 to 6"),
            ("happy,0,Training", "emotion is 'happy'"),
            ("3,0,Trainning", r"row 1 \(line 2\): Usage is 'Trainning', expected one of Training, PublicTest, Priv"),
            ("3,0", r"row 1 \(line 2\): 2 cells where the first line has 3"),
            ('3,"' + "0 " * 100_000, r"row 1 \(line 2\): not readable as CSV"),
        ],
    )
    def test_a_wrong_line(self, tmp_path: Path, line: str, message: str):
        path = tmp_path / "fer2013.csv"
        path.write_text(f"emotion,pixels,Usage\n{line}\n")
        with pytest.raises(DataError, match=message):
            read_fer2013(path)

    def test_a_missing_column(self, tmp_path: Path):
        path = tmp_path / "fer2013.csv"
        path.write_text("pixels,Usage\n0,Training\n")
        with pytest.raises(
            DataError, match="no column 'emotion' in the first line; expected emotion, pixels, Usage; got"
        ):
            read_fer2013(path)

    def test_a_picture_is_no_table_and_is_not_shown(self, tmp_path: Path):
        path = tmp_path / "photo.jpg"
        Pillow.fromarray(faces(1)[0]).save(path)
        with pytest.raises(DataError, match=r"photo.jpg is no CSV file: got unknown data, expected text in UTF-8$"):
            read_source([path])

    def test_what_is_called_an_archive_and_is_none(self, tmp_path: Path):
        (tmp_path / "bad.zip").write_bytes(b"PK\0\0 broken")
        with pytest.raises(
            DataError, match=r"bad.zip is no archive that can be read: got .*, expected ZIP, tar or gzip; "
        ):
            read_source([tmp_path / "bad.zip"])

    def test_nothing_unprintable_is_shown(self, tmp_path: Path):
        path = tmp_path / "fer2013.csv"
        path.write_text("emotion,\x9b31mred\n")
        with pytest.raises(DataError, match="got emotion, \N{REPLACEMENT CHARACTER}31mred"):
            read_source([path])

    @pytest.mark.parametrize("content", ["", "emotion,pixels,Usage\n"])
    def test_an_empty_file(self, tmp_path: Path, content: str):
        path = tmp_path / "fer2013.csv"
        path.write_text(content)
        with pytest.raises(DataError, match=r"no column 'emotion'|no rows below the first line"):
            read_fer2013(path)

    @EXAMPLES
    @given(junk=st.binary(max_size=300))
    def test_junk_is_a_data_error(self, tmp_path: Path, junk: bytes):
        path = tmp_path / "junk.csv"
        for head in (b"", b"emotion,pixels,Usage\n"):
            path.write_bytes(head + junk)
            with pytest.raises(DataError, match=r"junk\.csv"):
                read_fer2013(path)


class TestCompetition:
    """Kaggle's ``train.csv``: the Training rows, without the column Usage."""

    @pytest.fixture
    def train(self, tmp_path: Path) -> Path:
        path = tmp_path / "train.csv"
        rows = [f"{place % 2 + 3},{text(face)}" for place, face in enumerate(faces(40))]
        path.write_text("\n".join(["emotion,pixels", *rows]))
        return path

    def test_is_drawn_by_lot(self, train: Path):
        for paths in ([train], [train.parent]):
            got = read_source(paths)
            np.testing.assert_array_equal(got.images, faces(40))
            assert np.bincount(got.splits).tolist() == [32, 4, 4]
            assert np.bincount(got.emotions[got.splits == 2], minlength=4).tolist() == [0, 2, 0, 2]
            assert got.notes == ((NO_USAGE, 40),)

    def test_has_nothing_to_pair_with_votes(self, train: Path, pair: tuple[Path, Path]):
        with pytest.raises(DataError, match=r"train.csv has no column 'Usage', by which .* take fer2013.csv or icml"):
            read_source([train, pair[1]])

    def test_labels_of_that_name_beside_class_folders_are_not_faces(self, tmp_path: Path):
        (tmp_path / "train.csv").write_text("file,label\na.png,happy\n")
        for split in ("train", "val"):
            save(tmp_path / split / "happy" / "a.png", faces(1)[0])
        assert len(read_source([tmp_path])) == 2


class TestVotes:
    def test_files_of_unequal_length(self, tmp_path: Path, pair: tuple[Path, Path]):
        for n in (3, 5):
            uses = [*USES, "Training"][:n]
            votes = write_votes(tmp_path / "v.csv", uses, [HAPPY] * n, ["a"] * n)
            with pytest.raises(DataError, match=rf"v.csv has {n} rows and .*fer2013.csv has 4"):
                read_fer2013(pair[0], votes)

    def test_files_in_a_different_order(self, tmp_path: Path, pair: tuple[Path, Path]):
        votes = write_votes(tmp_path / "v.csv", USES[::-1], VOTES, NAMES)
        with pytest.raises(
            DataError, match=r"v.csv, row 1 \(line 2\): Usage is PrivateTest but not in the same row of"
        ):
            read_fer2013(pair[0], votes)

    @pytest.mark.parametrize("cell", ["x", "-1", "1.0", "", "100", "²"])
    def test_votes_that_are_no_numbers(self, pair: tuple[Path, Path], cell: str):
        lines = pair[1].read_text().splitlines()
        lines[2] = f"PublicTest,,0,0,{cell},0,0,0,0,0,0,0"
        pair[1].write_text("\n".join(lines), "utf-8")
        with pytest.raises(DataError, match=r"row 2 \(line 3\): the votes for surprise are '.*', expected a number"):
            read_fer2013(*pair)

    def test_the_wrong_file_second(self, pair: tuple[Path, Path]):
        with pytest.raises(DataError, match="no column 'Image name'"):
            read_fer2013(pair[0], pair[0])

    @EXAMPLES
    @given(junk=st.binary(max_size=300))
    def test_junk_is_a_data_error(self, pair: tuple[Path, Path], junk: bytes):
        head = b"" if junk[:1] < b"\x80" else pair[1].read_bytes()[:200].split(b"\n")[0] + b"\n"
        path = pair[1].with_name("junk.csv")
        path.write_bytes(head + junk)
        with pytest.raises(DataError, match=r"junk\.csv"):
            read_fer2013(pair[0], path)


class TestPixels:
    @EXAMPLES
    @given(st.lists(st.text("0123456789  \n,x", max_size=12), max_size=4), st.integers(0, 3))
    def test_a_block_is_its_rows_or_none(self, junk: list[str], good: int):
        rows = [*junk, *(text(face) for face in faces(good))]
        one_by_one = [parse_row(row) for row in rows]
        together = parse_block(rows)
        if any(isinstance(image, str) for image in one_by_one):
            assert together is None
        else:
            np.testing.assert_array_equal(together, np.array(one_by_one).reshape(-1, 48, 48))

    def test_odd_spacing_and_leading_zeros_are_read_all_the_same(self, tmp_path: Path):
        face = faces(1)[0]
        odd = "  ".join(f"{value:05d}" for value in face.ravel().tolist())
        path = tmp_path / "odd.csv"
        path.write_text(f"emotion,pixels,Usage\n0,{odd},Training\n")
        np.testing.assert_array_equal(read_fer2013(path).images[0], face)


class TestFERPlus:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        for row, (name, face) in enumerate(zip(("FER2013Train", "FER2013Valid"), faces(2), strict=True)):
            folder = tmp_path / name
            folder.mkdir()
            Pillow.fromarray(face).save(folder / f"fer000000{row}.png")
            cast = ",".join(map(str, VOTES[row]))
            (folder / "label.csv").write_text(f'fer000000{row}.png,"(0, 0, 48, 48)",{cast}\n')
        return tmp_path

    def test_the_pixels_stay_as_they_are(self, root: Path):
        got = read_source([root])
        np.testing.assert_array_equal(got.images, faces(2))
        np.testing.assert_array_equal(got.votes, VOTES[:2])
        assert (got.splits.tolist(), got.emotions.tolist(), got.rows.tolist()) == ([0, 1], [-1, -1], [0, 1])

    def test_a_missing_picture_is_a_drop(self, root: Path):
        (root / "FER2013Train" / "fer0000000.png").unlink()
        got = read_source([root])
        assert got.unread == (Drop("train", "FER2013Train/fer0000000.png", "unreadable picture"),)
        assert got.rows.tolist() == [1]

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ('a.png,"(0, 0, 48, 48)",1', "line 2: 3 cells; expected name, box, neutral"),
            ("a.png,here,0,0,0,0,0,0,0,0,0,0", "line 2: the box is 'here', expected"),
            ('a.png,"(0,0,9,9)",0,0,0,x,0,0,0,0,0,0', "line 2: the votes for sadness are 'x'"),
        ],
    )
    def test_a_wrong_line(self, root: Path, line: str, message: str):
        labels = root / "FER2013Train" / "label.csv"
        labels.write_text(labels.read_text() + line)
        with pytest.raises(DataError, match=message):
            read_source([root])

    def test_no_votes(self, root: Path):
        (root / "FER2013Valid" / "label.csv").unlink()
        with pytest.raises(DataError, match=r"no label.csv in .*FER2013Valid"):
            read_source([root])


def save(path: Path, face: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(face).save(path)


class TestClassFolders:
    def test_names_are_matched_leniently(self, tmp_path: Path):
        names = ["Happy", "anger", "3_sad", "surprised", "FEARFUL", "disgusted", "neutral", "contempt"]
        for name, face in zip(names, faces(8), strict=True):
            save(tmp_path / name / "a.png", face)
        got = read_source([tmp_path])
        assert sorted(got.votes.argmax(axis=1).tolist()) == list(range(8))
        assert sorted(got.emotions.tolist()) == [-1, 0, 1, 2, 3, 4, 5, 6]
        assert (got.votes.max(axis=1) == 10).all()

    def test_splits_above_the_classes(self, tmp_path: Path):
        for name, face in zip(("Training", "val", "test"), faces(3), strict=True):
            save(tmp_path / name / "happy" / "a.png", face)
        got = read_source([tmp_path])
        assert got.splits.tolist() == [0, 2, 1]
        np.testing.assert_array_equal(got.images, faces(3)[[0, 2, 1]])
        assert got.notes == ()

    def test_valid_comes_out_of_train_where_no_folder_gives_it(self, tmp_path: Path):
        for place, face in enumerate(faces(22)):
            save(tmp_path / ("train" if place < 20 else "test") / "happy" / f"{place:02}.png", face)
        got = read_source([tmp_path])
        assert np.bincount(got.splits).tolist() == [18, 2, 2]
        assert got.notes == ((MOVED, 2),)

    def test_broken_and_other_files_stop_nothing(self, tmp_path: Path):
        for place, face in enumerate(faces(3)):
            save(tmp_path / "sad" / f"{place}.png", face)
        (tmp_path / "sad" / "1.png").write_bytes(b"no picture")
        (tmp_path / "sad" / "notes.txt").write_text("hm")
        (tmp_path / "__MACOSX").mkdir()
        got = read_source([tmp_path])
        assert [(drop.name, drop.why) for drop in got.unread] == [("sad/1.png", "unreadable picture")]
        assert got.rows.tolist() == [0, 2]
        assert dict(got.notes) == {NO_PICTURE: 1, DRAWN: 2}

    def test_a_class_that_nobody_knows(self, tmp_path: Path):
        save(tmp_path / "hapiness" / "a.png", faces(1)[0])
        with pytest.raises(DataError, match=r"unknown class folder .*hapiness; did you mean 'happiness'"):
            read_source([tmp_path])

    @pytest.mark.parametrize("name", ["Angst", "mad", "unhappy"])
    def test_another_word_is_not_taken_for_a_slip(self, tmp_path: Path, name: str):
        save(tmp_path / name / "a.png", faces(1)[0])
        with pytest.raises(DataError, match=rf"unknown class folder .*{name}; expected one of neutral, happiness"):
            read_source([tmp_path])

    def test_folders_around_the_data(self, tmp_path: Path):
        for place, split in enumerate(("train", "validation")):
            save(tmp_path / "archive" / "images" / split / "happy" / "a.jfif", faces(2)[place])
        (tmp_path / "archive" / "README.txt").write_text("hm")
        (tmp_path / "__MACOSX").mkdir()
        assert read_source([tmp_path]).splits.tolist() == [0, 1]

    def test_one_class_or_one_split_is_no_folder_around_the_data(self, tmp_path: Path):
        save(tmp_path / "one class" / "happy" / "sad" / "a.png", faces(1)[0])
        save(tmp_path / "one split" / "train" / "happy" / "a.png", faces(1)[0])
        assert read_source([tmp_path / "one class"]).votes.argmax(axis=1).tolist() == [1]
        assert read_source([tmp_path / "one split"]).splits.tolist() == [0]

    @pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
    def test_pictures_of_every_name(self, tmp_path: Path):
        for suffix in (".jfif", ".avif", ".JPE", ".apng"):
            save(tmp_path / "happy" / f"a{suffix}", faces(1)[0])
        assert len(read_source([tmp_path])) == 4

    def test_no_picture_at_all(self, tmp_path: Path):
        (tmp_path / "happy").mkdir()
        with pytest.raises(DataError, match="no readable picture in"):
            read_source([tmp_path])

    def test_a_detector_picks_the_largest_face_or_none(self, tmp_path: Path):
        wide = np.zeros((100, 200), np.uint8)
        wide[26:74, 126:174] = faces(1)[0]
        save(tmp_path / "sad" / "1.png", wide)
        save(tmp_path / "sad" / "2.png", wide + 1)
        save(tmp_path / "sad" / "3.png", faces(1)[0])

        def detector(image: np.ndarray) -> Faces:
            half = 24 / CROP_MARGIN  # what is cut at this box is the face
            found = one_face((150 - half, 50 - half, 150 + half, 50 + half))
            if image[0, 0, 0]:
                return found.take(np.array([], int))
            small = np.array([[0, 0, 20, 20]], np.float32)
            return Faces(np.r_[small, found.boxes], found.landmarks.repeat(2, axis=0), np.ones(2, np.float32))

        got = read_source([tmp_path], detector)
        np.testing.assert_allclose(got.images[0], faces(1)[0], atol=1)
        assert dict(got.notes) == {NO_FACE: 1, MORE_FACES: 1, CUT_ALREADY: 1, DRAWN: 3}

    def test_the_draw_is_stratified_seeded_and_keeps_duplicates_together(self):
        classes = np.repeat([0, 1, 2], [200, 50, 10])
        keys = np.arange(260)
        keys[:100] = np.arange(50).repeat(2)
        shares = {"test": 0.1, "valid": 0.1}
        got = draw_splits(classes, keys, shares, seed=0)
        np.testing.assert_array_equal(got, draw_splits(classes, keys, shares, seed=0))
        assert (got != draw_splits(classes, keys, shares, seed=1)).any()
        np.testing.assert_array_equal(got[:100:2], got[1:100:2])
        for label, n in ((1, 50), (2, 10)):
            assert np.bincount(got[classes == label]).tolist() == [n * 8 // 10, n // 10, n // 10]


class TestDispatch:
    def test_paths_that_are_no_source(self, tmp_path: Path, pair: tuple[Path, Path]):
        with pytest.raises(UsageError, match=r"no data named; expected fer2013\.csv"):
            read_source([])

    def test_a_pipe(self, tmp_path: Path):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(DataError, match="pipe is not a regular file; name the file itself"):
            read_source([tmp_path / "pipe"])

    def test_a_path_that_is_not_there(self, tmp_path: Path):
        with pytest.raises(DataError, match=r"no such file or folder: .*gone.csv"):
            read_source([tmp_path / "gone.csv"])


@pytest.mark.skipif("MIEN_FER2013" not in os.environ, reason="MIEN_FER2013 names no folder with the published files")
def test_the_published_files():
    began_s = time.perf_counter()
    got = read_source([Path(os.environ["MIEN_FER2013"])])
    assert time.perf_counter() - began_s < 20
    assert np.bincount(got.splits).tolist()[:2] == [28709, 3589]
