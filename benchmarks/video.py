"""Videos through mien and through the package ``fer``, side by side in one run, on two cores.

    python benchmarks/video.py [CLIP...] [--seconds 20] [--turns 3] [--work DIR]
    python benchmarks/video.py [CLIP...] --against CHECKOUT

Two clips are made from a photo in ``examples``: a face that moves, in 640x360 and in 1280x720, 25 frames a second. mien
decodes, finds, names, follows and smooths, without and with writing the film; ``fer`` gets an environment of its own in
DIR (about 1.5 GB, which a second run finds again) and each frame of the same clip, fewer of them, as its documentation
has it. They take turns, so that whatever else the machine does falls on both: read the ratio.

Then the clips, and those named, with ``detect_every`` of 1, 2, 3, 5 and 10: frames a second, how many of the faces that
a search of every frame finds are there, and on how many of those the emotion shown agrees.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from folder import fer_python

CORES = 2
FPS = 25
SIZES = ((640, 360), (1280, 720))
EVERY = (1, 2, 3, 5, 10)
FER_FRAMES = 40
SAME_IOU = 0.4
PORTRAIT = Path(__file__).parents[1] / "examples" / "astronaut.png"


def make_clip(path: Path, size: tuple[int, int], seconds: float) -> Path:
    """Return a clip of a portrait that circles on a plain ground, made if it is not there."""
    import cv2
    import numpy as np

    from mien.imaging.decode import read
    from mien.video.writer import VideoWriter

    if path.exists():
        return path
    width, height = size
    side = round(0.8 * height)
    portrait = cv2.resize(read(PORTRAIT), (side, side), interpolation=cv2.INTER_AREA)
    rng = np.random.default_rng(0)
    ground = cv2.resize(rng.integers(60, 200, (9, 16, 3), np.uint8), size, interpolation=cv2.INTER_CUBIC)
    with VideoWriter(path, size, Fraction(1, FPS)) as film:
        for number in range(round(seconds * FPS)):
            angle = 2 * np.pi * number / (4 * FPS)
            x = round((width - side) * (0.5 + 0.4 * np.cos(angle)))
            y = round((height - side) * (0.5 + 0.4 * np.sin(angle)))
            image = ground.copy()
            image[y : y + side, x : x + side] = portrait
            film.write(image, number / FPS)
    return path


def with_mien(clip: Path, film: bool) -> float:
    """Return the frames a second at which mien goes through a clip, without or with writing the film."""
    import mien
    from mien.draw.annotate import draw
    from mien.video.reader import open_video
    from mien.video.writer import VideoWriter

    analyzer = mien.load()
    start, count = time.perf_counter(), 0
    if not film:
        for _ in mien.stream(clip, analyzer):
            count += 1
        return count / (time.perf_counter() - start)
    with open_video(clip) as video:
        facts = video.clip
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "film.mp4"
        with VideoWriter(out, (facts.width, facts.height), facts.time_base, clip) as made:
            for result in mien.stream(clip, analyzer):
                made.write(draw(result), result.frame.time_s)
                count += 1
    return count / (time.perf_counter() - start)


def with_fer(python: Path, clip: Path) -> float:
    """Return the same for the package fer, over the first ``FER_FRAMES`` frames."""
    done = subprocess.run(
        [python, __file__, "--be-fer", clip], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return float(done.stdout.splitlines()[-1])


def be_fer(clip: str) -> None:
    """Print the frames a second of fer; runs in its own environment."""
    import cv2
    from fer.fer import FER

    detector, source = FER(), cv2.VideoCapture(clip)
    detector.detect_emotions(source.read()[1])
    start = time.perf_counter()
    for _ in range(FER_FRAMES):
        detector.detect_emotions(source.read()[1])
    print(FER_FRAMES / (time.perf_counter() - start))


def compare(clips: Iterable[Path], turns: int, python: Path) -> None:
    """Print the speeds on each clip, the median of some turns and the range."""
    ways = {
        "mien, analysis": lambda clip: with_mien(clip, film=False),
        "mien, with the film": lambda clip: with_mien(clip, film=True),
        "fer": lambda clip: with_fer(python, clip),
    }
    print("clip          way                  frames/s  range        times fer")
    for clip in clips:
        taken = [{name: way(clip) for name, way in ways.items()} for _ in range(turns)]
        for name in ways:
            speeds = [turn[name] for turn in taken]
            ratio = statistics.median(turn[name] / turn["fer"] for turn in taken)
            span = f"{min(speeds):.1f}-{max(speeds):.1f}"
            print(f"{clip.stem:12}  {name:19}  {statistics.median(speeds):8.1f}  {span:11}  {ratio:.1f}", flush=True)


def follow(clips: Iterable[Path]) -> None:
    """Print what searching the whole of fewer frames gains and costs."""
    import mien
    from mien.core.boxes import iou

    analyzer = mien.load()
    print("\nclip                      every  frames/s  faces  found, %  same emotion, %")
    for clip in clips:
        truth: list[mien.TrackedResult] = []
        for every in EVERY:
            start = time.perf_counter()
            found = [slim(result) for result in mien.stream(clip, analyzer, detect_every=every)]
            speed = len(found) / (time.perf_counter() - start)
            truth = truth or found
            faces = matched = agreed = 0
            for one, other in zip(truth, found, strict=True):
                overlap = iou(one.faces.boxes, other.faces.boxes)
                faces += len(one)
                for row in range(len(one)):
                    best = int(overlap[row].argmax()) if len(other) else -1
                    if best >= 0 and overlap[row, best] >= SAME_IOU:
                        matched += 1
                        agreed += one.shown[row] == other.shown[best]
            shares = [
                f"{100 * part / whole:.1f}" if whole else "-" for part, whole in ((matched, faces), (agreed, matched))
            ]
            print(
                f"{clip.stem[:24]:24}  {every:5}  {speed:8.1f}  {faces:5}  {shares[0]:>8}  {shares[1]:>15}", flush=True
            )


WAY = """
import resource, sys
import mien
from mien.tracking.timeline import Timeline
analyzer, clip = mien.load(threads=1), sys.argv[1]
def go():
    timeline, count = Timeline(analyzer.labels), 0
    for result in mien.stream(clip, analyzer):
        timeline.add(result)
        count += 1
    timeline.close(result.frame.time_s)
    return count
