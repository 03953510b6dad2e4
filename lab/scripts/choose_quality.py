"""Measures how the packaged net's accuracy falls with blur and with size, and which faces are said to be unfit for it.

    python lab/scripts/choose_quality.py DATA [--faces 1777] [--out FILE]

DATA is a folder of ``mien prepare``; its PublicTest faces are blurred, shrunk and made noisy, and judged under
``seven`` at the model's own prior. FILE is docs/benchmarks/quality.txt.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from docpage import ROOT, commit, cores
from framing import evenly
from mien.core.boxes import square
from mien.core.crop_spec import CropSpec
from mien.core.frame import Frame
from mien.core.output import write_whole
from mien.core.packaged import default_model
from mien.core.protocols import UNCOUNTED, seven
from mien.data.split import load_split
from mien.detection.detectors import Detector, WholeImage, without_landmarks
from mien.imaging.crop import crop_faces
from mien.imaging.quality import BLURRED, LEAST_SHARPNESS, SMALL, SMALL_PX, sharpness
from mien.inference.analyzer import Analyzer
from mien.inference.classifier import Classifier
from pasted import Grey, as_rgb

BLURS_PX = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)
FRAMES_PX = (36, 32, 28, 24, 22, 20, 18, 16, 14, 12, 8)
"""Sides that frames of 48 px are shrunk to; the face's box is larger, by one over the margin of the crop."""

NOISE = 10.0
LIMITS = (0.258, 0.261, 0.264, 0.267, 0.27)
"""Limits of sharpness to compare."""

