"""Which parts of a face an emotion is read from, by what a net predicts of faces of which parts are hidden.

The net is only asked, its weights are not looked at: V. Petsiuk, A. Das and K. Saenko, "RISE: Randomized Input
Sampling for Explanation of Black-box Models", 2018. Hidden parts are blurred instead of black, which makes no edge, and
probabilities count in log-odds, which a sure prediction does not flatten. ``mien.evaluation.faithfulness`` says how
well that explains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Image
from mien.core.crop_spec import CropSpec
from mien.core.result import Face, seen
from mien.draw.heat import captioned, heated
from mien.imaging.convert import Source, to_frame
from mien.imaging.crop import Crops, crop_faces
from mien.inference.analyzer import Analyzer, load
from mien.results.analysis import Analysis

MASKS = 800
"""Faces with hidden parts that a net is asked about for one face."""

CELLS = 6
"""A mask is drawn on so many cells across the face, each hidden or not, and enlarged smoothly."""

BLUR_WIDTHS = 1 / 6
"""Standard deviation of the blur that hides, as a share of the face's width: light and hair stay, features go."""

LEAST = 1e-4
"""The smallest share that counts in log-odds."""

LEAST_EXPLAINED = 0.05
"""The smallest share of an emotion that is explained, unless it is the strongest."""

SHOWN_PX = 240
"""Side of the faces in ``Explanation.draw``."""

