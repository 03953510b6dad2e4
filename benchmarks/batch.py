"""``mien batch``: its rate beside ``mien image``, the memory of its driver, and its files after kills of every kind.

    python benchmarks/batch.py [--pictures 4000] [--parts rate workers kills cluster listing] [--work DIR]

The pictures are a thousand photos as ``benchmarks/folder.py`` makes them, each named several times, of which one in a
hundred is cut short. Processor time is that of all processes of a command; read it where the machine does other work.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from folder import EXAMPLES, make_pictures

MIEN = [sys.executable, "-m", "mien"]
DISTINCT = 1000
BROKEN_ONE_IN = 100
A_FOLDER = 1000
SEED = 1
S3_PICTURES = 300


def make_inputs(work: Path, pictures: int) -> Path:
    """Return a folder of folders of so many pictures."""
    made = make_pictures(work / "photos", DISTINCT)
    broken = work / "broken.jpg"
    broken.write_bytes(made[0].read_bytes()[:5000])
    inputs = work / f"inputs-{pictures}"
    if not inputs.exists():
        for number in range(pictures):
            name = inputs / f"{number // A_FOLDER:04}" / f"{number:08}.jpg"
            name.parent.mkdir(parents=True, exist_ok=True)
            name.symlink_to(broken if number % BROKEN_ONE_IN == BROKEN_ONE_IN // 2 else made[number % DISTINCT])
    return inputs


def start(*words: object, **how: Any) -> subprocess.Popen[bytes]:
    """Start a command of mien."""
    command = [*MIEN, *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **how)


def finish(process: subprocess.Popen[bytes], look: Callable[[], None] = lambda: None) -> tuple[int, float]:
    """Return a command's exit code, and the processor time of it and its children in seconds."""
    while True:
        number, status, used = os.wait4(process.pid, os.WNOHANG)
        if number:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, used.ru_utime + used.ru_stime
        look()
        time.sleep(0.2)


def resident_mb(pid: int) -> int:
    """Return the memory that a process has in RAM."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS")), 0)  # none as it ends


def done(out: Path) -> int:
    """Return how many units are done."""
    return sum(1 for _ in out.glob("faces/*/*.parquet"))


def digest(out: Path) -> str:
    """Return one digest of the names and bytes of all Parquet files."""
    sha256 = hashlib.sha256()
    for file in sorted(out.rglob("*.parquet")):
        sha256.update(str(file.relative_to(out)).encode() + file.read_bytes())
    return sha256.hexdigest()[:16]


def rate(inputs: Path, pictures: int, work: Path) -> None:
    """Print what batch and image take for the same pictures at the same time."""
    shutil.rmtree(work / "rate", ignore_errors=True)
    out = work / "rate" / "out"
    memory: list[tuple[int, int]] = []
    since = time.monotonic()
    batch = start("batch", inputs, "-r", "--out", out)
    image = start("image", inputs, "-r", "--out", work / "rate" / "faces.parquet")
    _, batch_s = finish(batch, lambda: memory.append((done(out), resident_mb(batch.pid))))
    batch_wall_s = time.monotonic() - since
    _, image_s = finish(image)
    image_wall_s = time.monotonic() - since
    print(f"{pictures} pictures, both at the same time, load {os.getloadavg()[0]:.1f}")
    for name, used_s, wall_s in (("batch", batch_s, batch_wall_s), ("image", image_s, image_wall_s)):
        print(f"mien {name}: {1000 * used_s / pictures:.2f} ms of a core a picture; {pictures / wall_s:.1f}/s")
    memory = [(units, mb) for units, mb in memory if mb]
    shown = [memory[len(memory) * part // 5] for part in range(1, 5)] + memory[-1:]
    print("memory of the driver of mien batch, MB:", ", ".join(f"{mb} after unit {units}" for units, mb in shown))


def workers(inputs: Path, pictures: int, work: Path) -> None:
    """Print what a picture takes with 1, 2 and 4 workers."""
    for number in (1, 2, 4):
        out = work / f"workers-{number}"
        shutil.rmtree(out, ignore_errors=True)
        since = time.monotonic()
        _, used_s = finish(start("batch", inputs, "-r", "--out", out, "--concurrency", number))
        wall_s = time.monotonic() - since
        print(f"{number} workers: {1000 * used_s / pictures:.2f} ms of a core a picture; {pictures / wall_s:.1f}/s")


def reference(inputs: Path, work: Path) -> str:
    """Return the digest of an undisturbed run."""
    out = work / "reference"
    if not (out / "manifest.json").exists() or '"totals"' not in (out / "manifest.json").read_text():
        shutil.rmtree(out, ignore_errors=True)
        finish(start("batch", inputs, "-r", "--out", out))
    return digest(out)


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    return [int(one) for task in Path(f"/proc/{pid}/task").glob("*/children") for one in task.read_text().split()]


def kills(inputs: Path, pictures: int, work: Path) -> None:
    """Print whether runs whose driver or children were killed at random ended with the files of an undisturbed one."""
    expected, rng = reference(inputs, work), random.Random(SEED)
    for kind in ("driver", "child", "driver and children", "asked to stop"):
        out = work / "kills"
        shutil.rmtree(out, ignore_errors=True)
        codes: list[int] = []
        for _ in range(3):
            process = start("batch", inputs, "-r", "--out", out)
            wait_until = done(out) + rng.uniform(1, 8)
            codes.append(finish(process, partial(strike, kind, process, out, wait_until))[0])
        code, _ = finish(start("batch", inputs, "-r", "--out", out))
        same = "the same" if digest(out) == expected else "OTHER"
        print(f"{kind}: ended with {codes}, then {code}; {same} files")


STRUCK: set[int] = set()


def strike(kind: str, process: subprocess.Popen[bytes], out: Path, after: float) -> None:
    """Kill what a kind of kill is of when so many units are done, once a run."""
    if done(out) < after or process.pid in STRUCK:
        return
    STRUCK.add(process.pid)
    victims = children(process.pid) if "child" in kind else []
    victims += [process.pid] if kind != "child" else []
    for victim in victims[:1] if kind == "child" else victims:
        os.kill(victim, signal.SIGTERM if kind == "asked to stop" else signal.SIGKILL)


def strike_node(victim: subprocess.Popen[bytes], out: Path, after: int) -> None:
    """Kill a node when so many units are done."""
    if done(out) >= after and victim.pid not in STRUCK:
        STRUCK.add(victim.pid)
        os.killpg(victim.pid, signal.SIGKILL)


@contextmanager
def node(*options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a node of a Ray cluster with one core."""
    ray = str(Path(sys.executable).with_name("ray"))
    sockets = tempfile.mkdtemp(dir="/tmp")
    command = [ray, "start", "--block", "--num-cpus=1", "--object-store-memory=80000000", "--disable-usage-stats"]
    if "--head" in options:
        command.append(f"--temp-dir={sockets}")
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if b"--block" in line:
                break
        yield process
        os.killpg(process.pid, signal.SIGKILL)
    shutil.rmtree(sockets, ignore_errors=True)


