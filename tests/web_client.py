"""An app of ``mien web`` in this process, for the tests of what it answers."""

import atexit
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from mien.apps.web.access import Access
from mien.apps.web.analyzers import Analyzers
from mien.apps.web.app import create_app
from mien.apps.web.listening import listening, server
from mien.apps.web.workers import Workers
from mien.inference.analyzer import Analyzer
from small_stream import analyzer


class LastingWorkers(Workers):
    """Workers that are not ended with an app, as others are still to use them."""

    def close(self) -> None:
        """Leave them running."""


@cache
def workers(make: Callable[[], Analyzer] = analyzer) -> Workers:
    """Return workers that all tests share, as each starts a process that lasts for as long as the tests."""
    made = LastingWorkers(Analyzers(make(), {"threads": 1}), count=1)
    atexit.register(Workers.close, made)
    return made


def client(
    access: Access | None = None,
    address: str = "http://localhost",
    log: Callable[[str], None] = lambda line: None,
    **options: Any,
) -> TestClient:
    return TestClient(create_app(workers(), access, log), base_url=address, **options)


@contextmanager
def running(app: ASGIApp, port: int = 0, **options: Any) -> Iterator[tuple[str, int]]:
    """Serve an app in a thread, as the command does; yields its address."""
    with listening("127.0.0.1", port) as listener:
        runner = server(app, **options)
        thread = threading.Thread(target=runner.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()
        finally:
            runner.should_exit = True
            thread.join()


def said(address: tuple[str, int], request: bytes) -> bytes:
    """Send what may be no whole request, and return all that comes until the connection is closed."""
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(2**16), b""))


def until(came: Callable[[], bool]) -> None:
    """Wait until something came."""
    end = time.monotonic() + 30
    while not came():
        assert time.monotonic() < end
        time.sleep(0.01)


def certificate(folder: Path) -> dict[str, Path]:
    """Make a certificate of localhost and its key; returns their files, as the server takes them."""
    files = {name: folder / f"{name}.pem" for name in ("certfile", "keyfile")}
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    made += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made += ["-out", str(files["certfile"]), "-keyout", str(files["keyfile"])]
    subprocess.run(made, check=True, stderr=subprocess.DEVNULL)
    return files
