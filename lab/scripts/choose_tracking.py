"""Measures how well ids last and labels rest, with the thresholds as they are and with others.

    python lab/scripts/choose_tracking.py CLIPS [--out FILE]

CLIPS is a folder that holds the videos of ``choose_cuts.PIECES``. Ids are counted in scenes of simulated faces, whose
truth is known, and in those clips; changes of labels in the clips. FILE is docs/benchmarks/tracking.txt.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from choose_cuts import PIECES, settings
from docpage import ROOT, commit, cores
from mien.core.arrays import Floats
from mien.core.boxes import iou
from mien.core.frame import Frame
from mien.core.output import write_whole
from mien.inference.analyzer import load
from mien.tracking import tracker as module
from mien.tracking.smoothing import Hysteresis, Smoother
from mien.tracking.tracker import Tracker

SIZES = (5, 0.5), (4, 1.5), (3, 3.0)
"""Faces in a scene, and how many face widths each moves in a second."""

TRACKERS: dict[str, dict[str, float]] = {
    "as it is": {},
    "plain overlap of 0.3": {"BUFFER": 0.0, "BUFFER_PER_S": 0.0, "LEAST_OVERLAP": 0.3},
    "grown by 0.5 at once": {"BUFFER": 0.5, "BUFFER_PER_S": 0.0},
    "grown by 1.2 at once": {"BUFFER": 1.2, "BUFFER_PER_S": 0.0},
    "grown half as fast": {"BUFFER_PER_S": 2.0},
    "no motion": {"DAMPING_S": 1e-9},
    "velocity over 0.08 s": {"VELOCITY_S": 0.08},
    "velocity over 0.3 s": {"VELOCITY_S": 0.3},
    "damped in 0.2 s": {"DAMPING_S": 0.2},
    "damped in 0.8 s": {"DAMPING_S": 0.8},
    "no loss for absence": {"ABSENCE_COST": 0.0},
}

STEPS_A_S = 240
"""At so many a second scenes are simulated."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Where N faces are, (T, N, 4) float64 in pixels, ``STEPS_A_S`` a second, and whether each is found (T, N)."""

    boxes: NDArray[np.float64]
    found: NDArray[np.bool_]


def scene(seed: int, faces: int, widths_per_s: float, seconds: float = 20.0) -> Scene:
    """Return faces that wander through a picture of 1280x720, each missed now and then for up to 0.8 s."""
    rng = np.random.default_rng(seed)
    steps, dt = int(seconds * STEPS_A_S), 1 / STEPS_A_S
    size = np.exp(rng.uniform(np.log(70), np.log(180), faces))
    place = rng.uniform((150, 150), (1130, 570), (faces, 2))
    velocity = rng.normal(0, 1, (faces, 2)) * widths_per_s * size[:, None]
    boxes = np.empty((steps, faces, 4))
    for step in range(steps):
        push = rng.normal(0, 1, (faces, 2)) * widths_per_s * size[:, None] * np.sqrt(2 * dt / 0.5)
        velocity += push - velocity * dt / 0.5  # half a second until it goes elsewhere
        place = place + velocity * dt
        inward = np.sign(np.clip(place, 60, (1220, 660)) - place)
        velocity = np.where(inward, np.abs(velocity) * inward, velocity)
        half = size[:, None] * (0.4, 0.5)
        boxes[step] = np.hstack([place - half, place + half])
    found = np.ones((steps, faces), np.bool_)
    for face in range(faces):
        at_s = rng.exponential(3)
        while at_s < seconds:
            for_s = rng.uniform(0.05, 0.8)
            found[int(at_s * STEPS_A_S) : int((at_s + for_s) * STEPS_A_S), face] = False
            at_s += for_s + rng.exponential(3)
    return Scene(boxes, found)


def switches(tracker: Tracker, watched: Scene, fps: float, jitter: float = 0.02) -> tuple[int, int]:
    """Return how often a face lost its id within a second, and how often one took the id of another.

    Of faces that overlap by more than 0.3 only the largest is found, and each corner is off by a share of the width.
    """
    rng = np.random.default_rng(0)
    last: dict[int, tuple[int, float]] = {}
    owner: dict[int, int] = {}
    lost = taken = 0
    for frame in range(int(len(watched.boxes) / STEPS_A_S * fps)):
        time_s = frame / fps
        step = int(time_s * STEPS_A_S)
        boxes, found = watched.boxes[step].astype(np.float32), watched.found[step].copy()
        widths, overlap = boxes[:, 2] - boxes[:, 0], iou(boxes, boxes)
        for face in np.argsort(-widths):
            found[face] &= not np.any(found & (widths > widths[face]) & (overlap[face] > 0.3))
        rows = rng.permutation(np.flatnonzero(found))
        seen = boxes + rng.normal(0, jitter, boxes.shape).astype(np.float32) * widths[:, None]
        for face, key in zip(rows.tolist(), tracker(seen[rows], time_s).tolist(), strict=True):
            before, seen_s = last.get(face, (key, time_s))
            lost += before != key and time_s - seen_s <= 1
            taken += owner.setdefault(key, face) != face and (face not in last or before != key)
            last[face] = key, time_s
    return lost, taken


