"""Measures what becomes of photos that lie on their side or hang upside down, and what searching for them costs.

    python lab/scripts/turned.py FOLDER [--photos 80] [--pasted 30] [--scenes 60] [--docs DIR]

FOLDER is one that ``mien evaluate --photos`` takes. Its photos, and its faces pasted into larger pictures by
standins.py, are turned; scenes and photos with their faces blurred show what is mistaken. Writes the tables of
TURNED.md in docs.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from docpage import ROOT, commit, cores, fill
from framing import evenly
from mien.core import boxes
from mien.core.arrays import Floats, Image
from mien.core.frame import Frame
from mien.detection.detectors import without_landmarks
from mien.detection.rotations import TURNS, search_turned, turn
from mien.detection.yunet import YuNet
from mien.imaging.decode import read
from mien.inference.analyzer import load
from mien.results.analysis import Analysis
from standins import SURROUNDINGS, Labelled, background, faceless, paste, photographs, read_faces, scene

SAME_FACE = 0.4
"""The intersection over union from which a found box stands for the labelled face."""

FACE_PX = (24.0, 160.0)
"""The shortest and the longest side of a pasted face's box."""

SEED = 1
ROUNDS = 5

Analyze = Callable[[Frame], Analysis]
Known = tuple[Image, Floats]
"""A picture (H, W, 3) uint8 and the box (4,) of the face in it."""


def pasted(faces: list[Labelled], photos: list[Image], random: np.random.Generator) -> Known:
    """Return a larger picture with one face in it."""
    picture = background(photos, random).copy()
    height, width = picture.shape[:2]
    side_px = min(round(SURROUNDINGS * np.exp(random.uniform(*np.log(FACE_PX)))), height, width)
    left, top = int(random.integers(width - side_px + 1)), int(random.integers(height - side_px + 1))
    paste(picture[top : top + side_px, left : left + side_px], faces[random.integers(len(faces))])
    patch = np.array([[left, top, left + side_px, top + side_px]], np.float32)
    return picture, boxes.square(patch, 1 / SURROUNDINGS)[0]


def emotion_at(result: Analysis, box: Floats) -> str:
    """Return the emotion of the face at a box (4,), nothing where none is found there."""
    overlap = boxes.iou(box[None], result.faces.boxes)[0]
    return result[int(overlap.argmax())].emotion if overlap.max(initial=0) >= SAME_FACE else ""


def row(name: str, known: list[Known], degrees: int, *, plain: Analyze, ships: Analyze) -> str:
    """Return a line of the table: found, and read as when upright, without and with the search for turns."""
    counts = np.zeros(5)
    for image, box in known:
        lying = Frame(turn(image, (360 - degrees) % 360))
        there = _box_in(lying.image, box, degrees)
        wanted, result = emotion_at(plain(Frame(image)), box), ships(lying)
        if not wanted:
            continue
        before, after = emotion_at(plain(lying), there), emotion_at(result, there)
        right = result.faces.turn == degrees
        counts += [1, bool(before), before == wanted, right and bool(after), right and after == wanted]
    shares = " | ".join(f"{share:.1%}" for share in counts[1:] / max(1, counts[0]))
    return f"| {name} | {degrees} | {counts[0]:.0f} | {shares} |"


def _box_in(lying: Image, box: Floats, degrees: int) -> Floats:
    """Return where a box (4,) of an upright picture is in the picture as it lies."""
    return search_turned(lambda _: without_landmarks(box[None]), lying, degrees).boxes[0]


def milliseconds(work: Callable[[Image], object], image: Image) -> float:
    """Return the median time of the processor that a picture takes."""
    times: list[float] = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work(image)
        times.append(time.process_time() - start)
    return 1000 * statistics.median(times)


def costs(yunet: YuNet, pictures: dict[str, list[Image]]) -> list[str]:
    """Return a line a kind of picture: what it takes, in times of what one look at it takes."""
    lines = ["| picture | upright alone, as frames of videos | as pictures |", "| --- | --- | --- |"]
    for name, images in pictures.items():
        ratios: list[list[float]] = []
        for image in images:
            once = milliseconds(yunet.once, image)
            ratios.append([milliseconds(work, image) / once for work in (yunet, yunet.turned)])
        upright, turned = np.median(ratios, axis=0)
        lines.append(f"| {name} | {upright:.2f} | {turned:.2f} |")
    return lines


def main() -> None:
    """Measure, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=80, help="labelled photos (default 80)")
    parser.add_argument("--pasted", type=int, default=30, help="faces in larger pictures (default 30)")
    parser.add_argument("--scenes", type=int, default=60, help="pictures without a face, of two kinds (default 60)")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="the folder to write in (default docs)")
    given = parser.parse_args()
    random, photos, faces = np.random.default_rng(SEED), photographs(), read_faces(given.folder)
    ships, yunet, doubtful = load(), YuNet(), YuNet(0.5).once

    def plain(frame: Frame) -> Analysis:
        return ships.analyze_with(yunet, frame)

    kinds = {
        "photo": [(read(faces[one].path), faces[one].box) for one in evenly(np.arange(len(faces)), given.photos)],
        "pasted face": [pasted(faces, photos, random) for _ in range(given.pasted)],
    }
    head = "| picture | turned by | n | found, before | read the same, before | found | read the same |"
    lines = [head, "| --- " * 7 + "|"]
    for name, known in kinds.items():
        for degrees in TURNS:
            lines.append(row(name, known, degrees, plain=plain, ships=ships))
            print(lines[-1], flush=True)
    scenes = [scene(photos, random).image for _ in range(given.scenes)]
    hidden = [faceless(faces[one], doubtful) for one in evenly(np.arange(len(faces)), given.scenes)]
    false = ["| picture without a face | n | a face seen, upright | turned |", "| --- | --- | --- | --- |"]
    for name, images in (("scene", scenes), ("photo, faces blurred", hidden)):
        turns = [(len(found), found.turn) for found in map(yunet.turned, images)]
        upright = np.mean([bool(count) and not degrees for count, degrees in turns])
        false.append(
            f"| {name} | {len(images)} | {upright:.1%} | {np.mean([degrees > 0 for _, degrees in turns]):.1%} |"
        )
    print(*false, sep="\n", flush=True)
    cost = costs(
        yunet,
        {
            "photo of 192 px with a face": [image for image, _ in kinds["photo"][:4]],
            "larger, with a face": [image for image, _ in kinds["pasted face"][:4]],
            "without a face": [*photos, *scenes[:4]],
            "photo of 192 px, faces blurred": hidden[:4],
        },
    )
    print(*cost, sep="\n", flush=True)
    command = f"--photos {given.photos} --pasted {given.pasted} --scenes {given.scenes}"
    made = [f"`python lab/scripts/turned.py FOLDER {command}`, commit {commit()}, {cores()} cores"]
    parts = {"turned": lines, "turned-false": false, "turned-cost": cost, "turned-made": made}
    fill(given.docs / "TURNED.md", {name: "\n".join(part) for name, part in parts.items()})


if __name__ == "__main__":
    main()
