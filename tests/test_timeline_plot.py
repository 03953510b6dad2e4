import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image as Pillow

from mien.core.errors import MissingExtra, UsageError
from mien.report.timeline_plot import timeline_figure, write_timeline
from tracked_results import steady, summary

TWO = steady({1: (0, 4, "sadness"), 2: (1, 2, "happiness")}, 4)
BLUE, YELLOW, EMPTY = (0, 114, 178), (240, 228, 66), (244, 246, 248)


def test_a_lane_a_person_in_the_emotions_colours(tmp_path: Path):
    write_timeline(TWO, tmp_path / "a.png", "a $clip$ 猫")
    pixels = np.asarray(Pillow.open(tmp_path / "a.png").convert("RGB"))
    counts = {colour: int((pixels == colour).all(axis=2).sum()) for colour in (BLUE, YELLOW, EMPTY)}
    assert counts[BLUE] > 3 * counts[YELLOW] > 0
    assert counts[EMPTY] > 2.5 * counts[YELLOW]
    assert list(tmp_path.iterdir()) == [tmp_path / "a.png"]


def test_the_areas_stand_where_the_person_was_seen():
    axes = timeline_figure(TWO.named({2: "$Ebenezer$ Scrooge"})).axes
    spans = [axis.collections[0].get_paths()[0].get_extents().intervalx for axis in axes]
    np.testing.assert_allclose(spans, [(0, 4), (1, 2)])
    texts = [[text.get_text() for text in axis.texts] for axis in axes]
    assert texts == [
        ["person 1", "mostly sadness\n0:04.0 in view"],
        ["$Ebenezer$ Sc…", "mostly happiness\n0:01.0 in view"],
    ]
    assert [label.get_text() for label in axes[-1].get_xticklabels()] == [f"0:0{s // 2}.{s % 2 * 5}" for s in range(9)]


def test_what_is_uncertain_is_hatched():
    figure = timeline_figure(summary([(0.0, {1: "fear"}), (1.0, {1: "anger?"}), (2.5, {1: "fear"})], 4.0))
    *areas, bands = figure.axes[0].collections
    assert not any(area.get_hatch() for area in areas)
    assert bands.get_hatch()
    assert [path.get_extents().intervalx.tolist() for path in bands.get_paths()] == [pytest.approx([1, 2.5])]
    assert figure.axes[0].texts[1].get_text() == "mostly fear\n0:04.0 in view\n38\N{NO-BREAK SPACE}% uncertain"
    assert [text.get_text() for text in figure.legends[0].get_texts()][-1] == "uncertain: not sure"
    assert len(timeline_figure(TWO).legends[0].get_texts()) == 7
    throughout = timeline_figure(steady({1: (0, 4, "anger?")}, 4)).axes[0].texts[1].get_text()
    assert throughout == "uncertain throughout\n0:04.0 in view"


def test_an_svg_is_one_and_the_same_each_time(tmp_path: Path):
    for name in ("a.svg", "b.SVG"):
        write_timeline(TWO, tmp_path / name, "clip")
    text = (tmp_path / "a.svg").read_bytes()
    assert text == (tmp_path / "b.SVG").read_bytes()
    assert ET.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    assert b"<dc:date>" not in text


def test_a_video_without_a_face_says_so():
    figure = timeline_figure(summary([(0.0, {})], 1))
    assert [text.get_text() for text in figure.texts] == ["No face was found in this video."]
    assert figure.axes == []


def test_who_has_no_lane_is_counted():
    figure = timeline_figure(steady(dict.fromkeys(range(1, 33), (0, 2, "fear")), 2, 0.5))
    assert len(figure.axes) == 30
    assert figure.get_figheight() < 18
    assert figure.axes[-1].get_xlabel() == "2 more people have no lane here: the 30 seen longest have one."


def test_a_long_note_stays_in_the_picture():
    told = replace(steady({1: (0, 4, "fear"), 2: (0, 0.1, "anger")}, 4), not_people=tuple(range(10, 30)))
    figure = timeline_figure(told)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    note = figure.axes[-1].xaxis.label
    assert note.get_text().count("\n") == 1
    assert note.get_window_extent(canvas.get_renderer()).x1 < figure.bbox.x1


def test_other_suffixes_are_refused(tmp_path: Path):
    with pytest.raises(UsageError, match=r"\.png or \.svg; got 'a\.jpg'"):
        write_timeline(TWO, tmp_path / "a.jpg")


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib" or name == "mien.report.plots"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"pip install 'mien\[video\]'"):
        write_timeline(TWO, tmp_path / "a.png")
    assert not list(tmp_path.iterdir())
