"""Duplicates: exact ones, and near-duplicates by a change of light, a slight shift or a mirror image.

Two faces are near-duplicates if their 12 x 12 thumbnails correlate above 0.98, one of them perhaps mirrored.
Exact duplicates count as near-duplicates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mien.data.samples import SIZE_PX, Samples
from mien.data.split import SPLITS

NEAR_CORRELATION = 0.98
"""Correlation above which two thumbnails are near-duplicates."""

THUMB_PX = 12
SCREENED_NUMBERS = 15  # of the 144 numbers of a thumbnail, those that the screening compares
BLOCK_ROWS = 256  # 36 MB of products with 36,000 faces
CHUNK_PAIRS = 50_000  # pairs compared in full at a time: 120 MB


@dataclass(frozen=True, slots=True, eq=False)
class Duplicates:
    """Which faces have a duplicate, and in which splits.

    Attributes:
        exact: (N, 3) bool, whether there is an exact duplicate in each of ``SPLITS``.
        near: (N, 3) bool, the same for near-duplicates, exact ones included.
        first: (N,) int64, the index of the first sample of the same split that is connected to it by near-duplicates;
            its own if there is none, and for all of train, where it is not needed.
    """

    exact: NDArray[np.bool_]
    near: NDArray[np.bool_]
    first: NDArray[np.int64]


def find_duplicates(samples: Samples) -> Duplicates:
    """Compare every sample with every other one, in its own split and in the others."""
    exact = exact_duplicates(pixel_keys(samples.images), samples.splits)
    near, first = near_duplicates(thumbnails(samples.images), samples.splits)
    return Duplicates(exact, near | exact, first)


def pixel_keys(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return a number (N,) int64 for each of images (N, H, W) uint8: the same number if all pixels are the same."""
    numbers: dict[bytes, int] = {}
    digests = (hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images)
    return np.array([numbers.setdefault(digest, len(numbers)) for digest in digests], np.int64)


def exact_duplicates(keys: NDArray[np.int64], splits: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return (N, 3) bool: whether another face with the same key of keys (N,) is in each split."""
    counts = np.zeros((keys.max(initial=-1) + 1, len(SPLITS)), np.int64)
    np.add.at(counts, (keys, splits), 1)
    others = counts[keys]
    others[np.arange(len(keys)), splits] -= 1  # a face is not its own duplicate
    return others > 0


def thumbnails(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return (N, 144) float32 for faces (N, 48, 48) uint8: area averages, each row of mean 0 and length 1.

    A face of one uniform grey has nothing to compare: it becomes all zeros, a near-duplicate of none.
    """
    step = SIZE_PX // THUMB_PX
    blocks = images.reshape(-1, THUMB_PX, step, THUMB_PX, step)
    sums = blocks.sum(axis=(2, 4), dtype=np.uint16).reshape(len(images), THUMB_PX**2).astype(np.float64)
    sums -= sums.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.divide(sums, norms, out=np.zeros_like(sums), where=norms > 1e-3).astype(np.float32)


def near_duplicates(
    thumbs: NDArray[np.float32], splits: NDArray[np.int8]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return ``near`` and ``first`` of ``Duplicates`` for thumbnails (N, 144).

    The pairs that pass the screening are compared in float64, so that every machine gives the same result.
    """
    near = np.zeros((len(thumbs), len(SPLITS)), np.bool_)
    ties: list[NDArray[np.int64]] = [np.zeros((2, 0), np.int64)]
    for view in (thumbs, _mirrored(thumbs)):
        for rows, others in _similar_pairs(view, thumbs):
            for start in range(0, len(rows), CHUNK_PAIRS):
                row, other = rows[start : start + CHUNK_PAIRS], others[start : start + CHUNK_PAIRS]
                tied = (splits[row] == splits[other]) & (splits[row] != SPLITS.index("train"))
                unknown = tied | ~(near[row, splits[other]] & near[other, splits[row]])
                row, other = row[unknown], other[unknown]
                similarity = np.einsum("ij,ij->i", view[row].astype(np.float64), thumbs[other])
                row, other = row[similarity > NEAR_CORRELATION], other[similarity > NEAR_CORRELATION]
                near[row, splits[other]] = near[other, splits[row]] = True
                same = (splits[row] == splits[other]) & (splits[row] != SPLITS.index("train"))
                ties.append(np.array([row[same], other[same]]))
    return near, _first_of(len(thumbs), *np.concatenate(ties, axis=1))


def _first_of(count: int, some: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (count,) the lowest index that each is connected to by the pairs of some (P,) and others (P,)."""
    first = np.arange(count)
    while True:
        before = first.copy()
        np.minimum.at(first, some, first[others])
        np.minimum.at(first, others, first[some])
        if (first == before).all():
            return first


def _mirrored(thumbs: NDArray[np.float32]) -> NDArray[np.float32]:
    square = thumbs.reshape(-1, THUMB_PX, THUMB_PX)
    return np.ascontiguousarray(square[:, :, ::-1]).reshape(thumbs.shape)


def _similar_pairs(
    view: NDArray[np.float32], thumbs: NDArray[np.float32]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield pairs of indices (P,) and (P,), each once, that may be near-duplicates: all that are, and few more.

    Faces that differ at a coarse scale are no duplicates, which 16 numbers show as surely as 144, nine times as fast.
    """
    left, right = _screen(view), _screen(thumbs)
    for start in range(0, len(view), BLOCK_ROWS):
        similarity = left[start : start + BLOCK_ROWS] @ right[start:].T
        rows, others = np.divmod(np.flatnonzero(similarity > NEAR_CORRELATION - 1e-4), similarity.shape[1])
        once = rows < others
        yield rows[once] + start, others[once] + start


def _screen(thumbs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (N, 16) whose products are never below those of thumbs (N, 144).

    They are the coefficients of the coarsest cosine waves of each thumbnail, and the norm of the remainder: the product
    of two remainders is at most the product of their norms (Cauchy and Schwarz).
    """
    place, wave = np.arange(THUMB_PX), np.arange(THUMB_PX)[:, None]
    cosines = np.cos(np.pi * (2 * place + 1) * wave / (2 * THUMB_PX)) * np.sqrt(2 / THUMB_PX)
    cosines[0] /= np.sqrt(2)
    order = np.argsort((wave**2 + wave.T**2).ravel(), kind="stable")
    coarsest = order[1 : SCREENED_NUMBERS + 1]  # wave 0 is the mean, 0
    waves = np.einsum("ai,bj->abij", cosines, cosines).reshape(THUMB_PX**2, THUMB_PX**2)
    basis = waves[coarsest].astype(np.float32)
    coarse = thumbs @ basis.T
    rest = (thumbs**2).sum(axis=1) - (coarse**2).sum(axis=1)
    return np.column_stack((coarse, np.sqrt(np.maximum(rest, 0)))).astype(np.float32)
