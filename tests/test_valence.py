"""Valence and intensity: their range, their signs, and what a user sees of them."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import Command
from mien import load
from mien.core.emotions import EIGHT, SEVEN
from mien.core.valence import NEGATIVE, indices
from snippets import run_page

DISTRIBUTIONS = st.sampled_from((SEVEN, EIGHT)).flatmap(
    lambda labels: st.lists(st.floats(0.001, 1), min_size=len(labels), max_size=len(labels)).map(
        lambda weights: dict(zip(labels, np.array(weights) / sum(weights), strict=True))
    )
)


@given(DISTRIBUTIONS)
def test_valence_lies_between_the_extremes_and_has_the_sign_of_the_stronger(probabilities: dict[str, float]):
    valence, intensity = indices(probabilities)
    assert valence is not None
    assert intensity is not None
    strongest = max(NEGATIVE, key=probabilities.__getitem__)
    assert -1 <= valence <= 1
    assert abs(valence) <= intensity + 1e-12, "what is neutral is neither pleasant nor unpleasant"
    assert (valence > 0) == (probabilities["happiness"] > probabilities[strongest])
    swapped = {**probabilities, "happiness": probabilities[strongest], strongest: probabilities["happiness"]}
    assert max(map(swapped.__getitem__, NEGATIVE)) > probabilities["happiness"] or indices(swapped).valence == -valence


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ({"happiness": 1}, (1, 1)),
        ({"neutral": 1}, (0, 0)),
        ({"surprise": 1}, (0, 1)),
        *(({name: 1}, (-1, 1)) for name in NEGATIVE),
        ({"happiness": 0.5, "sadness": 0.25, "fear": 0.25}, (0.25, 1)),
    ],
)
def test_what_some_faces_come_to(shown: dict[str, float], expected: tuple[float, float]):
    assert indices(dict.fromkeys(SEVEN, 0.0) | shown) == expected


@pytest.mark.parametrize(
    ("labels", "told"), [(("calm", "tense"), (False, False)), (("neutral", "happiness", "anger"), (False, True))]
)
def test_a_model_that_does_not_tell_the_emotions_has_none(labels: tuple[str, ...], told: tuple[bool, bool]):
    assert tuple(value is not None for value in indices(dict.fromkeys(labels, 0.3))) == told


def test_pictures_have_both_everywhere(mien: Command, examples: Path, tmp_path: Path):
    picture = examples / "astronaut.png"
    (face,) = load()(picture)
    assert face.valence is not None
    assert face.valence > 0.9
    assert face.intensity == 1 - face.probabilities["neutral"]
    (entry,) = json.loads(mien("image", picture, "--json").out)["images"][0]["faces"]
    assert entry["valence"] == pytest.approx(face.valence, abs=2e-4)
    assert mien("image", picture, "--out", "faces.csv").code == 0
    with Path("faces.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (float(row["valence"]), float(row["intensity"])) == (entry["valence"], entry["intensity"])


def test_a_video_has_those_of_the_smoothed_probabilities(mien: Command, examples: Path):
    assert mien("video", examples / "heads.mp4", "--end", "1", "--data", "csv").code == 0
    with Path("heads.mien.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 20
    for row in rows:
        strongest = max(float(row[f"p_{name}"]) for name in NEGATIVE)
        assert float(row["valence"]) == pytest.approx(float(row["p_happiness"]) - strongest, abs=1e-9)
        assert float(row["intensity"]) == pytest.approx(1 - float(row["p_neutral"]), abs=1e-9)


def test_the_snippet_of_the_page_runs(mien: Command, examples: Path, capsys: pytest.CaptureFixture[str]):
    Path("examples").symlink_to(examples)
    run_page(examples.parent / "docs" / "VALENCE.md", mien)
    valence, intensity = map(float, capsys.readouterr().out.split())
    assert 0.9 < valence <= intensity <= 1
