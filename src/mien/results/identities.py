"""Who is who in a clip as a person says it afterwards: ids that are one person, and names (``mien people``)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from mien.core.arrays import Ids
from mien.results.document import FaceEntry, PeopleEntry, PictureEntry


@dataclass(frozen=True, slots=True)
class Identities:
    """What was said of the ids of a clip.

    Attributes:
        merged: id -> the id whose person it is, which may be merged itself; never round in a circle.
        names: id -> the name of the person.
    """

    merged: Mapping[int, int] = field(default_factory=dict[int, int])
    names: Mapping[int, str] = field(default_factory=dict[int, str])

    def __bool__(self) -> bool:
        """Return whether anything was said."""
        return bool(self.merged or self.names)

    def of(self, key: int) -> int:
        """Return the id of the person of an id."""
        while key in self.merged:
            key = self.merged[key]
        return key

    def ids(self, ids: Ids) -> Ids:
        """Return the same for ids (N,)."""
        return np.array([self.of(key) for key in ids.tolist()], np.int64)

    def entry(self, entry: PictureEntry) -> PictureEntry:
        """Return the entry of a frame with the ids of people, and their names where they have one."""
        if not self:
            return entry
        return {**entry, "faces": [self._face(face) for face in entry["faces"]]}

    def _face(self, face: FaceEntry) -> FaceEntry:
        key = self.of(face.get("id", -1))
        told: FaceEntry = {**face, "id": key}
        return {**told, "name": self.names[key]} if key in self.names else told

    def not_people(self, ids: Collection[int]) -> tuple[int, ...]:
        """Return which are still not counted as people: those without a name and merged with no person.

        Args:
            ids: those that were not counted by what was seen of them.
        """
        members: dict[int, list[int]] = {}
        for key in {*ids, *self.merged, *self.merged.values()}:
            members.setdefault(self.of(key), []).append(key)
        return tuple(
            sorted(key for key, them in members.items() if key not in self.names and all(one in ids for one in them))
        )


def identities_of(entry: PeopleEntry) -> Identities:
    """Return what a line of a log says of who is who."""
    return Identities(
        {int(key): other for key, other in entry["merged"].items()},
        {int(key): name for key, name in entry["names"].items()},
    )


def people_entry(path: str, who: Identities) -> PeopleEntry:
    """Return the line of a log that says who is who in a clip."""
    return {
        "path": path,
        "merged": {str(key): other for key, other in who.merged.items()},
        "names": {str(key): name for key, name in who.names.items()},
    }


NOBODY_SAID = Identities()
