"""Data sets of any layout to ``Samples``: FER2013 and FER+ as published, folders of pictures, or several of them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mien.core.errors import DataError, UsageError
from mien.data._archives import is_archive, unpack
from mien.data._csv_table import columns_of
from mien.data.fer2013 import FACE_COLUMNS, read_fer2013
from mien.data.ferplus import is_ferplus, read_ferplus
from mien.data.folders import folders_in, is_known, read_folders
from mien.data.samples import Samples, join_samples
from mien.data.votes_table import has_votes_table, read_votes_table

if TYPE_CHECKING:
    from mien.detection.detectors import Detector

FACES_FILES = ("fer2013.csv", "icml_face_data.csv", "train.csv")
"""File names of FER2013, the most complete first: Kaggle's competition has all but the first in one folder."""

VOTES_FILE = "fer2013new.csv"
MOST_WRAPPINGS = 8  # nested folders around the data, at most


def read_source(paths: Sequence[Path], detector: Detector | None = None, split: str = "") -> Samples:
    """Read one data set, or several that keep their names.

    Args:
        paths: ``fer2013.csv`` and ``fer2013new.csv`` (without the second, all votes are for the original label), and
            folders: with these files in it, with FER+'s folders of PNG files, with photos and their ``votes.csv``, or
            with a folder a class. Each may be an archive (ZIP, tar, gzip), and a folder may be nested in others that
            hold nothing else.
        detector: finds the face in photos and in the pictures of class folders; None takes them as a whole.
        split: of faces for which the data gives none; "" splits them at random into train, valid and test.

    Raises:
        UsageError: paths that are none of these.
        DataError: a file or folder is not as its layout says.
    """
    gone = [path for path in paths if not path.exists()]
    if gone:
        raise DataError(f"no such file or folder: {gone[0]}")
    streams = [path for path in paths if not (path.is_file() or path.is_dir())]
    if streams:
        raise DataError(
            f"{streams[0]} is not a regular file; name the file itself, which may be packed (.csv.gz, .zip)"
        )
    if not paths:
        raise UsageError("no data named; expected fer2013.csv and fer2013new.csv, folders, or archives of these")
    with tempfile.TemporaryDirectory(prefix="mien-") as made:
        # A data set gets the name of its archive, unless a folder in it gives one.
        places = [Path(made, str(number), path.name.split(".")[0]) for number, path in enumerate(paths)]
        try:
            opened = [
                unpack(path, place) if is_archive(path) else path for path, place in zip(paths, places, strict=True)
            ]
            groups = _grouped(opened, [path.is_dir() for path in paths])
            return join_samples([_read(group, detector, split) for group in groups])
        except DataError as error:
            message = str(error)
            for path, place in zip(paths, places, strict=True):
                message = message.replace(
                    str(place), str(path)
                )  # the user knows the archive, not where it was unpacked
            raise DataError(message) from error


def _grouped(paths: list[Path], folders: list[bool]) -> list[list[Path]]:
    """Return the paths of each data set: FER2013's faces and votes are two files, one after the other."""
    groups: list[list[Path]] = []
    open_pair = False
    for path, folder in zip(paths, folders, strict=True):
        if open_pair and not folder and (path.is_file() or _find(_unwrapped(path), (VOTES_FILE, *FACES_FILES))):
            groups[-1].append(path)
            open_pair = False
        else:
            groups.append([path])
            open_pair = not folder
    return groups


def _read(paths: list[Path], detector: Detector | None, split: str) -> Samples:
    if len(paths) == 2:
        return read_fer2013(_table(paths[0], FACES_FILES), _table(paths[1], (VOTES_FILE,)))
    return _read_folder(_unwrapped(paths[0]), detector, split) if paths[0].is_dir() else read_fer2013(paths[0])


def _read_folder(folder: Path, detector: Detector | None, split: str) -> Samples:
    faces = _find(folder, FACES_FILES)
    if faces:
        return read_fer2013(faces, _find(folder, (VOTES_FILE,)))
    if is_ferplus(folder):
        return read_ferplus(folder)
    return (read_votes_table if has_votes_table(folder) else read_folders)(folder, detector, split)


def _table(path: Path, names: tuple[str, ...]) -> Path:
    """Return the path of a table, which may be in an unpacked folder."""
    found = _find(_unwrapped(path), names) if path.is_dir() else path
    if found is None:
        raise DataError(f"no {' or '.join(names)} in {path}; name the file")
    return found


def _find(folder: Path, names: tuple[str, ...]) -> Path | None:
    """Return the first of the names that the folder holds; ``train.csv`` only if it is a table of faces."""
    for path in (folder / name for name in names):
        if path.is_file() and (path.name != "train.csv" or set(columns_of(path)) >= FACE_COLUMNS):
            return path
    return None


def _unwrapped(folder: Path) -> Path:
    """Return the innermost folder that holds the data, if folders around it hold nothing else."""
    for _ in range(MOST_WRAPPINGS):
        inner = folders_in(folder)
        if len(inner) != 1 or is_known(inner[0]) or is_ferplus(folder) or any(folder.glob("*.csv")):
            break
        if not (folders_in(inner[0]) or any(inner[0].glob("*.csv"))):
            break
        folder = inner[0]
    return folder
