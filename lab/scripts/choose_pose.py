"""Measures how head pose is read from five landmarks, and how the packaged net's predictions hold on turned heads.

    python lab/scripts/choose_pose.py PHOTOS... [--mesh] [--out FILE]

PHOTOS are folders with votes.csv and pictures (docs/how-to/own-faces.md), of which faces in the split "train" are left
out. With --mesh the poses are held against MediaPipe's face mesh, for which mediapipe 0.10.14 has to be installed; half
of the faces, those of even rank, gave the heights of ``mien.core.pose.HEAD_MODEL``, the others are reported. FILE is
docs/benchmarks/pose.txt; docs/UNCERTAINTY.md gets its table.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

import mien
from docpage import ROOT, commit, cores, fill, table
from mien.core.arrays import Image
from mien.core.boxes import iou
from mien.core.emotions import SEVEN
from mien.core.output import write_whole
from mien.core.pose import head_poses
from mien.core.priors import shown_at
from mien.data.faces import one_face
from mien.imaging.crop import crop_faces
from mien.imaging.decode import read
from mien.imaging.quality import TURNED_ROLL_DEG, TURNED_YAW_DEG
from mien.inference.analyzer import Analyzer, FaceClassifier
from photo_faces import votes

YAWS = (0, 15, 30, 45, 60, 70, 80, 180)
ROLLS = (0, 10, 15, 20, 25, 30, 35, 40, 50, 60, 90, 180)
HEAD_LINE = ["degrees", "faces", "right", "sure", "right if sure"]

SEEN_PX = 256
"""Side of the picture in which the mesh is looked for."""

Angles = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A face with a label.

    Attributes:
        image: the picture, (H, W, 3) uint8.
        box: (4,) of its face.
        truth: the index of the emotion in SEVEN.
    """

    image: Image
    box: NDArray[np.float32]
    truth: int


def photos(folder: Path) -> list[Photo]:
    """Return the faces of a folder on whose emotion its votes decide, but for those of its training split."""
    with (folder / "votes.csv").open(newline="", encoding="utf-8") as file:
        lines = [line for line in csv.DictReader(file) if line.get("split") != "train" and votes(line).any()]
    found: list[Photo] = []
    for line in lines:
        image = read(folder / line["file"])
        corners = [line.get(name) for name in ("x1", "y1", "x2", "y2")]
        height, width = image.shape[:2]
        box = np.array(corners if all(corners) else [0, 0, width, height], np.float32)
        found.append(Photo(image, box, int(votes(line).argmax())))
    return found


def by_yaw(faces: list[Photo], analyzer: Analyzer) -> tuple[list[list[str]], list[tuple[Photo, Any]]]:
    """Return accuracy by yaw, and the faces that are found, each with the box and landmarks (5, 2) of the detector."""
    found: list[tuple[Photo, Any]] = []
    rows: list[tuple[float, bool, bool]] = []
    for photo in faces:
        result = analyzer(photo.image)
        if not len(result) or result.faces.turn:
            continue
        face = result[int(iou(result.faces.boxes, photo.box[None])[:, 0].argmax())]
        sure = face.confidence >= analyzer.certain_from()
        rows.append((abs(face.pose.yaw_deg), face.emotion == SEVEN[photo.truth], sure))
        found.append((replace(photo, box=face.box), face.landmarks))
    yaw, right, sure = (np.array(column) for column in zip(*rows, strict=True))
    lines: list[list[str]] = []
    for low, high in pairwise(YAWS):
        here = (yaw >= low) & (yaw < high)
        lines.append([f"yaw {low} to {high}", *_counts(right[here], sure[here])])
    return lines, found


def by_roll(faces: list[Photo], classifier: FaceClassifier) -> list[list[str]]:
    """Return accuracy where the pictures are turned around the middle of the face, by so many degrees either way."""
    card = classifier.card
    truth = np.array([photo.truth for photo in faces])
    lines: list[list[str]] = []
    for angle in ROLLS:
        right, sure = np.zeros(0, np.bool_), np.zeros(0, np.bool_)
        for signed in {angle, -angle if angle < 180 else angle}:
            crops = [
                crop_faces(_turned(photo, signed), one_face(tuple(photo.box.tolist())), card.crop)[0] for photo in faces
            ]
            shown = shown_at(classifier(np.stack(crops)), card.class_shares, SEVEN, card.prior)
            right = np.append(right, shown.argmax(axis=1) == truth)
            sure = np.append(sure, shown.max(axis=1) >= card.uncertain_at(card.prior))
        lines.append([f"turned by {angle}", *_counts(right, sure)])
    return lines


