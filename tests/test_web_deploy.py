"""The service in a container and behind a proxy, as far as a machine without containers can tell."""

import json
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
from urllib.error import HTTPError
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
    assert "/opt/mien/bin/pip install" in build
    assert "COPY --from=build /opt/mien /opt/mien" in final
    assert "PATH=/opt/mien/bin:" in final
    assert final.index("\nUSER 10001") < final.index("\nENTRYPOINT")
    assert re.search(r'^ENTRYPOINT \["mien", "web", "--host", "0\.0\.0\.0"\]$', final, flags=re.MULTILINE)


def test_compose_has_room_for_what_the_service_takes():
    told = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    for line in ("read_only: true", "cap_drop: [ALL]", '"no-new-privileges:true"', '"127.0.0.1:8000:8000"'):
        assert line in told
    temporary = re.search(r"/tmp:size=(\d+)m", told)
    assert temporary
    assert int(temporary[1]) * 2**20 >= limits.VIDEOS * limits.VIDEO_BYTES


def test_the_container_is_tried_as_compose_runs_it():
    told = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    tried = (DEPLOY / "try.sh").read_text(encoding="utf-8")
    for key, option in {
        r"- /tmp:size=": "--tmpfs /tmp:size=",
        "mem_limit: ": "--memory ",
        "pids_limit: ": "--pids-limit ",
    }.items():
        found = re.search(rf"{key}(\w+)", told)
        assert found
        assert f"{option}{found[1]} " in tried
    for option in ("--read-only", "--cap-drop ALL", "--security-opt no-new-privileges"):
        assert option in tried


def nginx(folder: Path, port: int, behind: int, files: dict[str, Path]) -> list[str | Path]:
    """Write the site of nginx for this machine; return the command that shows it."""
    site = changed(
        "nginx.conf",
        {
            "listen 443": f"listen 127.0.0.1:{port}",
            "faces.example;": "localhost;",
            "/etc/ssl/faces.example.pem": str(files["certfile"]),
            "/etc/ssl/faces.example.key": str(files["keyfile"]),
            "127.0.0.1:8000": f"127.0.0.1:{behind}",
        },
    )
    folders = "".join(f"{kind}_temp_path {folder};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    settings = folder / "nginx.conf"
    settings.write_text(
        f"daemon off; pid {folder}/pid; error_log stderr; events {{}}\nhttp {{ access_log off; {folders}\n{site} }}"
    )
    return ["-c", settings, "-p", folder]


def caddy(folder: Path, port: int, behind: int, files: dict[str, Path]) -> list[str | Path]:
    """Do the same for Caddy."""
    own = f"https://localhost:{port} {{\n\ttls {files['certfile']} {files['keyfile']}"
    site = changed("Caddyfile", {"faces.example {": own, "127.0.0.1:8000": f"127.0.0.1:{behind}"})
    settings = folder / "Caddyfile"
    settings.write_text("{\n\tadmin off\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1\n}\n" + site)
    return ["run", "--config", settings, "--adapter", "caddyfile"]


def changed(name: str, places: dict[str, str]) -> str:
    """Return a file of deploy for this machine."""
    site = (DEPLOY / name).read_text(encoding="utf-8")
    for written, here in places.items():
        assert written in site
        site = site.replace(written, here)
    return site


@pytest.fixture(params=[nginx, caddy], ids=lambda make: make.__name__)
def proxy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[int, ssl.SSLContext]]:
    """The service behind a proxy, as in its site; yields the port of that, and what trusts its certificate."""
    name = request.param.__name__
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if program is None or shutil.which("openssl") is None:
        pytest.skip(f"there is no {name}, or nothing that makes a certificate")
    files = certificate(tmp_path)
    with listening("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
    with running(create_app(workers()), root_path="/mien") as (_, behind):
        command = [program, *request.param(tmp_path, port, behind, files)]
        own = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
        with subprocess.Popen(command, env=own, stderr=subprocess.DEVNULL) as process:
            try:
                until(lambda: answers(port))
                yield port, ssl.create_default_context(cafile=files["certfile"])
            finally:
                process.send_signal(signal.SIGTERM)


def answers(port: int) -> bool:
    try:
        create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


def test_behind_a_proxy_all_works_and_other_sites_are_kept_out(proxy: tuple[int, ssl.SSLContext], examples: Path):
    port, trusted = proxy
    site = f"https://localhost:{port}"
    with urlopen(f"{site}/mien/", context=trusted, timeout=30) as answer:
        assert b"<title>mien</title>" in answer.read()
    picture = (examples / "chelsea.png").read_bytes()
    asked = Request(f"{site}/mien/v1/images", picture, {"Origin": site, "Content-Type": "image/png"})
    with urlopen(asked, context=trusted, timeout=30) as answer:
        assert answer.status == 200
    large = Request(f"{site}/mien/v1/preview", b"no picture" * 200_000)
    foreign = Request(f"{site}/mien/v1/model", headers={"Origin": "https://other.example"})
    for wrong, status in ((large, 422), (foreign, 403)):
        with pytest.raises(HTTPError) as refused:
            urlopen(wrong, context=trusted, timeout=30)
        assert (refused.value.status, json.load(refused.value)["status"]) == (status, status)
    address = f"wss://localhost:{port}/mien/v1/stream"
    with connect(address, ssl=trusted, origin=site) as stream:  # type: ignore[arg-type]
        stream.send(struct.pack("<d", 0) + picture)
        assert '"faces":' in str(stream.recv(30))
