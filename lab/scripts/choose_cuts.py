"""Measures how well cuts are told from all else that changes a picture, with thresholds as they are and with others.

    python lab/scripts/choose_cuts.py CLIPS [--out FILE]

CLIPS is a folder that holds the videos of ``PIECES``, which are strung together and altered. FILE is
docs/benchmarks/shots.txt.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Generator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from docpage import ROOT, commit, cores
from mien.core.arrays import Floats, Image
from mien.core.output import write_whole
from mien.video import shots
from mien.video.shots import ShotDetector, novelty, thumbnail

PIECES = {
    "WolfgangLanger_Pexels.mp4": (0.0, 20.0),
    "classroom.gif": (0.0, 3.0),
    "head-pose-face-detection-female-and-male.gif": (0.0, 5.0),
    "noface_face.mov": (4.0, 6.3),
    "single_face.mp4": (0.0, 2.5),
    "woman2.mp4": (0.0, 16.0),
}
"""From where to where each clip shows one scene, in seconds."""

SAME_SCENE = {"noface_face.mov", "single_face.mp4"}
"""Clips of one man before one door: between them there is no cut to see."""

RATES = (25, 8, 2)
CUTS: dict[str, dict[str, float]] = {
    "as it is": {},
    "least 0.2": {"LEAST_NOVELTY": 0.2},
    "least 0.4": {"LEAST_NOVELTY": 0.4},
    "ratio 3": {"NOVELTY_RATIO": 3.0},
    "no memory": {"NOVELTY_RATIO": 0.0},
    "reach 3 px": {"REACH_PX": 3},
}


@contextmanager
def settings(module: Any, changes: dict[str, float]) -> Generator[None]:
    """Change constants of a module for a while."""
    kept = {name: getattr(module, name) for name in changes}
    vars(module).update(changes)
    try:
        yield
    finally:
        vars(module).update(kept)


def pieces(folder: Path) -> dict[str, tuple[float, list[Image]]]:
    """Return the frame rate and the pictures of each clip, while it shows one scene."""
    found: dict[str, tuple[float, list[Image]]] = {}
    for name, (start_s, end_s) in PIECES.items():
        with av.open(str(folder / name)) as clip:
            frames = [f for f in clip.decode(video=0) if start_s <= (f.time or 0.0) <= end_s]
            rate = float(clip.streams.video[0].average_rate or 25)
            found[name] = rate, [_reduced(np.asarray(f.to_ndarray(format="rgb24"), np.uint8)) for f in frames]
    return found


def _reduced(image: Image) -> Image:
    return np.asarray(cv2.resize(image, (320, 180)), np.uint8)


def _lit(image: Image, gain: float, lift: float = 0.0) -> Image:
    return np.asarray(cv2.convertScaleAbs(image, alpha=gain, beta=lift), np.uint8)


def _pressed(image: Image) -> Image:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 5])[1], 1), np.uint8)


def _noisy(image: Image, seed: int) -> Image:
    noise = np.random.default_rng(seed).normal(0, 15, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def _window(image: Image, shift: float, zoom: float = 1.15) -> Image:
    """Return the part of a picture that a camera sees which has moved by so much of its width."""
    height, width = image.shape[:2]
    matrix = np.array([[zoom, 0, width * ((1 - zoom) / 2 - shift)], [0, zoom, height * (1 - zoom) / 2]])
    moved = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.uint8)


ALTERED: dict[str, Callable[[Image, float], Image]] = {
    "as it is": lambda image, _: image,
    "noise of 15": lambda image, t: _noisy(image, int(1000 * t)),
    "JPEG quality 5": lambda image, _: _pressed(image),
    "flash a second": lambda image, t: _lit(image, 2.2, 60) if t % 1 < 0.05 else image,
    "light on and off": lambda image, t: _lit(image, 0.4 if t % 2 < 1 else 1),
    "fades of 1 s": lambda image, t: _lit(image, abs(np.cos(np.pi / 2 * t))),
    "shaken by 2 %": lambda image, t: _window(image, np.random.default_rng(int(1000 * t)).normal(0, 0.02)),
    "pan 0.3 widths a s": lambda image, t: _window(image, 0.3 * (1 - np.cos(t)), 1.5),
    "pan 1 width a s": lambda image, t: _window(image, 1 - np.cos(t), 1.5),
    "mirrored every 2 s": lambda image, t: image if t % 4 < 2 else np.ascontiguousarray(image[:, ::-1]),
}
"""What a picture becomes at a time in seconds. None but the last is a cut."""


def sampled(piece: tuple[float, list[Image]], rate: float, alter: Callable[[Image, float], Image]) -> list[Image]:
    """Return thumbnails of a piece at so many a second, or as many as it has."""
    fps, images = piece
    step = max(1.0, fps / rate)
    places = np.arange(0, len(images), step).astype(int)
    return [thumbnail(alter(images[place], place / fps)) for place in places]


def film(clips: dict[str, list[Image]], rate: float, seed: int) -> tuple[list[Image], set[int]]:
    """Return thumbnails of 60 shots of 1 to 4 s in turn, and the places where shots begin."""
    rng = np.random.default_rng(seed)
    names = list(clips)
    shown: list[Image] = []
    begins: set[int] = set()
    last = ""
    for _ in range(60):
        fit = [name for name in names if name != last and {name, last} != SAME_SCENE]
        last = str(rng.choice(fit))
        length = min(len(clips[last]), max(2, int(rng.uniform(1, 4) * rate)))
        start = int(rng.integers(len(clips[last]) - length + 1))
        begins |= {len(shown)} if shown else set()
        shown += clips[last][start : start + length]
    return shown, begins


def fired(thumbnails: list[Image]) -> set[int]:
    """Return where cuts are found."""
    new_shot = ShotDetector()
    return {place for place, one in enumerate(thumbnails) if new_shot(one)}


def cutting(folder: Path) -> list[str]:
    """Return tables of the cuts found in strung clips, and of those found where there are none."""
    clips = pieces(folder)
    plain = {rate: {name: sampled(clip, rate, ALTERED["as it is"]) for name, clip in clips.items()} for rate in RATES}
    films = {rate: [film(plain[rate], rate, seed) for seed in range(3)] for rate in RATES}
    lines = ["cuts found / all, and wrongly found, in 3 strings of 60 shots of 1 to 4 s"]
    lines.append(f"{'frames a second':22}" + "".join(f"{rate:>16}" for rate in RATES))
    for name, changes in CUTS.items():
        line = f"{name:22}"
        with settings(shots, changes):
            for rate in RATES:
                found = [(fired(shown), begins) for shown, begins in films[rate]]
                right, wrong = (sum(len(f & b) for f, b in found), sum(len(f - b) for f, b in found))
                line += f"{f'{right}/{sum(len(b) for _, b in found)}, {wrong}':>16}"
        lines.append(line)
    lines += ["", "cuts found in each clip by itself, altered, and the greatest novelty"]
    lines.append(f"{'frames a second':22}" + "".join(f"{rate:>16}" for rate in RATES))
    for name, alter in ALTERED.items():
        line = f"{name:22}"
        for rate in RATES:
            shown = [sampled(clip, rate, alter) for clip in clips.values()]
            line += f"{f'{sum(len(fired(one)) for one in shown)}, {max(map(_newest, shown)):.2f}':>16}"
        lines.append(line)
    return lines


def _newest(thumbnails: list[Image]) -> float:
    greys: list[Floats] = [cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).astype(np.float32) for one in thumbnails]
    seen = [grey for grey in greys if grey.std() >= shots.FLAT_DEVIATION]
    return max(novelty(before, now) for before, now in pairwise(seen))


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "docs/benchmarks/shots.txt")
    wanted = parser.parse_args()
    head = ["$ python lab/scripts/choose_cuts.py CLIPS", f"commit {commit()}, {cores()} cores", ""]
    lines = [*head, *cutting(wanted.clips)]
    write_whole(wanted.out, "\n".join([*lines, ""]).encode())
    print("\n".join(lines))


if __name__ == "__main__":
    main()
