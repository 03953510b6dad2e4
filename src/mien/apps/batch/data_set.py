"""The output of a batch as a data set: a folder of Parquet files, one a unit, each complete or not there at all.

    OUT/manifest.json                          model, settings and inputs
    OUT/faces/part=0/unit-00000012.parquet     of pictures: a row a face (``docs/SCHEMA.md``)
    OUT/frames/part=0/unit-00000013.parquet    of a clip: a row a face a frame
    OUT/clips/part=0/unit-00000013.parquet     a row a clip: its end, and what else to know of it
    OUT/failures/part=0/unit-00000012.parquet  a row a picture or clip without a result: path and error
    OUT/summary.html                           what came of all of it, for people

A unit is done if its file in ``faces`` or ``frames`` exists. The footer of that holds the unit's totals, and the digest
of the names in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from mien.apps.batch.job import Account, Done, Entry, Job
from mien.apps.batch.storage import PARTS, exists, place_of, read_bytes, remove, write_bytes, write_from
from mien.apps.batch.units import Unit
from mien.core.errors import MienError, UsageError
from mien.core.output import Places
from mien.core.spelling import spelled
from mien.results.document import EndEntry
from mien.results.provenance import Made, differences
from mien.results.rows import columns, model_name, rows
from mien.results.sinks import arrow_schema, write_rows
from mien.results.totals import Totals

MANIFEST, FACES, FRAMES, CLIPS, FAILURES = "manifest.json", "faces", "frames", "clips", "failures"
PAGE = "summary.html"

FILES_A_FOLDER = 1000

SUMMARY = b"mien"
"""The key of the footer that holds the unit's totals."""

IN_MEMORY_BYTES = 1 << 24
"""A unit's file that grows beyond this, as that of a long clip, waits on the disk for its end."""


def begin(out: str, manifest: Mapping[str, Any], made: Made, *, force: bool = False) -> None:
    """Make a data set, or check that an existing one is of the same pictures, model and settings.

    Args:
        out: the folder.
        manifest: what makes it and of what.
        made: what its results are made with.
        force: remove the data set of another run, and start over.

    Raises:
        UsageError: they differ, or the folder holds other files.
        MienError: it cannot be written.
    """
    try:
        if exists(out, MANIFEST) and not force:
            if objection := _objection(_manifest(out), manifest, made):
                raise UsageError(f"cannot go on with {out}: {objection}; give --out another name, or add --force")
            return
        if not exists(out, MANIFEST) and _holds_something(out):
            raise UsageError(f"{out} holds other files and no {MANIFEST} of a batch; give --out another name")
        for name in (FACES, FRAMES, CLIPS, FAILURES, PAGE, PARTS):  # the manifest last, as it identifies the others
            remove(out, name)
        write_bytes(out, MANIFEST, _json(manifest))
        remove(out, PARTS)
    except OSError as error:
        raise _unwritable(out, error) from error


def end(out: str, manifest: Mapping[str, Any], totals: Totals, page: str, *, anew: bool) -> None:
    """Write the page, and note in the manifest that all units are done.

    Args:
        out: the folder.
        manifest: as for ``begin``, and the listing: the number of units, and the digest of all.
        totals: of all units.
        page: what came of them, as HTML.
        anew: whether it takes the place of one that is there.

    Raises:
        UsageError: an earlier run ended with another listing.
        MienError: the data set is gone, or cannot be written.
    """
    try:
        before = _known(out).get("listing")
        if before not in (None, manifest["listing"]):
            raise UsageError(
                f"{out} was made of {_counted(before)}, and now there are {_counted(manifest['listing'])}; "
                "give --out another name for these"
            )
        counts = {"pictures": totals.pictures, "clips": totals.clips, "frames": totals.frames}
        counts |= {"faces": totals.faces, "failed": totals.failed}
        if anew or not exists(out, PAGE):
            write_bytes(out, PAGE, page.encode())
        write_bytes(out, MANIFEST, _json({**manifest, "totals": counts}))
        remove(out, PARTS)
    except OSError as error:
        raise _unwritable(out, error) from error


def found(unit: Unit, job: Job) -> Done | None:
    """Return the totals of a unit from an earlier run; None if it is still to be done.

    Raises:
        UsageError: its file is of other pictures.
        MienError: its file cannot be read.
    """
    from pyarrow import parquet

    assert job.out is not None
    file = _file(_table(unit), unit)
    try:
        system, folder = place_of(job.out)
        metadata = parquet.read_metadata(f"{folder}/{file}", filesystem=system).metadata
        summary: dict[str, Any] = json.loads(metadata[SUMMARY])
        digest, totals = summary.pop("digest"), Totals.of(summary)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MienError(f"cannot read {file} in {job.out} ({error}); remove it to have the unit done again") from error
    if digest != unit.digest:
        raise UsageError(
            f"cannot go on with {job.out}: unit {unit.number} was made of other files than are there now, so some "
            "came, went or were renamed; give --out another name, or add --force"
        )
    return None if job.retry and totals.failed else Done(unit.number, totals, before=True)


