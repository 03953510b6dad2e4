"""Draws forty faces of FairFace's photos with the votes for each and what the packaged net reads, for docs/PHOTOS.md.

    python lab/scripts/photo_faces.py PHOTOS [--model mien]

PHOTOS holds votes.csv and the pictures (docs/how-to/own-faces.md). The faces are of the half of the validation set that
is reported, so nothing was chosen by them: of each emotion in turn the next by file number, until it is forty.
"""

from __future__ import annotations

import argparse
import csv
from itertools import chain, islice, zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from docpage import ROOT
from mien.core.emotions import EIGHT, SEVEN, to_seven
from mien.core.priors import shown_at
from mien.data.faces import one_face
from mien.imaging.crop import crop_faces
from mien.imaging.decode import read
from mien.inference.classifier import Classifier, model_file

PICTURE = ROOT / "docs" / "images" / "photo-faces.jpg"
COLUMNS, ROWS = 8, 5
FACE_PX, TEXT_PX, GAP_PX = 144, 40, 10
RIGHT, WRONG, VOTES = (0, 110, 60), (180, 30, 20), (40, 40, 40)

Line = dict[str, str]


def chosen(table: Path) -> list[Line]:
    """Return the lines of the faces to show."""
    with table.open(newline="", encoding="utf-8") as file:
        lines = [line for line in csv.DictReader(file) if line["source"] == "fairface" and line["split"] == "dev"]
    reported = [line for line in lines if int(Path(line["file"]).stem) % 2 and votes(line).any()]
    by_emotion = [[line for line in reported if votes(line).argmax() == place] for place in range(len(SEVEN))]
    in_turn = chain.from_iterable(zip_longest(*by_emotion))
    shown = list(islice((line for line in in_turn if line), COLUMNS * ROWS))
    return sorted(shown, key=lambda line: (int(votes(line).argmax()), line["file"]))


def votes(line: Line) -> NDArray[np.float64]:
    """Return the votes (7,) for the seven emotions; all 0 where most are for none of them."""
    cast = np.array([float(line[name]) for name in EIGHT])
    return to_seven(cast) if cast.max() >= float(line["unknown"]) else np.zeros(len(SEVEN))


def two(shares: NDArray[np.float64]) -> str:
    """Return the two largest as text."""
    best = np.argsort(-shares, kind="stable")[:2]
    return ", ".join(f"{SEVEN[place]} {100 * shares[place]:.0f}" for place in best if shares[place] >= 0.05)


def sheet(folder: Path, model: str) -> tuple[Pillow.Image, int]:
    """Return the picture, and how many of the faces the net reads as the votes do."""
    classify = Classifier(model_file(Path(model)))
    card = classify.card
    width, height = FACE_PX + GAP_PX, FACE_PX + TEXT_PX + GAP_PX
    page = Pillow.new("RGB", (COLUMNS * width + GAP_PX, ROWS * height + GAP_PX), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(11)
    right = 0
    for place, line in enumerate(chosen(folder / "votes.csv")):
        image = read(folder / line["file"])
        x1, y1, x2, y2 = (float(line[name]) for name in ("x1", "y1", "x2", "y2"))
        crop = crop_faces(image, one_face((x1, y1, x2, y2)), card.crop)
        answer = shown_at(classify(crop).astype(np.float64), card.class_shares, SEVEN, card.prior)[0]
        cast = votes(line) / votes(line).sum()
        agrees = bool(answer.argmax() == cast.argmax())
        right += agrees
        x, y = GAP_PX + place % COLUMNS * width, GAP_PX + place // COLUMNS * height
        page.paste(Pillow.fromarray(image).resize((FACE_PX, FACE_PX), Pillow.Resampling.LANCZOS), (x, y))
        uncertain = "?" if answer.max() < card.uncertain_at(card.prior) else ""
        draw.text((x, y + FACE_PX + 3), two(cast), VOTES, font)
        draw.text((x, y + FACE_PX + 20), two(answer) + uncertain, RIGHT if agrees else WRONG, font)
    return page, right


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="PHOTOS")
    parser.add_argument("--model", default="mien")
    asked = parser.parse_args()
    page, right = sheet(asked.folder, asked.model)
    page.save(PICTURE, quality=88)
    print(f"{PICTURE}: {right} of {COLUMNS * ROWS} as the votes")


if __name__ == "__main__":
    main()
