"""The paths under ``/v1``: what they take, and how they say that something is wrong."""

import json
import re
from base64 import b64encode
from io import BytesIO
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from starlette.testclient import WebSocketDenialResponse

from mien.apps.web import metrics, pictures, uploads
from mien.core.packaged import packaged_name
from mien.version import __version__
from small_stream import scene
from web_client import client

KINDS = ("raw", "form", "json")


def png(*emotions: str) -> bytes:
    file = BytesIO()
    Image.fromarray(scene([(10 + 60 * at, 10, emotion) for at, emotion in enumerate(emotions)])).save(file, "PNG")
    return file.getvalue()


HAPPY, BOTH = png("happiness"), png("happiness", "anger")


@pytest.fixture(scope="module")
def api() -> TestClient:
    return client()


def sent(kind: str, *pictures: tuple[str, bytes]) -> dict[str, Any]:
    """Return how a request brings pictures."""
    if kind == "raw":
        ((name, data),) = pictures
        return {"content": data, "params": {"name": name} if name else {}}
    if kind == "form":
        return {"files": [("files", picture) for picture in pictures]}
    return {"json": {"images": [{"name": name, "data": b64encode(data).decode()} for name, data in pictures]}}


def shown(answer: Any) -> list[tuple[str, list[str]]]:
    assert answer.status_code == 200, answer.text
    return [(one["path"], [face["emotion"] for face in one["faces"]]) for one in answer.json()["images"]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_comes_as_a_file_or_in_a_form_or_in_json(api: TestClient, kind: str):
    answer = api.post("/v1/images", **sent(kind, ("both.png", BOTH)))
    assert shown(answer) == [("both.png", ["happiness", "anger"])]
    assert set(answer.json()) == {"schema", "model", "images", "failures"}


@pytest.mark.parametrize("kind", KINDS[1:])
def test_of_several_pictures_each_is_answered(api: TestClient, kind: str):
    answer = api.post("/v1/images", **sent(kind, ("a.png", HAPPY), ("b.txt", b"no picture"), ("c.png", BOTH)))
    assert shown(answer) == [("a.png", ["happiness"]), ("c.png", ["happiness", "anger"])]
    (failure,) = answer.json()["failures"]
    assert failure["path"] == "b.txt"
    assert failure["error"].startswith("not a picture: b.txt (got text")


def test_a_large_file_in_a_form_stays_whole(api: TestClient):
    noise = BytesIO()
    Image.effect_noise((1500, 1500), 50).save(noise, "PNG")
    assert len(noise.getvalue()) > 2**20
    assert shown(api.post("/v1/images", **sent("form", ("noise.png", noise.getvalue())))) != []


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_cannot_be_read_is_a_problem(api: TestClient, kind: str):
    answer = api.post("/v1/images", **sent(kind, ("a.txt", b"no picture")))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": answer.json()["title"],
        "status": 422,
        "detail": answer.json()["detail"],
    }
    assert answer.json()["detail"].startswith("not a picture: a.txt")


def test_a_picture_comes_back_as_one_that_browsers_show(api: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pictures, "PREVIEW_PX", 160)
    Image.fromarray(scene([])).save(file := BytesIO(), "TIFF")
    answer = api.post("/v1/preview", content=file.getvalue())
    assert answer.headers["content-type"] == "image/jpeg"
    with Image.open(BytesIO(answer.content)) as shown:
        assert (shown.format, shown.size) == ("JPEG", (160, 120))
    assert api.post("/v1/preview", content=b"no picture", params={"name": "a.txt"}).status_code == 422
    assert api.post("/v1/preview", content=HAPPY, params={"model": "mien"}).status_code == 400


def test_options_are_those_of_load(api: TestClient):
    ask = {"model": "mien-s", "prior": "balanced", "view": "eight", "detector": "none", "largest": "true"}
    answer = api.post("/v1/images", params=ask, content=BOTH).json()
    assert (packaged_name(answer["model"]["sha256"]), answer["model"]["prior"]) == ("mien-s", 1)
    (face,) = answer["images"][0]["faces"]
    assert face["box"] == [0, 0, 320, 240]
    assert len(face["probabilities"]) == 8
    small = api.post("/v1/images", params={"min_face": 31}, content=BOTH)
    assert shown(small) == [("picture", [])]
    assert len(shown(api.post("/v1/images", params={"largest": "true"}, content=BOTH))[0][1]) == 1
    assert shown(api.post("/v1/images", params={"small_faces": "true"}, content=HAPPY)) == [("picture", [])]


