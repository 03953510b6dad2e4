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
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import numpy as np

PHOTO = Path(__file__).parents[1] / "examples" / "grace_hopper.jpg"
WARM_UP = 5
ROUNDS = 3
"""How many turns each case has."""


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


@dataclass(frozen=True)
class Case:
    """What is measured: so many at once, each with work of its own, beside the case that it is compared with."""

    name: str
    make: Callable[[], Callable[[], object]]
    count: int = 1
    beside: str = ""


def measured(cases: Sequence[Case], seconds: float) -> dict[str, tuple[float, list[float]]]:
    """Return calls a second, and how long each took, by the names of cases, which take turns: a machine has moods."""
    turns = [{case.name: at_once(case.make, case.count, seconds / ROUNDS) for case in cases} for _ in range(ROUNDS)]
    return {
        case.name: (
            sum(turn[case.name][0] for turn in turns) / ROUNDS,
            [each for turn in turns for each in turn[case.name][1]],
        )
        for case in cases
    }


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

    with served() as port:
        single = Case("in process, one thread", lambda: work)
        many = Case(f"in process, {cores} threads", lambda: work, cores)
        cases = [single, many, Case("no picture, 1 client", lambda: client(port, "GET", "/v1/model", None))]
        for count in given.clients:
            beside = single if count == 1 else many
            name = f"photos, {count} client{'s' * (count > 1)}"
            cases.append(Case(name, lambda: client(port, "POST", "/v1/images", data), count, beside.name))
        found = measured(cases, given.seconds)

    print(f"{cores} cores, {PHOTO.name}\n{'':26} {'a second':>8} {'ratio':>8} {'p50, ms':>8} {'p95':>8} {'p99':>8}")
    for case in cases:
        rate, taken = found[case.name]
        ratio = f"{rate / found[case.beside][0]:8.2f}" if case.beside else " " * 8
        p50, p95, p99 = np.percentile(np.array(taken) * 1000, (50, 95, 99))
        print(f"{case.name:26} {rate:8.1f} {ratio} {p50:8.1f} {p95:8.1f} {p99:8.1f}")


if __name__ == "__main__":
    main()
