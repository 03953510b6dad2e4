"""Measures what YuNet finds and what it mistakes for a face, by its threshold, plain, in tiles and at further sizes.

    python lab/scripts/choose_detector.py FOLDER DATA [--groups 60] [--scenes 160] [--crops 150] [--out FILE]

FOLDER is one that ``mien evaluate --photos`` takes; its faces are pasted small into larger pictures (standins.py).
DATA is a folder of ``mien prepare``; its PublicTest faces fill their pictures, or lie in small ones. FILE is
docs/benchmarks/detector.txt.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from docpage import ROOT, commit, cores
from framing import evenly
from mien.core import boxes
from mien.core.arrays import Floats, Image
from mien.core.faces import Faces
from mien.core.output import write_whole
from mien.data.split import load_split
from mien.detection.detectors import Detector
from mien.detection.sliced import SlicedDetector
from mien.detection.yunet import MIN_SCORE, MIN_SCORE_TILE, RETRY_SIZES_PX, YuNet
from mien.detection.yunet_net import resize, weights
from pasted import PICTURE_PX, Scene, as_rgb, enlarged, paste
from standins import SURROUNDINGS, Standin, faceless, group, photographs, read_faces, scene

THRESHOLDS = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8)
SAME_FACE = 0.4
"""The intersection over union from which a found box stands for a pasted face."""

SIZES_PX = (12, 16, 20, 30, 49)
"""Limits of the classes of size, by the side of the pasted face's box."""

CROPS_PX = (24, 36, 48, 72, 96, 200, 400, 640)
"""Sides at which a face fills its picture."""

SMALL_PX = (36, 48, 72, 96, 144)
"""Sides at which a face lies in a small picture of one grey."""

LOOKS_PX = (128, 160, 192, 224, 256, 320, 480, 640)
"""Sides at which a picture is searched again."""

SEED = 1


@dataclass(frozen=True, slots=True)
class Row:
    """What a detector makes of the stand-ins: shares and means, nothing else."""

    mode: str
    threshold: str
    recall: float
    by_size: tuple[float, ...]
    false_faces: float
    mistaken_scenes: float


def at_least(detect: Detector, min_score: float) -> Detector:
    """Return a detector that keeps the faces of another one that score min_score or more."""

    def kept(image: Image) -> Faces:
        found = detect(image)
        return found.take(found.scores >= min_score)

    return kept


def remembered(detect: Detector) -> Detector:
    """Return a detector that searches equal pictures once."""
    known: dict[tuple[tuple[int, ...], int], Faces] = {}

    def recall(image: Image) -> Faces:
        key = image.shape, hash(image.tobytes())
        if key not in known:
            known[key] = detect(image)
        return known[key]

    return recall


def detectors() -> list[tuple[str, str, Detector]]:
    """Return mode, threshold and detector of each row; thresholds differ in nothing but the scores that they drop."""
    near = remembered(YuNet(min(THRESHOLDS)).once)
    plain = [("plain", f"{score:g}", YuNet(score)) for score in THRESHOLDS]
    tiled = [(f"{score:g}", SlicedDetector(YuNet(score), at_least(near, score))) for score in THRESHOLDS]
    shipped = f"{MIN_SCORE:g}, {MIN_SCORE_TILE:g}", SlicedDetector(YuNet(), at_least(near, MIN_SCORE_TILE))
    return [*plain, *(("tiles", name, detect) for name, detect in [*tiled, shipped])]


def search(mode: str, threshold: str, detect: Detector, groups: list[Standin], scenes: list[Standin]) -> Row:
    """Return what a detector finds in the groups, and mistakes in both."""
    hits, sides, false_faces = list[bool](), list[float](), 0
    for one in groups:
        found = detect(one.image).boxes
        hits += (boxes.iou(one.boxes, found).max(axis=1, initial=0) >= SAME_FACE).tolist()
        sides += (one.boxes[:, 2] - one.boxes[:, 0]).tolist()
        false_faces += int((~beside_a_face(found, one.boxes)).sum())
    found, size = np.array(hits), np.array(sides)
    classes = [(size >= low) & (size < high) for low, high in pairwise(SIZES_PX)]
    by_size = tuple(share(found[rows]) for rows in classes)
    mistaken = share(np.array([len(detect(one.image)) > 0 for one in scenes]))
    return Row(mode, threshold, share(found), by_size, false_faces / len(groups), mistaken)


