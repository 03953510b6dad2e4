import base64
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image as Pillow

from mien.core.emotions import SEVEN
from mien.report.events import Event
from mien.report.lane_svg import MARKS
from mien.report.lanes import clock, left_out, palette, percent, shown, ticks
from mien.report.timeline_page import timeline_page
from mien.report.timeline_plot import timeline_figure
from mien.tracking.timeline import Summary, Timeline
from tracked_results import steady, summary, tracked_result

VOID = {"meta", "img", "br", "link", "input"}
DRAWN = {"path", "line", "circle"}  # of SVG, closed where they begin


class Page(HTMLParser):
    """The page as a browser reads it; refuses elements that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            assert tag not in DRAWN
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif self.open and self.open[-1] != "style" and data.strip():
            self.words.append(data.strip())

    def all(self, tag: str, css: str = "") -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag and css in (attrs.get("class") or "")]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page(told: Summary, clip: str = "clip.mp4", **options) -> Page:
    return Page(timeline_page(told, clip, "tiny 0.0.0", **options))


HEAD = "figures share mean first"
TWO = {1: (0, 4, "sadness"), 2: (1, 2, "happiness")}


def test_it_tells_who_was_seen_and_what_they_showed():
    read = page(steady(TWO, 4))
    assert "clip.mp4 0:04.0 long · 2 people · 40 frames analysed" in read.text
    assert (
        f"person 1 mostly sadness in view 0:04.0 (100 %) 0:00.0 to 0:04.0 {HEAD} sadness 100 % 0.80 0:00.0" in read.text
    )
    assert (
        f"person 2 mostly happiness in view 0:01.0 (25 %) 0:01.0 to 0:02.0 {HEAD} happiness 100 % 0.80 0:01.0"
        in read.text
    )
    assert "mean valence -0.77" in read.text
    assert "mean valence +0.77" in read.text
    assert "Model: tiny 0.0.0." in read.text
    assert len(read.all("div", "lane")) == len(read.all("svg", "areas")) == 2


def test_changes_are_counted_the_most_frequent_first():
    emotions = ["neutral", "fear", "neutral", "fear", "anger"]
    read = page(summary([(place * 1.0, {1: emotion}) for place, emotion in enumerate(emotions)], 5))
    assert "4 changes: neutral → fear 2\N{MULTIPLICATION SIGN} fear → neutral fear → anger" in read.text
    many = [(place * 1.0, {1: SEVEN[place % 7]}) for place in range(9)]
    assert "8 changes: neutral → happiness 2\N{MULTIPLICATION SIGN}" in page(summary(many, 9)).text
    assert page(summary(many, 9)).text.count("→") == 6
    assert "1 other" in page(summary(many, 9)).text
    assert "fear throughout" in page(steady({1: (0, 2, "fear")}, 2)).text


def test_what_is_uncertain_stands_apart():
    half = page(steady({1: (0, 4, "anger?"), 2: (0, 4, "fear")}, 4))
    assert (
        "person 1 uncertain throughout in view 0:04.0 (100 %) 0:00.0 to 0:04.0 figures uncertain 100 %: not sure 0:00"
    ) in half.text
    assert f"person 2 mostly fear in view 0:04.0 (100 %) 0:00.0 to 0:04.0 {HEAD} fear 100 % 0.80 0:00" in half.text
    assert (
        "fear uncertain: not sure Height is probability, 0 to 1; a point is the mean of 0.1 s. Hatched is" in half.text
    )
    assert [len(half.all(tag, "uncertain")) for tag in ("svg",)] == [1]
    assert [one["doubt"] for one in json.loads(half.scripts[0])["people"]] == [[0] * 40, [-1] * 40]
    told = summary([(0.0, {1: "fear"}), (3.0, {1: "anger?"}), (7.0, {1: "sadness?"}), (8.0, {1: "sadness"})], 10)
    mixed = page(told)
    assert (
        "person 1 mostly fear in view 0:10.0 (100 %) 0:00.0 to 0:10.0 "
        "figures uncertain 50 %: not sure certain for 0:05.0, of which "
        "share mean first fear 60 % 0.49 0:00.0 sadness 40 % 0.34 0:08.0"
    ) in mixed.text
    assert "1 change: fear → sadness" in mixed.text
    assert [(band["x"], band["width"]) for band in mixed.all("rect") if "x" in band] == [("30.000%", "50.000%")]
    assert [span["style"].split(";")[0] for span in mixed.all("span") if "--w" in span.get("style", "")] == [
        "--w:20.00", "--w:30.00", "--w:50.00",
    ]  # fmt: skip


def test_why_a_face_is_uncertain_is_told_apart():
    timeline = Timeline(SEVEN)
    reasons = ["good", "small", "small", "turned", "blurred"]
    for place, quality in enumerate(reasons):
        timeline.add(tracked_result(place * 0.5, {1: "fear?"}, quality=quality))
    told = timeline.close(2.5)
    read = page(told)
    assert "figures uncertain 100 %: not sure 20 %, small 40 %, turned 20 %, blurred 20 %" in read.text.replace(
        " ,", ","
    )
    assert "uncertain: not sure small turned blurred Height" in read.text
    bands = [(band["x"], band["width"], band["fill"]) for band in read.all("rect") if "x" in band]
    assert bands == [
        ("0.000%", "20.000%", "url(#hatch-not-sure)"),
        ("20.000%", "40.000%", "url(#hatch-small)"),
        ("60.000%", "20.000%", "url(#hatch-turned)"),
        ("80.000%", "20.000%", "url(#hatch-blurred)"),
    ]
    assert {one["id"] for one in read.all("pattern")} == {band[2][5:-1] for band in bands}
    assert len({*MARKS.values()}) == 4
    hatches = [one.get_hatch() for one in timeline_figure(told).axes[0].collections if one.get_hatch()]
    assert len({*hatches}) == 4


def test_of_many_people_each_has_a_low_lane_and_the_events_stand_over_all():
    events = [Event("advert", 0, 1)]
    for n, rulers, opened in ((8, 0, 8), (9, 1, 0)):
        read = page(steady(dict.fromkeys(range(1, n + 1), (0, 2, "fear")), 2, 0.5), events=events)
        assert len(read.all("div", "ruler")) == rulers
        assert len([one for one in read.all("details") if "open" in one]) == opened
        assert read.text.count("advert") == max(rulers, opened)


def test_who_is_uncertain_most_of_the_time_is_called_so_and_changes_by_what_is_certain():
    read = page(summary([(t, {1: "anger?" if t else "fear"}) for t in range(10)], 10.0))
    assert "person 1 mostly uncertain in view" in read.text
    assert "uncertain 90 %: not sure certain for 0:01.0, of which share mean first fear 100 %" in read.text
    assert "fear where certain" in read.text
    assert "anger throughout" not in read.text


def test_what_is_shown_for_half_the_time_or_less_is_not_called_most_of_it():
    told = summary([(float(t), {1: emotion}) for t, emotion in enumerate(["fear", "fear", "anger", "sadness"])], 4)
    assert "person 1 most often fear in view" in page(told).text


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0 %"), (0.001, "<1 %"), (0.5, "50 %"), (0.996, ">99 %"), (1 - 1e-12, "100 %"), (1, "100 %")],
)
def test_a_percentage_hides_nothing(share: float, words: str):
    assert percent(share) == words.replace(" ", "\N{NO-BREAK SPACE}")


def test_the_data_behind_a_moment_are_the_means_of_its_bin():
    told = steady(TWO, 4)
    data = json.loads(page(told, film_start_s=1.5).scripts[0])
    assert [one["name"] for one in data["people"]] == ["person 1", "person 2"]
    assert (data["labels"], data["bin_s"], data["start_s"], data["end_s"]) == (list(SEVEN), 0.1, 0, 4)
    assert (data["colours"][1], data["film_start_s"]) == ("#f0e442", 1.5)
    assert data["people"][1]["bins"] == list(range(10, 20))
    assert data["people"][1]["thousandths"][0] == [33, 800, 33, 33, 33, 33, 33]
    for name in ("thousandths", "doubt"):
        assert [len(one["bins"]) for one in data["people"]] == [len(one[name]) for one in data["people"]]


def heights(path: str) -> list[tuple[int, list[int]]]:
    """Where each piece of an area begins, in half bins, and its line's heights above the ground."""
    pieces = re.findall(r"M(\d+) 200V(\d+)((?:h1|l2 -?\d+)*)V200z", path)
    assert "".join(f"M{left} 200V{top}{steps}V200z" for left, top, steps in pieces) == path
    found = []
    for left, top, steps in pieces:
        line = [200 - int(top)]
        for step in re.findall(r"l2 (-?\d+)", steps):
            line.append(line[-1] - int(step))
        found.append((int(left), line))
    return found


