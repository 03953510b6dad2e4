"""Batches on a Ray cluster: the same files as here, and what is said where the cluster goes away."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image as Pillow

from clips import counting, write_clip
from mien.apps.batch.cluster import Cluster, on_cluster
from mien.apps.batch.job import Job
from mien.core.emotions import SEVEN
from mien.core.errors import UsageError
from small_results import MADE

JOB = Job({}, 1000, None, 60.0, "0", MADE.entry, SEVEN)


def spread(address: str) -> list[object]:
    return list(on_cluster([], JOB, Cluster(address), lambda: False))


@pytest.mark.needs("ray")
def test_an_address_where_nobody_listens_is_named():
    with pytest.raises(UsageError, match=r"no Ray cluster at 127\.0\.0\.1:9 .*ray start --head"):
        spread("127.0.0.1:9")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the token that Ray writes in any run without an address, and that clusters then ask for."""
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("0123456789abcdef" * 4)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    # Ray waits a minute for a head that died to come back.
    monkeypatch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "1")
    return tmp_path


@pytest.fixture
def head(home: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A cluster of one core, and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    sockets = tempfile.mkdtemp(dir="/tmp")  # their paths must be short
    options = ["--include-dashboard=false", "--object-store-memory=80000000", "--disable-usage-stats", "--num-cpus=1"]
    ray = Path(sys.executable).with_name("ray")
    command = [ray, "start", "--head", "--block", f"--port={address[10:]}", "--node-ip-address=127.0.0.1", *options]
    with subprocess.Popen([*command, f"--temp-dir={sockets}"], stdout=subprocess.PIPE, start_new_session=True) as head:
        assert head.stdout is not None
        for line in head.stdout:
            if b"--block" in line:
                break
        yield address, head
        for one in processes(head).values():
            os.kill(one, signal.SIGKILL)
        os.killpg(head.pid, signal.SIGKILL)
        head.stdout.close()
    shutil.rmtree(sockets, ignore_errors=True)


def processes(head: subprocess.Popen[bytes]) -> dict[str, int]:
    """Return the processes that a node has started, by the names of their programs."""
    started = [
        int(one) for task in Path(f"/proc/{head.pid}/task").glob("*/children") for one in task.read_text().split()
    ]
    return {Path(os.fsdecode(Path(f"/proc/{one}/cmdline").read_bytes().split(b"\0")[0])).name: one for one in started}


def command(folder: Path, *options: str) -> list[str | Path]:
    return [sys.executable, "-m", "mien", "batch", folder, "--detector=none", "--out", *options]


def content(out: Path) -> dict[str, bytes]:
    files = [file for file in out.rglob("*.*") if file.suffix != ".html"]  # the page tells the time
    return {str(file.relative_to(out)): file.read_bytes() for file in files}


@pytest.mark.needs("ray")
def test_a_cluster_writes_the_same_and_its_end_is_told(head: tuple[str, subprocess.Popen[bytes]], tmp_path: Path):
    address, process = head
    photos = tmp_path / "photos"
    photos.mkdir()
    for name, side_px in (("small", 32), ("large", 6000)):
        Pillow.new("L", (side_px, side_px)).save(tmp_path / f"{name}.png")
    write_clip(photos / "000.mp4", counting(5))  # the first unit
    for number in range(130):
        # The third unit takes long enough for the cluster to be ended in it.
        name = "large" if 64 <= number < 70 else "small"
        (photos / f"{number:03}.png").symlink_to(tmp_path / f"{name}.png")
    (photos / "001.png").unlink()
    (photos / "001.png").write_bytes(b"broken")
    running = subprocess.Popen(command(photos, "a", "--address", address), cwd=tmp_path, stderr=subprocess.PIPE)
    done = tmp_path / "a/faces/part=0/unit-00000001.parquet"
    while not done.exists():
        assert running.poll() is None
        time.sleep(0.1)
    os.kill(processes(process)["raylet"], signal.SIGKILL)
    _, told = running.communicate()
    assert running.returncode == 3
    assert told.decode().endswith(
        "not finished: the connection to the Ray cluster was lost; run the same command again to go on\n"
    )
    # Any way of going on does, also without the cluster.
    for out in ("a", "b"):
        assert subprocess.run(command(photos, out), cwd=tmp_path, capture_output=True, check=False).returncode == 1
    found, expected = content(tmp_path / "a"), content(tmp_path / "b")
    assert len(expected) == 7
    assert found == expected
