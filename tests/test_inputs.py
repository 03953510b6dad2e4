import os
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.apps.cli.inputs import PICTURES, VIDEOS, Kind, gather, natural, piped
from mien.core.errors import UsageError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a folder of everything that people keep beside their pictures."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "photos/img10.jpg",
        "photos/img2.JPG",
        "photos/Img1.png",
        "photos/notes.txt",
        "photos/.hidden.jpg",
        "photos/Urlaub am Müggelsee/öl 1.webp",
        "photos/Urlaub am Müggelsee/tief/x.heic",
        "photos/cat.mien.jpg",
        "photos/.thumbnails/t.jpg",
        "notes/todo.txt",
        "photo[1].jpg",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


OWN = ["photos/Img1.png", "photos/img2.JPG", "photos/img10.jpg"]
BELOW = ["photos/Urlaub am Müggelsee/öl 1.webp", "photos/Urlaub am Müggelsee/tief/x.heic"]


def names(*arguments: str, recursive: bool = False, stdin: bytes | None = None) -> list[str]:
    found = gather(arguments, recursive, None if stdin is None else BytesIO(stdin))
    assert not found.refusals
    return [path.as_posix() for path in found.paths]


def reasons(*arguments: str, stdin: bytes | None = None) -> list[str]:
    found = gather(arguments, stdin=None if stdin is None else BytesIO(stdin))
    assert not found.paths
    return [reason for _, reason in found.refusals]


@pytest.mark.usefixtures("here")
def test_a_folder_gives_its_pictures_as_people_count():
    assert names("photos") == OWN
    assert gather(["photos"]).skipped == 3


@pytest.mark.usefixtures("here")
def test_recursive_goes_below_but_not_into_hidden_folders():
    assert names("photos", recursive=True) == OWN + BELOW
    assert gather(["photos"], recursive=True).skipped == 3


def test_links_to_folders_are_not_followed_so_a_loop_ends(here: Path):
    (here / "photos" / "again").symlink_to(here / "photos")
    (here / "photos" / "self").symlink_to("self")
    assert names("photos", recursive=True) == OWN + BELOW
    assert names("photos/again", recursive=True)[0] == "photos/again/Img1.png"


@pytest.mark.usefixtures("here")
def test_a_named_file_is_always_tried_even_if_it_is_not_there():
    tried = ["photos/notes.txt", "photos/.hidden.jpg", "gone.jpg"]
    assert names(*tried) == tried


@pytest.mark.usefixtures("here")
def test_arguments_keep_their_order_and_no_file_comes_twice():
    twice = ["photos/img10.jpg", "photo[1].jpg", "photos", "./photos//img2.JPG", "photos/../photo[1].jpg"]
    assert names(*twice) == ["photos/img10.jpg", "photo[1].jpg", *OWN[:2]]


def test_two_ways_to_a_folder_are_one_but_a_link_to_a_file_is_its_own(here: Path):
    (here / "album").symlink_to(here / "photos")
    (here / "photos" / "img3.jpg").symlink_to(here / "photos" / "img2.JPG")
    assert names("photos", "album") == [*OWN[:2], "photos/img3.jpg", OWN[2]]


@pytest.mark.usefixtures("here")
def test_patterns_that_the_shell_left_alone():
    assert names("photos/[iI]mg*") == OWN
    assert names("photos/**/*.webp", "photos/**/*.heic") == BELOW
    assert names("phot?s") == OWN, "a folder that matches gives its pictures"
    assert names("photo[1].jpg") == ["photo[1].jpg"], "a file of that name comes before the pattern"
    assert reasons("*.tif") == ["nothing matches *.tif; check the folder and the spelling"]


