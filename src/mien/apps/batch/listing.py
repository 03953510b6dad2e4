"""The pictures that the arguments name, as a stream: they are never all in memory.

The order is the same in every run: that of the arguments, and by name in folders.
"""

from __future__ import annotations

import glob
import heapq
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from mien.apps.batch.storage import FileSystem, absolute_name, address_of, is_url, need_pyarrow, place_of
from mien.apps.batch.units import CLIP_SUFFIXES, LAST_UNIT_PICTURES, Shard
from mien.apps.cli.inputs import LIST, is_own
from mien.core.addresses import without_password
from mien.core.errors import UsageError
from mien.core.output import Places
from mien.imaging.formats import PICTURE_SUFFIXES

SORTED_AT_ONCE = 1_000_000
"""Names of one folder that are in memory at once; a larger folder is read several times."""

Refuse = Callable[[str, str], None]
"""Takes an argument without files, and why."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is to be read.

    Attributes:
        arguments: files, folders, patterns, addresses of these, and "-" for names on standard input.
        recursive: whether to look into subfolders too, except hidden ones and links.
        column: of tables (Parquet, CSV), with names of pictures or, in Parquet, their bytes; None if the arguments are
            pictures or tar files.
        absolute: whether paths are made absolute.
        clips: whether to take videos in folders too.
    """

    arguments: Sequence[str]
    recursive: bool = False
    column: str | None = None
    absolute: bool = True
    clips: bool = False

    @property
    def suffixes(self) -> frozenset[str]:
        """Return the suffixes of the files that are read in folders."""
        if self.column is not None:
            return frozenset([".parquet", ".csv"])
        return PICTURE_SUFFIXES | {".tar"} | (CLIP_SUFFIXES if self.clips else frozenset())

    @property
    def kind(self) -> str:
        """Return what these files are, in words."""
        if self.column is not None:
            return "tables"
        return "pictures or videos" if self.clips else "pictures"


def listing(inputs: Inputs, refuse: Refuse, stdin: BinaryIO | None = None) -> Iterator[str | Shard]:
    """Yield the names of pictures, or files that hold many.

    Raises:
        UsageError: a table cannot be read, or has no such column; a picture is named twice; there are no arguments, and
            no standard input in their place.
    """
    _refuse_twice(inputs)
    for argument in dict.fromkeys(inputs.arguments or [LIST]):
        files = _piped(stdin, inputs) if argument == LIST else _files(argument, inputs, refuse)
        for file in files:
            yield from _inside(file, inputs)


def _refuse_twice(inputs: Inputs) -> None:
    """Raise an error if an argument is in a folder that is another, so that no picture has two rows."""
    place_of_name = Places()
    named = [name for name in inputs.arguments if name != LIST and os.path.lexists(name)]
    folders = {os.path.realpath(name): name for name in named if os.path.isdir(name)}  # noqa: PTH112
    for name in named:
        parents = list(Path(place_of_name(name)).parents)
        for parent in parents if inputs.recursive else parents[:1]:
            if folder := folders.get(str(parent)):
                raise UsageError(f"{name} is in {folder}, which is named too; leave one out")


def _piped(stdin: BinaryIO | None, inputs: Inputs) -> Iterator[str]:
    """Yield the names on standard input: files, as looking at each would take longer than all else."""
    if stdin is None:
        raise UsageError("no pictures named; give files, folders, patterns or addresses, or pipe names in")
    yield from _listed(map(os.fsdecode, filter(bytes.strip, _lines(stdin))), inputs)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the names between line ends, or between NULs if the first piece has one."""
    piece = stream.read(1 << 16)
    end, rest = (b"\0" if b"\0" in piece else b"\n"), b""
    while piece:
        *lines, rest = (rest + piece).split(end)
        yield from (line.rstrip(b"\r") for line in lines)
        piece = stream.read(1 << 16)
    yield rest


def _files(name: str, inputs: Inputs, refuse: Refuse) -> Iterator[str]:
    """Yield the files that a name means."""
    named = absolute_name if inputs.absolute else str
    if not name.strip():
        refuse(name, "an empty name; is a variable unset?")
    elif is_url(name):
        yield from _remote(name, inputs, refuse)
    elif os.path.lexists(name):
        yield from _here(named(name), inputs, refuse)
    elif glob.has_magic(name):
        matches = sorted(glob.glob(name, recursive=True))  # noqa: PTH207, which takes hidden files
        if not matches:
            refuse(name, f"nothing matches {name}; check the folder and the spelling")
        for match in matches:
            yield from _here(named(match), inputs, refuse)
    else:
        refuse(name, f"no such file or folder: {name}; check the spelling")


def _here(name: str, inputs: Inputs, refuse: Refuse) -> Iterator[str]:
    """Yield the files of a folder, or the file itself."""
    if os.path.isdir(name):  # noqa: PTH112, which fails on what is no name
        yield from _filled(name, _folder(name, inputs, refuse), inputs, refuse)
    else:
        yield name


def _filled(name: str, files: Iterable[str], inputs: Inputs, refuse: Refuse) -> Iterator[str]:
    """Yield the files of a folder; refuse it if there are none."""
    empty = True
    for file in files:
        empty = False
        yield file
    if empty:
        depth = "" if inputs.recursive else "; add --recursive to look into its folders"
        refuse(name, f"no {inputs.kind} in {name}{depth}")


def _folder(folder: str, inputs: Inputs, refuse: Refuse) -> Iterator[str]:
    """Yield the files of a folder, then those of its subfolders."""
    try:
        for name in _sorted(partial(_entries, folder, False)):
            if _is_meant(name, inputs):
                yield f"{folder.rstrip('/')}/{name}"
        if inputs.recursive:
            for name in _sorted(partial(_entries, folder, True)):
                if not name.startswith("."):
                    yield from _folder(f"{folder.rstrip('/')}/{name}", inputs, refuse)
    except OSError as error:
        refuse(folder, f"cannot list {folder}: {error.strerror}")


def _entries(folder: str, folders: bool) -> Iterator[str]:
    """Yield the names of the files or of the subfolders of a folder; links to folders are left out."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) if folders else not entry.is_dir():
                yield entry.name