next(mien.stream(clip, analyzer))
before = resource.getrusage(resource.RUSAGE_SELF)
count = go()
after = resource.getrusage(resource.RUSAGE_SELF)
print((after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) / count)
"""
"""Prints the processor time a frame; on one thread, as several of ONNX Runtime's spin while they wait."""


def processor_s(checkout: Path, clip: Path) -> float:
    """Return the processor time a frame of a clip, in seconds, by the code of a checkout."""
    done = subprocess.run(
        [sys.executable, "-c", WAY, clip],
        check=True,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(checkout / "src")},
    )
    return float(done.stdout.splitlines()[-1])


def against(clips: Iterable[Path], other: Path, turns: int) -> None:
    """Print what a frame costs here and in another checkout."""
    here = Path(__file__).parents[1]
    print("clip                      ms here  ms there  ratio  range")
    for clip in clips:
        taken = [(processor_s(here, clip), processor_s(other, clip)) for _ in range(turns)]
        ratios = [new / old for new, old in taken]
        new_s, old_s = (statistics.median(one) for one in zip(*taken, strict=True))
        ratio, span = statistics.median(ratios), f"{min(ratios):.2f}-{max(ratios):.2f}"
        print(f"{clip.stem[:24]:24}  {1000 * new_s:7.2f}  {1000 * old_s:8.2f}  {ratio:5.2f}  {span}", flush=True)


def slim(result):
    """Return a result without its picture, so that a whole clip's can be kept."""
    from dataclasses import replace

    return replace(result, frame=replace(result.frame, image=result.frame.image[:1, :1]))


def main() -> None:
    """Make what is missing and print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path, metavar="CLIP", help="more clips, for detect_every")
    parser.add_argument("--seconds", type=float, default=20, help="how long the clips are that are made")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "mien-folder", metavar="DIR")
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="compare with this one, and with nothing else")
    parser.add_argument("--be-fer", metavar="CLIP", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.be_fer:
        be_fer(options.be_fer)
        return
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    options.work.mkdir(parents=True, exist_ok=True)
    made = [
        make_clip(options.work / f"{width}x{height}.mp4", (width, height), options.seconds) for width, height in SIZES
    ]
    if options.against:
        against([*made, *options.clips], options.against, options.turns)
        return
    print(f"{CORES} cores, one face, {FPS} frames a second, {options.seconds:g} s")
    compare(made, options.turns, fer_python(options.work))
    follow([*made, *options.clips])


if __name__ == "__main__":
    main()
