"""How fast two model files classify, side by side in one run: the float one and its int8 twin.

    python benchmarks/classifier.py FLOAT INT8

The two take turns, so that whatever else the machine does falls on both. Read the ratio, which is the median over the
turns; the milliseconds are of this machine in this minute.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from mien.inference.classifier import Classifier

SETTINGS = [(1, 1, 400), (64, 2, 40)]
"""Faces in a batch, threads, turns."""

WARM_UP = 5


def times_s(classifiers: list[Classifier], batch: int, turns: int) -> np.ndarray:
    """Return the seconds a call took, (turns, classifiers) float64."""
    spec = classifiers[0].card.crop
    shape = (batch, spec.size_px, spec.size_px, spec.channels)
    faces = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    times = np.empty((turns + WARM_UP, len(classifiers)))
    for turn in times:
        for place, classify in enumerate(classifiers):
            start = time.perf_counter()
            classify(faces)
            turn[place] = time.perf_counter() - start
    return times[WARM_UP:]


def main() -> None:
    """Print a line a setting, and the sizes of the files."""
    if len(sys.argv) != 3:
        sys.exit("usage: python benchmarks/classifier.py FLOAT INT8")
    paths = [Path(name) for name in sys.argv[1:]]
    print("batch  threads  float ms/face  int8 ms/face  int8 faces/s  times faster (quartiles)")
    for batch, threads, turns in SETTINGS:
        times = times_s([Classifier(path, threads) for path in paths], batch, turns)
        slow_ms, fast_ms = 1e3 * np.median(times, axis=0) / batch
        low, ratio, high = np.quantile(times[:, 0] / times[:, 1], [0.25, 0.5, 0.75])
        print(
            f"{batch:5}  {threads:7}  {slow_ms:13.3f}  {fast_ms:12.3f}  {1e3 / fast_ms:12.0f}"
            f"  {ratio:.2f} ({low:.2f}-{high:.2f})"
        )
    sizes = [path.stat().st_size for path in paths]
    print(f"size   {sizes[0] / 1e6:.2f} MB and {sizes[1] / 1e6:.2f} MB: {sizes[0] / sizes[1]:.2f} times smaller")


if __name__ == "__main__":
    main()