def test_a_picture_that_is_searched_for_small_faces_may_not_be_as_large(
    api: TestClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pictures, "SMALL_FACES_PIXELS", 320 * 240 - 1)
    answer = api.post("/v1/images", params={"small_faces": "true"}, content=HAPPY)
    assert (answer.status_code, answer.json()["detail"][:10]) == (422, "too large:")
    assert api.post("/v1/images", content=HAPPY).status_code == 200


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"colour": "blue"}, "colour: there is no such option, see /docs; got 'blue'"),
        ({"labels": "eight"}, "labels: there is no such option"),
        ({"model": "/etc/passwd"}, "model: expected 'mien' or 'mien-s'; got '/etc/passwd'"),
        ({"prior": "much"}, "prior: expected ferplus, balanced or a number from 0 to 1; got"),
        ({"prior": "1.5"}, "prior: expected ferplus, balanced or a number from 0 to 1; got"),
        ({"view": "nine"}, "view: expected 'seven' or 'eight'"),
        ({"detector": "haar", "small_faces": "true"}, "haar"),
        ({"min_face": "-1"}, "min_face: expected 0 or more; got '-1'"),
        ({"min_face": "inf"}, "min_face: expected 100000 or less"),
        ({"largest": "perhaps"}, "largest: expected true or false"),
        ({"name": "x" * 501}, "name: expected at most 500 characters"),
    ],
)
def test_options_that_cannot_be_meant_are_named(api: TestClient, params: dict[str, str], says: str):
    answer = api.post("/v1/images", params=params, content=HAPPY)
    assert answer.status_code == 400
    assert says in answer.json()["detail"]


@pytest.mark.parametrize(
    ("content_type", "body", "says"),
    [
        ("multipart/form-data", b"--x--", "the header Content-Type names no boundary"),
        ("multipart/form-data; boundary=x", b"", "a request brings 1 to 16 pictures; got 0"),
        ("multipart/form-data; boundary=x", b"hello", "the form is malformed"),
        ("multipart/form-data; boundary=" + "x" * 5000, b"hello", "the form is malformed"),
        ("application/json", b"", "the JSON is malformed"),
        ("application/json", b"\xff", "the JSON is malformed"),
        ("application/json", b"[" * 100_000, "the JSON is malformed"),
        ("application/json", b"[]", 'expected {"images": [{"name"'),
        ("application/json", b'{"images": []}', "a request brings 1 to 16 pictures; got 0"),
        ("application/json", b'{"images": [{"data": "?"}]}', "the JSON is malformed"),
        ("application/json", b'{"images": [{"name": "a"}]}', "a picture has data and may have a name"),
        ("application/json", b'{"images": [{"data": 1}]}', "data and name are texts"),
        ("application/json", json.dumps({"images": [{"data": "", "name": "x" * 501}]}).encode(), "at most 500"),
    ],
)
def test_a_body_that_is_not_what_it_says_is_named(api: TestClient, content_type: str, body: bytes, says: str):
    answer = api.post("/v1/images", content=body, headers={"content-type": content_type})
    assert answer.status_code == 400
    assert says in answer.json()["detail"]


def test_pictures_are_counted(api: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uploads, "PICTURES", 1)
    assert api.post("/v1/images", **sent("form", ("a", HAPPY))).status_code == 200
    answer = api.post("/v1/images", **sent("form", ("a", HAPPY), ("b", HAPPY)))
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "a request brings 1 to 1 pictures; got 2; send each as a file, the others later",
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/v1/images", 405), ("DELETE", "/", 405), ("GET", "/static/no.js", 404)],
)
def test_every_refusal_is_a_problem_document(api: TestClient, method: str, path: str, status: int):
    answer = api.request(method, path)
    says = f"'{path}' does not take {method}; expected " if status == 405 else f"there is nothing at '{path}'; /docs"
    assert answer.json()["detail"].startswith(says)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    if status == 405:
        assert answer.headers["allow"]


