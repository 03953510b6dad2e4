"""Speed of a model on this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mien.evaluation.document import SpeedRow
from mien.evaluation.ensemble import Scorer, load_scorer

BATCH = 64


def measure_speed(scorer: Scorer, faces: NDArray[np.uint8]) -> list[SpeedRow]:
    """Time a model on one thread and with a thread a core, mirror images included.

    Args:
        scorer: the model or the ensemble.
        faces: (N, S, S, C) uint8, N > 0.

    Returns:
        A row a number of threads, medians of repeated runs.
    """
    rows: list[SpeedRow] = []
    batch = np.resize(faces, (BATCH, *faces.shape[1:]))
    for threads in sorted({1, os.cpu_count() or 1}):
        timed = load_scorer(scorer.models, scorer.flip, threads)
        rows.append(
            {
                "threads": threads,
                "ms_per_face_batch_1": round(1e3 * _median_s(timed, faces[:1], runs=100), 3),
                "faces_per_s_batch_64": round(BATCH / _median_s(timed, batch, runs=15), 1),
            }
        )
    return rows


def _median_s(classify: Callable[[NDArray[np.uint8]], object], faces: NDArray[np.uint8], runs: int) -> float:
    """Return the median time of a call in seconds; the first calls are warm-up and do not count."""
    times: list[float] = []
    for _ in range(runs + 3):
        start = time.perf_counter()
        classify(faces)
        times.append(time.perf_counter() - start)
    return float(np.median(times[3:]))