def tracking(seeds: int) -> list[str]:
    """Return a table of ids lost and taken, over settings, scenes and frame rates."""
    rates = (30, 15, 8, 4)
    scenes = {size: [scene(seed, *size) for seed in range(seeds)] for size in SIZES}
    lines = [
        f"ids lost / taken, {seeds} scenes a column of 20 s each; a face is missed every 3 s for up to 0.8 s",
        " " * 22 + "".join(f"{f'{n} faces, {speed:g} widths a second':>36}" for n, speed in SIZES),
        f"{'frames a second':22}" + "".join(f"{rate:9}" for _ in SIZES for rate in rates),
    ]
    for name, changes in TRACKERS.items():
        with settings(module, changes):
            counts = [
                np.sum([switches(Tracker(), one, rate) for one in scenes[size]], axis=0)
                for size in SIZES
                for rate in rates
            ]
        lines.append(f"{name:22}" + "".join(f"{f'{lost}/{taken}':>9}" for lost, taken in counts))
    return lines


def looked_at(path: Path) -> list[tuple[float, Floats, Floats]]:
    """Return the time, boxes and probabilities of each frame of a clip, by the packaged net."""
    analyze = load()
    seen: list[tuple[float, Floats, Floats]] = []
    with av.open(str(path)) as clip:
        for frame in clip.decode(video=0):
            found = analyze(Frame(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)))
            seen.append((frame.time or 0.0, found.faces.boxes, found.probs))
    return seen


def resting(seen: list[tuple[float, Floats, Floats]], smooth_s: float, margin: float) -> tuple[int, int]:
    """Return how often the shown emotions of a clip change, and how often again within 0.4 s."""
    follow, smooth, steady = Tracker(), Smoother(smooth_s), Hysteresis(margin)
    last: dict[int, tuple[int, float]] = {}
    changes = brief = 0
    for time_s, boxes, probs in seen:
        ids = follow(boxes, time_s)
        shown = steady(ids, smooth(ids, probs, time_s), time_s)
        for key, column in zip(ids.tolist(), shown.tolist(), strict=True):
            before, since_s = last.get(key, (column, time_s))
            changes += column != before
            brief += column != before and time_s - since_s < 0.4
            last[key] = (column, time_s) if column != before else (before, since_s)
    return changes, brief


def labels(folder: Path) -> list[str]:
    """Return a table of how often labels change, over time constants and margins."""
    clips = {name: looked_at(folder / name) for name in PIECES}
    margins = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3)
    lines = ["changes of the shown emotion in all clips, of these again within 0.4 s"]
    lines.append(f"{'margin':22}" + "".join(f"{margin:>10}" for margin in margins))
    for smooth_s in (0.0, 0.15, 0.3, 0.5):
        counts = [np.sum([resting(seen, smooth_s, m) for seen in clips.values()], axis=0) for m in margins]
        lines.append(f"{f'smoothed over {smooth_s:g} s':22}" + "".join(f"{f'{c}, {brief}':>10}" for c, brief in counts))
    lines += ["", "ids in each clip, on every frame, every 3rd and every 8th"]
    for name, seen in clips.items():
        kinds = []
        for step in (1, 3, 8):
            follow = Tracker()
            kinds.append(len({key for time_s, boxes, _ in seen[::step] for key in follow(boxes, time_s).tolist()}))
        lines.append(f"{name[:44]:46}" + "".join(f"{ids:>6}" for ids in kinds))
    return lines


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--scenes", type=int, default=4)
    parser.add_argument("--out", type=Path, default=ROOT / "docs/benchmarks/tracking.txt")
    wanted = parser.parse_args()
    head = ["$ python lab/scripts/choose_tracking.py CLIPS", f"commit {commit()}, {cores()} cores", ""]
    lines = [*head, *tracking(wanted.scenes), "", *labels(wanted.clips)]
    write_whole(wanted.out, "\n".join([*lines, ""]).encode())
    print("\n".join(lines))


if __name__ == "__main__":
    main()
