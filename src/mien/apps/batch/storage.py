"""Files on this machine and at addresses, through pyarrow's file systems, or fsspec's for other addresses."""

from __future__ import annotations

import shutil
import uuid
from functools import cache
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from mien.core.addresses import without_password
from mien.core.errors import MissingExtra, UsageError

FileSystem = Any
"""pyarrow's, which has no types."""

PYARROW_SCHEMES = frozenset(["s3", "gs", "gcs", "abfs", "abfss", "hdfs", "file"])

RENAMING_SYSTEMS = frozenset(["local", "hdfs"])
"""File systems that show half-written files, so that files are written elsewhere and renamed; object stores do not."""

PARTS = ".parts"
"""The folder in an output where files are written before they are renamed."""


def is_url(name: str) -> bool:
    """Return whether a name is a URL such as ``s3://bucket/key``, not a path."""
    return "://" in name and not Path(name).exists()


def absolute_name(name: str) -> str:
    """Return a name under which a file is found from any working directory."""
    return name if name.startswith("/") or is_url(name) else str(Path(name).absolute())


def place_of(name: str) -> tuple[FileSystem, str]:
    """Return the file system of a path or an address, and the path in it.

    Raises:
        MissingExtra: pyarrow, or the package for such addresses, is not installed.
        UsageError: no package knows such addresses.
    """
    if not is_url(name):
        return _local(), absolute_name(name)
    scheme, rest = name.split("://", 1)
    host, _, path = rest.partition("/")
    system, root = _system(scheme.lower(), host)
    return system, f"{root.rstrip('/')}/{path}" if root else path


def address_of(name: str, path: str) -> str:
    """Return the name of a path in the file system of ``name``, as ``place_of`` takes it."""
    if not is_url(name):
        return path
    scheme, rest = name.split("://", 1)
    host = rest.partition("/")[0]
    root = _system(scheme.lower(), host)[1].rstrip("/")
    return f"{scheme}://{host}/{path.removeprefix(root).lstrip('/')}"


def read_bytes(name: str) -> bytes:
    """Return the content of a file.

    Raises:
        OSError: it cannot be read.
    """
    system, path = place_of(name)
    with system.open_input_stream(path) as stream:
        return stream.read()


def write_bytes(root: str, name: str, content: bytes) -> None:
    """Write a file of an output folder atomically, as ``write_from`` does."""
    write_from(root, name, BytesIO(content))


def write_from(root: str, name: str, content: IO[bytes]) -> None:
    """Write a file of an output folder atomically.

    Args:
        root: the folder.
        name: of the file in it, with slashes.
        content: is read to its end.

    Raises:
        OSError: it cannot be written.
    """
    system, folder = place_of(root)
    path = f"{folder}/{name}"
    if system.type_name not in RENAMING_SYSTEMS:
        with system.open_output_stream(path) as stream:
            shutil.copyfileobj(content, stream)
        return
    beside = f"{folder}/{PARTS}/{uuid.uuid4().hex}"
    for place in (beside, path):
        system.create_dir(place.rpartition("/")[0], recursive=True)
    with system.open_output_stream(beside) as stream:
        shutil.copyfileobj(content, stream)
    system.move(beside, path)


def exists(root: str, name: str) -> bool:
    """Return whether a file of a folder exists.

    Raises:
        MissingExtra: as for ``place_of``.
    """
    file_type = need_pyarrow("pyarrow.fs").FileType
    system, folder = place_of(root)
    return system.get_file_info(f"{folder}/{name}").type != file_type.NotFound


def remove(root: str, name: str) -> None:
    """Remove a file or a subfolder of a folder, if it exists.

    Raises:
        MissingExtra: as for ``place_of``.
    """
    file_type = need_pyarrow("pyarrow.fs").FileType
    system, folder = place_of(root)
    kind = system.get_file_info(f"{folder}/{name}").type
    if kind == file_type.Directory:
        system.delete_dir(f"{folder}/{name}")
    elif kind == file_type.File:
        system.delete_file(f"{folder}/{name}")


@cache
def _local() -> FileSystem:
    return need_pyarrow("pyarrow.fs").LocalFileSystem()


@cache
def _system(scheme: str, host: str) -> tuple[FileSystem, str]:
    """Return a file system and the path in it at which a host or bucket begins; made once, as that asks the network."""
    fs, address = need_pyarrow("pyarrow.fs"), f"{scheme}://{host}/"
    if scheme in PYARROW_SCHEMES:
        return fs.FileSystem.from_uri(address)
    try:
        # By default fsspec keeps what it has listed, and does not see what other workers write.
        system, root = import_module("fsspec.core").url_to_fs(address, use_listings_cache=False)
    except ImportError as error:
        raise MissingExtra(
            f"{without_password(address)} needs a package that is not installed ({error}); install "
            "it, or copy the files first"
        ) from error
    except ValueError as error:
        raise UsageError(
            f"nothing opens {without_password(address)} ({error}); expected a path, s3://, gs:// or another "
            "address of fsspec"
        ) from error
    return fs.PyFileSystem(fs.FSSpecHandler(system)), root


def need_pyarrow(module: str) -> Any:
    """Return a module of pyarrow.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtra("batches need pyarrow, which is not installed; run: pip install 'mien[batch]'") from error