@pytest.mark.usefixtures("here")
def test_a_folder_without_pictures():
    assert reasons("notes") == ["no pictures in notes (1 file of other kinds, hidden, or written by mien)"]
    Path("photo[1].jpg").unlink()
    (reason,) = reasons(".")
    assert reason.startswith("no pictures in . (it has no files)")
    assert reason.endswith("; add --recursive to look into its 2 folders")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_folder_is_named(here: Path):
    (here / "photos" / "Urlaub am Müggelsee").chmod(0)
    found = gather(["photos"], recursive=True)
    (here / "photos" / "Urlaub am Müggelsee").chmod(0o755)
    assert [path.as_posix() for path in found.paths] == OWN
    assert found.refusals[0][1] == "cannot list photos/Urlaub am Müggelsee: Permission denied"


@pytest.mark.parametrize("address", ["https://example.org/a b.jpg", "HTTP://x", "ftp://x/y.png", "s3://bucket/key.jpg"])
def test_an_address_is_refused_with_advice(address: str):
    assert reasons(address) == [
        f"{address} is an address, and pictures are read from files; download it first, then name the file"
    ]


@pytest.mark.parametrize("kind", [PICTURES, VIDEOS])
@pytest.mark.parametrize("password", ["", "me:word@", "me:w@rd@"])
def test_a_camera_by_address_is_for_mien_live_and_its_password_is_not_shown(kind: Kind, password: str):
    assert gather([f"rtsp://{password}cam/1"], kind=kind).refusals == [
        (
            "rtsp://cam/1",
            f"rtsp://cam/1 is an address, and {kind.name}s are read from files; "
            "watch it with: mien live --source rtsp://cam/1",
        )
    ]


def test_a_video_in_the_web_can_be_downloaded_or_watched():
    assert gather(["http://me:word@host/a.mp4"], kind=VIDEOS).refusals == [
        (
            "http://host/a.mp4",
            "http://host/a.mp4 is an address, and videos are read from files; "
            "download it first, or watch it with: mien live --source http://host/a.mp4",
        )
    ]


def test_the_address_of_a_file_is_its_path():
    assert reasons("file:///home/me/two%20words.jpg") == [
        "file:///home/me/two%20words.jpg is an address; name the file itself: /home/me/two words.jpg"
    ]


def test_an_empty_name_is_not_the_working_directory():
    assert reasons("", " ") == ["an empty name; is a variable unset?"] * 2


@pytest.mark.usefixtures("here")
def test_names_on_standard_input():
    listing = "photos/img10.jpg\r\n\n  \nphotos\nGrüße von uns.jpg\nhttps://x/y.jpg\n".encode()
    found = gather(["first.jpg", "-", "last.jpg"], stdin=BytesIO(listing))
    wanted = ["first.jpg", "photos/img10.jpg", *OWN[:2], "Grüße von uns.jpg", "last.jpg"]
    assert [path.as_posix() for path in found.paths] == wanted
    assert [name for name, _ in found.refusals] == ["https://x/y.jpg"]
    assert names(stdin=listing.replace(b"https://x/y.jpg", b"")) == wanted[1:-1], "and without arguments"


def test_names_ended_by_nul_may_hold_anything_else():
    assert names("-", stdin=b"two\nlines.jpg\0caf\xe9.jpg\0") == ["two\nlines.jpg", os.fsdecode(b"caf\xe9.jpg")]


