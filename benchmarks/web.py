"""How long ``mien web`` takes to answer, how many pictures it reads in a second, and the memory that it takes for that.

    python benchmarks/web.py [--seconds 5] [--clients 1 8 32 200] [--out docs/benchmarks/web.txt]

Each client sends a photo of ``examples`` over a connection that it keeps, and the next when the answer is there. Beside
it the same photo is read in this process, without the service: in one thread, and in one a core. The cases take turns,
and each ratio is of one turn: its median is what to read. All share the cores of the machine, the clients included:
"cpu" is what an answer takes of a core, in all processes together, whatever else the machine does.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
PHOTO = ROOT / "examples" / "grace_hopper.jpg"
WARM_UP_S = 1.0
"""For how long a case goes on before it counts."""

ROUNDS = 3
"""How many turns each case has."""


@dataclass(frozen=True)
class Case:
    """What is measured: so many at once, here where there is no request to send.

    Attributes:
        name: of the case.
        count: how many at once.
        beside: the name of the case that it is compared with.
        request: what each client sends.
        rates: pictures a second, a turn each.
        taken: how long each took, in seconds, of all turns.
        used: seconds of a core for all of them.
        refused: how many were sent away.
    """

    name: str
    count: int = 1
    beside: str = ""
    request: bytes = b""
    rates: list[float] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)
    used: list[float] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    """When a picture was sent and answered, by the clock of this process, and how."""

    begun: float
    done: float
    status: int = 200


def here(work: Callable[[], object], count: int, seconds: float) -> list[Answer]:
    """Return the answers of work in so many threads, as many as fit into a time."""

    def one(_: int) -> list[Answer]:
        found: list[Answer] = []
        while (begun := time.perf_counter()) < end:
            work()
            found.append(Answer(begun, time.perf_counter()))
        return found

    end = time.perf_counter() + seconds
    with ThreadPoolExecutor(count) as pool:
        return [each for part in pool.map(one, range(count)) for each in part]


async def asked(port: int, request: bytes, count: int, seconds: float) -> list[Answer]:
    """Return the answers to so many clients, as many as fit into a time."""

    async def one() -> list[Answer]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        found: list[Answer] = []
        while (begun := time.perf_counter()) < end:
            status = await _answer(reader, writer, request)
            found.append(Answer(begun, time.perf_counter(), status))
        writer.close()
        return found

    end = time.perf_counter() + seconds
    return [each for part in await asyncio.gather(*(one() for _ in range(count))) for each in part]


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
    """Send a request, and return the status of the answer when all of it is there."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    assert length
    await reader.readexactly(int(length[1]))
    return int(head[9:12])


def message(line: str, data: bytes = b"") -> bytes:
    """Return a request as it is sent."""
    return f"{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


@contextmanager
def served() -> Generator[tuple[int, int]]:
    """Run the service on a free port; yields the number of its process, and the port."""
    command = [sys.executable, "-m", "mien", "web", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r":(\d+) ", process.stdout.readline())
        assert found
        try:
            yield process.pid, int(found[1])
        finally:
            process.terminate()


def turn(case: Case, work: Callable[[], object], pid: int, port: int, seconds: float) -> None:
    """Measure a case once, after a moment in which it gets going."""
    used = used_s(pid)
    if case.request:
        found = asyncio.run(asked(port, case.request, case.count, seconds + WARM_UP_S))
    else:
        found = here(work, case.count, seconds + WARM_UP_S)
    case.used.append((used_s(pid) - used) / len(found))
    begun = min(one.begun for one in found) + WARM_UP_S
    read = [one for one in found if one.status == 200]
    case.refused.append(len(found) - len(read))
    case.taken.extend(one.done - one.begun for one in read if one.begun >= begun)
    case.rates.append(sum(begun <= one.done < begun + seconds for one in read) / seconds)


def used_s(pid: int) -> float:
    """Return the seconds of a core that this process and a service with its processes have used."""
    stats = [Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split() for one in (str(pid), *children(pid))]
    return time.process_time() + sum(int(one[11]) + int(one[12]) for one in stats) / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[str]:
    """Return the numbers of the processes that a service started."""
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def lines(cases: Sequence[Case]) -> Generator[str]:
    """Yield the table."""
    rates = {case.name: case.rates for case in cases}
    rest = " ".join(f"{name:>8}" for name in ("p50, ms", "p95", "p99", "cpu, ms", "refused"))
    yield f"{'':24} {'a second':>8} {'ratio (range)':>18} {rest}"
    for case in cases:
        ratios = [one / other for one, other in zip(case.rates, rates.get(case.beside, []), strict=False)]
        ratio = f"{np.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})" if ratios else ""
        p50, p95, p99 = np.percentile(np.array(case.taken) * 1000, (50, 95, 99))
        rate, used = np.median(case.rates), 1000 * np.median(case.used)
        times = f"{p50:8.1f} {p95:8.1f} {p99:8.1f}"
        yield f"{case.name:24} {rate:8.1f} {ratio:>18} {times} {used:8.1f} {sum(case.refused):8}"


def memory(pid: int) -> str:
    """Return the resident memory of a service and its processes in words, and what of that is no other's."""
    told = [f"{held(one, 'Rss')} (of its own {held(one, 'Private_Dirty')})" for one in (str(pid), *children(pid))]
    return f"memory, MB: the server {told[0]}; its processes {', '.join(told[1:])}"


def held(pid: str, kind: str) -> int:
    """Return the memory of a kind that a process takes, in MB."""
    found = re.search(rf"^{kind}: +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found
    return round(int(found[1]) / 1000)


def about() -> Generator[str]:
    """Yield what was run, on what."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    yield f"$ python {shlex.join(sys.argv)}"
    yield f"commit {commit.stdout.strip()}, {processor[1] if processor else 'an unknown processor'}"
    load = os.getloadavg()[0]
    yield f"{len(os.sched_getaffinity(0))} cores, load {load:.1f} at the beginning, {PHOTO.name}, {ROUNDS} turns"


def main() -> None:
    """Print the table, and write it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="of each turn of a case")
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 8, 32, 200])
    parser.add_argument("--out", type=Path, help="write it into this file, too")
    given = parser.parse_args()

    from mien.imaging.decode import decode_picture
    from mien.inference.analyzer import load

    analyzer, data = load(), PHOTO.read_bytes()
    cores, told = len(os.sched_getaffinity(0)), list(about())
    single, many = Case("in process, one thread"), Case(f"in process, {cores} threads", cores)
    cases = [single, many, Case("no picture, 1 client", request=message("GET /v1/model"))]
    for count in given.clients:
        beside = single if count == 1 else many
        name = f"photos, {count} client{'s' * (count > 1)}"
        cases.append(Case(name, count, beside.name, message("POST /v1/images", data)))

    def work() -> object:
        return analyzer(decode_picture(data, "photo").frame("photo")).to_dict()

    with served() as (pid, port):
        for _ in range(ROUNDS):
            for case in cases:
                turn(case, work, pid, port, given.seconds)
        told += [*lines(cases), memory(pid)]
    print("\n".join(told))
    if given.out:
        given.out.write_text("\n".join(told) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
