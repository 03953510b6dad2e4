"""The output of a batch as a data set: a folder of Parquet files, one a unit, each complete or not there at all.

    OUT/manifest.json                          model, settings and inputs
    OUT/faces/part=0/unit-00000012.parquet     a row a face (``docs/SCHEMA.md``); if it exists, the unit is done
    OUT/failures/part=0/unit-00000012.parquet  a row a picture without a result: path and error

The footer of a unit's file holds its totals, and the digest of its pictures' names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from mien.apps.batch.job import Done, Entry, Job, summed
from mien.apps.batch.places import PARTS, exists, place_of, read_bytes, remove, write_bytes
from mien.apps.batch.units import Unit
from mien.core.errors import MienError, UsageError
from mien.core.output import Places
from mien.core.spelling import spelled
from mien.results.provenance import Made, differences
from mien.results.rows import columns, model_name, rows
from mien.results.sinks import arrow_schema

MANIFEST, FACES, FAILURES = "manifest.json", "faces", "failures"

FILES_A_FOLDER = 1000

SUMMARY = b"mien"
"""The key of the footer that holds the unit's totals."""


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
        for name in (FACES, FAILURES, PARTS):  # the manifest last, as it identifies the others
            remove(out, name)
        write_bytes(out, MANIFEST, _json(manifest))
        remove(out, PARTS)
    except OSError as error:
        raise _unwritable(out, error) from error


def end(out: str, manifest: Mapping[str, Any], listing: Mapping[str, Any], totals: Mapping[str, int]) -> None:
    """Note in the manifest that all units are done.

    Args:
        out: the folder.
        manifest: as for ``begin``.
        listing: what was listed: units, and the digest of all.
        totals: of all units.

    Raises:
        UsageError: an earlier run ended with another listing.
        MienError: the data set is gone, or cannot be written.
    """
    try:
        before = _known(out).get("listing")
        if before not in (None, listing):
            raise UsageError(
                f"{out} was made of {_counted(before)}, and now there are {_counted(listing)}; "
                "give --out another name for these"
            )
        write_bytes(out, MANIFEST, _json({**manifest, "listing": listing, "totals": totals}))
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
    file = _file(FACES, unit)
    try:
        system, folder = place_of(job.out)
        metadata = parquet.read_metadata(f"{folder}/{file}", filesystem=system).metadata
        summary: dict[str, Any] = json.loads(metadata[SUMMARY])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MienError(f"cannot read {file} in {job.out} ({error}); remove it to have the unit done again") from error
    if summary.pop("digest") != unit.digest:
        raise UsageError(
            f"cannot go on with {job.out}: unit {unit.number} was made of other pictures than are there now, so some "
            "came, went or were renamed; give --out another name, or add --force"
        )
    done = Done(unit.number, **summary, before=True)
    return None if job.retry and done.failed else done


def write(unit: Unit, entries: Sequence[Entry], job: Job) -> Done:
    """Write the files of a unit, last that of its faces, which marks it as done.

    Raises:
        MienError: the data set is gone, or cannot be written.
    """
    import pyarrow as pa

    assert job.out is not None
    done = summed(unit.number, entries)
    summary = {name: getattr(done, name) for name in ("pictures", "emotions", "uncertain", "failed")}
    try:
        _known(job.out)
        if done.failures:
            kinds = pa.schema([("path", pa.string()), ("error", pa.string())])
            listed = [{"path": spelled(path), "error": spelled(error)} for path, error in done.failures]
            write_bytes(job.out, _file(FAILURES, unit), _parquet(listed, kinds))
        elif job.retry:
            remove(job.out, _file(FAILURES, unit))
        name, kinds = model_name(job.made["model"]), arrow_schema(columns(job.labels))
        found = [row for entry in entries if "faces" in entry for row in rows(entry, name)]
        noted = kinds.with_metadata({SUMMARY: json.dumps({**summary, "digest": unit.digest})})
        write_bytes(job.out, _file(FACES, unit), _parquet(found, noted))
    except OSError as error:
        raise _unwritable(job.out, error) from error
    return done


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
    return f"{listing['units']:,} units of pictures (digest {listing['sha256'][:12]})"


def _unwritable(out: str, error: OSError) -> MienError:
    return MienError(f"cannot write {out}: {error.strerror or error}; fix that, then run the command again")
