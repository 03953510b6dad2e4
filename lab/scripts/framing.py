"""Measures how FER2013 frames a face, whether our crops from photos do the same, and what the whole path costs.

    python lab/scripts/framing.py DATA PHOTOS

DATA is a folder of ``mien prepare``; PHOTOS one that ``mien evaluate --photos`` takes. Writes framing.json, framing.png
and the tables of framing.md in lab/framing. No single face of either set is written, only averages.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from docpage import ROOT, commit, cores, fill
from framing_page import NAMES, averages_figure, parts
from mien.core.errors import UsageError
from mien.core.faces import LANDMARKS
from mien.core.output import write_whole
from mien.core.packaged import default_model
from mien.core.protocols import PROTOCOLS, UNCOUNTED
from mien.data.split import Split, load_split
from mien.detection.detectors import Detector, load_detector
from mien.detection.yunet import YuNet
from mien.evaluation.photos import read_photos
from mien.inference.classifier import Classifier
from mien.report.plots import to_png
from pasted import GREY, Grey, Known, Scene, as_rgb, bare_answers, enlarged, walk

TIMES = 4
"""How much a frame is enlarged before the detector looks for landmarks in it."""

MIN_SCORE = 0.5
"""The detector's threshold there: lower than as shipped, so that faces hard to find are measured too."""


def scenes() -> dict[str, Scene]:
    """Return what the tables show, by name: the path as it ships in several surroundings, and what would change it."""
    shipped = load_detector("yunet")
    return {
        "grey, centre": Scene(shipped),
        "grey, off centre": Scene(shipped, place="off centre"),
        "grey, edge": Scene(shipped, place="edge"),
        "clouds, centre": Scene(shipped, background="clouds"),
        "border, centre": Scene(shipped, background="border"),
        "true box": Scene(None),
        f"score {MIN_SCORE:g}": Scene(YuNet(MIN_SCORE)),
        f"score {MIN_SCORE:g}, twice as large": Scene(YuNet(MIN_SCORE), times=2),
    }


def landmarks_of(frame: Grey, detect: Detector) -> list[float] | None:
    """Return box and landmarks, in the order of ``NAMES``, of the face in a frame (S, S) uint8, in pixels of the frame.

    The frame is enlarged and laid on grey, for YuNet overlooks a face that fills its picture. None where no face is
    found whose centre is within a quarter of the frame of its centre.
    """
    side_px = frame.shape[0]
    edge = TIMES * side_px // 2
    large = enlarged(frame, TIMES * side_px)
    canvas = cv2.copyMakeBorder(large, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=[GREY])
    found = detect(as_rgb(np.asarray(canvas, np.uint8)))
    points = np.hstack([found.boxes, found.landmarks.reshape(-1, 2 * len(LANDMARKS))])
    points = (points - edge) / TIMES
    centres = points[:, :4].reshape(-1, 2, 2).mean(axis=1)
    near = np.flatnonzero(np.abs(centres / side_px - 0.5).max(axis=1) < 0.25)
    return points[near[found.scores[near].argmax()]].tolist() if len(near) else None


def framed(frames: Grey, detect: Detector) -> dict[str, Any]:
    """Return how many of frames (N, S, S) uint8 show a face to the detector, and the quartiles of each of ``NAMES``."""
    rows = [landmarks_of(frame, detect) for frame in frames]
    found = np.array([row for row in rows if row], np.float64)
    if not len(found):
        raise UsageError(f"the detector finds no face in any of {len(rows)} frames; expected pictures of faces")
    quartiles = np.percentile(found, [25, 50, 75], axis=0).T.round(2).tolist()
    return {"frames": len(rows), "found": len(found), "quartiles": dict(zip(NAMES, quartiles, strict=True))}


def whole_path(faces: Split, classifier: Classifier, count: int, shown: Mapping[str, Scene]) -> dict[str, Any]:
    """Return accuracies under ``seven``, bare and by scene, on at most count faces that lie evenly in the split."""
    truth = PROTOCOLS["seven"](faces.votes, faces.emotions)
    chosen = evenly(np.flatnonzero(truth != UNCOUNTED), count)
    known = Known(faces.images[chosen], truth[chosen], bare_answers(faces.images[chosen], classifier))
    scored: dict[str, Any] = {}
    for name, scene in shown.items():
        scored[name] = walk(known, classifier, scene)
        print(name, {size: scores["accuracy"] for size, scores in scored[name].items()}, flush=True)
    return {"faces": len(chosen), "bare": round(float((known.bare == known.truth).mean()), 4), "scenes": scored}


def evenly(rows: NDArray[Any], count: int) -> NDArray[Any]:
    """Return at most count of the rows, evenly spaced."""
    return rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(np.int64)]


def main() -> None:
    """Measure, write the figures, the picture and the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--train", type=int, default=5000, help="Training faces to find landmarks in (default 5000)")
    parser.add_argument("--valid", type=int, default=1000, help="PublicTest faces to paste (default 1000)")
    parser.add_argument("--to", type=Path, default=ROOT / "lab" / "framing", help="the folder to write in")
    given = parser.parse_args()
    classifier, detect = Classifier(default_model()), YuNet(MIN_SCORE)
    train = load_split(given.data, "train").images
    photos = read_photos(given.photos, [classifier.card.crop], load_detector("yunet"))
    crops = photos.crops[0].mean(axis=3).astype(np.uint8)
    document: dict[str, Any] = {
        "made_by": {
            "command": f"python lab/scripts/framing.py DATA PHOTOS --train {given.train} --valid {given.valid}",
            "commit": commit(),
            "cores": cores(),
            "model_sha256": classifier.sha256,
            "crop": asdict(classifier.card.crop),
            "photos_sha256": photos.sha256,
        },
        "photos": {"faces": len(photos.found), "found": int(photos.found.sum())},
        "frame": {"fer2013": framed(evenly(train, given.train), detect), "photos": framed(crops, detect)},
        "path": whole_path(load_split(given.data, "valid"), classifier, given.valid, scenes()),
    }
    frame = document["frame"]
    picture = averages_figure(
        [
            (f"FER2013 Training, mean of {len(train):,}", train, frame["fer2013"]["quartiles"]),
            (f"our crops from photos, mean of {len(crops):,}", crops, frame["photos"]["quartiles"]),
        ]
    )
    write_whole(given.to / "framing.json", (json.dumps(document, indent=1) + "\n").encode())
    write_whole(given.to / "framing.png", to_png(picture))
    fill(given.to / "framing.md", parts(document))


if __name__ == "__main__":
    main()
