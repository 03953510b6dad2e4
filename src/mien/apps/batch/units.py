"""Units: the pictures that a worker does at once, and that one file of the data set holds; a clip is one by itself.

A unit is identified by its number and a digest of the names in it. Both follow from the listing alone, so that a
resumed run finds the units of the run before, and notices if the listing has changed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mien.imaging.formats import PICTURE_SUFFIXES
from mien.video.formats import VIDEO_SUFFIXES

CLIP_SUFFIXES = VIDEO_SUFFIXES - PICTURE_SUFFIXES
"""Suffixes of videos; a GIF is taken for a picture."""

FIRST_UNIT_PICTURES, LAST_UNIT_PICTURES = 64, 8192
"""Pictures of the first units, and of the last ones of a large batch."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A file that holds the bytes of many pictures, or a part of it.

    Attributes:
        name: of the file.
        column: of a Parquet file with the pictures; empty for a tar file, of which all is read.
        groups: the row groups that are read.
        row: the number of their first row in the file.
        pictures: how many there are; 0 if that is not known before the file is read.
    """

    name: str
    column: str = ""
    groups: tuple[int, ...] = ()
    row: int = 0
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class Unit:
    """Pictures that are done together, or a clip.

    Attributes:
        number: from 0.
        names: of the pictures, or of the clip.
        shard: the file that holds them, if they are not files themselves.
    """

    number: int
    names: tuple[str, ...] = ()
    shard: Shard | None = None

    @property
    def is_clip(self) -> bool:
        """Return whether it is a clip."""
        return self.shard is None and is_clip(self.names[0])

    @property
    def files(self) -> int:
        """Return how many pictures or clips it has; 0 if not known yet."""
        return self.shard.pictures if self.shard else len(self.names)

    @property
    def digest(self) -> str:
        """Return the SHA-256 of its names, which identifies it."""
        names = [repr(self.shard)] if self.shard else self.names
        return hashlib.sha256(b"\0".join(map(os.fsencode, names))).hexdigest()


def is_clip(name: str) -> bool:
    """Return whether a name is that of a video."""
    return name[name.rfind(".") :].lower() in CLIP_SUFFIXES


def size(number: int) -> int:
    """Return how many pictures a unit has.

    Small units first give work to all cores early, larger ones later keep the number of files low: the size doubles
    after every 64 units, so half a million pictures are 448 units, and all later ones have 8,192.
    """
    return min(FIRST_UNIT_PICTURES << min(number // 64, 30), LAST_UNIT_PICTURES)


def units(listing: Iterable[str | Shard]) -> Iterator[Unit]:
    """Yield the units of a listing, in order; at most one is held. Clips do not divide the pictures around them."""
    number, things = 0, iter(listing)
    names: list[str] = []
    for thing in things:
        if isinstance(thing, str) and is_clip(thing):
            yield Unit(number, (thing,))
            number += 1
            continue
        if isinstance(thing, str):
            names.append(thing)
        if names and (len(names) == size(number) or not isinstance(thing, str)):
            yield Unit(number, tuple(names))
            names, number = [], number + 1
        if not isinstance(thing, str):
            yield Unit(number, shard=thing)
            number += 1
    if names:
        yield Unit(number, tuple(names))


class Tally:
    """Counts units as they pass, and keeps one digest of all."""

    def __init__(self) -> None:
        self._units, self._sha256 = 0, hashlib.sha256()

    def of(self, listed: Iterable[Unit]) -> Iterator[Unit]:
        """Yield units as they come."""
        for unit in listed:
            self._units += 1
            self._sha256.update(unit.digest.encode())
            yield unit

    def listing(self) -> dict[str, int | str]:
        """Return the number of units and the digest, as they are noted in a manifest."""
        return {"units": self._units, "sha256": self._sha256.hexdigest()}