def beside_a_face(found: Floats, truth: Floats) -> NDArray[np.bool_]:
    """Return which of boxes (N, 4) have their centre in what was pasted with one of the faces (M, 4), (N,) bool."""
    centres, patches = (found[:, None, :2] + found[:, None, 2:]) / 2, boxes.square(truth, SURROUNDINGS)[None]
    beyond = np.maximum(patches[:, :, :2] - centres, centres - patches[:, :, 2:]).max(axis=2)
    return beyond.min(axis=1, initial=np.inf) < 0


def share(hits: NDArray[np.bool_] | list[bool]) -> float:
    """Return the share that is true, not a number of nothing."""
    return float(np.mean(hits)) if len(hits) else float("nan")


def looks(images: list[Image], ships: Detector) -> list[float]:
    """Return the share of pictures in which a face is found.

    That is in one search; with a second search at each size; with all those that the detector makes; and as it ships,
    with its recheck of doubtful faces.
    """
    sure = YuNet(MIN_SCORE).once
    first = np.array([len(sure(image)) > 0 for image in images])
    seconds = {px: first | [len(sure(resize(image, px))) > 0 for image in images] for px in LOOKS_PX}
    every = np.any([seconds[px] for px in RETRY_SIZES_PX], axis=0)
    return [share(hits) for hits in (first, *seconds.values(), every, [len(ships(image)) > 0 for image in images])]


def text(rows: list[Row], found: dict[str, list[float]], faces: int) -> str:
    """Return both tables."""
    sizes = [f"{low}-{high - 1} px" for low, high in pairwise(SIZES_PX)]
    head = f"{'mode':6}{'threshold':>10}{'all':>8}{''.join(f'{size:>10}' for size in sizes)}"
    lines = [f"{faces} pasted faces: share found at IoU {SAME_FACE:g} by side of box; scenes in which one is found"]
    lines += [f"{head}{'false/group':>13}{'scenes':>8}"]
    for row in rows:
        shares = "".join(f"{one:10.1%}" for one in row.by_size)
        start = f"{row.mode:6}{row.threshold:>10}{row.recall:8.1%}"
        lines += [f"{start}{shares}{row.false_faces:13.3f}{row.mistaken_scenes:8.1%}"]
    lines += [
        "",
        "share of pictures with a face: at one look; with one more (px); with those at "
        f"{' and '.join(map(str, RETRY_SIZES_PX))} px; as it ships",
    ]
    lines += [f"{'picture':22}{'one':>8}{''.join(f'{px:8}' for px in LOOKS_PX)}{'both':>8}{'ships':>8}"]
    for name, shares in found.items():
        lines += [f"{name:22}{''.join(f'{one:8.1%}' for one in shares)}"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Search, print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--groups", type=int, default=60, help="pictures with pasted faces (default 60)")
    parser.add_argument("--scenes", type=int, default=160, help="pictures without a face, of two kinds (default 160)")
    parser.add_argument("--crops", type=int, default=150, help="PublicTest faces (default 150)")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks" / "detector.txt")
    given = parser.parse_args()
    random, photos, faces = np.random.default_rng(SEED), photographs(), read_faces(given.folder)
    groups = [group(faces, photos, random) for _ in range(given.groups)]
    scenes = [scene(photos, random) for _ in range(given.scenes)]
    rows = [search(*one, groups, scenes) for one in detectors()]
    crops = load_split(given.data, "valid").images
    crops = crops[evenly(np.arange(len(crops)), given.crops)]
    ships = YuNet()
    found = {f"face of {px} px": looks([as_rgb(enlarged(crop, px)) for crop in crops], ships) for px in CROPS_PX}
    for px in SMALL_PX:
        pictures = [paste(crop, px, Scene(None), random)[0] for crop in crops]
        found[f"{px} px in {PICTURE_PX} px"] = looks(pictures, ships)
    found["scene"] = looks([one.image for one in scenes], ships)
    chosen, doubtful = evenly(np.arange(len(faces)), given.scenes), YuNet(min(THRESHOLDS)).once
    found["photo, faces hidden"] = looks([faceless(faces[row], doubtful) for row in chosen], ships)
    command = f"--groups {given.groups} --scenes {given.scenes} --crops {given.crops}"
    model = f"YuNet's sha256 {hashlib.sha256(weights()).hexdigest()}"
    head = f"$ python lab/scripts/choose_detector.py FOLDER DATA {command}\n"
    head += f"commit {commit()}, {cores()} cores, {model}\n"
    content = head + text(rows, found, sum(len(one.boxes) for one in groups))
    print(content, end="")
    write_whole(given.out, content.encode())


if __name__ == "__main__":
    main()
