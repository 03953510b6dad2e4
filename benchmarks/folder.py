"""A folder of photos through mien and through the package ``fer``, side by side in one run, on two cores.

    python benchmarks/folder.py [--pictures 1000] [--fer 40] [--work DIR]

The photos, 1280x720 with one face each, are made from those in ``examples``. ``fer`` gets an environment of its own in
DIR (about 1.5 GB, which a second run finds again) and the same photos, fewer of them. The two take turns, so that
whatever else the machine does falls on both: read the ratio, which is the median over the turns.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[1] / "examples"
FACES = ("astronaut.png", "grace_hopper.jpg")
BACKGROUNDS = ("coffee.png", "chelsea.png")
WIDTH, HEIGHT = 1280, 720
JPEG_QUALITY = 90
TURNS = 4
WARM_UP = 4
CALLS = 20
CORES = 2

FER = "fer==25.10.3"
FER_NEEDS = ("setuptools<81", "opencv-python-headless<5", "tensorflow-cpu", "pandas", "pillow", "requests", "tqdm")
"""What its module imports; its own list of needs also names torch and moviepy, which it can do without."""


def make_pictures(folder: Path, count: int) -> list[Path]:
    """Return the photos, making those not there yet: a face of random size, place and light, on a varied background."""
    import cv2
    import numpy as np

    from mien.imaging.decode import read

    folder.mkdir(parents=True, exist_ok=True)
    portraits = [read(EXAMPLES / name)[:512, :512] for name in FACES]
    backgrounds = [read(EXAMPLES / name) for name in BACKGROUNDS]
    paths = [folder / f"{number:04}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        if path.exists():
            continue
        rng = np.random.default_rng(number)
        ground = backgrounds[rng.integers(len(backgrounds))]
        top, left = (int(rng.integers(side // 2)) for side in ground.shape[:2])
        part = ground[top : top + ground.shape[0] // 2, left : left + ground.shape[1] // 2]
        canvas = np.asarray(cv2.resize(part, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)).astype(np.float32)
        canvas += rng.normal(0, 4, canvas.shape).astype(np.float32)
        portrait = portraits[rng.integers(len(portraits))]
        side = int(rng.integers(300, HEIGHT))
        y, x = int(rng.integers(HEIGHT - side)), int(rng.integers(WIDTH - side))
        canvas[y : y + side, x : x + side] = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_AREA)
        canvas *= rng.uniform(0.7, 1.2)
        file = cv2.imencode(
            ".jpg", canvas.clip(0, 255).astype(np.uint8)[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        )[1]
        path.write_bytes(file.tobytes())
    return paths


def fer_python(work: Path) -> Path:
    """Return the interpreter of an environment with fer, which is made if it is not there."""
    python = work / "fer" / "bin" / "python"
    if not (work / "fer" / "complete").exists():
        venv.create(work / "fer", with_pip=True, clear=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *FER_NEEDS], check=True)
        subprocess.run([*install, "--no-deps", FER], check=True)
        (work / "fer" / "complete").touch()
    return python


class Worker:
    """A process of its own that measures what it is asked to, a line of JSON a question."""

    def __init__(self, python: str | Path, kind: str) -> None:
        self._process = subprocess.Popen(
            [python, __file__, "--worker", kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, paths: list[Path], task: str = "folder") -> dict[str, Any]:
        """Return what ``measure_folder`` or ``measure_one`` says of the photos."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps([task, list(map(str, paths))]), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            sys.exit(f"a worker ended with code {self._process.wait()}; to see why: {self._process.args}")
        return json.loads(answer)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def be_worker(kind: str) -> None:
    """Answer each line of standard input."""
    faces_in, one = {"mien": load_mien, "fer": load_fer}[kind]()
    for line in sys.stdin:
        task, paths = json.loads(line)
        answer = measure_folder(faces_in(paths)) if task == "folder" else measure_one(one, paths[0])
        print(json.dumps(answer), flush=True)


def measure_folder(faces: Iterator[int]) -> dict[str, Any]:
    """Return the seconds, the number of faces, and the most memory held so far after each photo, in MB."""
    found, peaks_mb, start = 0, [], time.perf_counter()
    for count in faces:
        found += count
        peaks_mb.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
    return {"seconds": time.perf_counter() - start, "faces": found, "peaks_mb": peaks_mb}