def _turned(photo: Photo, degrees: float) -> Image:
    middle = ((photo.box[:2] + photo.box[2:]) / 2).tolist()
    height, width = photo.image.shape[:2]
    turn = cv2.getRotationMatrix2D(middle, -degrees, 1)
    return np.asarray(cv2.warpAffine(photo.image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _counts(right: NDArray[np.bool_], sure: NDArray[np.bool_]) -> list[str]:
    return [f"{len(right):,}", _share(right), f"{sure.sum():,}", _share(right[sure])]


def _share(hits: NDArray[np.bool_]) -> str:
    return f"{hits.mean():.1%}" if len(hits) else "-"


def against_mesh(found: list[tuple[Photo, Any]]) -> str:
    """Return how far the poses of the landmarks are from those of MediaPipe's face mesh."""
    solution: Any = import_module("mediapipe").solutions.face_mesh
    search = solution.FaceMesh(static_image_mode=True, min_detection_confidence=0.3)
    meshes = [_mesh(search.process, photo) for photo, _ in found]
    rows = [row for row, mesh in enumerate(meshes) if mesh is not None]
    reference = mesh_poses(np.array([meshes[row] for row in rows]))
    read_as = np.array(head_poses(np.array([found[row][1] for row in rows])))
    off = np.abs(read_as - reference)[1::2]
    lines = [
        f"{len(rows)} of {len(found)} have a mesh; degrees of difference on {len(off)} of them",
        f"{'':10}{'median':>8}{'9 of 10':>9}{'correlation':>13}",
    ]
    for place, name in enumerate(("yaw", "pitch", "roll")):
        together = np.corrcoef(read_as[1::2, place], reference[1::2, place])[0, 1]
        middle, most = np.percentile(off[:, place], [50, 90])
        lines.append(f"{name:>10}{middle:8.1f}{most:9.1f}{together:13.2f}")
    return "\n".join(lines)


def _mesh(process: Callable[[Image], Any], photo: Photo) -> Angles | None:
    """Return the points (468, 3) of the mesh, right, down and back, in any unit; None where none is found."""
    (x1, y1, x2, y2), side = photo.box.tolist(), SEEN_PX / 2 / max(float(np.ptp(photo.box[::2])), 1.0)
    shift = np.array([[side, 0, SEEN_PX / 2 - side * (x1 + x2) / 2], [0, side, SEEN_PX / 2 - side * (y1 + y2) / 2]])
    seen = process(np.asarray(cv2.warpAffine(photo.image, shift, (SEEN_PX, SEEN_PX)), np.uint8)).multi_face_landmarks
    return np.array([(point.x, point.y, point.z) for point in seen[0].landmark]) if seen else None


def mesh_poses(meshes: Angles) -> Angles:
    """Return yaw, pitch and roll (N, 3) of meshes (N, 468, 3): their turn from their mean, seen from the front."""
    points = meshes - meshes.mean(axis=1, keepdims=True)
    points /= np.linalg.norm(points, axis=(1, 2), keepdims=True)
    shape = points[0]
    for _ in range(10):
        shape = np.median(points @ _rotations(points, shape), axis=0)
    shape = shape @ _front(shape)
    heads = _rotations(np.broadcast_to(shape, points.shape), points).transpose(0, 2, 1)
    yaw = np.degrees(np.arctan2(heads[:, 2, 0], heads[:, 2, 2]))
    pitch = -np.degrees(np.arcsin(np.clip(heads[:, 2, 1], -1, 1)))
    return np.stack([yaw, pitch, np.degrees(np.arctan2(-heads[:, 0, 1], heads[:, 1, 1]))], axis=1)


def _rotations(points: Angles, onto: Angles) -> Angles:
    """Return the rotations (N, 3, 3) that bring points (N, P, 3), as rows, nearest to others (Kabsch, 1976)."""
    left, _, right = np.linalg.svd(points.transpose(0, 2, 1) @ onto)
    left[:, :, 2] *= np.sign(np.linalg.det(left @ right))[:, None]
    return np.asarray(left @ right, np.float64)


def _front(shape: Angles) -> Angles:
    """Return the rotation (3, 3) after which a mesh has its eyes, mouth and ears level and its chin below its brow."""
    across = sum(shape[left] - shape[right] for right, left in ((33, 263), (61, 291), (234, 454)))
    across /= np.linalg.norm(across)
    down = shape[152] - shape[10]
    down -= across * (across @ down)
    down /= np.linalg.norm(down)
    return np.asarray(np.stack([across, down, np.cross(across, down)], axis=1), np.float64)


def main() -> None:
    """Measure, print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--mesh", action="store_true")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks" / "pose.txt")
    given = parser.parse_args()
    analyzer = mien.load()
    classifier = analyzer.classifier
    faces = [photo for folder in given.photos for photo in photos(folder)]
    yaws, found = by_yaw(faces, analyzer)
    lines = yaws + by_roll([photo for photo, _ in found], classifier)
    content = "\n".join(
        [
            f"$ python lab/scripts/choose_pose.py {' '.join('PHOTOS' for _ in given.photos)}{' --mesh' * given.mesh}",
            f"commit {commit()}, {cores()} cores, {classifier.card.name}, sha256 {classifier.sha256}",
            f"{len(faces)} labelled faces, accuracy under 'seven' at a prior of {classifier.card.prior}",
            "sure: those with a confidence at or above the threshold of uncertain faces",
            f"shipped: turned beyond {TURNED_YAW_DEG:g} degrees of yaw or {TURNED_ROLL_DEG:g} of roll",
            "",
            f"{len(found)} faces are found: by yaw, and with the picture turned around the face by so much, either way",
            *("".join(f"{cell:>16}" for cell in line) for line in [HEAD_LINE, *lines]),
            *(["", against_mesh(found)] if given.mesh else []),
        ]
    )
    print(content)
    write_whole(given.out, f"{content}\n".encode())
    fill(ROOT / "docs" / "UNCERTAINTY.md", {"pose": table(HEAD_LINE, lines)})


if __name__ == "__main__":
    main()
