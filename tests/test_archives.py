"""Data sets as they are downloaded: packed."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from mien.core.errors import DataError
from mien.data import _archives as archives
from mien.data.sources import read_source
from small_data import HAPPY, faces, write_fer, write_votes

USES = ["Training", "PublicTest", "PrivateTest"]


@pytest.fixture
def fer(tmp_path: Path) -> Path:
    return write_fer(tmp_path / "plain" / "fer2013.csv", faces(3), USES)


@pytest.fixture
def votes(fer: Path) -> Path:
    return write_votes(fer.with_name("fer2013new.csv"), USES, [HAPPY] * 3, ["a.png"] * 3)


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("plain", "tmp"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    yield
    assert not list((tmp_path / "tmp").iterdir())


def as_gz(path: Path, name: str = "") -> Path:
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return packed


def as_zip(path: Path, name: str = "") -> Path:
    packed = path.with_name(f"{path.name}.zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, name or path.name)
    return packed


def as_tar_gz(path: Path, name: str = "") -> Path:
    packed = path.with_name(f"{path.name}.tar.gz")
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(path, name or f"{path.stem}/{path.name}")
    return packed


@pytest.mark.parametrize("pack", [as_gz, as_zip, as_tar_gz])
def test_the_published_tables(pack: Callable[[Path], Path], fer: Path, votes: Path):
    got = read_source([pack(fer)])
    np.testing.assert_array_equal(got.images, faces(3))
    assert got.splits.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(
        read_source([pack(fer), as_zip(votes, f"FERPlus-master/{votes.name}")]).votes, [HAPPY] * 3
    )


def test_a_folder_of_pictures(tmp_path: Path):
    packed = tmp_path / "archive.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for split, face in zip(("train", "val"), faces(2), strict=True):
            picture = io.BytesIO()
            Pillow.fromarray(face).save(picture, "PNG")
            archive.writestr(f"images/{split}/happy/1.png", picture.getvalue())
        archive.writestr("images/train/happy/2.png", b"no picture")
        archive.writestr("__MACOSX/images/train/happy/._1.png", b"a fork")
    got = read_source([packed])
    assert got.splits.tolist() == [0, 1]
    assert [drop.name for drop in got.unread] == ["train/happy/2.png"]


def test_a_fault_is_named_by_the_archive(fer: Path):
    fer.write_text("emotion,pixels,Usage\n9,0,Training\n")
    with pytest.raises(DataError, match=r"plain/fer2013.csv.tar.gz/fer2013/fer2013.csv, row 1 \(line 2\): emotion is"):
        read_source([as_tar_gz(fer)])


def test_an_archive_without_the_table(fer: Path, votes: Path):
    with pytest.raises(DataError, match=r"no fer2013new.csv in .*fer2013.csv.zip; name the file"):
        read_source([fer, as_zip(fer)])


@pytest.mark.parametrize("pack", [as_gz, as_zip, as_tar_gz])
def test_an_archive_that_is_cut_short(pack: Callable[[Path], Path], fer: Path):
    packed = pack(fer)
    packed.write_bytes(packed.read_bytes()[: packed.stat().st_size // 2])
    with pytest.raises(DataError, match=r"cannot unpack .*; download it again, or unpack it"):
        read_source([packed])


@pytest.mark.parametrize("pack", [as_gz, as_zip, as_tar_gz])
def test_an_archive_that_holds_too_much(pack: Callable[[Path], Path], fer: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archives, "MAX_BYTES", fer.stat().st_size)
    assert len(read_source([pack(fer)])) == 3
    monkeypatch.setattr(archives, "MAX_BYTES", fer.stat().st_size - 1)
    with pytest.raises(DataError, match=r"holds more than .* GB or 200,000 files; unpack it yourself"):
        read_source([pack(fer)])


def test_an_archive_of_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archives, "MAX_FILES", 2)
    packed = tmp_path / "many.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for place in range(3):
            archive.writestr(f"{place}.txt", "")
    with pytest.raises(DataError, match="or 2 files"):
        read_source([packed])


@pytest.mark.parametrize("pack", [as_zip, as_tar_gz])
@pytest.mark.parametrize("name", ["../out.csv", "a/../../out.csv", "/tmp/mien-out.csv"])
def test_a_file_outside_of_the_archive_is_not_written(pack: Callable[[Path, str], Path], name: str, fer: Path):
    packed = pack(fer, name)
    if name.startswith("/") and pack is as_tar_gz:
        with tarfile.open(packed, "w:gz") as archive:
            member = archive.gettarinfo(fer)
            member.name = name
            with fer.open("rb") as file:
                archive.addfile(member, file)
    if name.startswith("/") and pack is as_zip:
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(zipfile.ZipInfo(name), fer.read_bytes())
    with pytest.raises(DataError, match="names a file outside of itself"):
        read_source([packed])


def test_links_are_left_out(tmp_path: Path, fer: Path):
    packed = tmp_path / "links.tar"
    link = tarfile.TarInfo("link.csv")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(packed, "w") as archive:
        archive.addfile(link)
        archive.add(fer, "fer2013.csv")
    assert len(read_source([packed])) == 3
