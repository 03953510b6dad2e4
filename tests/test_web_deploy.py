"""The service in a container and behind a proxy, as far as a machine without containers can tell."""

import re
import shutil
import signal
import ssl
import struct
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from socket import create_connection
from urllib.request import Request, urlopen

import pytest
from websockets.sync.client import connect

from mien.apps.web import limits
from mien.apps.web.app import create_app
from mien.apps.web.listening import listening
from web_client import certificate, running, until, workers

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"


def test_the_container_is_made_of_what_there_is():
    steps = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    build, final = steps.split("\nFROM ")[-2:]
    extras = set(re.findall(r"\[([a-z,]+)\]'", steps))
    known = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert extras == {"web,video"}
    assert set(extras.pop().split(",")) <= set(known)
    assert "pip wheel" in build
    assert "--no-index" in final
    assert final.index("\nUSER 10001") < final.index("\nENTRYPOINT")
    assert re.search(r'^ENTRYPOINT \["mien", "web", "--host", "0\.0\.0\.0"\]$', final, flags=re.MULTILINE)


def test_compose_has_room_for_what_the_service_takes():
    told = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    for line in ("read_only: true", "cap_drop: [ALL]", '"no-new-privileges:true"', '"127.0.0.1:8000:8000"'):
        assert line in told
    temporary = re.search(r"/tmp:size=(\d+)m", told)
    assert temporary
    assert int(temporary[1]) * 2**20 >= limits.VIDEOS * limits.VIDEO_BYTES


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[tuple[int, ssl.SSLContext]]:
    """The service behind nginx, as in its site; yields the port of nginx, and what trusts its certificate."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None or shutil.which("openssl") is None:
        pytest.skip("there is no nginx, or nothing that makes a certificate")
    files = certificate(tmp_path)
    with listening("127.0.0.1", 0) as listener:
        free = listener.getsockname()[1]
    with running(create_app(workers()), root_path="/mien") as (_, behind):
        site = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
        for written, here in {
            "listen 443": f"listen 127.0.0.1:{free}",
            "faces.example;": "localhost;",
            "/etc/ssl/faces.example.pem": str(files["certfile"]),
            "/etc/ssl/faces.example.key": str(files["keyfile"]),
            "127.0.0.1:8000": f"127.0.0.1:{behind}",
        }.items():
            assert written in site
            site = site.replace(written, here)
        folders = "".join(
            f"{kind}_temp_path {tmp_path};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (tmp_path / "nginx.conf").write_text(
            f"daemon off; pid {tmp_path}/pid; error_log stderr; events {{}}\n"
            f"http {{ access_log off; {folders}\n{site} }}"
        )
        with subprocess.Popen(
            [nginx, "-c", tmp_path / "nginx.conf", "-p", tmp_path], stderr=subprocess.DEVNULL
        ) as process:
            try:
                until(lambda: answers(free))
                yield free, ssl.create_default_context(cafile=files["certfile"])
            finally:
                process.send_signal(signal.SIGTERM)


def answers(port: int) -> bool:
    try:
        create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


def test_behind_nginx_page_pictures_and_streams_work(proxy: tuple[int, ssl.SSLContext], examples: Path):
    port, trusted = proxy
    site = f"https://localhost:{port}"
    with urlopen(f"{site}/mien/", context=trusted, timeout=30) as answer:
        assert b"<title>mien</title>" in answer.read()
    picture = (examples / "chelsea.png").read_bytes()
    asked = Request(f"{site}/mien/v1/images", picture, {"Origin": site, "Content-Type": "image/png"})
    with urlopen(asked, context=trusted, timeout=30) as answer:
        assert answer.status == 200
    address = f"wss://localhost:{port}/mien/v1/stream"
    with connect(address, ssl=trusted, origin=site) as stream:  # type: ignore[arg-type]
        stream.send(struct.pack("<d", 0) + picture)
        assert '"faces":' in str(stream.recv(30))