def measure_one(prepare: Callable[[str], Callable[[], Any]], path: str) -> dict[str, Any]:
    """Return the seconds that each of many calls takes on one decoded photo."""
    call, times_s = prepare(path), []
    for _ in range(CALLS):
        start = time.perf_counter()
        call()
        times_s.append(time.perf_counter() - start)
    return {"times_s": times_s}


def load_mien() -> tuple[Callable[[list[str]], Iterator[int]], Callable[[str], Callable[[], Any]]]:
    """Return what counts the faces of photos, and what makes ready to analyse one."""
    import mien
    from mien.imaging.decode import read

    analyzer = mien.load()

    def faces_in(paths: list[str]) -> Iterator[int]:
        return (len(outcome.result or ()) for outcome in mien.pipeline(analyzer, paths))

    def one(path: str) -> Callable[[], Any]:
        frame = mien.Frame(read(Path(path)))
        return lambda: analyzer(frame)

    return faces_in, one


def load_fer() -> tuple[Callable[[list[str]], Iterator[int]], Callable[[str], Callable[[], Any]]]:
    """Return the same for fer, used as its documentation has it: its defaults, one photo after the other."""
    import cv2
    from fer.fer import FER as Detector  # noqa: N811

    detector = Detector()

    def faces_in(paths: list[str]) -> Iterator[int]:
        return (len(detector.detect_emotions(cv2.imread(path))) for path in paths)

    def one(path: str) -> Callable[[], Any]:
        image = cv2.imread(path)
        return lambda: detector.detect_emotions(image)

    return faces_in, one


def report(mien: Worker, fer: Worker, paths: list[Path], fewer: list[Path]) -> None:
    """Let the two take turns, and print a line each, the ratio, and what mien takes."""
    for worker in (mien, fer):
        worker.ask(paths[:WARM_UP])
    turns = [(mien.ask(paths[turn::TURNS]), fer.ask(fewer[turn::TURNS])) for turn in range(TURNS)]
    alone = [[worker.ask(paths, "one")["times_s"] for worker in (mien, fer)] for _ in range(TURNS)]
    print(f"{len(os.sched_getaffinity(0))} cores, photos of {WIDTH}x{HEIGHT} with one face")
    print("program  photos  faces  photos/s  one decoded photo, ms  memory, MB: at 100, at the end")
    speeds: list[list[float]] = []
    for name, answers, calls in zip(("mien", "fer"), zip(*turns, strict=True), zip(*alone, strict=True), strict=True):
        photos = [len(answer["peaks_mb"]) for answer in answers]
        speeds.append([count / answer["seconds"] for count, answer in zip(photos, answers, strict=True)])
        peaks_mb = [peak for answer in answers for peak in answer["peaks_mb"]]
        one_ms = 1000 * statistics.median(chain.from_iterable(calls))
        print(
            f"{name:7}  {sum(photos):6}  {sum(answer['faces'] for answer in answers):5}  "
            f"{statistics.median(speeds[-1]):8.1f}  {one_ms:21.1f}  "
            f"{peaks_mb[min(99, len(peaks_mb) - 1)]:.0f}, {peaks_mb[-1]:.0f}"
        )
    ratios = sorted(ours / theirs for ours, theirs in zip(*speeds, strict=True))
    print(
        f"mien is {statistics.median(ratios):.1f} times as fast ({ratios[0]:.1f} to {ratios[-1]:.1f} in {TURNS} turns)"
    )


def main() -> None:
    """Make what is missing and print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=1000, help="photos that mien goes through")
    parser.add_argument("--fer", type=int, default=40, help="photos that fer goes through, the first of them")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "mien-folder", metavar="DIR")
    parser.add_argument("--worker", choices=("mien", "fer"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        be_worker(options.worker)
        return
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    paths = make_pictures(options.work / "pictures", options.pictures)
    mien, fer = Worker(sys.executable, "mien"), Worker(fer_python(options.work), "fer")
    try:
        report(mien, fer, paths, paths[: options.fer])
    finally:
        mien.close()
        fer.close()


if __name__ == "__main__":
    main()
