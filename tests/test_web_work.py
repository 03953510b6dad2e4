"""What the work of ``mien web`` may cost, and that the others go on."""

import asyncio
import json
import logging
import signal
import socket
import threading
from collections.abc import Callable
from functools import cache, partial
from io import BytesIO

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect
from websockets.sync.client import connect

from mien.apps.web import _reading, bodies, connections, middleware, shares
from mien.apps.web import socket as web_socket
from mien.apps.web import workers as limited
from mien.apps.web.analyzers import Analyzers, Wanted
from mien.apps.web.app import create_app
from mien.detection.detectors import FaceFilter
from mien.inference.analyzer import Analyzer
from serving import served
from small_stream import Squares, analyzer, scene
from web_client import client, running, said, until, workers


def written(image: Image.Image, form: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


@cache
def many_scans(count: int = 300) -> bytes:
    """A progressive JPEG of 4 megapixels, whose last scan is repeated."""
    data = written(Image.new("RGB", (2000, 2000)), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * (count - data.count(b"\xff\xda")) + data[-2:]


def hollow_webp() -> bytes:
    """A WebP of 28 bytes that declares 179 megapixels, all of one colour."""
    side = 13377 - 1
    bits = 0x2F | side << 8 | side << 22
    for number in range(5):  # of the five codes, each with one symbol
        bits |= 1 << (43 + 4 * number)
    body = bits.to_bytes(8, "little")
    chunk = b"VP8L" + len(body).to_bytes(4, "little") + body
    return b"RIFF" + (len(chunk) + 4).to_bytes(4, "little") + b"WEBP" + chunk


def small_blocks() -> bytes:
    """A JPEG 2000 in blocks of 4 x 4, of which a megapixel takes 0.13 s and a KB."""
    return written(Image.new("RGB", (400, 400)), "JPEG2000", codeblock_size=(4, 4), quality_layers=[1])


PICTURE = written(Image.fromarray(scene([(10, 10, "happiness")])), "PNG")


@pytest.fixture
def app() -> FastAPI:
    return create_app(workers())


@pytest.mark.parametrize("make", [many_scans, hollow_webp, small_blocks])
def test_files_that_are_made_to_cost_are_refused_in_their_time(
    make: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(_reading, "DECODE_S", 0.01)
    answer = client().post("/v1/images", content=make())
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(
        ("too costly: the picture takes longer than it may", "no photo", "too large", "damaged")
    )
    monkeypatch.undo()
    assert client().post("/v1/images", content=PICTURE).status_code == 200


def test_a_larger_file_may_take_longer(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(_reading, "DECODE_S_PER_MIB", 20.0)
    assert _reading.bounded("x", bytes(2**19), 1).decode_s == 12.0


def test_an_analysis_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch):
    before = workers().ended
    crowd = scene([(x, y, "fear") for x in range(0, 320, 4) for y in range(0, 240, 4)], 2)
    full = written(Image.fromarray(crowd), "PNG")
    monkeypatch.setattr(_reading, "ANALYSE_S", 0.001)
    answer = client().post("/v1/images", content=full)
    assert (answer.status_code, answer.json()["detail"][:44]) == (422, "too costly: the picture takes longer than it")
    assert workers().ended == before + 1
    monkeypatch.undo()
    assert len(client().post("/v1/images", content=full).json()["images"][0]["faces"]) == 80 * 60


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch):
    huge = written(Image.new("RGB", (4000, 4000)), "PNG", compress_level=1)
    monkeypatch.setattr(limited, "WORK_BYTES", 40 * 2**20)
    with TestClient(create_app(limited.Workers(Analyzers(analyzer()), count=1)), "http://localhost") as one:
        answer = one.post("/v1/images", content=huge)
        assert (answer.status_code, answer.json()["detail"][:37]) == (422, "too large: decoding the posted file t")
        assert one.post("/v1/images", content=PICTURE).status_code == 200
        assert "mien_ended_workers 0.0" in one.get("/metrics").text


def test_a_process_that_dies_is_started_again():
    before = workers().ended
    client().post("/v1/images", content=PICTURE)
    workers()._idle[-1].end()
    answer = client().post("/v1/images", content=PICTURE)
    assert (answer.status_code, answer.json()["detail"][:40]) == (422, "too costly: the picture ends the process")
    assert client().post("/v1/images", content=PICTURE).status_code == 200
    assert workers().ended == before + 1


def test_a_process_that_does_not_start_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limited, "PROGRAM", "mien.none")
    with TestClient(create_app(limited.Workers(Analyzers(analyzer()), count=1)), "http://localhost") as one:
        answer = one.post("/v1/images", content=PICTURE)
    assert (answer.status_code, answer.json()["detail"][:48]) == (
        500,
        "the process that reads pictures does not start; ",
    )


def test_several_pictures_at_once_are_read_with_what_they_share(monkeypatch: pytest.MonkeyPatch):
    kinds: list[bool] = []
    together = threading.Barrier(2)

    class Recorder:
        def __init__(self, *analyzers: Analyzers) -> None:
            pass

        def do(self, work: Callable[..., object], is_shared: bool) -> None:
            kinds.append(is_shared)
            if len(kinds) > 1:
                together.wait(30)

    monkeypatch.setattr(limited, "Worker", Recorder)
    some = limited.Workers(Analyzers(analyzer()), count=2)

    async def ask() -> None:
        await some.run(lambda analyzers: None)
        await asyncio.gather(*(some.run(lambda analyzers: None) for _ in range(2)))

    asyncio.run(ask())
    assert kinds == [False, True, True]


def test_a_process_has_analyzers_of_two_kinds():
    two = written(Image.fromarray(scene([(10, 10, "fear"), (110, 70, "anger")])), "PNG")
    largest = Analyzer(Squares(), analyzer().classifier, keep=FaceFilter(0, largest=True))
    one = limited.Worker(Analyzers(analyzer()), Analyzers(largest))
    work = partial(_reading.entry, _reading.bounded("x", two, 10**6), "x", Wanted())
    assert [len(one.do(work, kind)["faces"]) for kind in (False, True)] == [2, 1]
    one.kill()


def test_there_are_as_many_processes_as_are_asked_for():
    some = limited.Workers(Analyzers(analyzer()), count=3)
    some.start()
    some.close()
    assert len(some._all) == 3


@pytest.mark.parametrize("limit", ["WAITING", "WAIT_S"])
def test_who_cannot_wait_is_sent_away_for_a_moment(limit: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limited, limit, 0)
    answer = client().post("/api/image", content=PICTURE)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "too much to do" in answer.json()["detail"]
    with client().websocket_connect("ws://localhost/api/stream") as stream:
        stream.send_bytes(bytes(8) + PICTURE)
        assert "too much to do" in stream.receive_json()["error"]


def test_a_process_that_cannot_be_made_takes_no_turn_with_it(monkeypatch: pytest.MonkeyPatch):
    def refused(*analyzers: Analyzers) -> limited.Worker:
        raise OSError("no memory")

    one = create_app(limited.Workers(Analyzers(analyzer()), count=1))
    monkeypatch.setattr(limited, "Worker", refused)
    monkeypatch.setattr(limited, "WAIT_S", 0.05)
    caller = TestClient(one, "http://localhost", raise_server_exceptions=False)
    assert [caller.post("/v1/images", content=PICTURE).status_code for _ in range(2)] == [500, 500]


@pytest.mark.parametrize(("left_s", "ended"), [(0.05, 1), (60.0, 0)])
def test_when_a_caller_leaves_its_work_is_ended_after_a_moment(
    app: FastAPI, left_s: float, ended: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(_reading, "DECODE_S", 600.0)
    monkeypatch.setattr(limited, "LEFT_S", left_s)
    before = workers().ended
    with running(app) as address:
        said(address, request(PICTURE))  # the process runs
        with socket.create_connection(address) as connection:
            connection.sendall(request(many_scans(300 if ended else 12)))
            until(lambda: workers()._turns.borrowed_tokens == 1)
        answer = said(address, request(PICTURE))
    assert b'"emotion":"happiness"' in answer
    assert workers().ended == before + ended


def request(body: bytes, length: int | None = None) -> bytes:
    head = f"POST /api/image HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length or len(body)}"
    return f"{head}\r\n\r\n".encode() + body


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait hardly for the rest of a body that is refused."""
    monkeypatch.setattr(middleware, "UPLOAD_IDLE_S", 0.05)


@pytest.mark.usefixtures("impatient")
def test_unfinished_uploads_are_counted_as_they_come(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bodies, "HELD_BYTES", 3 * 2**20)
    with running(app) as address:
        waiting = [socket.create_connection(address) for _ in range(2)]
        for connection in waiting:
            connection.sendall(request(bytes(2**20), 2**21))
        until(lambda: app.state.service.bodies.held == 2**21)
        assert said(address, request(bytes(2**20 + 1), 2**21)).startswith(b"HTTP/1.1 503 ")
        assert b'"emotion":"happiness"' in said(address, request(PICTURE))
        for connection in waiting:
            connection.close()
        until(lambda: app.state.service.bodies.held == 0)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("limit", ["UPLOAD_S", "UPLOAD_IDLE_S"])
def test_a_body_that_does_not_come_is_given_up(app: FastAPI, limit: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bodies, limit, 0.05)
    with running(app) as address:
        assert said(address, request(PICTURE, 1000 + len(PICTURE))).startswith(b"HTTP/1.1 408 ")


@pytest.mark.usefixtures("impatient")
def test_a_body_that_says_that_it_is_too_large_is_not_read(app: FastAPI):
    with running(app) as address:
        assert said(address, request(b"", 2**40)).startswith(b"HTTP/1.1 413 ")


def test_who_is_refused_before_all_is_sent_reads_why(app: FastAPI):
    many = 8 * 2**20  # more than lies in the buffers between the two
    with running(app) as address:
        for head in (b"POST /nowhere HTTP/1.1", b"POST /v1/images?colour=blue HTTP/1.1", b"GET /v1/images HTTP/1.1"):
            heads = b"\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % many
            assert said(address, head + heads + bytes(many)).startswith(b"HTTP/1.1 40")


def test_a_rest_that_does_not_come_is_not_waited_for(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(middleware, "UPLOAD_IDLE_S", 0.05)
    head = b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 9\r\n\r\n"
    with running(app) as address:
        assert said(address, head).startswith(b"HTTP/1.1 404 ")
        monkeypatch.setattr(middleware, "UPLOAD_IDLE_S", 600.0)
        expecting = head.replace(b"Content-Length", b"Expect: 100-continue\r\nContent-Length")
        assert said(address, expecting).startswith(b"HTTP/1.1 404 ")


def test_a_head_alone_is_answered_as_all_of_it(app: FastAPI):
    with running(app) as address:
        asked = b" /v1/model HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        whole, alone = said(address, b"GET" + asked), said(address, b"HEAD" + asked)
    assert alone.startswith(b"HTTP/1.1 200 ")
    assert alone.endswith(b"\r\n\r\n")
    assert b"content-length: %d\r\n" % len(whole.partition(b"\r\n\r\n")[2]) in alone


@pytest.mark.parametrize(
    "begun", [b"", b"GET / HTTP/1.1\r\nHost: local", b"GET /api/model HTTP/1.1\r\nHost: localhost\r\n\r\n"]
)
def test_a_connection_without_a_request_is_closed(app: FastAPI, begun: bytes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connections, "IDLE_S", 0.1)
    with running(app) as address:
        assert said(address, begun)[:15] in (b"", b"HTTP/1.1 200 OK")


def test_connections_are_counted(app: FastAPI, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connections, "CONNECTIONS", 1)
    with running(app) as address, socket.create_connection(address) as first:
        first.sendall(b"GET /api/model HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert first.recv(15) == b"HTTP/1.1 200 OK"
        assert said(address, b"") == b""


def test_who_takes_nothing_of_an_answer_is_left(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connections, "STUCK_S", 0.05)

    left = threading.Event()

    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(64):
                await send({"type": "http.response.body", "body": bytes(2**20), "more_body": True})
            left.set()

    with running(large) as address, socket.create_connection(address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert left.wait(30)


def test_what_is_no_http_behind_a_request_is_not_logged(app: FastAPI, caplog: pytest.LogCaptureFixture):
    with running(app) as address:
        for path in (b"/nowhere", b"/v1/images"):
            head = b"POST " + path + b" HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            assert said(address, head + b"no chunk\r\n").startswith(b"HTTP/1.1 400 ")
        form = b'--y\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n\r\n--x--'
        kind = f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(form)}\r\n\r\n".encode()
        said(address, b"POST /v1/images HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + kind + form)
    assert [record for record in caplog.records if record.name == "mien.web"] == []
    assert logging.getLogger("python_multipart").handlers


def test_what_is_no_http_is_a_problem_too(app: FastAPI):
    with running(app) as address:
        head, _, body = said(address, b"hello\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["detail"].startswith("what came is no HTTP request")


@pytest.mark.parametrize(
    ("address", "answers"), [("192.0.2.7", [429, 429]), ("127.0.0.1", [200, 200]), ("::1", [200] * 2)]
)
def test_who_has_too_much_under_way_is_sent_away(
    app: FastAPI, address: str, answers: list[int], monkeypatch: pytest.MonkeyPatch
):
    caller = TestClient(app, "http://localhost", client=(address, 1))
    monkeypatch.setattr(shares, "CLIENT_REQUESTS", 1)
    assert [caller.get("/api/model").status_code for _ in range(2)] == [200, 200]
    monkeypatch.setattr(shares, "CLIENT_REQUESTS", 0)
    refused = [caller.get("/api/model") for _ in range(2)]
    assert [one.status_code for one in refused] == answers
    assert all(one.headers["retry-after"] == "2" for one in refused if one.status_code == 429)


def test_streams_are_counted():
    one = client()
    one.app.state.service.sockets.most = 1  # type: ignore[attr-defined]
    with (
        one.websocket_connect("ws://localhost/api/stream"),
        pytest.raises(WebSocketDisconnect),
        one.websocket_connect("ws://localhost/api/stream"),
    ):
        pass
    with one.websocket_connect("ws://localhost/api/stream"):
        pass


def test_a_stream_without_frames_is_closed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(web_socket, "SOCKET_IDLE_S", 0.05)
    with client().websocket_connect("ws://localhost/api/stream") as stream:
        assert "no frame came" in stream.receive_json()["error"]
        with pytest.raises(WebSocketDisconnect) as closed:
            stream.receive_json()
    assert closed.value.code == 1001


def test_ctrl_c_ends_what_is_open_and_says_nothing():
    with served("--concurrency", "1") as (process, place):
        address = ("127.0.0.1", int(place.rsplit(":", 1)[1]))
        with (
            socket.create_connection(address) as upload,
            socket.create_connection(address) as aborted,
            connect(f"ws://127.0.0.1:{address[1]}/api/stream") as stream,
        ):
            upload.sendall(request(bytes(100), 1000))
            aborted.sendall(request(bytes(100), 1000))
            aborted.close()
            stream.send(bytes(8) + PICTURE)
            assert json.loads(stream.recv())["faces"] == []
            process.send_signal(signal.SIGINT)
            _, says = process.communicate(timeout=60)
    assert (process.returncode, says) == (130, "")
