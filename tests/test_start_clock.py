"""The clock beside the times of a clip, and the places of frames in the file."""

import csv
import json
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from clips import EXAMPLES
from command import Command
from mien.core.errors import UsageError
from mien.results.start_clock import clock_at, parse_start_clock


@pytest.mark.parametrize(
    ("start", "time_s", "shown"),
    [
        ("2026-11-29T23:59:59", 1.25, "2026-11-30T00:00:00.250000"),
        ("2026-11-29T14:05:00+01:00", 0.0, "2026-11-29T14:05:00.000000+01:00"),
        ("2026-11-29 14:05Z", 0.1, "2026-11-29T14:05:00.100000+00:00"),
        ("12.5", 0.48, 12.98),
        ("-3", 1.0, -2.0),
    ],
)
def test_the_clock_goes_with_the_clip(start: str, time_s: float, shown: str | float):
    assert clock_at(parse_start_clock(start), time_s) == shown


def test_where_there_is_no_clock_or_no_time_it_shows_nothing():
    assert clock_at(None, 1.0) is clock_at("2026-11-29T14:05:00", None) is None


@pytest.mark.parametrize("text", ["", "now", "14:05", "nan", "inf", "2026-13-01T00:00:00"])
def test_what_is_no_clock_is_refused(text: str):
    with pytest.raises(UsageError, match="--start-clock takes date and time"):
        parse_start_clock(text)


def rows(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_all_tables_have_the_clock_beside_the_clips_own_time(mien: Command):
    Path("events.csv").write_text("name,start\nlook,0.1\n")
    run = ("video", EXAMPLES / "heads.mp4", "--end", "0.5", "--fps", 4, "--data", "csv", "--rate", 2, "--events")
    start = ("--start-clock", "2026-11-29T14:05:59.6")
    assert mien(*run, "events.csv", "--summary", "s.csv", "--annotations", "elan", *start).code == 0
    data, (person, look) = rows("heads.mien.csv"), rows("s.csv")[:2]
    # 12 frames a second, of which each third is taken.
    assert {(row["frame"], row["source_frame"], row["clock"][-9:]) for row in data} == {
        ("0", "0", "59.600000"), ("1", "3", "59.850000"),
    }  # fmt: skip
    assert person["first_clock"] == rows("heads.mien.2hz.csv")[0]["clock"] == "2026-11-29T14:05:59.600000"
    assert (person["last_clock"], person["start_clock"]) == ("2026-11-29T14:05:59.850000", "")
    assert (look["start_clock"], look["end_clock"]) == ("2026-11-29T14:05:59.700000", "")
    (clock,) = [one.text for one in ET.parse("heads.mien.eaf").iter("PROPERTY") if one.attrib["NAME"] == "startClock"]
    assert clock == "2026-11-29T14:05:59.600000"
    asked = ("--data", "csv", "--rate", 2, "--events", "events.csv", "--summary", "new/s.csv", "--out", "new")
    assert mien("people", "heads.mien.csv", *asked).code == 0
    for name in ("heads.mien.csv", "heads.mien.2hz.csv", "s.csv"):
        assert Path("new", name).read_bytes() == Path(name).read_bytes(), name
    assert "it was made with --start-clock" in mien(*run, "events.csv", "--page", "--resume").err


def test_an_offset_is_seconds_in_tables_and_projects(mien: Command):
    run = ("video", EXAMPLES / "heads.mp4", "--end", "0.1", "--data", "parquet", "--annotations", "boris")
    assert mien(*run, "--start-clock", 30).code == 0
    assert pd.read_parquet("heads.mien.parquet")["clock"].tolist()[:3] == [30.0, 30.0, 30.083333]
    (observation,) = json.loads(Path("heads.mien.boris").read_text())["observations"].values()
    assert observation["time offset"] == 30


def test_one_moment_is_not_the_beginning_of_two_clips(mien: Command):
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(EXAMPLES / "heads.mp4", name)
    outcome = mien("video", "a.mp4", "b.mp4", "--start-clock", "2026-11-29T14:05:00")
    assert outcome.code == 2
    assert "--start-clock says when one clip began, and there are 2" in outcome.err
