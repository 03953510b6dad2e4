"""How long ``mien web`` takes to answer, and how many pictures it reads in a second.

    python benchmarks/web.py [--seconds 5] [--clients 1 8 32]

Each client sends a photo of ``examples`` over a connection that it keeps, and the next when the answer is there. Beside
it the same photo is read in this process, without the service: in one thread, and in one a core. All share the cores of
the machine, the clients included.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import numpy as np

PHOTO = Path(__file__).parents[1] / "examples" / "grace_hopper.jpg"
WARM_UP = 5


def repeated(work: Callable[[], object], seconds: float) -> list[float]:
    """Return how long each call took, in seconds, of as many as fit into a time."""
    for _ in range(WARM_UP):
        work()
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while (begun := time.perf_counter()) < end:
        work()
        taken.append(time.perf_counter() - begun)
    return taken


def at_once(make: Callable[[], Callable[[], object]], count: int, seconds: float) -> tuple[float, list[float]]:
    """Return calls a second, and how long each took, of so many threads that each make their own work."""
    ready = threading.Barrier(count)

    def one(_: int) -> list[float]:
        work = make()
        ready.wait()
        return repeated(work, seconds)

    with ThreadPoolExecutor(count) as pool:
        taken = [each for part in pool.map(one, range(count)) for each in part]
    return len(taken) / seconds, taken


@contextmanager
def served() -> Generator[int]:
    """Run the service on a free port; yields the port."""
    command = [sys.executable, "-m", "mien", "web", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r":(\d+) ", process.stdout.readline())
        assert found
        try:
            yield int(found[1])
        finally:
            process.terminate()


def client(port: int, method: str, path: str, data: bytes | None) -> Callable[[], object]:
    """Return a function that sends a request over a connection of its own, and reads the answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)

    def ask() -> None:
        connection.request(method, path, data)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status

    return ask


def line(name: str, rate: float, taken: list[float], beside: float) -> None:
    """Print a row of the table."""
    p50, p95, p99 = np.percentile(np.array(taken) * 1000, (50, 95, 99))
    print(f"{name:26} {rate:8.1f} {rate / beside:8.2f} {p50:8.1f} {p95:8.1f} {p99:8.1f}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 8, 32])
    given = parser.parse_args()

    from mien.imaging.decode import decode_picture
    from mien.inference.analyzer import load

    analyzer, data = load(), PHOTO.read_bytes()
    cores = len(os.sched_getaffinity(0))

    def work() -> object:
        return analyzer(decode_picture(data, "photo").frame("photo")).to_dict()

    print(f"{cores} cores, {PHOTO.name}\n{'':26} {'a second':>8} {'ratio':>8} {'p50, ms':>8} {'p95':>8} {'p99':>8}")
    single, taken = at_once(lambda: work, 1, given.seconds)
    line("in process, one thread", single, taken, single)
    many, taken = at_once(lambda: work, cores, given.seconds)
    line(f"in process, {cores} threads", many, taken, many)
    with served() as port:
        rate, taken = at_once(lambda: client(port, "GET", "/api/model", None), 1, 1)
        line("no picture, 1 client", rate, taken, np.nan)
        for count in given.clients:
            rate, taken = at_once(lambda: client(port, "POST", "/api/image", data), count, given.seconds)
            line(f"photos, {count} client{'s' * (count > 1)}", rate, taken, single if count == 1 else many)


if __name__ == "__main__":
    main()
