"""Stand-ins for old group photos and for scenes without a face; ``choose_detector.py`` searches them.

A group is a larger picture, small faces pasted into it, that is made grey, soft, noisy and a JPEG afterwards. The
backgrounds are two pictures of this repository, two of scikit-learn and textures drawn here.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import cv2
import numpy as np

from docpage import ROOT
from mien.core import boxes
from mien.core.arrays import Floats, Image
from mien.core.crop_spec import CropSpec
from mien.core.errors import DataError
from mien.detection.detectors import Detector, without_landmarks
from mien.evaluation.photos import LABELS
from mien.imaging.crop import crop_faces
from mien.imaging.decode import read
from pasted import Grey, as_rgb

FACE_PX = (12.0, 48.0)
"""The shortest and the longest side of a pasted face's box; sizes between are equally common by their logarithm."""

SURROUNDINGS = 2.0
"""How much of the picture around a face is pasted with it, as a multiple of its box."""

HIDDEN = 1.25
"""How much of a face's surroundings is blurred with it, as a multiple of its box."""

TEXTURE_PX = (480, 640)
"""Rows and columns of a drawn texture."""


@dataclass(frozen=True, slots=True, eq=False)
class Standin:
    """A picture (H, W, 3) uint8 and the boxes (N, 4) float32 of the faces in it; N is 0 in a scene."""

    image: Image
    boxes: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A face of a labelled folder: its file and its box (4,) float32 in pixels."""

    path: Path
    box: Floats


def read_faces(folder: Path) -> list[Labelled]:
    """Return the faces of a folder that ``mien evaluate --photos`` takes.

    Raises:
        DataError: it has no labels, or none of a face.
    """
    path = folder / LABELS
    if not path.is_file():
        raise DataError(f"no {LABELS} in {folder}; expected a folder that 'mien evaluate --photos' takes")
    with path.open(newline="", encoding="utf-8") as lines:
        faces = [
            Labelled(folder / row["file"], np.array([float(row[corner]) for corner in ("x1", "y1", "x2", "y2")], "f4"))
            for row in csv.DictReader(lines)
        ]
    if not faces:
        raise DataError(f"{path} names no face; expected a line a face")
    return faces


def photographs() -> list[Image]:
    """Return the four photos without a face."""
    folder = Path(str(resources.files("sklearn") / "datasets" / "images"))
    paths = [ROOT / "examples" / name for name in ("chelsea.png", "coffee.png")]
    return [read(path) for path in [*paths, folder / "china.jpg", folder / "flower.jpg"]]


def clouds(random: np.random.Generator) -> Grey:
    """Return detail of every size, the coarser the stronger."""
    rows, columns = TEXTURE_PX
    layers = [
        cv2.resize(random.normal(0, 2.0**step, (rows >> step, columns >> step)), (columns, rows))
        for step in range(1, 7)
    ]
    whole = np.sum(layers, axis=0)
    return (128 + 45 * whole / whole.std()).clip(0, 255).astype(np.uint8)


def bricks(random: np.random.Generator) -> Grey:
    """Return a wall whose every stone has its own brightness."""
    rows, columns = TEXTURE_PX
    y, x = np.mgrid[:rows, :columns]
    course = y // 24
    stone = (x + 26 * (course % 2)) // 52
    picture = random.integers(70, 200, (course.max() + 1, stone.max() + 1), np.uint8)[course, stone]
    picture[(y % 24 < 3) | ((x + 26 * (course % 2)) % 52 < 3)] = 50
    return picture


def discs(random: np.random.Generator) -> Grey:
    """Return discs of all sizes on one another, which come closest to heads."""
    rows, columns = TEXTURE_PX
    picture = np.full(TEXTURE_PX, 128, np.uint8)
    for _ in range(250):
        place, radius_px = (int(random.integers(columns)), int(random.integers(rows))), int(random.integers(4, 40))
        cv2.circle(picture, place, radius_px, int(random.integers(20, 236)), -1, cv2.LINE_AA)
    return picture


def stripes(random: np.random.Generator) -> Grey:
    """Return two crossing waves of random lengths and directions."""
    rows, columns = TEXTURE_PX
    y, x = np.mgrid[:rows, :columns]
    waves = [np.sin((x * np.cos(turn) + y * np.sin(turn)) / random.uniform(2, 12)) for turn in random.uniform(0, 3, 2)]
    return (128 + 50 * (waves[0] + waves[1])).clip(0, 255).astype(np.uint8)


TEXTURES: tuple[Callable[[np.random.Generator], Grey], ...] = (clouds, bricks, discs, stripes)


def background(photos: list[Image], random: np.random.Generator) -> Image:
    """Return a photo or, as often, a texture, (H, W, 3) uint8, 360 to 1,000 px wide, mirrored half of the time."""
    if random.random() < 0.5:
        picture = photos[random.integers(len(photos))]
    else:
        picture = as_rgb(TEXTURES[random.integers(len(TEXTURES))](random))
    width = int(random.integers(360, 1000))
    size = width, round(width * random.uniform(0.6, 0.9))
    picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(picture[:, ::-1] if random.random() < 0.5 else picture, np.uint8)


def aged(image: Image, random: np.random.Generator) -> Image:
    """Return image (H, W, 3) uint8 grey, paler, softer and noisier, from a JPEG of quality 50 to 94."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey = (grey - 128) * random.uniform(0.6, 1) + 128 + random.uniform(-20, 20)
    grey = cv2.GaussianBlur(grey, (0, 0), random.uniform(0.3, 0.9))
    grey += random.normal(0, random.uniform(2, 8), grey.shape)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(50, 95))]
    coded = cv2.imencode(".jpg", grey.clip(0, 255).astype(np.uint8), quality)[1]
    return as_rgb(np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8))