def test_a_stream_from_nowhere_is_refused_with_a_problem_document(api: TestClient):
    with pytest.raises(WebSocketDenialResponse) as refused, api.websocket_connect("ws://localhost/v1/streams"):
        pass
    assert refused.value.status_code == 404
    assert refused.value.json()["detail"] == "there is nothing at '/v1/streams'; /docs tells what there is"


def test_the_description_is_of_this_version_and_tells_every_status(api: TestClient):
    told = api.get("/openapi.json").json()
    assert told["info"]["version"] == __version__
    operation = told["paths"]["/v1/images"]["post"]
    assert set(operation["requestBody"]["content"]) == {"image/*", "multipart/form-data", "application/json"}
    assert set(operation["responses"]) == {"200", "400", "401", "403", "408", "413", "422", "429", "500", "503"}
    for status, answer in operation["responses"].items():
        (kind,) = answer["content"]
        assert kind == ("application/json" if status == "200" else "application/problem+json")
    assert {one["name"] for one in operation["parameters"]} >= {"model", "prior", "view", "detector", "min_face"}
    assert "HTTPValidationError" not in json.dumps(told)
    for methods in told["paths"].values():
        for one in methods.values():
            assert len(one["responses"]["200"]["content"]) == 1


def test_the_page_of_the_api_tells_all_and_loads_nothing_from_elsewhere(api: TestClient):
    page = api.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    for name in ("POST /v1/images", "POST /v1/videos", "GET /metrics", "small_faces", "413", "0.3 without it"):
        assert name in page.text, name
    for name in (
        "Bearer TOKEN",
        "WebSocket /v1/stream",
        "(mien or mien-s)",
        "with <code>files</code>",
        "413: request entity too large",
    ):
        assert name in page.text, name
    assert "/api/image" not in page.text
    loaded = re.findall(r'(?:href|src)="([^"]*)"', page.text)
    assert len(loaded) == 5
    for file in loaded:
        assert api.get(f"/{file}").status_code == 200


def test_the_socket_takes_the_same_options(api: TestClient):
    with api.websocket_connect("ws://localhost/v1/stream?largest=true&view=eight") as stream:
        stream.send_bytes(bytes(8) + BOTH)
        (face,) = stream.receive_json()["faces"]
        assert len(face["probabilities"]) == 8
    with api.websocket_connect("ws://localhost/v1/stream?colour=blue") as stream:
        assert "colour: there is no such option, see /docs; got 'blue'" in stream.receive_json()["error"]


def test_probes_are_answered_by_any_name(api: TestClient, monkeypatch: pytest.MonkeyPatch):
    for path in ("/healthz", "/readyz"):
        answer = api.get(path, headers={"host": "10.0.0.7"})
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    monkeypatch.setattr(metrics, "WAITING", 0)
    assert api.get("/readyz").status_code == 503


def test_requests_are_counted_and_logged_without_names():
    lines: list[str] = []
    counted = client(log=lines.append)
    counted.post("/v1/images", params={"name": "secret.png"}, content=HAPPY, headers={"x-request-id": "abc-1"})
    counted.get("/static/secret.js")
    counted.get("/secret")
    told = counted.get("/metrics")
    assert told.headers["content-type"].startswith("text/plain")
    assert 'mien_requests_total{path="/v1/images",status="200"} 1.0' in told.text
    assert 'mien_requests_total{path="other",status="404"}' in told.text
    assert "mien_held_bytes 0.0" in told.text
    assert lines[0].startswith("abc-1 POST /v1/images 200 ")
    assert not any("secret" in line for line in [*lines, told.text])


def test_each_request_has_an_id(api: TestClient):
    for given, kept in (("abc-1", True), ("a\tb", False), ("x" * 65, False)):
        answer = api.get("/healthz", headers={"x-request-id": given})
        assert (answer.headers["x-request-id"] == given) is kept
    assert api.get("/healthz").headers["x-request-id"] != api.get("/healthz").headers["x-request-id"]
