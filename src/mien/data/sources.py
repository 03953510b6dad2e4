"""From whatever the user has to ``Samples``: FER2013 and FER+ as published, folders of pictures, or several."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from mien.core.errors import DataError, UsageError
from mien.data._archives import is_archive, unpack
from mien.data._csv_table import columns_of
from mien.data.faces import Detector
from mien.data.fer2013 import FACE_COLUMNS, read_fer2013
from mien.data.ferplus import is_ferplus, read_ferplus
from mien.data.folders import folders_in, is_known, read_folders
from mien.data.samples import Samples, join_samples
from mien.data.votes_table import has_votes_table, read_votes_table

FACES_FILES = ("fer2013.csv", "icml_face_data.csv", "train.csv")
"""FER2013, the fullest first: Kaggle's competition has all but the first in one folder."""

VOTES_FILE = "fer2013new.csv"
WRAPPINGS = 8  # folders around the data, one in the other


def read_source(paths: Sequence[Path], detector: Detector | None = None, split: str = "") -> Samples:
    """Read one data set or several, which keep their names.

    Args:
        paths: ``fer2013.csv`` and ``fer2013new.csv`` (without the second, all votes stand on the original label), and
            folders: with these files in it, with FER+'s folders of PNG files, with photos and their ``votes.csv``, or
            with a folder a class. Each may be packed (ZIP, tar, gzip), and a folder may lie in others that hold nothing
            else.
        detector: finds the face in photos and in the pictures of class folders; None takes them whole.
        split: where faces go whose split nothing names; without it they are drawn into train, valid and test.

    Raises:
        UsageError: paths that are none of these.
        DataError: a file or folder that breaks its layout.
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
        # What an archive holds is named as it is, where the folder in it gives no name.
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
                message = message.replace(str(place), str(path))  # the user knows the archive
            raise DataError(message) from error


def _grouped(paths: list[Path], folders: list[bool]) -> list[list[Path]]:
    """Return the paths of each data set: FER2013's faces and votes come as two files, behind each other."""
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
    """Return the path of a table, which may lie in a folder that was an archive."""
    found = _find(_unwrapped(path), names) if path.is_dir() else path
    if found is None:
        raise DataError(f"no {' or '.join(names)} in {path}; name the file")
    return found


def _find(folder: Path, names: tuple[str, ...]) -> Path | None:
    """Return the first of the names that the folder holds; a ``train.csv`` only where it has faces in it."""
    for path in (folder / name for name in names):
        if path.is_file() and (path.name != "train.csv" or set(columns_of(path)) >= FACE_COLUMNS):
            return path
    return None


def _unwrapped(folder: Path) -> Path:
    """Return the folder that the data lies in: archives and people put folders around it that hold nothing else."""
    for _ in range(WRAPPINGS):
        inner = folders_in(folder)
        if len(inner) != 1 or is_known(inner[0]) or is_ferplus(folder) or any(folder.glob("*.csv")):
            break
        if not (folders_in(inner[0]) or any(inner[0].glob("*.csv"))):
            break
        folder = inner[0]
    return folder
