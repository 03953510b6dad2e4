"""A split of a data set, as training and scoring read it: one ``.npz`` file."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.core.emotions import VOTE_COLUMNS
from mien.core.errors import DataError
from mien.core.output import whole_file

SPLITS = ("train", "valid", "test")
"""Training, PublicTest and PrivateTest of FER2013."""

COLUMNS = len(VOTE_COLUMNS)


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """N faces and their labels.

    Attributes:
        images: (N, S, S) uint8, grey.
        votes: (N, 10) uint8, the taggers' votes in the order of ``VOTE_COLUMNS``.
        emotions: (N,) int8, the original FER2013 label as an index into ``SEVEN``; -1 where there is none.
        rows: (N,) int64, the sample's row in the source, from 0.
        clean: (N,) bool, false for a face of ``valid`` or ``test`` with a near-duplicate in the original Training rows.
        sources: (N,) text, the name of the data set that the face is from.
        choosing: (N,) bool, true for the half of ``valid`` by which nets, biases and thresholds are chosen; the other
            half is reported.
        names: (N,) text, what the face is called in its data set: the path of its file, or its row where there is none.
    """

    images: NDArray[np.uint8]
    votes: NDArray[np.uint8]
    emotions: NDArray[np.int8]
    rows: NDArray[np.int64]
    clean: NDArray[np.bool_]
    sources: NDArray[np.str_]
    choosing: NDArray[np.bool_]
    names: NDArray[np.str_]

    def __post_init__(self) -> None:
        """Refuse arrays that are not of the same N faces."""
        n = len(self.images)
        votes, *others = (getattr(self, name).shape for name in ARRAYS[1:])
        if self.images.ndim != 3 or votes != (n, COLUMNS) or any(shape != (n,) for shape in others):
            raise ValueError(
                f"a split needs images (N, S, S), votes (N, {COLUMNS}) and {', '.join(ARRAYS[2:])} (N,); "
                f"got {self.images.shape}, {votes}, {others}"
            )

    def __len__(self) -> int:
        """Return N."""
        return len(self.images)

    def sha256(self) -> str:
        """Return the digest of the arrays but the names; it does not depend on the compression of the file."""
        digest = hashlib.sha256()
        for name in KEPT_ALWAYS:
            array = getattr(self, name)
            if name == "sources":  # whose width in memory depends on the longest name
                array = np.frombuffer("\n".join(array.tolist()).encode(), np.uint8)
            digest.update(f"{array.shape}{array.dtype}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def take(self, faces: NDArray[np.bool_] | NDArray[np.int64]) -> Split:
        """Return the faces of a mask (N,) or of indices (K,)."""
        return Split(*(getattr(self, name)[faces] for name in ARRAYS))

    def by_source(self) -> dict[str, Split]:
        """Return name -> faces of each data set, in the order of their first faces."""
        names = dict.fromkeys(self.sources.tolist())
        return {name: self.take(self.sources == name) for name in names}


ARRAYS = tuple(field.name for field in fields(Split))
"""Names of a split's arrays in its file."""

KEPT_ALWAYS = tuple(name for name in ARRAYS if name != "names")
"""Those that files of earlier versions have too."""


def join_splits(splits: Sequence[Split]) -> Split:
    """Return the faces of all splits, one split after the other."""
    return Split(*(np.concatenate([getattr(split, name) for split in splits]) for name in ARRAYS))


def row_names(rows: NDArray[np.int64]) -> NDArray[np.str_]:
    """Return the names (N,) of faces that have no files: their rows (N,)."""
    return rows.astype(np.str_)


def save_split(split: Split, path: Path) -> None:
    """Write a split atomically."""
    with whole_file(path) as file:
        np.savez(file, **{name: getattr(split, name) for name in ARRAYS})


def _source_in(folder: Path) -> str:
    """Return what to name to ``mien prepare``: the folder or archive itself if it may be a data set, else FER2013."""
    inside = folder.iterdir() if folder.is_dir() and not any(folder.glob("*.npz")) else ()
    unprepared = folder.is_file() or any(one.is_dir() or one.suffix == ".csv" for one in inside)
    return str(folder) if unprepared else "fer2013.csv fer2013new.csv"


def _advice(folder: Path) -> str:
    """Return how a folder gets the split that it lacks."""
    if there := [name for name in SPLITS if (folder / f"{name}.npz").is_file()]:
        return (
            f"it has {' and '.join(there)} only, as 'mien prepare' got few faces or --split; take what it has, "
            "or give it more faces, or folders train, valid and test"
        )
    return f"write it with 'mien prepare {_source_in(folder)} --out data'"


def load_split(folder: Path, name: str) -> Split:
    """Read the split ``name`` of a prepared folder.

    Raises:
        DataError: the folder has no such split, or the file is not a split.
    """
    path = folder / f"{name}.npz"
    if not path.is_file():
        raise DataError(f"no split '{name}' in {folder}: expected the file {path.name}; {_advice(folder)}")
    try:
        with np.load(path) as arrays:
            held = {name: arrays[name] for name in KEPT_ALWAYS}
            return Split(**held, names=arrays["names"] if "names" in arrays else row_names(held["rows"]))
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is not a split file of mien ({error}); run 'mien prepare' again") from error
