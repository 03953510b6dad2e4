"""Class folders: ``DIR/happiness/*.jpg``, perhaps below a folder a split."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mien.core.emotions import EIGHT, SEVEN, VOTE_COLUMNS
from mien.core.errors import DataError
from mien.core.protocols import TAGGERS
from mien.core.spelling import did_you_mean, near
from mien.data.faces import FaceCropper
from mien.data.near_duplicates import pixel_keys
from mien.data.samples import SIZE_PX, UNREADABLE, Drop, Samples
from mien.data.split import COLUMNS, SPLITS
from mien.imaging.formats import PICTURE_SUFFIXES

if TYPE_CHECKING:
    from mien.detection.detectors import Detector

SPLIT_NAMES = {
    "train": ("train", "training"),
    "valid": ("valid", "validation", "val", "dev", "public", "publictest"),
    "test": ("test", "testing", "private", "privatetest"),
}
"""Other names of the three splits, in small letters."""

CLASS_NAMES = {
    "neutral": ("neutral", "neutrality", "calm"),
    "happiness": ("happiness", "happy", "joy"),
    "surprise": ("surprise", "surprised"),
    "sadness": ("sadness", "sad"),
    "anger": ("anger", "angry"),
    "disgust": ("disgust", "disgusted"),
    "fear": ("fear", "fearful", "afraid", "scared"),
    "contempt": ("contempt", "contemptuous"),
    "unknown": ("unknown",),
}
"""Other names of the classes, in small letters."""

TENTH = 0.1
SHARES = {"test": TENTH, "valid": TENTH}
"""Shares drawn at random if no split is given for a face; the rest goes to train."""

UNSPLIT = "any"

NO_PICTURE = "files that are no pictures by their suffix"
DRAWN = "pictures drawn at random into train, valid or test"
MOVED = "pictures of train drawn at random into valid, which no folder gave"

SPLIT_OF = {alias: name for name, aliases in SPLIT_NAMES.items() for alias in aliases}
"""Other name of a split, in small letters -> its name here."""

_CLASS_OF = {alias: name for name, aliases in CLASS_NAMES.items() for alias in aliases}


@dataclass(frozen=True, slots=True)
class _Picture:
    path: Path
    split: str  # one of SPLITS, or UNSPLIT
    column: int  # of the votes


def read_folders(folder: Path, detector: Detector | None = None, split: str = "", seed: int = 0) -> Samples:
    """Read class folders, with or without folders for the splits above them.

    All ten votes of a picture are for its class. Names are matched leniently: ``happy``, ``Happiness`` and ``3_happy``
    are one class. Pictures without a split folder are split at random, 80:10:10 in each class; exact duplicates stay
    together. Rows number the pictures in the order of their paths.

    Args:
        folder: holds the class folders or the split folders.
        detector: finds the face in a picture; None takes each picture as a whole.
        split: of pictures without a split folder, instead of a random one.
        seed: of the random split.

    Raises:
        DataError: a folder whose name is not a class, or no picture at all.
    """
    counts: Counter[str] = Counter()
    pictures = list(_pictures(folder, counts, split or UNSPLIT))
    cropper = FaceCropper(detector)
    images, kept, unread = _crop_all(folder, pictures, cropper)
    if not kept.any():
        raise DataError(
            f"no readable picture in {folder}; expected folders such as {folder / 'happiness'} with "
            "JPEG, PNG, WebP or other pictures, or fer2013.csv"
        )
    columns = np.array([picture.column for picture in pictures])[kept]
    named = np.array([picture.split for picture in pictures])[kept]
    splits = _draw_missing(named, columns, pixel_keys(images), seed, counts)
    votes = np.zeros((len(images), COLUMNS), np.uint8)
    votes[np.arange(len(images)), columns] = TAGGERS
    return Samples(
        images=images,
        votes=votes,
        emotions=np.where(columns < len(SEVEN), columns, -1).astype(np.int8),
        rows=np.flatnonzero(kept),
        splits=splits,
        nameless=np.zeros(len(images), np.bool_),
        sources=np.full(len(images), folder.resolve().name),
        names=np.array([picture.path.relative_to(folder).as_posix() for picture in pictures])[kept],
        unread=tuple(unread),
        notes=tuple((+(counts + cropper.counts)).items()),
    )


def _draw_missing(
    named: NDArray[np.str_], columns: NDArray[np.int64], keys: NDArray[np.int64], seed: int, counts: Counter[str]
) -> NDArray[np.int8]:
    """Return the split (N,) int8 of each picture, drawn at random if its folders give none or leave valid empty."""
    splits = np.array([SPLITS.index(name) if name != UNSPLIT else -1 for name in named.tolist()], np.int8)
    drawn = splits < 0
    splits[drawn] = draw_splits(columns[drawn], keys[drawn], SHARES, seed)
    counts[DRAWN] = int(drawn.sum())
    train = splits == SPLITS.index("train")
    if not drawn.any() and SPLITS.index("valid") not in splits:
        splits[train] = draw_splits(columns[train], keys[train], {"valid": TENTH}, seed)
        counts[MOVED] = int((splits == SPLITS.index("valid")).sum())
    return splits


def draw_splits(
    classes: NDArray[np.int64], keys: NDArray[np.int64], shares: dict[str, float], seed: int
) -> NDArray[np.int8]:
    """Return a random split (N,) int8 for each picture, by shares of each class; the rest goes to train.

    Args:
        classes: (N,) the class of each picture.
        keys: (N,) the same number for pictures that must stay together; the first one's class counts for all of them.
        shares: split -> share of the pictures, 0 to 1.
        seed: of the random numbers.
    """
    random = np.random.default_rng(seed)
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    of_group = np.full(len(first), SPLITS.index("train"), np.int8)
    ends = np.cumsum(list(shares.values()))
    for class_ in np.unique(classes[first]):
        members = random.permutation(np.flatnonzero(classes[first] == class_))
        parts = np.split(members, np.rint(ends * len(members)).astype(int))
        for name, part in zip(shares, parts, strict=False):  # the last part is what stays in train
            of_group[part] = SPLITS.index(name)
    return of_group[group.ravel()]


def _crop_all(
    folder: Path, pictures: list[_Picture], cropper: FaceCropper
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], list[Drop]]:
    """Return faces (K, 48, 48), a mask (N,) of the pictures that they are of, and the pictures that cannot be read."""
    images = np.zeros((len(pictures), SIZE_PX, SIZE_PX), np.uint8)
    kept = np.ones(len(pictures), np.bool_)
    unread: list[Drop] = []
    for row, picture in enumerate(pictures):
        image = cropper(picture.path)
        if image is None:
            kept[row] = False
            unread.append(Drop(picture.split, picture.path.relative_to(folder).as_posix(), UNREADABLE))
        else:
            images[row] = image
    return images[kept], kept, unread


def _pictures(folder: Path, counts: Counter[str], unsplit: str) -> Iterator[_Picture]:
    """Yield the pictures in the order of their paths, and count the other files."""
    for top in folders_in(folder):
        split = SPLIT_OF.get(_plain(top.name))
        for below in folders_in(top) if split else [top]:
            column = VOTE_COLUMNS.index(_class_of(below))
            for path in sorted(below.rglob("*")):
                if path.is_dir() or path.name.startswith("."):
                    continue
                if path.suffix.lower() in PICTURE_SUFFIXES:
                    yield _Picture(path, split or unsplit, column)
                else:
                    counts[NO_PICTURE] += 1


def folders_in(folder: Path) -> list[Path]:
    """Return the folders in a folder by name, without hidden ones such as systems and archives leave behind."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._")


def is_known(folder: Path) -> bool:
    """Return whether a folder has the name of a split or a class."""
    return _plain(folder.name) in SPLIT_OF or _letters(folder.name) in _CLASS_OF


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _letters(name: str) -> str:
    return re.sub("[^a-z]", "", name.lower())


def emotion_called(word: str) -> str | None:
    """Return the class that a word is a name of, leniently as for folders, None if it is of none."""
    return _CLASS_OF.get(_letters(word))


def _class_of(folder: Path) -> str:
    plain = _letters(folder.name)
    if plain not in _CLASS_OF:
        meant = did_you_mean(dict.fromkeys(_CLASS_OF[name] for name in near(plain, _CLASS_OF)))
        raise DataError(
            f"unknown class folder {folder}; {meant and meant + ' '}"
            f"expected one of {', '.join(EIGHT)} or unknown; rename or move it"
        )
    return _CLASS_OF[plain]
