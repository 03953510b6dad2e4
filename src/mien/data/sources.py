"""From whatever the user has to ``Samples``: FER2013 and FER+ as published, or a folder of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mien.core.errors import DataError, UsageError
from mien.data.faces import Detector
from mien.data.fer2013 import read_fer2013
from mien.data.ferplus import is_ferplus, read_ferplus
from mien.data.folders import read_folders
from mien.data.samples import Samples

FACES_FILES = ("fer2013.csv", "icml_face_data.csv")
VOTES_FILE = "fer2013new.csv"


def read_source(paths: Sequence[Path], detector: Detector | None = None) -> Samples:
    """Read a data set.

    Args:
        paths: ``fer2013.csv`` and ``fer2013new.csv`` (without the second, all votes stand on the original label), or
            one folder: with these files in it, with FER+'s folders of PNG files, or with a folder a class.
        detector: finds the face in the pictures of class folders; None takes them whole.

    Raises:
        UsageError: paths that are none of these.
        DataError: a file or folder that breaks its layout.
    """
    gone = [path for path in paths if not path.exists()]
    if gone:
        raise DataError(f"no such file or folder: {gone[0]}")
    folders = [path for path in paths if path.is_dir()]
    if not 1 <= len(paths) <= 2 or (folders and len(paths) > 1):
        raise UsageError(
            f"expected one folder, or fer2013.csv and fer2013new.csv; got {' '.join(map(str, paths)) or 'nothing'}"
        )
    if not folders:
        return read_fer2013(*paths)
    return _read_folder(folders[0], detector)


def _read_folder(folder: Path, detector: Detector | None) -> Samples:
    for name in FACES_FILES:
        if (folder / name).is_file():
            votes = folder / VOTES_FILE
            return read_fer2013(folder / name, votes if votes.is_file() else None)
    if is_ferplus(folder):
        return read_ferplus(folder)
    return read_folders(folder, detector)
