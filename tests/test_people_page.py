"""The page that lays clips side by side says what the table says."""

import csv
from pathlib import Path

from command import Command
from mien.core.emotions import SEVEN
from mien.report.events import Event
from mien.report.people_page import people_page
from mien.report.person_table import ClipPeople, Parts
from mien.results.document import picture_entry
from test_timeline_page import Page
from tracked_results import tracked_result

PARTS = Parts((Event("<advert>", 1.0),), Event("baseline", 0.0, 0.5))


def people(path: str, frames: list[dict[int, str]]) -> ClipPeople:
    clip = ClipPeople(path, SEVEN, PARTS)
    clip.count(picture_entry(path, tracked_result(number / 2, shown)) for number, shown in enumerate(frames))
    return clip


def test_each_person_is_told_clip_by_clip():
    one = people("clips/a.mp4", [{1: "happiness", 2: "fear?"}, {1: "sadness"}, {1: "anger?"}, {1: "happiness"}])
    html = people_page([one, people("b.mp4", [{}])], SEVEN, PARTS, "mien 1")
    page = Page(html)
    assert "2 clips" in page.text
    assert "a.mp4 person 1 seen 100 % · certain 75 %, of which happiness 67 %, sadness 33 %" in page.text
    assert "valence +0.26 [-0.51], -0.77 to +0.77" in page.text
    assert "<advert> seen 100 % · certain 50 %, of which happiness 100 %" in page.text
    assert "person 2 seen 25 % · certain 0 % <advert> not seen" in page.text
    assert "b.mp4 nobody was seen" in page.text
    assert 'class="unsure" style="--w:25.00"' in html
    assert "less the mean from 0 to 0.5 s" in page.text


def test_the_command_writes_the_page_or_the_table(mien: Command, examples: Path):
    run = ("video", examples / "heads.mp4", examples / "classroom.mp4", "--end", "1", "--summary")
    assert mien(*run, "people.csv").code == 0
    assert mien(*run, "people.html").code == 0
    page = Page(Path("people.html").read_text(encoding="utf-8"))
    with Path("people.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 4
    for row in rows:
        assert f"person {row['id']} seen {100 * float(row['seen']):.0f} % · certain " in page.text
    assert "heads.mp4 person 1" in page.text
