"""Videos that are sent to ``mien web``."""

import json
import socket
from pathlib import Path

import pytest

from clips import write_clip
from mien.apps.web import videos
from mien.apps.web.app import create_app
from small_stream import walk
from web_client import client, running, until, workers


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("clip") / "walk.mp4"
    write_clip(path, walk(4))
    return path.read_bytes()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_video_is_answered_by_a_line_a_frame(clip: bytes, folder: Path):
    answer = client().post("/v1/videos", params={"name": "walk.mp4", "fps": 12.5}, content=clip)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/jsonl"
    *frames, end = map(json.loads, answer.text.splitlines())
    assert [(one["path"], one["frame"], len(one["faces"])) for one in frames] == [
        ("walk.mp4", 0, 2),
        ("walk.mp4", 1, 2),
    ]
    assert (end["path"], end["damaged"], end["notes"]) == ("walk.mp4", 0, [])
    assert list(folder.iterdir()) == []


def test_what_is_no_video_is_a_problem(folder: Path):
    answer = client().post("/v1/videos", params={"name": "a.txt"}, content=b"no video at all")
    assert answer.status_code == 422
    assert "a.txt" in answer.json()["detail"]
    assert str(folder) not in answer.json()["detail"]
    nameless = client().post("/v1/videos", content=b"no video at all").json()["detail"]
    assert nameless.startswith("not a video: the posted file (expected mp4")
    wrong = client().post("/v1/videos", params={"fps": 0, "detect_every": "x"})
    assert (wrong.status_code, wrong.json()["detail"]) == (
        400, "detect_every: expected a whole number; got 'x'; fps: expected 0.001 or more; got '0'",
    )  # fmt: skip


def test_a_picture_in_place_of_a_video_is_sent_elsewhere(examples: Path):
    picture = (examples / "chelsea.png").read_bytes()
    answer = client().post("/v1/videos", params={"name": "a.png"}, content=picture)
    assert answer.json()["detail"] == "not a video: a.png is a picture; send it to /v1/images"


def test_a_video_that_takes_too_long_says_so(clip: bytes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(videos, "VIDEO_S", 0.01)
    answer = client().post("/v1/videos", content=clip)
    assert (answer.status_code, answer.json()["detail"][:37]) == (422, "the video takes longer than 0 s; send")


def test_videos_are_counted_and_bounded(clip: bytes, monkeypatch: pytest.MonkeyPatch):
    one = client()
    one.app.state.service.videos.most = 0  # type: ignore[attr-defined]
    assert one.post("/v1/videos", content=clip).status_code == 503
    monkeypatch.setattr(videos, "VIDEO_BYTES", 2**20)
    assert client().post("/v1/videos", content=bytes(2**20 + 1)).status_code == 413


def test_when_a_caller_leaves_its_video_is_ended(examples: Path, folder: Path):
    app = create_app(workers())
    film = (examples / "heads.mp4").read_bytes()
    head = f"POST /v1/videos HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(film)}\r\n\r\n"
    with running(app) as address:
        with socket.create_connection(address) as connection:
            connection.sendall(head.encode() + film)
            until(lambda: app.state.service.videos.taken == 1)
        until(lambda: app.state.service.videos.taken == 0)
    assert list(folder.iterdir()) == []