BATCH = 256
"""Faces that go through the net together."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """N faces of one kind: whether each was named rightly and surely, its quality, and how sharp its crop is."""

    right: NDArray[np.bool_]
    sure: NDArray[np.bool_]
    quality: NDArray[np.str_]
    sharpness: NDArray[np.float64]


def blur(face: Grey, sigma_px: float) -> Grey:
    """Return a face (S, S) uint8 under a Gaussian."""
    return np.asarray(cv2.GaussianBlur(face, (0, 0), sigma_px), np.uint8)


def shrink(face: Grey, side_px: int) -> Grey:
    """Return a face (S, S) uint8 as so few pixels show it, (side_px, side_px)."""
    return np.asarray(cv2.resize(face, (side_px, side_px), interpolation=cv2.INTER_AREA), np.uint8)


def noise(face: Grey, deviation: float) -> Grey:
    """Return a face (S, S) uint8 with noise, the same for equal faces."""
    random = np.random.default_rng(int(face.sum()))
    return (face + random.normal(0, deviation, face.shape)).clip(0, 255).astype(np.uint8)


def kinds() -> dict[str, Callable[[Grey], Grey]]:
    """Return what is done to faces, by name."""
    named: dict[str, Callable[[Grey], Grey]] = {"as it is": lambda face: face}
    named |= {f"blur {sigma:g} px": lambda face, sigma=sigma: blur(face, sigma) for sigma in BLURS_PX}
    named |= {f"frame of {side} px": lambda face, side=side: shrink(face, side) for side in FRAMES_PX}
    named[f"noise {NOISE:g}"] = lambda face: noise(face, NOISE)
    named[f"blur 1.5 px, noise {NOISE / 2:g}"] = lambda face: noise(blur(face, 1.5), NOISE / 2)
    return named


def framed(spec: CropSpec) -> Detector:
    """Return a detector whose only box is cut to the whole picture, as a photo's face is cut to FER2013's frame."""
    return lambda image: without_landmarks(square(WholeImage()(image).boxes, 1 / spec.margin))


def judge(faces: list[Grey], truth: NDArray[np.int64], analyze: Analyzer) -> Judged:
    """Return what the path behind the detector says of pictures (H, W) uint8 that are FER2013's frame of a face.

    Truth (N,) indexes SEVEN.
    """
    frames = [Frame(as_rgb(face)) for face in faces]
    results = [result for start in range(0, len(frames), BATCH) for result in analyze(frames[start : start + BATCH])]
    crop = analyze.classifier.card.crop
    sharp = [sharpness(crop_faces(frame.image, analyze.detector(frame.image), crop)[0]) for frame in frames]
    answers = np.array([result.probs[0].argmax() for result in results])
    sure = np.array([result.probs[0].max() >= analyze.certain_from() for result in results])
    return Judged(answers == truth, sure, np.array([result.quality[0] for result in results]), np.array(sharp))


def share(hits: NDArray[np.bool_]) -> str:
    """Return the share that is true as a percentage, a dash of nothing."""
    return f"{hits.mean():.1%}" if len(hits) else "-"


def accuracy_table(judged: dict[str, Judged]) -> str:
    """Return accuracy and share flagged by what was done to the faces."""
    lines = [f"shipped: small under {SMALL_PX} px, blurred under a sharpness of {LEAST_SHARPNESS:g}"]
    lines += [f"{'face':20}{'accuracy':>10}{'sharpness':>11}{'small':>9}{'blurred':>9}{'of flagged':>12}{'of good':>9}"]
    lines[-1] += f"{'sure, flagged':>15}{'sure, good':>12}"
    for name, one in judged.items():
        small, blurred = one.quality == SMALL, one.quality == BLURRED
        flagged = small | blurred
        start = f"{name:20}{share(one.right):>10}{np.median(one.sharpness):11.3f}{share(small):>9}{share(blurred):>9}"
        lines += [f"{start}{share(one.right[flagged]):>12}{share(one.right[~flagged]):>9}"]
        lines[-1] += f"{share(one.right[one.sure & flagged]):>15}{share(one.right[one.sure & ~flagged]):>12}"
    return "\n".join(lines)


def limits_table(judged: dict[str, Judged]) -> str:
    """Return the share of faces less sharp than each limit, and the accuracy on those of all the blurred kinds."""
    names = ["as it is", *(name for name in judged if name.startswith("blur") and "noise" not in name)]
    right = np.concatenate([judged[name].right for name in names])
    sharp = np.concatenate([judged[name].sharpness for name in names])
    lines = [f"accuracy by limit of sharpness, faces as they are and blurred together, {len(right)} crops; share below"]
    lines += [f"{'limit':>7}{'below':>9}{'above':>9}{''.join(f'{name:>14}' for name in names[:6])}"]
    for limit in LIMITS:
        shares = "".join(f"{share(judged[name].sharpness < limit):>14}" for name in names[:6])
        lines += [f"{limit:7.3f}{share(right[sharp < limit]):>9}{share(right[sharp >= limit]):>9}{shares}"]
    return "\n".join(lines)


def main() -> None:
    """Judge, print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--faces", type=int, default=1777, help="PublicTest faces (default 1777)")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks" / "quality.txt")
    given = parser.parse_args()
    classifier, valid = Classifier(default_model()), load_split(given.data, "valid")
    analyze = Analyzer(framed(classifier.card.crop), classifier)
    truth = seven(valid.votes, valid.emotions)
    rows = evenly(np.flatnonzero(truth != UNCOUNTED), given.faces)
    judged = {
        name: judge([change(face) for face in valid.images[rows]], truth[rows], analyze)
        for name, change in kinds().items()
    }
    content = "\n".join(
        [
            f"$ python lab/scripts/choose_quality.py DATA --faces {given.faces}",
            f"commit {commit()}, {cores()} cores, model {classifier.card.version}, sha256 {classifier.sha256}",
            f"{len(rows)} PublicTest faces, accuracy under 'seven' at a prior of {analyze.prior:g}; "
            f"a frame is {classifier.card.crop.margin:g} of the face's box",
            accuracy_table(judged),
            "",
            limits_table(judged),
            "",
        ]
    )
    print(content, end="")
    write_whole(given.out, content.encode())


if __name__ == "__main__":
    main()
