"""Tracked results made by hand, for the tests of timelines and what is drawn of them."""

from collections.abc import Mapping, Sequence

import numpy as np

from mien.core.emotions import SEVEN
from mien.core.faces import Faces
from mien.core.frame import Frame
from mien.tracking.timeline import Summary, Timeline
from mien.tracking.tracked_result import TrackedResult
from small_results import MODEL

PICTURE = np.arange(120 * 160 * 3, dtype=np.uint32).reshape(120, 160, 3).astype(np.uint8)


def tracked_result(
    time_s: float,
    shown: Mapping[int, str],
    labels: tuple[str, ...] = SEVEN,
    probs: np.ndarray | None = None,
    *,
    boxes: np.ndarray | None = None,
    quality: str = "good",
    score: float = 0.9,
    image: np.ndarray = PICTURE,
) -> TrackedResult:
    """A result in which people (id -> emotion) show an emotion, with a probability of 0.8 unless others are given.

    Of one that ends in a question mark the face is uncertain.
    """
    n, k = len(shown), len(labels)
    unsure = np.array([emotion.endswith("?") for emotion in shown.values()], np.bool_)
    shown = {key: emotion.removesuffix("?") for key, emotion in shown.items()}
    if probs is None:
        probs = np.full((n, k), 0.2 / (k - 1), np.float32)
        probs[np.arange(n), [labels.index(emotion) for emotion in shown.values()]] = 0.8
    if boxes is None:
        boxes = np.tile(np.array([40, 30, 80, 80], np.float32), (n, 1))
    faces = Faces(boxes, np.full((n, 5, 2), np.nan, np.float32), np.full(n, score, np.float32))
    ids = np.array(list(shown), np.int64)
    frame = Frame(image, time_s=time_s)
    return TrackedResult(frame, faces, ids, probs, labels, unsure, (quality,) * n, MODEL, probs, tuple(shown.values()))


def summary(
    results: Sequence[tuple[float, Mapping[int, str]]], end_s: float, labels: tuple[str, ...] = SEVEN
) -> Summary:
    """What a timeline says of results (time, id -> emotion)."""
    timeline = Timeline(labels)
    for time_s, shown in results:
        timeline.add(tracked_result(time_s, shown, labels))
    return timeline.close(end_s)


def steady(people: Mapping[int, tuple[float, float, str]], end_s: float, step_s: float = 0.1) -> Summary:
    """What it says of people (id -> from, to, emotion) looked at every step_s."""
    times = [round(place * step_s, 6) for place in range(round(end_s / step_s))]
    return summary([(t, {key: emotion for key, (a, b, emotion) in people.items() if a <= t < b}) for t in times], end_s)
