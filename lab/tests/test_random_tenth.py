import sys
from pathlib import Path

import numpy as np
import pytest

import random_tenth
from mien.data.split import load_split
from small_data import HAPPY, USAGES, faces, samples, write_fer, write_votes

NOT_A_FACE = (0, 0, 0, 0, 0, 0, 0, 0, 0, 10)


def test_a_tenth_of_training_and_publictest_is_held_out():
    given = samples(faces(60), ["train"] * 30 + ["valid"] * 20 + ["test"] * 10)
    drawn = random_tenth.redrawn(given)
    assert np.array_equal(drawn.images, given.images[:50])
    assert np.bincount(drawn.splits).tolist() == [45, 5]
    assert np.array_equal(drawn.splits, random_tenth.redrawn(given).splits)
    assert not np.array_equal(drawn.splits, random_tenth.redrawn(given, seed=1).splits)


def test_duplicates_stay_in_training_and_are_told():
    images = faces(20)
    images[19] = images[0]
    splits = random_tenth.with_duplicates(samples(images, ["train"] * 18 + ["valid"] * 2))
    assert len(splits["train"]) == 18
    assert splits["valid"].clean.tolist() == [True, False]


def test_the_command_writes_what_training_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    usages = [USAGES["train"]] * 20 + [USAGES["valid"]] * 10
    table = write_fer(tmp_path / "fer2013.csv", faces(30), usages)
    cast = [NOT_A_FACE if row == 4 else HAPPY for row in range(30)]
    votes = write_votes(tmp_path / "fer2013new.csv", usages, cast, [f"{row}.png" for row in range(30)])
    out = tmp_path / "tenth"
    monkeypatch.setattr(sys, "argv", ["random_tenth.py", str(table), str(votes), "--out", str(out)])
    random_tenth.main()
    train, valid = (load_split(out, name) for name in ("train", "valid"))
    assert len(train) + len(valid) == 29
    assert sorted([*train.rows, *valid.rows]) == [row for row in range(30) if row != 4]
