"""Who may call the service of ``mien web``."""

import re
import shutil
import socket
import ssl
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from fastapi.testclient import TestClient
from starlette.datastructures import Headers
from starlette.websockets import WebSocketDisconnect

from command import Command
from mien.apps.cli.web import AccessOptions
from mien.apps.web.access import COOKIE, OPEN, Access
from mien.apps.web.app import create_app
from mien.apps.web.listening import listening, public_address
from mien.apps.web.names import origin, place
from web_client import certificate, client, running, workers

TOKEN = "a-long-random-word"
BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def locked() -> TestClient:
    return client(Access(token=TOKEN), follow_redirects=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("localhost", ("localhost", None)),
        ("LocalHost:8000", ("localhost", 8000)),
        ("127.0.0.1:80", ("127.0.0.1", 80)),
        ("[::1]:8000", ("::1", 8000)),
        *((text, None) for text in ("", ":80", "a b", "a@b", "a/b", "a:b", "a:99999", "[::1", "::1", "[a.b]", "a\n")),
        *((text, None) for text in ("a:80:80", "user:word@a", "ä.example", "a:٣")),
    ],
)
def test_a_host_is_read_strictly(text: str, expected: Any):
    assert place(text) == expected


@pytest.mark.parametrize("text", ["null", "", "localhost", "file://", "http://", "http://a/", "ftp://a", "http://a@b"])
def test_a_malformed_origin_is_none(text: str):
    assert origin(text) is None


@pytest.mark.parametrize(
    ("host", "page", "allowed"),
    [
        ("localhost:8000", None, True),
        ("localhost:8000", "http://localhost:8000", True),
        ("localhost:8000", "http://localhost:8001", False),
        ("localhost:8000", "http://localhost", False),
        ("localhost", "http://localhost:80", True),
        ("faces.example", "https://faces.example", True),
        ("faces.example:443", "https://faces.example", True),
        ("faces.example", "https://other.example", False),
        ("faces.example", "https://friend.example", True),
        ("127.0.0.1:8000", "https://friend.example", True),
        ("192.0.2.7:8000", None, True),
        ("[fd00::7]:8000", "http://[fd00::7]:8000", True),
        ("rebound.example:8000", None, False),
        ("rebound.example:8000", "http://rebound.example:8000", False),
        ("localhost.", None, False),
        ("localhost", "null", False),
    ],
)
def test_calls_by_other_names_and_from_other_pages_are_refused(host: str, page: str | None, allowed: bool):
    access = Access(frozenset({"localhost", "faces.example"}), frozenset({"https://friend.example"}))
    headers = Headers({"host": host} | ({"origin": page} if page else {}))
    assert (access.objection(headers) == "") is allowed


@pytest.mark.parametrize("header", ["host", "origin"])
@pytest.mark.parametrize("text", ["a" * 60_000, "a" * 250 + ":80", "http://" + "a" * 250, "\x01<script>"])
def test_a_refusal_repeats_no_more_of_a_name_than_tells_it(header: str, text: str):
    why = Access().objection(Headers({"host": "localhost", header: text}))
    assert text[:50] in why
    assert len(why) < 300


def test_a_token_is_demanded_of_everything_but_probes(locked: TestClient):
    for path in ("/api/model", "/static/page.js", "/openapi.json", "/docs", "/metrics", "/nowhere"):
        answer = locked.get(path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), path
        assert answer.headers["content-type"] == "application/problem+json"
    assert locked.get("/api/model", headers=BEARER).status_code == 200
    for wrong in ("Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN[:-1]}"):
        assert locked.get("/api/model", headers={"authorization": wrong}).status_code == 401, wrong
    assert locked.get(f"/api/model?token={TOKEN}").status_code == 401
    with pytest.raises(WebSocketDisconnect), locked.websocket_connect("ws://localhost/api/stream"):
        pass
    with locked.websocket_connect("ws://localhost/api/stream", headers=BEARER):
        pass


def test_the_description_tells_who_asks_for_the_token(locked: TestClient):
    told = locked.get("/openapi.json", headers=BEARER).json()
    (scheme,) = told["components"]["securitySchemes"]
    assert told["security"] == [{scheme: []}]
    public = {path for path, methods in told["paths"].items() if methods.get("get", {}).get("security") == []}
    assert public == OPEN
    assert all("401" not in told["paths"][path]["get"]["responses"] for path in OPEN)
    assert "security" not in client().get("/openapi.json").json()