def test_the_areas_are_the_probabilities_stacked_and_leave_gaps():
    timeline = Timeline(("a", "b"))
    for place, share in enumerate([0.25, 0.5, None, 1.0, 1.0, 0.0]):
        seen = {} if share is None else {1: "a"}
        probs = np.zeros((0, 2)) if share is None else np.array([[share, 1 - share]])
        timeline.add(tracked_result(place / 10, seen, ("a", "b"), probs.astype(np.float32)))
    read = page(timeline.close(0.6))
    upper, lower = read.all("path")
    assert heights(lower["d"]) == [(0, [50, 100]), (6, [200, 200, 0])]
    assert heights(upper["d"]) == [(0, [200, 200]), (9, [200, 200])]
    assert read.all("svg", "areas")[0]["viewbox"] == "0 0 12 200"
    assert [upper["fill"], lower["fill"]] == [palette(("a", "b"))["b"], palette(("a", "b"))["a"]]


def test_names_are_escaped_everywhere():
    evil = '</script><b onload="x">&'
    told = summary([(0.0, {1: evil}), (1.0, {1: "b"})], 2, (evil, "b")).named({1: f"Anna {evil}"})
    read = page(told, evil, film=f"{evil} #1?.mp4", notes=[evil])
    assert not read.all("b")
    assert json.loads(read.scripts[0])["labels"][0] == evil
    assert read.all("div", "lane")[0]["aria-label"] == f"Anna {evil}: probabilities over time"
    assert read.all("video")[0]["src"] == "%3C/script%3E%3Cb%20onload%3D%22x%22%3E%26%20%231%3F.mp4"
    assert read.text.count(evil) >= 6


