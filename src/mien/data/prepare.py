"""Samples to one file a split, with what was found on the way."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from mien.core.errors import DataError
from mien.data.audit import Audit, audit
from mien.data.montage import montage
from mien.data.rules import kept_splits, reasons
from mien.data.samples import Samples
from mien.data.split import SPLITS, save_split
from mien.data.twins import find_twins
from mien.version import __version__
from mien.vision.images import write


def prepare(samples: Samples, out_dir: Path) -> Audit:
    """Apply the rules to samples and write what remains.

    ``out_dir`` gets ``train.npz``, ``valid.npz`` and ``test.npz``, those that have faces; ``audit.json``;
    ``montage.png`` of the first of them; and, last, ``prepare.json`` with counts and sha256. All are written in a
    folder of their own and then moved, so that an interrupted run leaves what stood there before.

    Raises:
        DataError: no face is left, or the folder cannot be written.
    """
    twins = find_twins(samples)
    why = reasons(samples, twins)
    splits = kept_splits(samples, twins, why)
    if not splits:
        raise DataError(f"no face left of {len(samples)}: all of them were dropped; see the rules in the README")
    found = audit(samples, splits, twins, why)
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".part-", dir=out_dir) as part:
            beside = Path(part)
            for name, split in splits.items():
                save_split(split, beside / f"{name}.npz")
            write(montage(next(iter(splits.values()))), beside / "montage.png")
            (beside / "audit.json").write_text(found.to_json(), encoding="utf-8")
            (beside / "prepare.json").write_text(_summary(found), encoding="utf-8")
            _move(beside, out_dir)
    except OSError as error:
        raise DataError(f"cannot write to {out_dir}: {error.strerror or error}") from error
    return found


def _move(beside: Path, out_dir: Path) -> None:
    """Move the files to their place; ``prepare.json``, which vouches for the others, goes first and comes last."""
    files = [path.name for path in beside.iterdir() if path.name != "prepare.json"]
    for name in ["prepare.json", *(f"{split}.npz" for split in SPLITS if f"{split}.npz" not in files)]:
        (out_dir / name).unlink(missing_ok=True)  # of an earlier run, which may have had other splits
    for name in [*files, "prepare.json"]:
        (beside / name).replace(out_dir / name)


def _summary(found: Audit) -> str:
    splits = {name: {"faces": found.kept[name], "sha256": digest} for name, digest in found.sha256.items()}
    return json.dumps({"mien": __version__, "splits": splits}, indent=1)
