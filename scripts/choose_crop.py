"""Scores the packaged model on photos with labelled faces, by the margin of the crop and with and without alignment.

    python scripts/choose_crop.py FOLDER [--model FILE]

FOLDER holds pictures and a labels.csv with the columns file, emotion, x1, y1, x2, y2. Of the faces that the detector
finds in a picture, the one that overlaps the labelled box most is scored; a picture without one counts as wrong.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import replace
from pathlib import Path

import numpy as np

from mien.core.boxes import iou
from mien.core.card import CropSpec
from mien.core.emotions import SEVEN, to_seven
from mien.core.metrics import class_scores, confusion_matrix
from mien.core.types import Faces, Image
from mien.infer.classify import Classifier, default_model
from mien.vision.crops import cut_faces
from mien.vision.detect import YuNet
from mien.vision.images import read

MARGINS = (0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.3)
Found = tuple[Image, Faces, int]


def find(folder: Path) -> tuple[list[Found], int]:
    """Return picture, its labelled face and true class of each labelled picture, and how many were not found."""
    detect, found, missed = YuNet(), list[Found](), 0
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            image = read(folder / row["file"])
            faces = detect(image)
            labelled = np.array([[float(row[key]) for key in ("x1", "y1", "x2", "y2")]], np.float32)
            overlap = iou(labelled, faces.boxes)[0]
            if not len(overlap) or overlap.max() < 0.3:
                missed += 1
                continue
            best = slice(int(overlap.argmax()), int(overlap.argmax()) + 1)
            face = Faces(faces.boxes[best], faces.landmarks[best], faces.scores[best])
            found.append((image, face, SEVEN.index(row["emotion"])))
    return found, missed


def score(found: list[Found], missed: int, spec: CropSpec, classifier: Classifier) -> tuple[float, float]:
    """Return accuracy over all labelled faces and macro-F1 over the found ones."""
    crops = np.concatenate([cut_faces(image, face, spec) for image, face, _ in found])
    truth = np.array([label for _, _, label in found])
    predicted = to_seven(classifier(crops)).argmax(axis=1)
    scores = class_scores(confusion_matrix(truth, predicted, len(SEVEN)))
    return float((predicted == truth).sum() / (len(truth) + missed)), scores.macro_f1


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path, default=default_model())
    arguments = parser.parse_args()
    classifier = Classifier(arguments.model)
    found, missed = find(arguments.folder)
    print(f"{len(found)} faces found, {missed} missed\nmargin  align  accuracy  macro-F1")
    for align in (False, True):
        for margin in MARGINS:
            spec = replace(classifier.card.crop, margin=margin, align=align)
            accuracy, macro_f1 = score(found, missed, spec, classifier)
            print(f"{margin:6.2f}  {'yes' if align else 'no':5}  {accuracy:8.1%}  {macro_f1:8.3f}")


if __name__ == "__main__":
    main()
