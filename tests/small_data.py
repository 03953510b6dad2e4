"""Small copies of the published files, made on the spot."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from mien.core.emotions import SEVEN, VOTE_COLUMNS
from mien.data.samples import Samples
from mien.data.split import SPLITS
from mien.data.synthetic import synthetic

USAGES = {"train": "Training", "valid": "PublicTest", "test": "PrivateTest"}
HAPPY = (0, 10, 0, 0, 0, 0, 0, 0, 0, 0)


def faces(n: int, seed: int = 0) -> np.ndarray:
    """Smooth random pictures (n, 48, 48): unlike each other, and still themselves after a change of light."""
    coarse = np.random.default_rng(seed).integers(40, 200, (n, 8, 8), np.uint8)
    big = [cv2.resize(face, (48, 48), interpolation=cv2.INTER_CUBIC) for face in coarse]
    return np.array(big, np.uint8).reshape(n, 48, 48)


def text(face: np.ndarray) -> str:
    return " ".join(map(str, face.ravel().tolist()))


def write_fer(path: Path, images: np.ndarray, usages: Sequence[str], emotions: Sequence[int] | None = None) -> Path:
    codes = emotions or [3] * len(images)
    rows = [f"{code},{text(face)},{use}" for code, face, use in zip(codes, images, usages, strict=True)]
    path.write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    return path


def write_votes(path: Path, usages: Sequence[str], votes: Sequence[Sequence[int]], names: Sequence[str]) -> Path:
    rows = [f"{use},{name},{','.join(map(str, cast))}" for use, name, cast in zip(usages, names, votes, strict=True)]
    path.write_text("\n".join([",".join(("Usage", "Image name", *VOTE_COLUMNS)), *rows]) + "\n")
    return path


def samples(images: np.ndarray, splits: Sequence[str], votes: Sequence[Sequence[int]] | None = None) -> Samples:
    n = len(images)
    return Samples(
        images=images,
        votes=np.array(votes or [HAPPY] * n, np.uint8).reshape(n, 10),
        emotions=np.ones(n, np.int8),
        rows=np.arange(n),
        splits=np.array([SPLITS.index(name) for name in splits], np.int8),
        nameless=np.zeros(n, np.bool_),
        sources=np.full(n, "ferplus"),
        names=np.arange(n).astype(str),
    )


def write_class_folders(folder: Path) -> None:
    """Write ten drawn faces of each emotion."""
    drawn = synthetic(140, seed=0)
    for place, emotion in enumerate(SEVEN):
        (folder / emotion).mkdir(parents=True)
        for row in np.flatnonzero(drawn.emotions == place)[:10]:
            Image.fromarray(drawn.images[row]).save(folder / emotion / f"{row}.png")
