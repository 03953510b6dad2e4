"""The table of --rate, whose numbers anyone can have again from the rows of --data."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from command import Command
from mien.core.emotions import SEVEN
from mien.report.clock_table import Clock, columns
from mien.results.document import picture_entry
from tracked_results import tracked_result


def stepped(frames: list[tuple[float, dict[int, str]]], rate_hz: float, labels: tuple[str, ...] = SEVEN):
    clock = Clock("a.mp4", labels, rate_hz)
    for time_s, shown in frames:
        clock.add(picture_entry("a.mp4", tracked_result(time_s, shown, labels)))
    return clock


def test_a_step_has_the_means_of_what_is_certain_in_it():
    frames = [(0.0, {1: "fear"}), (0.1, {1: "anger?"}), (0.2, {1: "fear"}), (0.3, {1: "anger"}), (0.5, {1: "anger?"})]
    first, second = stepped(frames, 2).rows()
    assert list(first) == list(columns(SEVEN))
    assert (first["time_s"], first["frames"], first["certain"], first["emotion"]) == (0.0, 4, 0.75, "fear")
    assert first["p_fear"] == pytest.approx((0.8 + 0.8 + 0.2 / 6) / 3, abs=1e-4)
    assert first["valence"] == pytest.approx(0.2 / 6 - 0.8, abs=1e-4)
    assert (second["time_s"], second["frames"], second["certain"], second["emotion"]) == (0.5, 1, 0, "")
    assert second["p_anger"] is second["valence"] is None


def test_the_clock_goes_on_where_nobody_is_seen():
    clock = stepped([(0.4, {1: "fear", 2: "anger"}), (1.0, {1: "fear"}), (9.0, {-1: "fear"})], 4)
    assert [(row["id"], row["time_s"], row["frames"]) for row in clock.rows()] == [
        (1, 0.25, 1), (1, 0.5, 0), (1, 0.75, 0), (1, 1.0, 1), (2, 0.25, 1),
    ]  # fmt: skip
    assert clock.rows()[1]["certain"] is None
    assert [row["id"] for row in clock.rows([1])] == [2]


@pytest.mark.parametrize("rate_hz", [10, 25, 29.97, 30])
def test_a_frame_on_the_edge_belongs_to_the_step_that_it_begins(rate_hz: float):
    """Times in tables are rounded to a millionth of a second."""
    frames = [(round(number / rate_hz, 6), {1: "fear"}) for number in range(2000)]
    assert [row["frames"] for row in stepped(frames, rate_hz).rows()] == [1] * 2000


def test_a_step_tells_the_first_of_its_frames_and_the_clock_beside():
    clock = Clock("a.mp4", SEVEN, 2, start_clock="2026-11-29T23:59:59.900000+01:00")
    for number, shown in ((4, {1: "fear"}), (8, {1: "fear?"}), (30, {1: "fear"})):
        result = tracked_result(number / 10, shown)
        clock.add(picture_entry("a.mp4", replace(result, frame=replace(result.frame, number=number))))
    rows = clock.rows()
    assert list(rows[0]) == list(columns(SEVEN, "2026-11-29T23:59:59.900000+01:00"))
    assert [row["source_frame"] for row in rows] == [4, 8, None, None, None, None, 30]
    assert [row["clock"] for row in rows[:2]] == [
        "2026-11-29T23:59:59.900000+01:00", "2026-11-30T00:00:00.400000+01:00",
    ]  # fmt: skip


def test_emotions_of_ones_own_have_no_valence():
    (row,) = stepped([(0.0, {1: "calm"})], 1, ("calm", "tense")).rows()
    assert (row["p_calm"], row["valence"], row["intensity"]) == (0.8, None, None)


def test_the_steps_of_a_film_can_be_had_again_from_the_data(mien: Command, examples: Path):
    assert mien("video", examples / "heads.mp4", "--end", "2", "--data", "csv", "--rate", "4").code == 0
    data = pd.read_csv("heads.mien.csv")
    nobody = json.loads(Path("heads.mien.csv.jsonl").read_text().splitlines()[-1])["not_people"]
    with Path("heads.mien.4hz.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {int(row["id"]) for row in rows} == set(data["id"]) - set(nobody)
    step = np.floor((data["time_s"] + 1e-6) * 4) / 4
    for row in rows:
        there = data[(data["id"] == int(row["id"])) & (step == float(row["time_s"]))]
        sure = there[~there["uncertain"]]
        assert int(row["frames"]) == len(there)
        assert float(row["certain"]) == pytest.approx(len(sure) / len(there), abs=6e-5)
        for key in (*(f"p_{label}" for label in SEVEN), "valence", "intensity"):
            expected = pytest.approx(sure[key].mean(), abs=6e-5) if len(sure) else None
            assert (float(row[key]) if row[key] else None) == expected
