"""Units: what a worker does at once, and what a file of the data set holds.

A unit is known by its number and a digest of the names in it. Both follow from the listing alone, so that a run that
goes on finds those of the run before, and sees where the listing has changed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

FEWEST, MOST = 64, 8192
"""Pictures of the first units, and of the last ones of a large batch."""


@dataclass(frozen=True, slots=True)
class Whole:
    """Part of a file that holds the bytes of many pictures.

    Attributes:
        name: of the file.
        column: in which the pictures of a Parquet file are; empty for a tar file, of which all is meant.
        groups: the row groups that are meant.
        row: the number of their first row in the file.
        pictures: how many there are, 0 where that is not known before the file is read.
    """

    name: str
    column: str = ""
    groups: tuple[int, ...] = ()
    row: int = 0
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class Unit:
    """Pictures that are done together.

    Attributes:
        number: from 0.
        names: of the pictures.
        whole: what holds them, where they are no files.
    """

    number: int
    names: tuple[str, ...] = ()
    whole: Whole | None = None

    @property
    def pictures(self) -> int:
        """Return how many pictures it has, 0 where nobody knows yet."""
        return self.whole.pictures if self.whole else len(self.names)

    @property
    def digest(self) -> str:
        """Return the SHA-256 of what tells it from others."""
        names = [repr(self.whole)] if self.whole else self.names
        return hashlib.sha256(b"\0".join(map(os.fsencode, names))).hexdigest()


def size(number: int) -> int:
    """Return how many pictures a unit has.

    A few give work to all cores early, and many keep the files few: after 64 units of a size it doubles, so that half a
    million pictures are in 448 units, and all later ones are of 8,192.
    """
    return min(FEWEST << min(number // 64, 30), MOST)


def units(listing: Iterable[str | Whole]) -> Iterator[Unit]:
    """Yield the units of a listing, in its order; no more than a unit of it is held."""
    number, things = 0, iter(listing)
    names: list[str] = []
    for thing in things:
        if isinstance(thing, str):
            names.append(thing)
        if names and (len(names) == size(number) or not isinstance(thing, str)):
            yield Unit(number, tuple(names))
            names, number = [], number + 1
        if not isinstance(thing, str):
            yield Unit(number, whole=thing)
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
        """Return what has passed, as a manifest notes it."""
        return {"units": self._units, "sha256": self._sha256.hexdigest()}
