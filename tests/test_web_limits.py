"""The limits of ``mien web`` that no other test moves, and that the page of the docs tells all of them."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from clips import write_clip
from mien.apps.web import limits, listening, pictures, videos
from mien.apps.web import socket as web_socket
from mien.apps.web.app import create_app
from small_stream import walk
from test_web_work import PICTURE
from web_client import client, running, said, workers

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "web.md"
MIB, GIB = 2**20, 2**30

TOLD = (
    f"| a body | {limits.PICTURE_BYTES // MIB} MiB, within {limits.UPLOAD_S:.0f} s, without a pause of "
    f"{limits.UPLOAD_IDLE_S:.0f} s |",
    f"| all bodies that are held | {limits.HELD_BYTES // MIB} MiB |",
    f"| a picture | {limits.PICTURE_PIXELS // 10**6} megapixels; {limits.SMALL_FACES_PIXELS // 10**6} with ",
    f"| decoding it | {limits.DECODE_S:.0f} s and {limits.DECODE_S_PER_MIB} s a MiB of the file |",
    f"| finding and naming its faces | {limits.ANALYSE_S:.0f} s |",
    f"| both | {limits.WORK_BYTES // GIB} GiB of memory beside",
    f"| a turn of its own | comes within {limits.WAIT_S:.0f} s, with at most {limits.WAITING} who wait |",
    f"| requests of one address, this machine's apart | {limits.CLIENT_REQUESTS} under way |",
    f"| connections | {limits.CONNECTIONS}; {limits.IDLE_S} s without a request, {limits.STUCK_S:.0f} s without taking",
    f"| streams of frames | {limits.SOCKETS}; {limits.SOCKET_IDLE_S / 60:.0f} minutes without a frame |",
    f"| a frame | {limits.FRAME_BYTES // MIB} MiB, {limits.FRAME_PIXELS / 10**6:.0f} megapixels; "
    f"{limits.FRAMES_WAITING} wait |",
    f"| a request | {limits.PICTURES} pictures, each with a turn of its own; names of {limits.NAME_LENGTH} ",
    f"| a video | {limits.VIDEO_BYTES // MIB} MiB, on disk while it lasts; {limits.VIDEO_S / 60:.0f} minutes; "
    f"{limits.FILM_BYTES // GIB} GiB of memory, on Linux; {limits.VIDEOS} at once |",
)


@pytest.mark.parametrize("line", TOLD)
def test_the_page_tells_each_limit(line: str):
    assert line in PAGE.read_text(encoding="utf-8")


def test_the_server_keeps_to_the_limits():
    config = listening.server(create_app(workers())).config
    assert config.timeout_graceful_shutdown == limits.STOP_S <= 1  # beside what else there is to end in two seconds
    assert config.timeout_keep_alive == limits.IDLE_S
    assert (config.ws_max_size, config.ws_max_queue) == (limits.FRAME_BYTES, limits.FRAMES_WAITING)


def test_the_slots_are_those_of_the_limits():
    service = create_app(workers()).state.service
    assert (service.sockets.most, service.videos.most) == (limits.SOCKETS, limits.VIDEOS)


@pytest.mark.parametrize("path", ["/v1/images", "/v1/preview", "/api/image"])
def test_a_picture_has_so_many_pixels_at_most(path: str, monkeypatch: pytest.MonkeyPatch):
    one = client()
    assert one.post(path, content=PICTURE).status_code == 200
    monkeypatch.setattr(pictures, "PICTURE_PIXELS", 320 * 240 - 1)
    answer = one.post(path, content=PICTURE)
    assert (answer.status_code, answer.json()["detail"][:10]) == (422, "too large:")


def test_a_frame_has_so_many_pixels_at_most(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(web_socket, "FRAME_PIXELS", 320 * 240 - 1)
    with client().websocket_connect("ws://localhost/v1/stream") as stream:
        stream.send_bytes(bytes(8) + PICTURE)
        assert stream.receive_json()["error"].startswith("too large: the frame at 0.00 s")


def test_a_frame_has_so_many_bytes_at_most(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(listening, "FRAME_BYTES", 8 + len(PICTURE))
    app = create_app(workers())
    with running(app) as (_, port), connect(f"ws://127.0.0.1:{port}/v1/stream") as stream:
        stream.send(bytes(8) + PICTURE)
        assert '"faces"' in str(stream.recv())
        stream.send(bytes(8) + PICTURE + b" ")
        with pytest.raises(ConnectionClosedError) as closed:
            stream.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_a_head_has_so_many_bytes_at_most():
    head = b"GET /v1/model HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Long: "
    with running(create_app(workers())) as address:
        assert said(address, head + b"a" * 60_000 + b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
        assert said(address, head + b"a" * 70_000).startswith(b"HTTP/1.1 400 ")


def test_a_video_takes_so_much_memory_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_clip(tmp_path / "walk.mp4", walk(2))
    monkeypatch.setattr(videos, "FILM_BYTES", 0)
    one = TestClient(create_app(workers()), "http://localhost")
    answer = one.post("/v1/videos", content=(tmp_path / "walk.mp4").read_bytes())
    assert answer.status_code == 422
    assert "takes too much memory; make it smaller" in answer.json()["detail"]
