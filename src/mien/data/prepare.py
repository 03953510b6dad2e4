"""Samples to one file a split, with what was found on the way."""

from __future__ import annotations

import json
from pathlib import Path

from mien.core.errors import DataError
from mien.core.output import whole_files
from mien.data.audit import Audit, audit
from mien.data.montage import montage
from mien.data.near_duplicates import find_duplicates
from mien.data.rules import kept_splits, reasons
from mien.data.samples import Samples
from mien.data.split import SPLITS, save_split
from mien.imaging.decode import write
from mien.version import __version__

FILES = (
    "soft_labels.json",
    "answers.json",
    *(f"{split}.npz" for split in SPLITS),
    "audit.json",
    "montage.png",
    "prepare.json",
)
"""All that a folder of splits may hold: the first two are of ``mien soft-labels``, the last vouches for the others."""


def prepare(samples: Samples, out_dir: Path) -> Audit:
    """Apply the rules to samples and write what remains.

    ``out_dir`` gets ``train.npz``, ``valid.npz`` and ``test.npz``, those that have faces; ``audit.json``;
    ``montage.png`` of the first of them; and, last, ``prepare.json`` with counts and sha256. All are written in a
    folder of their own and then moved, so that an interrupted run leaves what stood there before.

    Raises:
        DataError: no face is left, or the folder cannot be written.
    """
    duplicates = find_duplicates(samples)
    why = reasons(samples, duplicates)
    splits = kept_splits(samples, duplicates, why)
    if not splits:
        raise DataError(f"no face left of {len(samples)}: all of them were dropped; see the rules in the README")
    found = audit(samples, splits, duplicates, why)
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        with whole_files(out_dir, FILES) as beside:
            for name, split in splits.items():
                save_split(split, beside / f"{name}.npz")
            write(montage(next(iter(splits.values()))), beside / "montage.png")
            (beside / "audit.json").write_text(found.to_json(), encoding="utf-8")
            (beside / "prepare.json").write_text(_summary(found), encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot write to {out_dir}: {error.strerror or error}") from error
    return found


def _summary(found: Audit) -> str:
    splits = {name: {"faces": found.kept[name], "sha256": digest} for name, digest in found.sha256.items()}
    return json.dumps({"mien": __version__, "splits": splits}, indent=1)
