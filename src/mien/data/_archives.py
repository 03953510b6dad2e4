"""ZIP and tar archives of data sets, unpacked within limits on bytes and files."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO

from mien.core.errors import DataError
from mien.core.output import DISK_FULL

MAX_BYTES = 4_000_000_000
"""Limit on the unpacked size: four times Kaggle's whole download of FER2013."""

MAX_FILES = 200_000

_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_DAMAGE = (
    EOFError,
    gzip.BadGzipFile,
    LZMAError,
    NotImplementedError,
    RuntimeError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)


def is_archive(path: Path) -> bool:
    """Return whether a file is a ZIP archive, a tar archive or compressed by gzip, by its content.

    Raises:
        DataError: it cannot be read.
    """
    if not path.is_file():
        return False
    return _head(path).startswith((_GZIP, _ZIP)) or tarfile.is_tarfile(path)


def unpack(path: Path, folder: Path) -> Path:
    """Unpack an archive into a new folder, without the links and devices in it.

    Returns:
        The folder; for a single file compressed by gzip, that file in it.

    Raises:
        DataError: it is damaged or encrypted, has paths that lead outside the folder, is larger than ``MAX_BYTES`` or
            ``MAX_FILES``, or cannot be written to the disk.
    """
    folder.mkdir(parents=True)
    try:
        if tarfile.is_tarfile(path):
            with tarfile.open(path) as tar:
                return _write_all(path, folder, _tar_files(tar))
        if _head(path) == _ZIP:
            with zipfile.ZipFile(path) as archive:
                return _write_all(path, folder, _zip_files(archive))
        name = path.stem
        with gzip.open(path) as packed:
            return _write_all(path, folder, iter([(name, packed)])) / name
    except _DAMAGE as error:
        raise DataError(
            f"cannot unpack {path} ({error}); download it again, or unpack it and name the folder"
        ) from error
    except OSError as error:
        room = ", or let the variable TMPDIR name a folder with room" if error.errno in DISK_FULL else ""
        raise DataError(
            f"cannot unpack {path}: {error.strerror or error}; unpack it yourself and name the folder{room}"
        ) from error


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error


def _tar_files(tar: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    for member in tar:
        packed = tar.extractfile(member) if member.isfile() else None
        if packed is not None:
            yield member.name, packed


def _zip_files(archive: zipfile.ZipFile) -> Iterator[tuple[str, IO[bytes]]]:
    for member in archive.infolist():
        if not member.is_dir():
            with archive.open(member) as packed:
                yield member.filename, packed


def _write_all(path: Path, folder: Path, files: Iterator[tuple[str, IO[bytes] | gzip.GzipFile]]) -> Path:
    """Write the files of an archive into the folder, counting the bytes really unpacked, and return the folder."""
    left = MAX_BYTES
    for count, (name, packed) in enumerate(files, start=1):
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts or "\0" in name:
            raise DataError(f"{path} names a file outside of itself, {name[:80]!r}; it is not unpacked")
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            while left >= 0 and (chunk := packed.read(_CHUNK)):
                left -= file.write(chunk)
        if left < 0 or count > MAX_FILES:
            raise DataError(
                f"{path} holds more than {MAX_BYTES / 1e9:g} GB or {MAX_FILES:,} files; "
                "unpack it yourself if you trust it, and name the folder"
            )
    return folder