def test_the_page_is_given_a_cookie_for_the_token(locked: TestClient):
    for path, says in (("/", ""), ("/?token=another", "That was not the token.")):
        asks = locked.get(path)
        assert (asks.status_code, asks.headers["content-type"]) == (401, "text/html; charset=utf-8")
        assert '<input id="token" name="token" type="password"' in asks.text
        assert f'<p role="alert">{says}</p>' in asks.text
        for file in re.findall(r'href="([^"]*)"', asks.text):
            assert locked.get(f"/{file}").status_code == 200, file
    answer = locked.get(f"/?token={TOKEN}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    assert TOKEN not in cookie
    assert locked.get("/").status_code == 200
    with locked.websocket_connect("ws://localhost/api/stream"):
        pass
    locked.cookies.clear()
    for wrong in ("", "0" * 64, TOKEN):
        assert locked.get("/", headers={"cookie": f"{COOKIE}={wrong}"}).status_code == 401


def test_over_https_the_cookie_stays_there():
    answer = client(Access(token=TOKEN), "https://localhost", follow_redirects=False).get(f"/?token={TOKEN}")
    assert "Secure" in answer.headers["set-cookie"]


def test_a_page_that_may_call_may_read_the_answers():
    friend = {"origin": "https://friend.example"}
    caller = client(Access(origins=frozenset({"https://friend.example"}), token=TOKEN))
    asked = {**friend, "access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    assert caller.options("/api/image", headers=asked).status_code == 200
    answer = caller.get("/api/model", headers=friend | BEARER)
    assert answer.headers["access-control-expose-headers"] == "Retry-After, X-Request-ID"
    assert answer.headers["access-control-allow-origin"] == "https://friend.example"
    assert "access-control-allow-origin" not in client(Access()).get("/api/model").headers
    assert caller.options("/api/image", headers=asked | {"origin": "https://other.example"}).status_code == 403


def test_every_answer_shuts_other_sites_out():
    for path in ("/", "/api/model", "/nowhere", "/static/page.js"):
        headers = client(Access()).get(path).headers
        policy = headers["content-security-policy"]
        for part in ("default-src 'self'", "object-src 'none'", "form-action 'self'", "frame-ancestors 'none'"):
            assert part in policy
        assert headers["cross-origin-resource-policy"] == headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-embedder-policy"] == "require-corp"
        assert headers["permissions-policy"].startswith("camera=(self), microphone=()")
        assert headers["cache-control"] == ("no-cache" if path in {"/", "/static/page.js"} else "no-store")


@pytest.mark.parametrize("host", ["0", "", "0.0.0.0", "0x0", "::", "::ffff:0.0.0.0"])
def test_a_host_that_others_reach_demands_a_token(mien: Command, host: str):
    outcome = mien("web", "--host", host, "--port", "0")
    assert outcome.code == 2
    assert "lets in whoever reaches" in outcome.err or "cannot listen" in outcome.err  # without IPv6
    assert outcome.out == ""


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--token", "short"], "--token must be 16 to 200"),
        (["--token", "with spaces in the middle"], "--token must be 16 to 200"),
        (["--allow-host", "https://faces.example"], "--allow-host takes a name without scheme"),
        (["--allow-host", "faces.example:80"], "--allow-host takes a name without scheme"),
        (["--allow-origin", "faces.example"], "--allow-origin takes scheme and name"),
        (["--allow-origin", "https://faces.example/"], "--allow-origin takes scheme and name"),
        (["--root-path", "mien/"], "--root-path must begin with a slash"),
        (["--keyfile", "key.pem"], "give that as --certfile"),
        (["--certfile", "none.pem"], "cannot use --certfile none.pem"),
    ],
)
def test_what_cannot_be_meant_is_named(mien: Command, options: list[str], says: str):
    outcome = mien("web", "--port", "0", *options)
    assert outcome.code == 2
    assert says in outcome.err


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://Faces.Example", "https://faces.example"),
        ("https://faces.example:443", "https://faces.example"),
        ("http://faces.example:443", "http://faces.example:443"),
        ("HTTP://[::1]:80", "http://[::1]"),
    ],
)
def test_sites_that_may_call_are_kept_as_browsers_write_them(given: str, kept: str):
    assert AccessOptions(allow_origin=[given]).checked("localhost", "").origins == {kept}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2", "127.1", "::ffff:127.0.0.1"])
def test_every_spelling_of_this_machine_alone_is_known(host: str):
    with listening(host, 0) as listener:
        assert public_address(listener) == ""


def test_connections_do_not_wait_to_fill_packets():
    with (
        listening("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as connection,
    ):
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_under_a_path_of_a_proxy_all_is_found():
    proxied = client(Access(token=TOKEN), root_path="/mien")
    assert proxied.get("/mien/healthz", headers={"host": "10.0.0.7"}).status_code != 401
    answer = proxied.get(f"/mien/?token={TOKEN}", follow_redirects=False)
    assert answer.headers["location"] == "/mien/"
    assert "Path=/mien/" in answer.headers["set-cookie"]
    assert proxied.get("/mien/api/model").status_code == 200


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is nothing that makes a certificate")
def test_it_answers_over_https(tmp_path: Path):
    files = certificate(tmp_path)
    with running(create_app(workers()), **files) as (_, port):
        trusted = ssl.create_default_context(cafile=files["certfile"])
        with urlopen(f"https://localhost:{port}/healthz", context=trusted, timeout=30) as answer:
            assert answer.read() == b'{"status":"ok"}'