def test_videos_are_found_as_pictures_are(tmp_path: Path):
    for name in ("b10.MKV", "b2.mp4", "b2.mien.mp4", "cover.jpg", "in/c.avi"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = gather([str(tmp_path)], recursive=True, kind=VIDEOS)
    assert [path.name for path in found.paths] == ["b2.mp4", "b10.MKV", "c.avi"]
    assert (found.skipped, found.refusals) == (2, [])
    with pytest.raises(UsageError, match="no videos named"):
        gather([], kind=VIDEOS)


@pytest.mark.parametrize(
    "head",
    [
        b"\0\0\0 ftypisom",
        b"\x1aE\xdf\xa3\x9f",
        b"RIFF\x10\n\n\nAVI LIST",
        b"G@\0\x10\0",
        b"\0\0\0\x01g",
        b"\0\0\x01\xba",
    ],
)
def test_a_video_on_standard_input_is_no_list(head: bytes):
    stdin = BytesIO(head.ljust(100))
    found = gather(["-"], stdin=stdin, kind=VIDEOS)
    assert [reason for _, reason in found.refusals] == [
        "standard input holds a video, not names; save it and name the file"
    ]
    assert stdin.tell() < 100, "a camera's stream has no end"


def test_standard_input_that_is_no_list():
    assert reasons("-", stdin=b"\xff\xd8\xff\xe0\0\x10JFIF") == [
        "standard input holds a picture, not names; save it and name the file"
    ]
    assert reasons(stdin=b"\n") == ["standard input names no picture; expected one name a line"]


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_nothing_at_all_is_a_wrong_use(arguments: list[str]):
    with pytest.raises(UsageError, match="no pictures named; give files, folders or patterns"):
        gather(arguments)


def test_standard_input_stays_unread_where_files_are_named():
    stdin = BytesIO(b"other.jpg\n")
    assert [str(path) for path in gather(["x.jpg"], stdin=stdin).paths] == ["x.jpg"]
    assert stdin.tell() == 0


@given(st.text(), st.text(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_numbers_sort_by_value(before: str, after: str, one: int, two: int):
    # A digit before or behind would belong to the number.
    before, after = f"{before}-", f"-{after}"
    keys = [natural(f"{before}{number}{after}") for number in (one, two)]
    assert (keys[0] < keys[1]) == (one < two)


@given(st.lists(st.text(), unique=True))
def test_any_names_have_one_order(listing: list[str]):
    backwards = listing[::-1]
    assert sorted(listing, key=natural) == sorted(backwards, key=natural)


@pytest.mark.usefixtures("here")
def test_what_mien_wrote_is_left_aside_among_others(capsys: pytest.CaptureFixture[str]):
    wanted = ["photos/Img1.png", "gone.jpg"]
    own = ["photos/cat.mien.jpg", "dog.mien.png"]
    for arguments in ([*wanted, *own], ["photos/Img1.png", "photos/cat*", "gone.jpg"]):
        assert names(*arguments) == wanted
    assert names("-", stdin="\n".join([*own, *wanted]).encode()) == wanted
    assert "2 of the files skipped, as mien wrote them" in capsys.readouterr().err
    assert gather([*wanted, *own]).skipped == 2


@pytest.mark.usefixtures("here")
def test_what_mien_wrote_is_read_where_it_is_all_there_is():
    assert names("photos/cat.mien.jpg") == ["photos/cat.mien.jpg"]
    assert names("photos/*.mien.jpg") == ["photos/cat.mien.jpg"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk", "is a picture in base64, not a name"),
        ("data:image/png;base64,iVBORw0KGgo=", "is a picture in base64, not a name"),
        ("/9j/4AAQSkZJRgABAQAAAQABAAD/" + "2wBDAAMCAgMCAgMDAw/" * 9999, "is a picture in base64, not a name"),
        ("n" * 300, "is longer (300 characters) than the name of any file"),
        ("Qk/n" * 9999, "is longer (39,996 characters) than the name of any file"),
    ],
)
def test_content_in_the_place_of_a_name_is_not_repeated_whole(content: str, why: str):
    (refusal,) = gather([content]).refusals
    assert refusal[0] == f"{content[:40]}..."
    assert refusal[1] == f"{content[:40]}... {why}; write its content into a file, and name that"


def test_base64_on_standard_input_is_no_list():
    assert reasons("-", stdin=b"/9j/4AAQSkZJRgABAQAAAQABAAD/\n2wBDAAMC\n") == [
        "standard input holds a picture in base64, not names; save it and name the file"
    ]


def test_a_standard_input_that_is_closed_has_no_names(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", None)
    assert piped([]) is piped(["-"]) is None