def cluster(inputs: Path, pictures: int, work: Path) -> None:
    """Print whether runs on a cluster of two nodes, of which one is killed, end with the same files."""
    os.environ["RAY_AUTH_MODE"] = "disabled"  # or a token that is in the home would be asked for
    expected, out = reference(inputs, work), work / "cluster"
    shutil.rmtree(out, ignore_errors=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    head = node("--head", f"--port={address[10:]}", "--node-ip-address=127.0.0.1", "--include-dashboard=false")
    with head as first, node(f"--address={address}", "--node-ip-address=127.0.0.1") as second:
        command = ("batch", inputs, "-r", "--out", out, "--address", address)
        for what, victim, after in (("a node", second, 6), ("the head", first, 12)):
            process, at = start(*command), time.monotonic()
            code, _ = finish(process, partial(strike_node, victim, out, after))
            took_s = time.monotonic() - at
            print(f"{what} killed after {after} units: ended with {code} after {took_s:.0f} s, {done(out)} done")
            if code == 1:
                print("files:", "the same" if digest(out) == expected else "OTHER")
                shutil.rmtree(out)
    code, _ = finish(start("batch", inputs, "-r", "--out", out))
    print(f"gone on with here: {code};", "the same files" if digest(out) == expected else "OTHER files")


def s3(inputs: Path, pictures: int, work: Path) -> None:
    """Print whether a run from S3 into S3 that was killed ends with the files of an undisturbed one."""
    try:
        from moto.server import ThreadedMotoServer
    except ImportError:
        print("left out: pip install 'moto[server]'")
        return
    from pyarrow.fs import FileSelector, S3FileSystem

    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    os.environ |= {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
    os.environ["AWS_ENDPOINT_URL"] = f"http://{host}:{port}"
    store = S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"], allow_bucket_creation=True)
    store.create_dir("bucket")
    for number, file in enumerate(sorted(inputs.rglob("*.jpg"))[:S3_PICTURES]):
        with store.open_output_stream(f"bucket/in/{number % 3}/{file.name}") as stream:
            stream.write(file.read_bytes())

    def written(out: str) -> dict[str, bytes]:
        files = store.get_file_info(FileSelector(f"bucket/{out}", recursive=True, allow_not_found=True))
        named = {file.path.removeprefix(f"bucket/{out}"): file.path for file in files if file.is_file}
        return {name: store.open_input_stream(path).read() for name, path in named.items()}

    codes: list[int] = []
    for out, dies in (("whole", False), ("killed", True), ("killed", False)):
        process = start("batch", "s3://bucket/in", "-r", "--out", f"s3://bucket/{out}")
        codes.append(finish(process, partial(strike_s3, process, dies, lambda: len(written("killed"))))[0])
    same = "the same" if written("whole") == written("killed") else "OTHER"
    print(f"{S3_PICTURES} pictures: ended with {codes}; {len(written('whole'))} files, {same}")
    server.stop()


def strike_s3(process: subprocess.Popen[bytes], dies: bool, files: Callable[[], int]) -> None:
    """Kill a run that is to die when it has written its manifest and a unit."""
    if dies and files() > 1:
        process.kill()


class Names:
    """So many names, as a pipe gives them."""

    def __init__(self, number: int) -> None:
        self._numbers, self._rest = iter(range(number)), b""

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        while len(self._rest) < size and (number := next(self._numbers, None)) is not None:
            self._rest += b"/data/photos/%05d/%010d.jpg\n" % (number // 10_000, number)
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


def listing(inputs: Path, pictures: int, work: Path) -> None:
    """Print what ten million names take, as they pass."""
    from mien.apps.batch.listing import Inputs
    from mien.apps.batch.listing import listing as listed
    from mien.apps.batch.units import Tally, units

    number = 10_000_000
    tally, before_s = Tally(), time.process_time()
    for _ in tally.of(units(listed(Inputs([]), lambda *_: None, Names(number)))):  # type: ignore[arg-type]
        pass
    used_us = (time.process_time() - before_s) / number * 1e6
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{number:,} names in {tally.listing()['units']} units: {used_us:.1f} us a name, at most {peak_mb} MB")


def portraits(side_px: int, faces: int) -> bytes:
    """Return a JPEG of 3:2 with so many faces in a row on a background."""
    import cv2

    from mien.imaging.decode import read

    height = side_px * 2 // 3
    picture = cv2.resize(read(EXAMPLES / "coffee.png"), (side_px, height), interpolation=cv2.INTER_CUBIC)
    if faces:
        width = min(height, side_px // faces)
        face = cv2.resize(read(EXAMPLES / "astronaut.png")[:300, 100:400], (width, width), interpolation=cv2.INTER_AREA)
        for number in range(faces):
            picture[:width, number * width : (number + 1) * width] = face
    return cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def costs(inputs: Path, pictures: int, work: Path) -> None:
    """Print what a picture, the way to a child and a done unit take, and how large rows are."""
    import cv2

    from mien.apps.batch.child import entry_of
    from mien.apps.batch.isolated import Bench
    from mien.apps.batch.job import Job
    from mien.imaging.decode import MAX_PIXELS, REDUCE_TO_PX
    from mien.inference.analyzer import load
    from mien.results.provenance import Made
    from mien.version import __version__

    cv2.setNumThreads(1)
    analyzer = load(threads=1)
    made = Made(analyzer.model, analyzer.labels, {})
    job = Job({"threads": 1}, MAX_PIXELS, REDUCE_TO_PX, 60.0, __version__, made.entry, made.labels)
    for side_px in (320, 640, 1280, 4000):
        for faces in (0, 1, 10):
            data = portraits(side_px, faces)
            entry = entry_of(analyzer, job, "", data)
            used_ms = median_ms(partial(entry_of, analyzer, job, "", data), time.process_time, 15)
            found = len(entry["faces"]) if "faces" in entry else 0
            print(f"{side_px:4} px, {len(data) / 1000:6.0f} kB, {found:2} faces: {used_ms:6.1f} ms of a core")
    with Bench(job) as bench:
        bench.entry("none.png", None)
        print(
            f"to a child and back: {median_ms(partial(bench.entry, 'none.png', None), time.perf_counter, 500):.2f} ms"
        )
    reference(inputs, work)
    files = list((work / "reference").glob("faces/*/*.parquet"))
    size, rows = sum(file.stat().st_size for file in files), sum(pyarrow_rows(file) for file in files)
    print(f"{len(files)} files, {rows} rows, {size / rows:.0f} bytes a row")
    print("{} rows of different pictures in one file: {:.0f} bytes a row, and {} a file".format(*packed(work)))
    since = time.monotonic()
    finish(start("batch", inputs, "-r", "--out", work / "reference"))
    print(f"a run in which all {len(files)} units are done already: {time.monotonic() - since:.1f} s")


def packed(work: Path) -> tuple[int, float, int]:
    """Return how many rows there are of different pictures, and the bytes of one and of an empty file."""
    from io import BytesIO

    from pyarrow import dataset, parquet

    def size(rows: int) -> int:
        content = BytesIO()
        parquet.write_table(table.slice(0, rows), content, compression="zstd")
        return len(content.getvalue())

    table = dataset.dataset(work / "reference" / "faces").to_table()
    rows = min(table.num_rows, DISTINCT * (BROKEN_ONE_IN - 1) // BROKEN_ONE_IN)
    return rows, (size(rows) - size(0)) / rows, size(0)


def pyarrow_rows(file: Path) -> int:
    """Return how many rows a Parquet file has."""
    from pyarrow import parquet

    return parquet.read_metadata(file).num_rows


def median_ms(call: Callable[[], object], clock: Callable[[], float], times: int) -> float:
    """Return how long a call takes."""
    taken: list[float] = []
    for _ in range(times):
        since = clock()
        call()
        taken.append(clock() - since)
    return statistics.median(taken) * 1000


PARTS = {part.__name__: part for part in (costs, listing, rate, workers, kills, cluster, s3)}


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=4000)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "mien-batch")
    asked = parser.parse_args()
    inputs = make_inputs(asked.work, asked.pictures)
    for part in asked.parts:
        print(f"== {part}", flush=True)
        PARTS[part](inputs, asked.pictures, asked.work)


if __name__ == "__main__":
    main()
