"""``mien batch``: its rate beside ``mien image``, the memory of its driver and of listings, and what its parts take.

    python benchmarks/batch.py [--pictures 4000] [--parts costs listing bucket rate workers] [--work DIR]

The pictures are a thousand photos as ``benchmarks/folder.py`` makes them, each named several times, of which one in a
hundred is cut short. Processor time is that of all processes of a command; read it where the machine does other work.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from folder import EXAMPLES, make_pictures

MIEN = [sys.executable, "-m", "mien"]
DISTINCT = 1000
BROKEN_ONE_IN = 100
A_FOLDER = 1000
NAMES = 100_000
"""Of pictures in a bucket."""


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


def memory_mb(pid: int, what: str) -> int:
    """Return what the system says of the memory of a process: VmRSS is what it has in RAM, VmHWM the most it had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith(what)), 0)  # none as it ends


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    return [int(one) for task in Path(f"/proc/{pid}/task").glob("*/children") for one in task.read_text().split()]


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
    _, batch_s = finish(batch, lambda: memory.append((done(out), memory_mb(batch.pid, "VmRSS"))))
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


def bucket(inputs: Path, pictures: int, work: Path) -> None:
    """Print the memory that listing a bucket takes, of which the pictures are in many folders or in one."""
    try:
        from moto.s3.models import s3_backends
        from moto.server import ThreadedMotoServer
    except ImportError:
        print("left out: pip install -e '.[dev]'")
        return
    from pyarrow.fs import S3FileSystem

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ |= {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
    os.environ["AWS_ENDPOINT_URL"] = f"http://{host}:{port}"
    made = S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"], allow_bucket_creation=True)
    for name, number, folder in (("one-picture", 1, ""), ("many-folders", NAMES, "{:03}/"), ("one-folder", NAMES, "")):
        made.create_dir(name)
        [store] = (account["aws"] for account in s3_backends.values())
        for one in range(number):
            store.put_object(name, f"{folder.format(one // A_FOLDER)}photo-{one:010}.jpg", b"")
        process = start("batch", f"s3://{name}", "--recursive", "--dry-run", "--out", work / "never")
        peaks_mb: list[int] = []
        _, used_s = finish(process, lambda process=process, to=peaks_mb: to.append(memory_mb(process.pid, "VmHWM")))
        print(f"s3://{name}, {number:,} pictures: at most {max(peaks_mb)} MB, {used_s:.1f} s of a core", flush=True)
    server.stop()


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
        bench.entry("a.jpg", portraits(1280, 1))
        [child] = children(os.getpid())
        print(f"a child: {memory_mb(child, 'VmRSS')} MB")
        print(
            f"to a child and back: {median_ms(partial(bench.entry, 'none.png', None), time.perf_counter, 500):.2f} ms"
        )
    reference(inputs, work)
    files = list((work / "reference").glob("faces/*/*.parquet"))
    size, rows = sum(file.stat().st_size for file in files), sum(pyarrow_rows(file) for file in files)
    print(f"{len(files)} files, {rows} rows, {size / rows:.0f} bytes a row")
    print("{} rows of different pictures in one file: {:.0f} bytes a row, and {} a file".format(*packed(work)))
    for what, words in (
        (f"in which all {len(files)} units are done already", (inputs, "-r", "--out", work / "reference")),
        ("of one picture", (EXAMPLES / "coffee.png", "--out", work / "one", "--force")),
    ):
        since = time.monotonic()
        _, used_s = finish(start("batch", *words))
        print(f"a run {what}: {time.monotonic() - since:.1f} s, {used_s:.1f} s of a core")


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


PARTS = {part.__name__: part for part in (costs, listing, bucket, rate, workers)}


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