def write(unit: Unit, entries: Iterable[Entry | EndEntry], job: Job) -> Done:
    """Write the files of a unit, last that of its faces, which marks it as done.

    Args:
        unit: what is done.
        entries: of its pictures, or of the frames and the end of its clip; they are not held.
        job: how it was done.

    Raises:
        MienError: the data set is gone, or cannot be written.
    """
    assert job.out is not None
    account = Account(clip=unit.is_clip)
    try:
        with SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
            _write_faces(file, unit, entries, account, job)
            _known(job.out)
            if account.failures:
                write_bytes(job.out, _file(FAILURES, unit), _failures(account.failures))
            elif job.retry:
                remove(job.out, _file(FAILURES, unit))
            for end in account.ends:
                write_bytes(job.out, _file(CLIPS, unit), _clip(end, account.totals.frames))
            file.seek(0)
            write_from(job.out, _file(_table(unit), unit), file)
    except OSError as error:
        raise _unwritable(job.out, error) from error
    return Done(unit.number, account.totals, account.failures)


def _write_faces(file: IO[bytes], unit: Unit, entries: Iterable[Entry | EndEntry], account: Account, job: Job) -> None:
    """Write a row a face, and in the footer the totals."""
    from pyarrow import parquet

    name, kinds = model_name(job.made["model"]), arrow_schema(columns(job.labels, unit.is_clip))
    with parquet.ParquetWriter(file, kinds, compression="zstd") as writer:
        write_rows(writer, (row for entry in account.passing(entries) for row in rows(entry, name)))
        writer.add_key_value_metadata({SUMMARY: json.dumps({**account.totals.to_dict(), "digest": unit.digest})})


def _failures(failures: Sequence[tuple[str, str]]) -> bytes:
    import pyarrow as pa

    kinds = pa.schema([("path", pa.string()), ("error", pa.string())])
    return _parquet([{"path": spelled(path), "error": spelled(error)} for path, error in failures], kinds)


def _clip(end: EndEntry, frames: int) -> bytes:
    import pyarrow as pa

    kinds = pa.schema(
        [
            *(("path", pa.string()), ("frames", pa.int64()), ("end_s", pa.float64()), ("damaged", pa.int64())),
            *(("notes", pa.list_(pa.string())), ("not_people", pa.list_(pa.int64()))),
        ]
    )
    notes = [spelled(note) for note in end["notes"]]
    return _parquet([{**end, "path": spelled(end["path"]), "frames": frames, "notes": notes}], kinds)


def _table(unit: Unit) -> str:
    return FRAMES if unit.is_clip else FACES


def _file(kind: str, unit: Unit) -> str:
    return f"{kind}/part={unit.number // FILES_A_FOLDER}/unit-{unit.number:08}.parquet"


def _parquet(found: Sequence[Mapping[str, Any]], schema: Any) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    content = BytesIO()
    parquet.write_table(pa.Table.from_pylist(list(found), schema=schema), content, compression="zstd")
    return content.getvalue()


def _json(manifest: Mapping[str, Any]) -> bytes:
    return json.dumps(manifest, indent=1).encode() + b"\n"


def _manifest(out: str) -> dict[str, Any]:
    return json.loads(read_bytes(f"{out}/{MANIFEST}"))


def _known(out: str) -> dict[str, Any]:
    """Return the manifest; if it is gone, nothing more is written."""
    try:
        return _manifest(out)
    except FileNotFoundError as error:
        raise MienError(
            f"{out} was deleted or replaced while results went into it; see what became of it, then run the command "
            "again"
        ) from error


def _holds_something(out: str) -> bool:
    from pyarrow.fs import FileSelector

    system, folder = place_of(out)
    return any(
        not info.base_name.startswith(".") for info in system.get_file_info(FileSelector(folder, allow_not_found=True))
    )


def _objection(before: Mapping[str, Any], now: Mapping[str, Any], made: Made) -> str:
    """Return why results cannot be in one data set; empty if they can."""
    if before["mien"] != now["mien"]:
        return f"mien {before['mien']} made it, and this is mien {now['mien']}"
    if objection := made.objection({**before, "path": ""}, Places()):
        return objection
    if before["labels"] != now["labels"]:
        return f"its emotions are {', '.join(before['labels'])}, and this run would write {', '.join(now['labels'])}"
    if before["inputs"] != now["inputs"]:
        return f"it is of {' '.join(before['inputs'])}, and this run is of {' '.join(now['inputs'])}"
    return differences(before["listed"], now["listed"])


def _counted(listing: Mapping[str, Any]) -> str:
    return f"{listing['units']:,} units (digest {listing['sha256'][:12]})"


def _unwritable(out: str, error: OSError) -> MienError:
    return MienError(f"cannot write {out}: {error.strerror or error}; fix that, then run the command again")