def _sorted(names: Callable[[], Iterable[str]], at_once: int | None = None) -> Iterator[str]:
    """Yield different names in their order, and hold a part of them."""
    most, last = at_once or SORTED_AT_ONCE, ""
    while part := heapq.nsmallest(most, (name for name in names() if name > last)):
        yield from part
        if len(part) < most:
            return
        last = part[-1]


def _is_meant(name: str, inputs: Inputs) -> bool:
    path = Path(name)
    return not name.startswith(".") and path.suffix.lower() in inputs.suffixes and not is_own(path)


def _remote(name: str, inputs: Inputs, refuse: Refuse) -> Iterator[str]:
    try:
        yield from _filled(name, _at(name, inputs), inputs, refuse)
    except FileNotFoundError:
        refuse(name, f"nothing found at {without_password(name)}; check the address")
    except OSError as error:
        refuse(name, f"cannot list {without_password(name)}: {error}")


def _at(name: str, inputs: Inputs) -> Iterator[str]:
    """Yield the files at an address; a last part with stars is a pattern.

    Raises:
        OSError: nothing is there, or it cannot be listed.
    """
    file_type = need_pyarrow("pyarrow.fs").FileType
    system, path = place_of(name.rstrip("/"))
    folder, _, last = path.rpartition("/")
    if glob.has_magic(last):
        files, _ = _remote_entries(system, folder)
        yield from (address_of(name, f"{folder}/{file}") for file in files if Path(file).match(last))
        return
    kind = system.get_file_info(path).type
    if kind == file_type.NotFound:
        raise FileNotFoundError
    if kind == file_type.Directory:
        yield from _remote_folder(name, path, inputs)
    else:
        yield name


def _remote_folder(name: str, path: str, inputs: Inputs) -> Iterator[str]:
    """Yield the files of a folder, then those of its subfolders; each is listed when its turn comes."""
    files, folders = _remote_entries(place_of(name)[0], path)
    inside = path.rstrip("/")
    yield from (address_of(name, f"{inside}/{file}") for file in files if _is_meant(file, inputs))
    files.clear()
    for folder in folders if inputs.recursive else []:
        if not folder.startswith("."):
            yield from _remote_folder(name, f"{inside}/{folder}", inputs)


def _remote_entries(system: FileSystem, path: str) -> tuple[list[str], list[str]]:
    """Return the sorted names of the files and of the subfolders of a folder, which pyarrow gives all at once."""
    from pyarrow.fs import FileSelector, FileType

    named: dict[Any, list[str]] = {FileType.File: [], FileType.Directory: []}
    for info in system.get_file_info(FileSelector(path)):
        named.get(info.type, []).append(info.base_name)
    return sorted(named[FileType.File]), sorted(named[FileType.Directory])


def _inside(file: str, inputs: Inputs) -> Iterator[str | Shard]:
    """Yield a file itself, the pictures that a table lists, or the parts of a file that holds pictures."""
    if inputs.column is not None:
        rows = _csv_names if file.lower().endswith(".csv") else _parquet_rows
        try:
            yield from rows(file, inputs.column, inputs)
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot read the table {file}: {error}") from error
    elif file.lower().endswith(".tar"):
        yield Shard(file)
    else:
        yield file


def _csv_names(file: str, column: str, inputs: Inputs) -> Iterator[str]:
    csv = need_pyarrow("pyarrow.csv")
    system, path = place_of(file)
    with system.open_input_stream(path) as stream, csv.open_csv(stream) as batches:
        _refuse_column(file, column, batches.schema.names)
        for batch in batches:
            yield from _listed(batch.column(column).to_pylist(), inputs)


def _parquet_rows(file: str, column: str, inputs: Inputs) -> Iterator[str | Shard]:
    pa = need_pyarrow("pyarrow")
    system, path = place_of(file)
    with need_pyarrow("pyarrow.parquet").ParquetFile(path, filesystem=system) as table:
        _refuse_column(file, column, table.schema_arrow.names)
        kind = table.schema_arrow.field(column).type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            for batch in table.iter_batches(columns=[column]):
                yield from _listed(batch.column(0).to_pylist(), inputs)
        else:
            yield from _groups(
                file, column, [table.metadata.row_group(n).num_rows for n in range(table.num_row_groups)]
            )


def _listed(names: Iterable[str | None], inputs: Inputs) -> Iterator[str]:
    named = absolute_name if inputs.absolute else str
    for name in names:
        if name is not None:
            yield named(name)


def _refuse_column(file: str, column: str, names: Sequence[str]) -> None:
    if column not in names:
        raise UsageError(f"{file} has no column '{column}'; it has {', '.join(names)}")


def _groups(file: str, column: str, rows: Sequence[int]) -> Iterator[Shard]:
    """Yield runs of row groups with about a hundred pictures each, if the row groups are small enough."""
    first = start = 0
    for number in range(1, len(rows) + 1):
        held = sum(rows[first:number])
        if held >= LAST_UNIT_PICTURES // 16 or number == len(rows):
            yield Shard(file, column, tuple(range(first, number)), start, held)
            first, start = number, start + held
