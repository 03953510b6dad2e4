"""Whatever comes, ``mien web`` refuses it with a document, or answers it; lab/scripts/fuzz_service.py asks far more."""

import json
import struct
from functools import cache
from typing import Any
from urllib.parse import quote

from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.apps.web.app import create_app
from mien.apps.web.limits import LATEST_S
from test_web_work import PICTURE
from web_client import client, running, said, workers

SEEDED = settings(derandomize=True, database=None, deadline=None, max_examples=40)

WORDS = st.sampled_from(["true", "0.5", "-1", "nan", "1e999", "mien-s", "eight", "none", "\0", "ä" * 600]) | st.text()
OPTIONS = st.dictionaries(st.sampled_from(["model", "prior", "min_face", "detector", "largest", "name", "x"]), WORDS)
KINDS = st.sampled_from(["", "image/png", "application/json", "multipart/form-data; boundary=x", "multipart/form-data"])
FORM = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n' + PICTURE + b"\r\n--x--\r\n"
DOCUMENT = json.dumps({"images": [{"name": "a", "data": "aGVsbG8="}]}).encode()


@st.composite
def damaged(draw: st.DrawFn, *whole: bytes) -> bytes:
    """Bytes of which a part is another, or missing."""
    data = draw(st.sampled_from(whole))
    begin, size = draw(st.integers(0, len(data))), draw(st.integers(0, 40))
    return data[:begin] + draw(st.binary(max_size=40)) + data[begin + size :]


@cache
def api() -> TestClient:
    return client()


def refused_or_answered(answer: Any) -> None:
    assert answer.status_code == 200 or 400 <= answer.status_code < 500
    if answer.status_code != 200:
        assert answer.json()["status"] == answer.status_code
        assert len(answer.json()["detail"]) < 2000


PATHS = st.sampled_from(["/v1/images", "/v1/preview", "/api/image"])


@SEEDED
@given(PATHS, KINDS, damaged(PICTURE, FORM, DOCUMENT))
def test_no_body_breaks_it(path: str, kind: str, body: bytes):
    refused_or_answered(api().post(path, content=body, headers={"content-type": kind}))


@SEEDED
@given(PATHS, OPTIONS)
def test_no_option_breaks_it(path: str, options: dict[str, str]):
    refused_or_answered(api().post(path, params=options, content=PICTURE))


@SEEDED
@given(st.text(), st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS", "TRACE"]))
def test_no_path_breaks_it(path: str, method: str):
    answer = api().request(method, "http://localhost/" + quote(path))
    assert answer.status_code < 500


def test_no_head_breaks_it():
    request = (
        b"POST /v1/images?view=seven HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 9\r\n"
    )
    request += b"Connection: close\r\n\r\nno bodies"
    with running(create_app(workers())) as address:

        @SEEDED
        @given(damaged(request[: request.index(b"\r\n\r\n")]))
        def ask(head: bytes) -> None:
            # The end closes the connection, whatever the head says of the body.
            answer = said(address, head + b"\r\n\r\nno bodies\r\n\r\n\r\n")
            assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 2"))

        ask()


TIMES = st.floats(0, LATEST_S) | st.floats() | st.sampled_from([0.0, -1.0, float("nan"), float("inf"), 1e308])
MESSAGES = st.builds(
    lambda time_s, picture: struct.pack("<d", time_s) + picture, TIMES, damaged(PICTURE) | st.just(PICTURE)
)


@settings(SEEDED, max_examples=10)
@given(st.lists(MESSAGES | st.binary(max_size=20) | st.text(), max_size=8))
def test_no_message_breaks_a_stream(messages: list[bytes | str]):
    with api().websocket_connect("ws://localhost/v1/stream") as stream:
        for message in messages:
            if isinstance(message, bytes):
                stream.send_bytes(message)
            else:
                stream.send_text(message)
            assert {"faces", "error"} & set(stream.receive_json())