Judge = Callable[[Crops], NDArray[np.floating[Any]]]
"""Crops (N, S, S, C) -> probabilities (N, K)."""


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Where the evidence for the strongest emotions of a face lies.

    Attributes:
        face: the face.
        emotions: E emotions, the strongest first, of 5 % or more but for the first.
        maps: (E, S, S) float32, for each emotion and pixel of the crop, by how many nats the log-odds of the emotion
            fall further when the place is hidden than when any is; negative where the emotion is read more surely
            without it.
        picture: (240, 240, 3) uint8 RGB, the face as the crop frames it.
        runs: how many faces the net was asked about.
    """

    face: Face
    emotions: tuple[str, ...]
    maps: NDArray[np.float32]
    picture: Image
    runs: int

    def thirds(self) -> NDArray[np.float32]:
        """Return which share of the evidence for each emotion lies in the upper, middle and lower third, (E, 3)."""
        rows = np.clip(self.maps, 0, None).sum(axis=2)
        parts = np.stack([part.sum(axis=1) for part in np.array_split(rows, 3, axis=1)], axis=1)
        return parts / np.maximum(parts.sum(axis=1, keepdims=True), 1e-9)

    def draw(self, title: str = "the face") -> Image:
        """Return the face and, for each emotion, the face with its evidence in red, (264, 240 (1 + E), 3) uint8 RGB.

        Args:
            title: what stands under the face.
        """
        named = [f"{name} {self.face.probabilities[name]:.0%}" for name in self.emotions]
        panels = [heated(self.picture, one) for one in self.maps]
        return np.concatenate([captioned(self.picture, title), *map(captioned, panels, named)], axis=1)


def explain(source: Source | Analysis, analyzer: Analyzer | None = None, emotions: int = 3) -> list[Explanation]:
    """Return for each face of a picture which parts its strongest emotions are read from.

    The same picture gives the same maps. A face costs ``MASKS`` runs of the net, a second or less on one core.

    Args:
        source: a picture as an ``Analyzer`` takes it, or its result.
        analyzer: finds and names the faces; None is ``mien.load()``. For a result, the one that made it.
        emotions: how many of the strongest are explained, 1 or more; those under 5 % are left out.

    Raises:
        ImageError: the picture cannot be read.
        ValueError: no emotion is asked for.
    """
    _check(emotions)
    analyzer = analyzer or _packaged()
    result = source if isinstance(source, Analysis) else analyzer(to_frame(source))
    faces = seen(result)
    crops = crop_faces(result.frame.image, faces, analyzer.crop)
    shown = CropSpec(SHOWN_PX, 3, analyzer.crop.margin, analyzer.crop.align)
    pictures = crop_faces(result.frame.image, faces, shown)
    return [
        _of_face(face, crop, picture, analyzer, emotions)
        for face, crop, picture in zip(result, crops, pictures, strict=True)
    ]


def explain_crop(face: Face, crop: Crops, analyzer: Analyzer, emotions: int) -> Explanation:
    """Return which parts of a face its strongest emotions are read from, in pictures of its crop (S, S, C) alone.

    Raises:
        ValueError: no emotion is asked for.
    """
    _check(emotions)
    enlarged = np.asarray(cv2.resize(crop, (SHOWN_PX, SHOWN_PX), interpolation=cv2.INTER_CUBIC), np.uint8)
    picture = np.broadcast_to(enlarged.reshape(SHOWN_PX, SHOWN_PX, -1), (SHOWN_PX, SHOWN_PX, 3))
    return _of_face(face, crop, np.ascontiguousarray(picture), analyzer, emotions)


def _check(emotions: int) -> None:
    if emotions < 1:
        raise ValueError(f"emotions must be 1 or more; got {emotions}")


@cache
def _packaged() -> Analyzer:
    return load()


def _of_face(face: Face, crop: Crops, picture: Image, analyzer: Analyzer, emotions: int) -> Explanation:
    shares = face.probabilities
    names = [name for name in face.ranking[:emotions] if shares[name] >= LEAST_EXPLAINED or name == face.ranking[0]]
    maps = evidence(crop, analyzer.probabilities)
    return Explanation(face, tuple(names), maps[[analyzer.labels.index(name) for name in names]], picture, MASKS + 1)


def evidence(crop: NDArray[np.uint8], judge: Judge, masks: int = MASKS, seed: int = 0) -> NDArray[np.float32]:
    """Return a map (K, S, S) for each class, as in ``Explanation``, of a crop (S, S, C) uint8.

    Args:
        crop: the face.
        judge: the net.
        masks: how many faces with hidden parts it is asked about.
        seed: of the masks.
    """
    hiding = hiding_masks(masks, len(crop), seed)
    odds = _log_odds(judge(np.concatenate([crop[None], hidden(crop, hiding)])))
    lost = odds[:1] - odds[1:]
    lost -= lost.mean(axis=0)
    weight = hiding.sum(axis=0)
    return (np.tensordot(lost.T, hiding, axes=1) / np.maximum(weight, 1e-6)).astype(np.float32)


def hiding_masks(count: int, size_px: int, seed: int) -> NDArray[np.float32]:
    """Return masks (count, S, S), 0 where the face stays as it is and 1 where it is hidden; half of each is."""
    return np.array(list(_masks(count, size_px, np.random.default_rng(seed))), np.float32)


def _masks(count: int, size_px: int, rng: np.random.Generator) -> Iterator[NDArray[np.float32]]:
    cell = -(-size_px // CELLS)
    for _ in range(count):
        coarse = (rng.random((CELLS + 1, CELLS + 1)) < 0.5).astype(np.float32)
        large = cv2.resize(coarse, ((CELLS + 1) * cell,) * 2, interpolation=cv2.INTER_LINEAR)
        x, y = rng.integers(cell, size=2).tolist()
        yield np.asarray(large, np.float32)[y : y + size_px, x : x + size_px]


def hidden(crop: NDArray[np.uint8], masks: NDArray[np.float32]) -> Crops:
    """Return a crop (S, S, C) as often as there are masks (N, S, S), blurred where they are 1."""
    sharp = crop.astype(np.float32)
    soft = np.asarray(cv2.GaussianBlur(sharp, (0, 0), BLUR_WIDTHS * len(crop)), np.float32).reshape(crop.shape)
    return np.rint(sharp + masks[..., None] * (soft - sharp)).astype(np.uint8)


def _log_odds(probs: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    shares = np.clip(probs.astype(np.float64), LEAST, 1 - LEAST)
    return np.log(shares / (1 - shares))