def test_notes_begin_with_a_capital_letter():
    read = page(steady(TWO, 4), "clip.mp4", notes=["the sound was left out", "3 frames were skipped"])
    assert "The sound was left out" in read.text
    assert "3 frames were skipped" in read.text


def test_it_needs_nothing_from_elsewhere():
    text = timeline_page(steady(TWO, 4), "clip.mp4", "tiny")
    assert not re.search(r"https?:|@import|<link|url\((?!#)", re.sub('base64,[^"]+', "", text))
    read = Page(text)
    assert not read.all("video")
    assert {attrs["src"].split(",")[0] for attrs in read.all("img")} == {"data:image/jpeg;base64"}
    assert "Enter" not in read.text


def test_the_thumbnail_is_the_persons():
    read = page(steady({1: (0, 2, "fear")}, 2))
    (portrait,) = read.all("img")
    picture = Pillow.open(io.BytesIO(base64.b64decode(portrait["src"].split(",")[1])))
    assert picture.size == (75, 75)
    bare = steady({1: (0, 2, "fear")}, 2)
    object.__setattr__(bare.people[0], "thumbnail", None)
    assert not page(bare).all("img")


def test_the_film_can_be_played_from_a_time():
    read = page(steady(TWO, 4), film="clip.mien.mp4")
    assert read.all("video")[0]["src"] == "clip.mien.mp4"
    assert "to see the emotions there , click or press Enter to play it . Drag" in read.text


def test_lanes_can_be_reached_and_read_without_a_pointer():
    for lane in page(steady(TWO, 4)).all("div", "lane"):
        assert (lane["tabindex"], lane["role"]) == ("0", "slider")
        assert (lane["aria-valuemin"], lane["aria-valuemax"], lane["aria-valuenow"]) == ("0.0", "4.0", "0.0")
        assert lane["aria-label"].endswith(": probabilities over time")


def test_a_video_without_a_face_says_so():
    read = page(summary([(0.0, {}), (1.0, {})], 2))
    assert "0 people · 2 frames analysed No face was found in this video." in read.text
    assert not read.all("div", "lane")
    assert "0:00.0 long · 0 people · 0 frames analysed" in page(Timeline(SEVEN).close(0)).text


def test_time_without_anybody_is_told():
    assert "nobody in view for 0:02.0" in page(steady({1: (0, 2, "fear")}, 4)).text


def test_those_seen_briefly_and_those_beyond_thirty_are_counted():
    brief = steady({1: (0, 20, "fear"), 2: (3, 3.5, "fear")}, 20)
    assert [person.id for person in shown(brief)] == [1]
    assert "1 more person has no lane here: too briefly seen." in page(brief).text
    crowd = steady(dict.fromkeys(range(1, 41), (0, 2, "fear")), 2, 0.5)
    assert len(page(crowd).all("div", "lane")) == 30
    assert left_out(crowd) == "10 more people have no lane here: the 30 seen longest have one."
    glimpse = steady({1: (0, 0.5, "fear")}, 20)
    assert "Nobody was seen for long enough to show." in page(glimpse).text
    assert left_out(steady({1: (0, 0.2, "fear")}, 1)) == ""


@pytest.mark.parametrize(
    ("span", "words"),
    [
        ((0, 19.7), ["0:00", "0:05", "0:10", "0:15"]),
        ((5, 9.9), ["0:05.0", "0:06.0", "0:07.0", "0:08.0", "0:09.0"]),
        ((0, 2), ["0:00.0", "0:00.5", "0:01.0", "0:01.5", "0:02.0"]),
        ((590, 3700), ["10:00", "20:00", "30:00", "40:00", "50:00", "1:00:00"]),
        ((5, 5), ["0:05.0"]),
    ],
)
def test_the_axis_has_round_times(span, words):
    assert [word for _, word in ticks(*span)] == words


def test_clock():
    times = [0, 59.94, 59.96, 3599.99, 36000, -1.5]
    assert [clock(t, 1) for t in times] == ["0:00.0", "0:59.9", "1:00.0", "1:00:00.0", "10:00:00.0", "-0:01.5"]
    assert clock(3599.99) == "1:00:00"


def test_colours_are_written_as_pages_want_them():
    assert palette(SEVEN)["sadness"] == "#0072b2"
