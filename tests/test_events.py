"""Events: how they are cut and laid in rows, and that page and picture show them."""

import math
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg

from command import Command
from mien.report.events import LETTER, Event, event_labels, event_rows, in_view, layers
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


def test_the_event_rows_stand_where_the_events_are():
    html = event_rows(EVENTS, TWO)
    assert '<b style="left:12.50%;width:25.00%"></b>' in html
    assert 'title="a $1 ad: 0:01.0 to 0:03.0">a $1 ad</span>' in html
    assert "late &lt;b&gt;" in html
    assert "gone" not in html
    assert event_rows([], TWO) == ""


def test_names_begin_with_their_event_or_end_with_the_lane():
    told = event_labels([Event("a beginning", 0, 1), Event("the very end", 7.9, 8), Event("wide" * 99, 2, 3)], TWO)
    (first, last), (wide,) = told
    assert (first.left, first.is_moved, round(first.room, 4)) == (0, False, round(last.left, 4))
    assert (last.is_moved, last.left + last.room) == (True, 1)
    assert (wide.left, wide.text[-1]) == (pytest.approx(0, abs=0.01), "…")


NAMES = st.text("abc ", min_size=1, max_size=30)
STIMULI = st.lists(st.builds(Event, NAMES, st.floats(0, 7.9), st.floats(0.1, 9)), max_size=12)


@given(events=STIMULI)
@settings(max_examples=40)
def test_no_name_meets_another_or_leaves_the_lane(events: list[Event]):
    rows = event_labels(events, TWO)
    assert sum(map(len, rows)) == len(in_view(events, TWO))
    for row in rows:
        for label in row:
            assert 0 <= label.start <= label.end <= 1 + 1e-9
            assert 0 <= label.left <= label.left + LETTER * len(label.text) <= 1 + 1e-9
        for one, other in pairwise(row):
            assert max(one.end, one.left + LETTER * len(one.text)) <= min(other.start, other.left) + 1e-9
            assert one.left + one.room == pytest.approx(other.left)


def test_in_the_picture_names_of_short_events_stand_apart():
    events = [
        Event("an advertisement", 1, 1.1),
        Event("and a long question", 1.2, 1.3),
        Event("at the very end", 7.9, 8),
    ]
    figure = timeline_figure(TWO, "clip", events)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    named = [text for text in figure.axes[0].texts if text.get_text() in {event.name for event in events}]
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in named]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert max(box.x1 for box in boxes) <= figure.bbox.x1


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


def test_where_only_events_changed_resume_makes_all_but_the_film_anew(mien: Command, examples: Path):
    events, page, film = Path("events.csv"), Path("heads.mien.html"), Path("heads.mien.mp4")
    run = ("video", examples / "heads.mp4", "--end", "0.5", "--film", "--data", "csv", "--page", "--resume")
    assert mien(*run).code == 0
    filmed, plain = film.stat().st_mtime_ns, page.read_text(encoding="utf-8")
    for name, parts in (("advert", "name,start\nadvert,0.1\n"), ("speech", "name,start\nspeech,0.1\n")):
        events.write_text(parts)
        assert "was done before" not in mien(*run, "--events", events).out
        text = page.read_text(encoding="utf-8")
        assert [f">{one}</span>" in text for one in ("advert", "speech")] == [name == "advert", name == "speech"]
        assert "was done before" in mien(*run, "--events", events).out
    assert 'src="heads.mien.mp4"' in text
    assert mien(*run).code == 0
    assert page.read_text(encoding="utf-8") == plain
    assert film.stat().st_mtime_ns == filmed
    assert mien(*run, "--blur").code == 0
    assert film.stat().st_mtime_ns != filmed


@pytest.mark.parametrize(("clip", "is_of"), [("", True), ("a.mp4", True), ("clips/a.mp4", True), ("b.mp4", False)])
def test_an_event_may_be_of_one_clip(clip: str, is_of: bool):
    assert Event("look", 0, clip=clip).is_of("clips/a.mp4") == is_of
