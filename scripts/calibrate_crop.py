"""Measures how a set's faces sit in their pictures, as YuNet sees them: the margin to cut with at inference.

    python scripts/calibrate_crop.py PREPARED_DIR_OR_NPY [--faces 2000] [--times 4]
    python scripts/calibrate_crop.py FOLDER_OF_PICTURES --box 48 48 144 144

Each face is enlarged and laid on a grey canvas, for YuNet overlooks a face that fills its picture. A length is told as
a share of the frame's side: the picture's, or that of --box within it. Quartiles are over the faces that were found.

The edge of a tight picture draws YuNet's box to itself, so compare the last lines, landmarks against boxes, between a
tight set and one with its surroundings: the margin is the second's "eyes to mouth" in longer sides over the first's in
frames.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.core.types import LANDMARKS, Floats, Image
from mien.data.split import load_split
from mien.vision.detect import YuNet

GREY = 128


def load(source: Path, count: int) -> list[Image]:
    """Return up to count pictures (S, S, 3) uint8 RGB, evenly spaced through the source."""
    if source.suffix == ".npy":
        grey = np.load(source, mmap_mode="r")
    elif (source / "train.npz").is_file():
        grey = load_split(source, "train").images
    else:
        files = sorted(source.glob("*.jpg")) + sorted(source.glob("*.png"))
        read = (cv2.imread(str(file), cv2.IMREAD_COLOR) for file in files[:: max(1, len(files) // count)][:count])
        return [
            np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8) for picture in read if picture is not None
        ]
    return [np.asarray(face)[:, :, None].repeat(3, axis=2) for face in grey[:: max(1, len(grey) // count)][:count]]


def measure(picture: Image, times: float, frame: Floats, detect: YuNet) -> list[float] | None:
    """Return the box's centre and sides, and the landmarks, as shares of the frame; None where no face is near it.

    Args:
        picture: (H, W, 3) uint8 RGB.
        times: how much to enlarge it.
        frame: (4,) float32, x1, y1, x2, y2 in pixels of the picture.
        detect: the detector.
    """
    large = cv2.resize(picture, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
    edge = large.shape[0] // 2
    canvas = cv2.copyMakeBorder(large, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(GREY, GREY, GREY))
    found = detect(np.asarray(canvas, np.uint8))
    corner, side = frame[:2], frame[2] - frame[0]

    def shares(points: Floats) -> Floats:
        return ((points - edge) / times - corner) / side

    centres = shares(found.boxes.reshape(-1, 2, 2).mean(axis=1))
    near = np.flatnonzero(np.abs(centres - 0.5).max(axis=1) < 0.25)
    if not len(near):
        return None
    row = near[found.scores[near].argmax()]
    width, height = (found.boxes[row, 2:] - found.boxes[row, :2]) / times / side
    eyes = shares(found.landmarks[row])
    return [*centres[row].tolist(), float(width), float(height), float(max(width, height)), *eyes.ravel().tolist()]


def report(rows: NDArray[np.float64], total: int) -> None:
    """Print the quartiles of rows (N, 15), as ``measure`` gives them, and the margin that they call for."""
    longer, middle_y = rows[:, 4], rows[:, [6, 8, 12, 14]].mean(axis=1)
    eyes_to_mouth = rows[:, [12, 14]].mean(axis=1) - rows[:, [6, 8]].mean(axis=1)
    print(f"{len(rows)} of {total} faces found ({len(rows) / total:.1%})")
    print(f"\n{'in sides of the frame':<36}{'25 %':>8}{'median':>8}{'75 %':>8}")
    names = ["centre x", "centre y", "width", "height", "longer side"]
    names += [f"{name} {axis}" for name in LANDMARKS for axis in "xy"]
    for name, column in zip(names, rows.T, strict=True):
        line(name, column)
    line("eyes to mouth", eyes_to_mouth)
    line("frame's centre to eyes and mouth, y", middle_y - 0.5)
    print("in longer sides of the box")
    line("margin (the frame)", 1 / longer)
    line("box's centre to frame's centre, x", (0.5 - rows[:, 0]) / longer)
    line("box's centre to frame's centre, y", (0.5 - rows[:, 1]) / longer)
    line("eyes to mouth", eyes_to_mouth / longer)
    line("box's centre to eyes and mouth, y", (middle_y - rows[:, 1]) / longer)


def line(name: str, values: NDArray[np.float64]) -> None:
    """Print the quartiles of values (N,)."""
    print(f"{name:<36}" + "".join(f"{value:8.3f}" for value in np.percentile(values, [25, 50, 75])))


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="a prepared folder, an .npy of (N, S, S) uint8, a folder of pictures")
    parser.add_argument("--faces", type=int, default=2000, help="how many to measure (default 2000)")
    parser.add_argument("--times", type=float, default=4.0, help="how much to enlarge each (default 4)")
    parser.add_argument("--min-score", type=float, default=0.5, help="YuNet's threshold (default 0.5)")
    parser.add_argument("--box", type=float, nargs=4, metavar=("X1", "Y1", "X2", "Y2"), help="the frame, in pixels")
    given = parser.parse_args()
    pictures = load(given.source, given.faces)
    detect = YuNet(min_score=given.min_score, threads=1)
    found = [
        measure(
            picture,
            given.times,
            np.array(given.box or [0, 0, picture.shape[1], picture.shape[0]], np.float32),
            detect,
        )
        for picture in pictures
    ]
    report(np.array([row for row in found if row], np.float64), len(found))


if __name__ == "__main__":
    main()
