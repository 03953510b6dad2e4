"""The API behind the page, and the command that serves it."""

import json
import re
import signal
import struct
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.request import urlopen

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from starlette.websockets import WebSocketDisconnect

import web_client
from command import Command
from mien.apps.web import app as web
from mien.apps.web import bodies, tab
from mien.apps.web.analyzers import Analyzers, Wanted
from mien.apps.web.listening import listening
from mien.apps.web.site import write_site
from mien.apps.web.socket import Feed
from mien.apps.web.workers import Workers
from mien.core.emotions import EIGHT, SEVEN
from mien.core.errors import UsageError
from mien.core.packaged import packaged_model
from mien.detection.yunet_net import weights
from mien.inference.analyzer import load
from serving import served
from small_stream import analyzer, scene, walk
from tracked_results import tracked_result


def png(image: np.ndarray) -> bytes:
    file = BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def at(time_s: float, picture: bytes) -> bytes:
    return struct.pack("<d", time_s) + picture


FORMS = ("*.html", "*.css", "*.js", "*.svg", "mien/*.js")
TWO = png(scene([(10, 10, "happiness"), (110, 70, "anger")]))


@pytest.fixture
def client() -> TestClient:
    return web_client.client()


def test_a_picture_is_answered_by_its_document(client: TestClient):
    answer = client.post("/api/image", params={"name": "two.png"}, content=TWO)
    assert answer.status_code == 200
    assert answer.json() == analyzer()(TWO).to_dict() | {"path": "two.png"}
    assert [face["emotion"] for face in answer.json()["faces"]] == ["happiness", "anger"]


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Say whether a value has the type, and an object the fields, that a schema has."""
    if "anyOf" in schema:
        return any(fits(value, part) for part in schema["anyOf"])
    if schema["type"] == "null":
        return value is None
    if schema["type"] == "array":
        return isinstance(value, list) and all(fits(one, schema["items"]) for one in value)
    if schema["type"] != "object":
        return isinstance(
            value, {"string": str, "integer": int, "number": (int, float), "boolean": bool}[schema["type"]]
        )
    fields = schema.get("properties", {})
    rest = schema.get("additionalProperties", {"type": "none"})
    return set(schema.get("required", ())) <= set(value) and all(
        fits(one, fields.get(name, rest)) for name, one in value.items()
    )


def test_the_description_tells_the_fields_of_every_answer(client: TestClient):
    paths = client.get("/openapi.json").json()["paths"]

    def schema(operation: dict[str, Any], status: str) -> dict[str, Any]:
        (content,) = operation["responses"][status]["content"].values()
        return content["schema"]

    image, model = paths["/api/image"]["post"], paths["/api/model"]["get"]
    face = schema(image, "200")["properties"]["faces"]["items"]
    assert set(face["properties"]) - set(face["required"]) == {"id", "name", "pose", "raw"}
    assert face["properties"]["probabilities"] == {"type": "object", "additionalProperties": {"type": "number"}}
    assert "turned" not in schema(image, "200")["required"]
    assert fits(client.post("/api/image", content=TWO).json(), schema(image, "200"))
    assert fits(client.post("/api/image", content=b"").json(), schema(image, "422"))
    assert fits(client.get("/api/model").json(), schema(model, "200"))
    assert not fits({**client.get("/api/model").json(), "labels": "seven"}, schema(model, "200"))


def test_a_request_may_ask_for_another_prior_and_other_labels(client: TestClient):
    answer = client.post("/api/image", params={"prior": "balanced", "view": "eight"}, content=TWO).json()
    assert answer["model"]["prior"] == 1
    assert list(answer["faces"][0]["probabilities"]) == list(EIGHT)
    assert client.get("/api/model").json()["labels"] == list(SEVEN)
    earlier = client.post("/api/image", params={"prior": "balanced", "labels": "eight"}, content=TWO).json()
    assert earlier == answer


@pytest.mark.parametrize(
    ("params", "content", "status", "says"),
    [
        ({}, b"", 422, "not a picture: the posted file (the file is empty)"),
        ({"name": "notes.txt"}, b"hello, here is no picture", 422, "not a picture: notes.txt (got text"),
        ({}, TWO[:300], 422, "damaged picture"),
        ({"prior": "much"}, TWO, 400, "unknown prior 'much'; expected ferplus, balanced or a number"),
        ({"view": "nine"}, TWO, 400, "unknown view 'nine'; expected seven or eight"),
    ],
)
def test_what_is_wrong_is_said(client: TestClient, params: dict[str, str], content: bytes, status: int, says: str):
    answer = client.post("/api/image", params=params, content=content)
    assert answer.status_code == status
    assert answer.json()["error"].startswith(says)


def test_a_file_that_is_too_large_is_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bodies, "PICTURE_BYTES", 2**20)
    answer = client.post("/api/image", content=bytes(2**20 + 1))
    assert (answer.status_code, answer.json()["error"]) == (
        413,
        "what was sent is too large; expected at most 1 MiB; send a smaller file, or fewer at once",
    )


def test_a_socket_follows_the_faces(client: TestClient):
    with client.websocket_connect("ws://localhost/api/stream?smooth=0.5") as socket:
        entries = []
        for number, image in enumerate(walk(6)):
            socket.send_bytes(at(number / 25, png(image)))
            entries.append(socket.receive_json())
    assert [entry["frame"] for entry in entries] == list(range(6))
    assert all([face["id"] for face in entry["faces"]] == [1, 2] for entry in entries[1:3])
    assert {tuple(sorted(face["id"] for face in entry["faces"])) for entry in entries} == {(1, 2)}
    assert entries[-1]["time_s"] == 0.2
    assert all(entry["not_people"] == [] for entry in entries)
    assert set(entries[-1]["faces"][0]) >= {"raw", "probabilities", "uncertain"}


def test_who_does_not_count_as_a_person_so_far_is_said():
    scores = [0.8, 0.8, 0.9, 0.9]
    results = iter([tracked_result(number / 10, {4: "fear"}, score=score) for number, score in enumerate(scores)])
    source = Feed(SimpleNamespace(follow=lambda single: next(results)), Wanted())  # pyright: ignore[reportArgumentType]
    entries = [source.entry(None) for _ in scores]  # pyright: ignore[reportArgumentType]
    assert [(len(entry["faces"]), entry["not_people"]) for entry in entries] == [
        (1, [4]), (1, [4]), (1, [4]), (1, []),
    ]  # fmt: skip


def test_a_bad_frame_is_named_and_the_stream_goes_on(client: TestClient):
    with client.websocket_connect("ws://localhost/api/stream") as socket:
        socket.send_bytes(at(1.0, TWO))
        assert [face["id"] for face in socket.receive_json()["faces"]] == [1, 2]
        for message, says in [
            (at(1.1, b"noise"), "not a picture: the frame at 1.10 s"),
            (at(1.0, TWO), "a frame at 1.0 s came after one at 1.0 s; send frames in their order"),
            (at(float("nan"), TWO), "the time of a frame is 0 to 1e+10 seconds; got nan"),
            (at(1e308, TWO), "the time of a frame is 0 to 1e+10 seconds; got 1e+308"),
            (at(-0.1, TWO), "the time of a frame is 0 to 1e+10 seconds; got -0.1"),
            (b"short", "a frame is 8 bytes of time and a picture file; got 5 bytes"),
        ]:
            socket.send_bytes(message)
            assert socket.receive_json()["error"].startswith(says)
        socket.send_text("hello")
        assert socket.receive_json()["error"].startswith("a frame is 8 bytes of time")
        socket.send_bytes(at(1.2, TWO))
        assert [face["id"] for face in socket.receive_json()["faces"]] == [1, 2]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("prior=2", "prior"),
        ("smooth=-1", "smooth_s, the time constant"),
        ("smooth=much", "smooth: expected a number; got"),
    ],
)
def test_a_stream_that_cannot_be_meant_is_refused(client: TestClient, query: str, says: str):
    with client.websocket_connect(f"ws://localhost/api/stream?{query}") as socket:
        assert says in socket.receive_json()["error"]
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 1008


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "other.example"},
        {"host": "[localhost"},
        {"origin": "http://other.example"},
        {"origin": "http://[localhost"},
        {"origin": "null"},
    ],
    ids=str,
)
def test_other_sites_are_kept_out(client: TestClient, headers: dict[str, str]):
    answer = client.post("/api/image", content=TWO, headers=headers)
    assert answer.status_code == 403
    assert "called" in answer.json()["error"]
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("ws://localhost/api/stream", headers=headers):
        pass


def test_its_own_page_and_programs_are_let_in(client: TestClient):
    for headers in ({}, {"origin": "http://localhost"}):
        assert client.post("/api/image", content=TWO, headers=headers).status_code == 200


def test_the_page_loads_nothing_from_elsewhere(client: TestClient):
    page = client.get("/")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    files = re.findall(r'(?:href|src)="([^"#]*)"', page.text)
    assert len(files) >= 3
    for file in files:
        assert client.get(file).status_code == 200, file
    for file in (path for form in FORMS for path in sorted(web.STATIC.glob(form))):
        for address in re.findall(r"https?://[^\s\"'`]+", file.read_text(encoding="utf-8")):
            assert address in {"http://www.w3.org/2000/svg", "http://localhost"}, (file, address)


def test_a_page_is_told_why_it_cannot_do_without_the_server(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tab, "RUNTIME", Path(__file__))
    assert client.get("/api/model").json()["tab"]["why_not"] == "browsers run the detector yunet alone"
    missing = client.get("/weights/model.onnx")
    assert missing.status_code == 404
    assert missing.json()["detail"] == "there is no net 'model.onnx'; browsers run the detector yunet alone"
    monkeypatch.setattr(tab, "RUNTIME", Path("none"))
    assert "made without npm" in client.get("/api/model").json()["tab"]["why_not"]


def test_a_page_gets_the_nets_that_the_server_uses(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tab, "RUNTIME", Path(__file__))
    app = web.create_app(Workers(Analyzers(load("mien-s", largest=True))))
    client = TestClient(app, base_url="http://localhost")
    assert client.get("/api/model").json()["tab"] == {"why_not": "", "min_face_px": 0, "largest": True}
    assert client.get("/weights/model.onnx").content == packaged_model("mien-s").read_bytes()
    assert client.get("/weights/yunet.onnx").content == weights()
    other = client.get("/weights/other.onnx")
    assert other.status_code == 404
    assert other.json()["detail"] == "there is no net 'other.onnx'; expected yunet.onnx or model.onnx"
    for path in ("/weights/yunet.onnx", "/theme.css", "/static/mien/load.js"):
        headers = client.get(path).headers
        assert headers["cache-control"] == "no-cache"
        again = client.get(path, headers={"If-None-Match": headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_a_site_is_not_written_over_what_is_there(mien: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tab, "RUNTIME", Path(__file__))
    (tmp_path / "notes.txt").write_text("mine")
    refused = mien("web", "--static", tmp_path)
    assert refused.code == 2
    assert "notes.txt is there already; add --force to write over it, or choose another --static" in refused.err
    assert mien("web", "--static", tmp_path, "--force").code == 0
    page = (tmp_path / "index.html").read_text("utf-8")
    assert "data-site" in page
    assert "frame-ancestors" not in page
    kept = json.loads(re.search(r"FILES = (\[.*\])", (tmp_path / "sw.js").read_text("utf-8"))[1])
    assert set(kept) >= {"./", "index.html", "theme.css", "model.json", "weights/model.onnx", "static/mien/load.js"}
    assert all((tmp_path / name).is_file() for name in kept if name != "./")
    assert "static/sw.js" not in kept


def test_there_is_no_site_with_a_detector_that_browsers_lack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tab, "RUNTIME", Path(__file__))
    with pytest.raises(UsageError, match="browsers run the detector yunet alone"):
        write_site(analyzer(), tmp_path / "site", force=False)
    assert not (tmp_path / "site").exists()


def test_the_command_serves_until_it_is_stopped(examples: Path):
    with served("--workers", "1") as (process, address):
        with urlopen(f"{address}/api/image", (examples / "astronaut.png").read_bytes(), timeout=60) as answer:
            assert '"emotion":"happiness"' in answer.read().decode()
        with urlopen(f"{address}/metrics", timeout=60) as answer:
            assert "mien_workers 1.0" in answer.read().decode()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "")


def test_a_port_that_is_taken_is_named(mien: Command):
    with listening("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        outcome = mien("web", "--port", port)
    assert outcome.code == 2
    assert outcome.err.startswith(f"mien: cannot listen on 127.0.0.1:{port}: Address already in use; choose")
