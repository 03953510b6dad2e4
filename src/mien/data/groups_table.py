"""A table of groups: a line a face, with what the face is called and one or more columns of groups."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import DataError
from mien.data._csv_table import columns_of, fault, read_table
from mien.data.split import Split

FILE, SOURCE = "file", "source"

MOST_GROUPS = 20
"""Groups in a column; a column with more is a number or a name, not a group."""

Groups = dict[str, NDArray[np.str_]]
"""Column -> the group (N,) of each face, "" for a face that is in none."""


def read_groups(path: Path, faces: Split) -> Groups:
    """Read the groups of the N faces of a split.

    Args:
        path: a CSV file with the column ``file``, what a face is called (``Split.names``), perhaps ``source``, its data
            set, and one or more columns of groups. Faces that are not in the split are passed over.
        faces: the split.

    Raises:
        DataError: a table without these columns, a face that is named twice, a column of more than ``MOST_GROUPS``
            groups among the faces, or a name that faces of several data sets have.
    """
    names = columns_of(path)
    columns = [name for name in names if name and name not in (FILE, SOURCE)]
    if FILE not in names or not columns:
        raise DataError(f"{path}: expected the column '{FILE}' and one or more of groups; got {', '.join(names)[:120]}")
    with_source = SOURCE in names
    places = _places(path, faces, with_source)
    groups = {column: np.full(len(faces), "", object) for column in columns}
    seen: set[tuple[str, ...]] = set()
    for row, cells in enumerate(read_table(path, [FILE, *([SOURCE] if with_source else []), *columns]), start=1):
        face, labels = tuple(cells[: 1 + with_source]), cells[1 + with_source :]
        if face in seen:
            raise fault(path, row, f"{' of '.join(face)} is named twice; expected a line a face")
        seen.add(face)
        if face in places:
            for column, label in zip(columns, labels, strict=True):
                groups[column][places[face]] = label
    found = {column: labels.astype(np.str_) for column, labels in groups.items()}
    for column, labels in found.items():
        count = len(set(labels.tolist()) - {""})
        if count > MOST_GROUPS:
            raise DataError(
                f"{path}: the column '{column}' has {count} different values; expected at most {MOST_GROUPS} groups: "
                "cut numbers into ranges, or leave the column out"
            )
    return found


def _places(path: Path, faces: Split, with_source: bool) -> dict[tuple[str, ...], list[int]]:
    """Return name, or name and data set -> the places in the split of the faces called so: all of one file."""
    keys = zip(faces.names.tolist(), faces.sources.tolist(), strict=True)
    places: dict[tuple[str, ...], list[int]] = {}
    for place, (name, source) in enumerate(keys):
        same = places.setdefault((name, source) if with_source else (name,), [])
        if same and faces.sources[same[0]] != source:
            raise DataError(
                f"{path}: '{name}' is a face of {faces.sources[same[0]]} and of {source}; add the column "
                f"'{SOURCE}' with the data set of each face"
            )
        same.append(place)
    return places
