"""Writes ``golden.json``: what Python's code answers, which the JavaScript of the page must answer too.

Run it after a change of the code that both have: ``python js/test/golden.py``. The inputs are in the file, but for the
pictures, which both sides draw by the formula of ``pattern``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np

from mien.core import boxes
from mien.core.emotions import SEVEN
from mien.core.faces import Faces
from mien.core.frame import Frame
from mien.core.model_card import ModelCard
from mien.core.packaged import default_model
from mien.core.pose import head_poses
from mien.core.priors import shown_at
from mien.detection.roi import RoiDetector
from mien.detection.sliced import merge, scales, tiles
from mien.detection.yunet_net import anchor_grid, decode, resize
from mien.imaging.crop import CropSpec, crop_faces
from mien.imaging.quality import sharpness
from mien.inference.analyzer import load
from mien.inference.classifier import Classifier
from mien.results.rows import columns, model_name, rows
from mien.results.sinks import csv_line, csv_row
from mien.tracking.appearance import COLOUR_VALUES, looks
from mien.tracking.people_in_view import PeopleInView
from mien.tracking.smoothing import Hysteresis, Smoother
from mien.tracking.tracked_result import TrackedResult
from mien.tracking.tracker import Tracker
from mien.video.shots import novelty, thumbnail

GOLDEN = Path(__file__).parent / "golden.json"
EXAMPLES = Path(__file__).parents[2] / "examples"


def pattern(width: int, height: int, seed: int = 0) -> Any:
    """Return a picture (height, width, 3) uint8 of slopes, edges and grain."""
    y, x, c = np.mgrid[:height, :width, :3]
    slopes = np.abs((x * (7 + seed) + y * (5 + 2 * seed) + c * 50) % 510 - 255)
    return np.minimum(255, slopes * 7 // 8 + (x * y * 13 + x * 5) % 32).astype(np.uint8)


def golden() -> dict[str, Any]:
    """Return the cases by the name of the JavaScript module, numbers with six decimals."""
    parts = (
        *(_resize, _boxes, _yunet_net, _sliced, _crop, _quality, _pose, _priors, _card, _smoothing, _tracker, _seen),
        *(_roi, _people, _table),
    )
    return {part.__name__[1:]: _rounded(part()) for part in parts}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return round(value, 6) if isinstance(value, float) else value


def _resize() -> Any:
    sizes = [(12, 9, 5), (12, 9, 6), (12, 9, 4), (12, 9, 11), (5, 7, 18), (6, 6, 7), (3, 64, 16)]
    return [
        {"of": [width, height], "to": px, "pixels": resize(pattern(width, height), px).ravel().tolist()}
        for width, height, px in sizes
    ]


def _drawn(count: int, seed: int) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    corner, size = random.integers(0, 80, (count, 2)), random.integers(8, 40, (count, 2))
    return np.hstack([corner, corner + size]).astype(np.float32), np.round(random.random(count), 4).astype(np.float32)


def _boxes() -> Any:
    found, scores = _drawn(30, 1)
    kept = boxes.nms(found, scores, 0.3)
    return {"boxes": found.tolist(), "scores": scores.tolist(), "kept": found[kept].tolist()}


def _yunet_net() -> Any:
    grid = anchor_grid(64, 96)
    raw = np.round(np.random.default_rng(2).normal(0.3, 0.5, (len(grid), 16)), 3).astype(np.float32)
    found, landmarks, scores = decode(raw, grid, 0.8)
    return {
        "size": [96, 64],
        "raw": [raw[grid[:, 2] == stride].tolist() for stride in (8, 16, 32)],
        "min_score": 0.8,
        "faces": [
            {"box": box, "landmarks": points, "score": score}
            for box, points, score in zip(found.tolist(), landmarks.tolist(), scores.tolist(), strict=True)
        ],
    }


def _sliced() -> Any:
    sizes = [(320, 200), (1280, 720), (4000, 3000), (640, 640)]
    found, scores = _drawn(20, 3)
    merged = merge([Faces(found, np.zeros((20, 5, 2), np.float32), scores)])
    return {
        "plans": [
            {
                "of": [w, h],
                "scales": scales(w, h),
                "tiles": [[list(tile) for tile in tiles(w, h, s)] for s in scales(w, h)][-1:],
            }
            for w, h in sizes
        ],
        "boxes": found.tolist(),
        "scores": scores.tolist(),
        "merged": merged.boxes.tolist(),
    }


def _crop() -> Any:
    cases = [
        ([10, 8, 40, 45], 0, CropSpec(8, 1, 0.93)),
        ([20.3, 11.7, 26.1, 17.2], 0, CropSpec(8, 1, 0.93)),
        ([-10, -5, 18, 22], 0, CropSpec(8, 3, 1.0)),
        ([5, 5, 58, 48], 90, CropSpec(8, 1, 0.93)),
        ([12, 9, 44, 40], 0, CropSpec(8, 1, 1.0, align=True)),
        ([0, 0, 59, 47], 180, CropSpec(3, 1, 1.2)),
    ]
    image, points = pattern(60, 48), np.array([[[18, 20], [36, 26], [27, 30], [20, 38], [34, 40]]], np.float32)
    return [
        {
            "box": box,
            "landmarks": points[0].tolist(),
            "turn": turn,
            "spec": {
                "size_px": spec.size_px,
                "channels": spec.channels,
                "margin": spec.margin,
                "align": spec.align,
            },
            "pixels": crop_faces(image, Faces(np.array([box], np.float32), points, np.ones(1, np.float32), turn), spec)
            .ravel()
            .tolist(),
        }
        for box, turn, spec in cases
    ]


def _quality() -> Any:
    return [
        {"size": px, "seed": seed, "sharpness": sharpness(pattern(px, px, seed)[:, :, :1])}
        for px, seed in ((48, 0), (48, 3), (32, 1), (96, 2))
    ]


def _pose() -> Any:
    front = np.array([[30, 40], [70, 42], [50, 62], [34, 80], [66, 82]], np.float32)
    leaning = np.array([[60, 20], [90, 50], [60, 60], [30, 60], [56, 90]], np.float32)
    profile = np.array([[50, 40], [60, 40], [80, 60], [52, 80], [60, 80]], np.float32)
    cases = [(front, 0), (leaning, 0), (profile, 0), (front[:, ::-1], 90)]
    return [
        {
            "landmarks": points.tolist(),
            "turn": turn,
            "pose": list(head_poses(np.ascontiguousarray(points)[None], turn)[0]),
        }
        for points, turn in cases
    ]


def _priors() -> Any:
    card = Classifier(default_model()).card
    probs = np.random.default_rng(4).dirichlet(np.ones(8), 3)
    return [
        {
            "probs": row.tolist(),
            "shares": list(card.class_shares),
            "count": count,
            "prior": prior,
            "shown": shown_at(row[None], card.class_shares, card.labels[:count], prior)[0].tolist(),
        }
        for row in probs
        for count, prior in ((7, 0.55), (8, 1.0), (7, 0.0))
    ]


def _card() -> Any:
    card: ModelCard = Classifier(default_model()).card
    return {
        "labels": list(card.labels),
        "prior": card.prior,
        "uncertain": [[prior, card.uncertain_at(prior)] for prior in (0.0, 0.1, 0.25, 0.55, 1.0)],
    }


def _smoothing() -> Any:
    random, smoother, hysteresis, frames = np.random.default_rng(5), Smoother(0.3), Hysteresis(), []
    for time_s in (0.0, 0.04, 0.08, 0.5, 0.5, 0.3, 5.0, 5.04):
        ids = np.array(random.choice([1, 2, 3, -1], 2, replace=False), np.int64)
        probs = np.round(random.dirichlet(np.ones(4), 2), 4)
        smooth = smoother(ids, probs, time_s)
        shown = hysteresis(ids, smooth, time_s).tolist()
        frames.append(
            {"time_s": time_s, "ids": ids.tolist(), "probs": probs.tolist(), "smooth": smooth.tolist(), "shown": shown}
        )
    return frames


def _tracker() -> Any:
    random, tracker, frames = np.random.default_rng(6), Tracker(), []
    places, speeds = random.uniform(50, 500, (5, 2)), random.uniform(-250, 250, (5, 2))
    for time_s in np.cumsum(random.uniform(0.03, 0.5, 60)).round(3).tolist():
        seen = random.random(5) > 0.25
        centres = places + speeds * np.sin(time_s)
        found = np.hstack([centres - 30, centres + 35])[seen].round(2).astype(np.float32)
        if random.random() < 0.05:
            found = np.vstack([found, np.array([[5, 5, 5, 9]], np.float32)])
        frames.append({"time_s": time_s, "boxes": found.tolist(), "ids": tracker(found, time_s).tolist()})
    return frames


def _seen() -> Any:
    image = np.hstack([pattern(60, 80, seed) for seed in range(4)])
    places = np.array([[8, 8, 50, 60], [70, 10, 110, 50], [130, 30, 170, 75], [200, 20, 212, 36]], np.float32)
    seen = looks(image, places)
    thumbs = [
        np.asarray(cv2.cvtColor(thumbnail(pattern(320, 180, seed)), cv2.COLOR_RGB2GRAY), np.float32)
        for seed in range(3)
    ]
    return {
        "boxes": places.tolist(),
        "colours": (seen[:, :COLOUR_VALUES] @ seen[:, :COLOUR_VALUES].T).tolist(),
        "shading": (seen[:, COLOUR_VALUES:] @ seen[:, COLOUR_VALUES:].T).tolist(),
        "novelty": [[novelty(a, b) for b in thumbs] for a in thumbs],
    }


def _roi() -> Any:
    cases = [((640, 360), [[100, 80, 160, 150], [400, 60, 470, 140]]), ((1280, 720), [[600, 300, 680, 400]])]
    cases += [((320, 240), [[10, 10, 200, 200]]), ((640, 360), [[700, 20, 760, 90], [20, 20, 60, 60]])]
    found = []
    for (width, height), known in cases:
        searched: list[list[int]] = []

        def middle(image: Any, searched: list[list[int]] = searched) -> Faces:
            """Take the middle of what is searched for a face."""
            high, wide = image.shape[:2]
            searched.append([wide, high])
            box = np.array([[wide / 2 - 35, high / 2 - 35, wide / 2 + 35, high / 2 + 35]], np.float32)
            return Faces(box, np.zeros((1, 5, 2), np.float32), np.ones(1, np.float32))

        near = RoiDetector(middle, np.array(known, np.float32))(pattern(width, height))
        found.append({"of": [width, height], "known": known, "searched": searched, "boxes": near.boxes.tolist()})
    return found


def _people() -> Any:
    """Four faces that come and go, of which each view scores as much as it is light."""
    random, people, image, frames = np.random.default_rng(7), PeopleInView(), pattern(320, 240), []
    usual = np.array([0.86, 0.796, 0.815, 0.792])
    places = np.array([[20, 30, 60, 80], [150, 20, 220, 110], [240, 150, 300, 215], [5, 180, 45, 225]], np.float32)
    with mock.patch("mien.tracking.person_rule.face_score", lambda view: float(view.mean()) / 150):
        for time_s in np.cumsum(random.choice([0.04, 0.3, 2.5], 100)).round(3).tolist():
            ids = np.flatnonzero(random.random(4) > 0.3) + 1
            moved = (places[ids - 1] + np.tile(random.integers(-40, 40, (len(ids), 2)), 2)).astype(np.float32)
            scores = (usual[ids - 1] + random.uniform(-0.05, 0.03, len(ids))).round(4).astype(np.float32)
            quality = tuple(random.choice(["good", "blurred"], len(ids)).tolist())
            people.add(_tracked(Frame(image, time_s=time_s), Faces(moved, _nowhere(len(ids)), scores), ids, quality))
            not_people = [key for key in ids.tolist() if not people.counts(key)]
            faces = zip(ids.tolist(), moved.tolist(), scores.tolist(), quality, strict=True)
            found = [dict(zip(("id", "box", "score", "quality"), face, strict=True)) for face in faces]
            frames.append({"time_s": time_s, "faces": found, "not_people": not_people})
    return {"of": [320, 240], "light": 150, "frames": frames}


def _nowhere(count: int) -> Any:
    return np.full((count, 5, 2), np.nan, np.float32)


def _tracked(frame: Frame, faces: Faces, ids: Any, quality: tuple[str, ...]) -> TrackedResult:
    n = len(ids)
    probs, model = np.full((n, 7), 1 / 7, np.float32), {"name": "none", "version": "", "sha256": "", "prior": 0.0}
    shown = (SEVEN[0],) * n
    return TrackedResult(frame, faces, ids, probs, SEVEN, np.zeros(n, np.bool_), quality, model, probs, shown)


def _table() -> Any:
    analyzer = load()
    results = [analyzer(Frame(pattern(200, 120), path='a "pattern", grey.png')), analyzer(EXAMPLES / "astronaut.png")]
    entries = [result.to_dict() | {"path": Path(result.frame.path).name} for result in results]
    head = csv_line(columns(analyzer.labels))
    lines = [csv_row(row) for entry in entries for row in rows(entry, model_name(entry["model"]))]
    return {"entries": entries, "labels": list(analyzer.labels), "csv": b"".join([head, *lines]).decode()}


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(golden()) + "\n")
