"""Prepares FER2013 as the published project measured: a random tenth of all rows held out, duplicates left in training.

    python lab/scripts/random_tenth.py fer2013.csv fer2013new.csv --out tenth

Drawn are the rows of Training and PublicTest; PrivateTest is kept for released models. Only what is no face is dropped.
A held-out face with a near-duplicate in training is marked as not clean, so scores on clean faces beside those on all
tell what the duplicates are worth.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from mien.data.fer2013 import read_fer2013
from mien.data.near_duplicates import find_duplicates
from mien.data.prepare import LEAK, kept_splits, reasons
from mien.data.samples import ARRAYS, Samples
from mien.data.split import SPLITS, Split, save_split

SHARE = 0.1


def redrawn(samples: Samples, seed: int = 0) -> Samples:
    """Return the faces of Training and PublicTest, a random tenth of them as "valid" and the others as "train"."""
    public = samples.splits != SPLITS.index("test")
    chosen = Samples(**{name: getattr(samples, name)[public] for name in ARRAYS})
    held_out = np.random.default_rng(seed).permutation(len(chosen))[: round(SHARE * len(chosen))]
    splits = np.full(len(chosen), SPLITS.index("train"), np.int8)
    splits[held_out] = SPLITS.index("valid")
    return replace(chosen, splits=splits)


def with_duplicates(samples: Samples) -> dict[str, Split]:
    """Return the splits of samples, with all that ``mien prepare`` keeps and the leaks that it drops."""
    duplicates = find_duplicates(samples)
    why = reasons(samples, duplicates)
    why[why == LEAK] = ""
    return kept_splits(samples, duplicates, why)


def main() -> None:
    """Draw the splits and write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", type=Path, help="fer2013.csv")
    parser.add_argument("votes", type=Path, help="fer2013new.csv")
    parser.add_argument("--out", type=Path, default=Path("tenth"), help="where to write the splits")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for name, split in with_duplicates(redrawn(read_fer2013(given.faces, given.votes))).items():
        save_split(split, given.out / f"{name}.npz")
        print(f"{name}: {len(split):,} faces, {int((~split.clean).sum()):,} with a near-duplicate in training")


if __name__ == "__main__":
    main()