def group(faces: list[Labelled], photos: list[Image], random: np.random.Generator) -> Standin:
    """Return an aged picture with up to eight small faces that do not touch."""
    picture = background(photos, random).copy()
    height, width = picture.shape[:2]
    placed = np.zeros((0, 4), np.float32)
    for _ in range(int(random.integers(3, 9))):
        side_px = round(SURROUNDINGS * np.exp(random.uniform(*np.log(FACE_PX))))
        left, top = int(random.integers(width - side_px)), int(random.integers(height - side_px))
        patch = np.array([[left, top, left + side_px, top + side_px]], np.float32)
        if boxes.intersection(placed, patch).any():
            continue
        placed = np.vstack([placed, patch])
        paste(picture[top : top + side_px, left : left + side_px], faces[random.integers(len(faces))])
    return Standin(aged(picture, random), boxes.square(placed, 1 / SURROUNDINGS))


def faceless(face: Labelled, detect: Detector) -> Image:
    """Return a labelled photo (H, W, 3) uint8 in which its face is blurred, and what a detector takes for others.

    Heads, ears, hands and clothes stay, which are taken for faces more readily than what has nothing to do with people.
    """
    picture = read(face.path).copy()
    height, width = picture.shape[:2]
    places = face.box[None]
    for _ in range(3):
        for x1, y1, x2, y2 in boxes.clip(boxes.square(places, HIDDEN), width, height).astype(int).tolist():
            if x1 < x2 and y1 < y2:
                picture[y1:y2, x1:x2] = cv2.GaussianBlur(picture[y1:y2, x1:x2], (0, 0), max(3, (x2 - x1) / 5))
        places = detect(picture).boxes
    return picture


def paste(place: Image, face: Labelled) -> None:
    """Lay a face and what is around it over a square (S, S, 3) uint8 of a picture, as an oval with a soft edge."""
    side_px = len(place)
    spec = CropSpec(side_px, channels=3, margin=SURROUNDINGS)
    patch = crop_faces(read(face.path), without_landmarks(face.box[None]), spec)[0]
    middle = (np.arange(side_px) + 0.5) / side_px * 2 - 1
    radius = np.hypot(middle[None, :] / 0.78, middle[:, None] / 0.95)
    share = ((1 - radius) / 0.12).clip(0, 1)[:, :, None]
    place[:] = share * patch + (1 - share) * place


def scene(photos: list[Image], random: np.random.Generator) -> Standin:
    """Return a picture without a face, aged half of the time."""
    picture = background(photos, random)
    return Standin(aged(picture, random) if random.random() < 0.5 else picture, np.zeros((0, 4), np.float32))
