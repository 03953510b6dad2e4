"""Asks a ``mien web`` of its own what no honest caller would, and watches that it refuses it and stays as it was.

    python lab/scripts/fuzz_service.py [--requests 4000] [--messages 2000] [--seed 0] [--megabytes 100]

Sends requests with damaged pictures, forms, JSON and videos, options, paths and heads that cannot be meant, noise
that is no HTTP, and uploads that break off; then messages to streams of frames. All of it stays on this machine.
Request n depends on the seed and n alone. Exit code 1: an answer in the five hundreds (but a 503 that says when to
come again), a refusal that is no problem document, no answer where one is due, a traceback of the service, or memory
that grew by more than --megabytes after the first quarter.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import numpy as np
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from docpage import ROOT, commit, cores
from fuzz_images import MUTATORS, Random, mutant, originals

PATIENCE_S = 60.0
GLANCE_S = 0.5
"""For how long an answer is waited for that need not come."""

AT_ONCE = 8
"""Requests that are under way at once."""

EACH_STREAM = 50
"""Messages of one stream."""

PATHS = ("/v1/images", "/v1/preview", "/api/image")
WORDS = (
    "", "mien", "mien-s", "balanced", "0.5", "-1", "1e308", "nan", "inf", "true", "eight", "none", "yunet", "haar",
    "../../etc/passwd", "\0", "a" * 3000, "ä€😀", "%", "<script>", "{}", "[]", "' or 1=1",
)  # fmt: skip
NAMES = ("model", "prior", "view", "detector", "min_face", "largest", "small_faces", "name", "smooth", "fps", "other")
HEADS = (
    "Host", "Origin", "Content-Length", "Transfer-Encoding", "Content-Type", "Expect", "Cookie", "Authorization",
    "X-Request-ID", "X-Forwarded-For", "Connection", "Upgrade", "Range", "Accept-Encoding", "Content-Encoding",
)  # fmt: skip
VALUES = (
    "", "localhost", "null", "-1", "1" * 400, "chunked", "100-continue", "websocket", "gzip", "bytes=0-", "a" * 9000,
    "multipart/form-data", "multipart/form-data; boundary=", "application/json; charset=utf-7", '\t;="', "a\x01b",
)  # fmt: skip
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "PATCH", "CONNECT", "get", "X" * 300)
ROUTES = (
    "/", "/docs", "/metrics", "/healthz", "/static/page.js", "/static/../app.py", "/static/%2e%2e/app.py", "//",
    "/%00", "/weights/%2e%2e%2fmien.onnx", "/v1/stream", "/openapi.json", "*", "http://localhost/v1/model",
    "/" + "a/" * 2000,
)  # fmt: skip


class Sent(NamedTuple):
    """What is sent over a connection."""

    kind: str
    data: bytes
    whole: bool = True
    """Whether it must be answered; the service may also wait for more of what is not."""


def request(path: str, body: bytes = b"", method: str = "POST", heads: Sequence[tuple[str, str]] = ()) -> bytes:
    """Return a request, whose given heads take the place of its own."""
    own = [("Host", "localhost"), ("Connection", "close"), ("Content-Length", str(len(body)))]
    kept = [(name, value) for name, value in own if name not in {given for given, _ in heads}]
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in [*kept, *heads])]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Fuzz:
    """Makes what is sent."""

    def __init__(self, seed: int) -> None:
        self._seed, self._files = seed, originals()
        self._clip = (ROOT / "examples" / "heads.mp4").read_bytes()[:200_000]
        self._kinds: tuple[Callable[[Random, int], Sent], ...] = (
            self.picture, self.form, self.document, self.options, self.route, self.head, self.noise, self.unfinished,
        )  # fmt: skip

    def __call__(self, number: int) -> Sent:
        """Return the request of a number."""
        random = np.random.default_rng((self._seed, number))
        if number % 80 == 79:
            return Sent("video", request("/v1/videos?fps=2", self.damaged(self._clip, random)))
        return self._kinds[number % len(self._kinds)](random, number)

    def picture(self, random: Random, number: int) -> Sent:
        """Send a damaged picture."""
        return Sent("picture", request(f"{_of(PATHS, random)}?name=a", mutant(self._files, self._seed, number)[1]))

    def form(self, random: Random, number: int) -> Sent:
        """Send a form that is damaged together with its pictures."""
        part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
        parts = (
            part + mutant(self._files, self._seed, number + at)[1] + b"\r\n" for at in range(random.integers(1, 4))
        )
        body = self.damaged(b"".join(parts) + b"--x--\r\n", random)
        return Sent("form", request("/v1/images", body, heads=[("Content-Type", "multipart/form-data; boundary=x")]))

    def document(self, random: Random, number: int) -> Sent:
        """Send damaged JSON."""
        encoded = b64encode(mutant(self._files, self._seed, number)[1]).decode()
        body = json.dumps(
            {"images": [{"name": _of(WORDS, random), "data": encoded}] * int(random.integers(4))}
        ).encode()
        body = self.damaged(body, random) if random.integers(2) else body
        return Sent("JSON", request("/v1/images", body, heads=[("Content-Type", "application/json")]))

    def options(self, random: Random, number: int) -> Sent:
        """Send a picture with options that may not be meant."""
        asked = "&".join(f"{_of(NAMES, random)}={quote(_of(WORDS, random))}" for _ in range(random.integers(1, 6)))
        path = _of((*PATHS, "/v1/videos") if number % 64 == 3 else PATHS, random)
        return Sent("options", request(f"{path}?{asked}", self._files["PNG"][0]))

    def route(self, random: Random, number: int) -> Sent:
        """Ask for a path by a method, either of which may not be."""
        return Sent("route", request(_of(ROUTES, random), method=_of(METHODS, random)))

    def head(self, random: Random, number: int) -> Sent:
        """Send heads that may not be meant."""
        heads = [(_of(HEADS, random), _of(VALUES, random)) for _ in range(random.integers(1, 4))]
        return Sent("head", request("/v1/images", self._files["PNG"][0], heads=heads), whole=False)

    def noise(self, random: Random, number: int) -> Sent:
        """Send a request of which any byte may be another."""
        return Sent("noise", self.damaged(request("/v1/images", self._files["PNG"][0]), random), whole=False)

    def unfinished(self, random: Random, number: int) -> Sent:
        """Break off."""
        whole = request(_of((*PATHS, "/v1/videos"), random), bytes(100_000))
        return Sent("unfinished", whole[: int(random.integers(len(whole)))], whole=False)

    def damaged(self, data: bytes, random: Random) -> bytes:
        """Return bytes with some of them changed."""
        changed = bytearray(data)
        for _ in range(random.integers(1, 3)):
            changed = MUTATORS[random.integers(len(MUTATORS))](changed, [data], random) or bytearray(b"\0")
        return bytes(changed)

    def message(self, number: int) -> bytes | str:
        """Return a message of a stream."""
        random = np.random.default_rng((self._seed, 1, number))
        time_s = float(_of((number, number, number, -1.0, 0.0, float("nan"), float("inf"), 1e308), random))
        picture = mutant(self._files, self._seed, number)[1] if random.integers(2) else self._files["PNG"][0]
        kinds: tuple[bytes | str, ...] = (struct.pack("<d", time_s) + picture,) * 6
        kinds += (random.bytes(int(random.integers(20))), "words ä", b"", struct.pack("<d", number))
        return kinds[int(random.integers(len(kinds)))]


def _of(choices: Sequence, random: Random):  # type: ignore[no-untyped-def]
    return choices[int(random.integers(len(choices)))]


def answer(port: int, sent: Sent) -> str:
    """Send something, and say what comes back; what begins with "!" should not."""
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
            connection.sendall(sent.data)
            connection.settimeout(PATIENCE_S if sent.whole else GLANCE_S)
            return told(b"".join(iter(lambda: connection.recv(2**16), b"")), sent.whole)
    except TimeoutError:
        return "!nothing in time" if sent.whole else "waits"
    except OSError:
        return "!closed" if sent.whole else "closed"


def answers(port: int, fuzz: Fuzz, count: int) -> Generator[tuple[str, str]]:
    """Send so many requests; yield the kind of each and what came back."""

    def one(number: int) -> tuple[str, str]:
        sent = fuzz(number)
        return sent.kind, answer(port, sent)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(one, range(count))


def told(answer: bytes, due: bool) -> str:
    """Say what an answer is."""
    head, _, body = answer.partition(b"\r\n\r\n")
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", head)
    if found is None:
        return "!closed" if due or head else "closed"
    status = found[1].decode()
    if status == "503" and b"\nretry-after: " in head.lower():
        return status
    if status[0] == "5" or (status[0] == "4" and body and b"application/problem+json" not in head):
        return f"!{status}"
    return status


def stream(port: int, messages: Sequence[bytes | str], query: str) -> list[str]:
    """Send messages to a stream; say what comes back of each."""
    said: list[str] = []
    try:
        with connect(f"ws://127.0.0.1:{port}/v1/stream?{query}", open_timeout=PATIENCE_S) as one:
            for message in messages:
                one.send(message)
                said.append("error" if "error" in json.loads(one.recv(PATIENCE_S)) else "faces")
    except TimeoutError:
        said.append("!nothing in time")
    except WebSocketException as error:
        said.append(f"!{type(error).__name__}")
    return said


def memory_mb(pid: int) -> float:
    """Return the memory of a process and of those that it started, in MB; what they share is counted once."""
    children = (int(word) for task in Path(f"/proc/{pid}/task").glob("*/children") for word in task.read_text().split())
    rolled = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.findall(r"^Pss: +(\d+)", rolled, re.MULTILINE)[0]) / 1000 + sum(map(memory_mb, children))


@contextmanager
def service() -> Generator[tuple[subprocess.Popen[str], int]]:
    """Run the service; yield its process and its port."""
    command = [sys.executable, "-m", "mien", "web", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        found = re.search(r":(\d+)", process.stdout.readline())
        assert found
        yield process, int(found[1])


class Watch:
    """The memory of a process over time, and what came back."""

    def __init__(self, pid: int, every: int) -> None:
        self._pid, self._every, self._count = pid, every, 0
        self.megabytes: list[float] = []
        self.counts = Counter[tuple[str, str]]()

    def note(self, kind: str, outcome: str, number: int) -> None:
        """Count an outcome."""
        if outcome.startswith("!"):
            print(f"{kind} {number}: {outcome[1:]}", flush=True)
        self.counts[kind, outcome] += 1
        self._count += 1
        if self._count % self._every == 0:
            self.megabytes.append(memory_mb(self._pid))

    def growth(self) -> float:
        """Return by how many MB memory grew after the first quarter."""
        rest = self.megabytes[len(self.megabytes) // 4 :]
        return rest[-1] - rest[0]


def main() -> None:
    """Ask, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--megabytes", type=float, default=100, help="by how much memory may grow")
    options = parser.parse_args()
    fuzz, begun = Fuzz(options.seed), time.monotonic()
    with service() as (process, port):
        watch = Watch(process.pid, max(1, (options.requests + options.messages) // 60))
        for number, (kind, outcome) in enumerate(answers(port, fuzz, options.requests)):
            watch.note(kind, outcome, number)
        for first in range(0, options.messages, EACH_STREAM):
            numbers = range(first, min(first + EACH_STREAM, options.messages))
            for number, said in zip(
                numbers, stream(port, [fuzz.message(one) for one in numbers], "smooth=0"), strict=False
            ):
                watch.note("stream", said, number)
        process.send_signal(signal.SIGINT)
        _, words = process.communicate(timeout=PATIENCE_S)
    for kind in dict.fromkeys(kind for kind, _ in watch.counts):
        outcomes = sorted((said, count) for (one, said), count in watch.counts.items() if one == kind)
        print(f"{kind:12}" + "".join(f"{said} {count:,}, " for said, count in outcomes).rstrip(", "))
    print(f"memory in MB: {' '.join(f'{one:.0f}' for one in watch.megabytes)}; {watch.growth():+.0f} after a quarter")
    print(
        f"{options.requests:,} requests, {options.messages:,} messages, seed {options.seed}, commit {commit()}, "
        f"{cores()} cores, {time.monotonic() - begun:.0f} s"
    )
    if failed := "Traceback" in words:
        print(words, end="")
    sys.exit(failed or any(said.startswith("!") for _, said in watch.counts) or watch.growth() > options.megabytes)


if __name__ == "__main__":
    main()
