"""Events: how they are cut and laid in rows, and that page and picture show them."""

import math
from pathlib import Path

import pytest

from command import Command
from mien.report.events import Event, in_view, layers, strips
from mien.report.timeline_page import timeline_page
from mien.report.timeline_plot import timeline_figure
from tracked_results import steady

TWO = steady({1: (0, 8, "fear"), 2: (2, 8, "anger")}, 8)
EVENTS = [
    Event("late <b>", 6),
    Event("a $1 ad", 1, 3),
    Event("whole", -1, 99),
    Event("gone", 9, 12),
    Event("then", 3, 6),
]


def test_events_are_cut_to_what_is_shown_and_do_not_overlap_in_a_row():
    told = [[(event.name, event.start_s, event.end_s) for event in row] for row in layers(in_view(EVENTS, TWO))]
    assert told == [[("whole", 0, 8)], [("a $1 ad", 1, 3), ("then", 3, 6), ("late <b>", 6, 8)]]
    assert Event("e", 1).end_s == math.inf


def test_the_strips_stand_where_the_events_are():
    html = strips(EVENTS, TWO)
    assert 'left:12.50%;width:25.00%" title="a $1 ad: 0:01.0 to 0:03.0">a $1 ad</span>' in html
    assert "late &lt;b&gt;" in html
    assert "gone" not in html
    assert strips([], TWO) == ""


def test_page_and_picture_show_them_in_every_lane():
    page = timeline_page(TWO, "clip", "mien", events=EVENTS)
    assert page.count(">a $1 ad</span>") == 2
    axes = timeline_figure(TWO, "clip", EVENTS).axes
    texts = [text.get_text() for text in axes[0].texts]
    assert {"a $1 ad", "then", "late <b>", "whole"} <= set(texts)
    for axis in axes[:2]:
        assert {line.get_xdata()[0] for line in axis.lines} == {1, 3, 6}


def test_the_command_shows_the_events_of_its_clip(mien: Command, examples: Path):
    Path("events.csv").write_text("name,start,end,clip\nadvert,0.2,0.5,heads.mp4\nother,0.1,,classroom.mp4\n")
    run = ("video", examples / "heads.mp4", "--end", "1", "--events", "events.csv")
    assert mien(*run, "--page", "--timeline", "svg").code == 0
    page = Path("heads.mien.html").read_text(encoding="utf-8")
    assert ">advert</span>" in page
    assert ">other</span>" not in page
    assert "advert" in Path("heads.mien.svg").read_text(encoding="utf-8")
    outcome = mien(*run, "--captions", "srt")
    assert (outcome.code, "add one of them" in outcome.err) == (2, True)


@pytest.mark.parametrize(("clip", "is_of"), [("", True), ("a.mp4", True), ("clips/a.mp4", True), ("b.mp4", False)])
def test_an_event_may_be_of_one_clip(clip: str, is_of: bool):
    assert Event("look", 0, clip=clip).is_of("clips/a.mp4") == is_of
