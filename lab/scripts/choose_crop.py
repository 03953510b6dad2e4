"""Scores the packaged model on photos with labelled faces, by the margin of the crop and with and without alignment.

    python lab/scripts/choose_crop.py FOLDER [--model FILE]

FOLDER is one that ``mien evaluate --photos`` takes; faces are found and counted as it does, at the model's own prior.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from mien.core.emotions import SEVEN, seen_as
from mien.core.packaged import default_model
from mien.core.priors import rebalance
from mien.detection.yunet import YuNet
from mien.evaluation.ensemble import load_scorer
from mien.evaluation.photos import read_photos, score_photos

MARGINS = (0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.3)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, default=default_model())
    arguments = parser.parse_args()
    scorer = load_scorer([arguments.model])
    prior = scorer.prior(None)
    specs = [replace(scorer.crop, margin=margin, align=align) for align in (False, True) for margin in MARGINS]
    photos = read_photos(arguments.folder, specs, YuNet())
    print(f"{photos.found.sum()} of {len(photos.truth)} faces found\nmargin  align  accuracy  macro-F1")
    for spec, crops in zip(specs, photos.crops, strict=True):
        scores = score_photos(photos, seen_as(rebalance(scorer(crops), scorer.class_shares, prior), SEVEN))
        aligned = "yes" if spec.align else "no"
        print(f"{spec.margin:6.2f}  {aligned:5}  {scores['accuracy']:8.1%}  {scores['macro_f1']:8.3f}")


if __name__ == "__main__":
    main()
