"""The page of a timeline in a browser: zoom, people, exports."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from browser import CHROMIUM, Page, browser
from mien.report.events import Event
from mien.report.timeline_page import timeline_page
from tracked_results import steady, summary

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

SIGHTS = [
    (t / 10, {1: "sadness" if t < 40 else "fear?", 2: "happiness"} if t < 60 else {1: "fear?"}) for t in range(80)
]
TOLD = summary(SIGHTS, 8)
LANE = "document.querySelectorAll('.lane')[0]"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("browser")) as page:
        page.call("Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False)
        yield page


@pytest.fixture
def page(chromium: Page, tmp_path: Path) -> Iterator[Page]:
    file = tmp_path / "clip.html"
    file.write_text(timeline_page(TOLD, 'my "clip", 1.mp4', "mien", events=[Event("advert", 2, 3)]), encoding="utf-8")
    chromium.complaints.clear()
    chromium.open(file.as_uri())
    yield chromium
    assert chromium.complaints == []


def shown(page: Page) -> list[float]:
    return [round(edge, 3) for edge in page.value("[view.from, view.to]")]


def words(page: Page) -> list[str]:
    return page.value("[...document.querySelector('.axis').children].map((one) => one.textContent)")


def press(page: Page, selector: str) -> None:
    page.value(f"document.querySelector({selector!r}).click()")


def key(page: Page, name: str) -> None:
    page.value(f"{LANE}.dispatchEvent(new KeyboardEvent('keydown', {{ key: {name!r}, bubbles: true }}))")


def mouse(page: Page, kind: str, share: float, place: int = 0) -> None:
    """Move, press or release at a share of a lane's width."""
    x, y = page.value(
        f"{{ const box = lanes[{place}].getBoundingClientRect(); "
        f"[box.left + {share} * box.width, box.top + box.height / 2]; }}"
    )
    button = "none" if kind == "mouseMoved" else "left"
    page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, buttons=1, clickCount=1)


def test_a_drag_zooms_all_lanes_and_the_whole_comes_back(page: Page):
    assert (shown(page), words(page)[:2]) == ([0, 8], ["0:00.0", "0:02.0"])
    mouse(page, "mousePressed", 0.25)
    mouse(page, "mouseMoved", 0.4)
    mouse(page, "mouseMoved", 0.5)
    assert not page.value("document.querySelector('.pick').hidden")
    mouse(page, "mouseReleased", 0.5)
    assert shown(page) == pytest.approx([2, 4], abs=0.03)
    assert page.value("document.querySelector('.pick').hidden")
    strips = (
        "[...document.querySelectorAll('.lane .strip')].map((one) => Math.round(one.getBoundingClientRect().width))"
    )
    wide = page.value(f"{LANE}.getBoundingClientRect().width")
    assert page.value(strips) == pytest.approx([4 * wide] * 2, rel=0.02)
    assert "0:02.5" in words(page)
    assert page.value("document.getElementById('state').textContent").startswith("The lanes show 0:02.0 to 0:04.0;")
    page.value("zoom(2.5, 4)")
    name, lane = "document.querySelector('.events span')", f"{LANE}.getBoundingClientRect()"
    assert page.value(f"{name}.getBoundingClientRect().left - {lane}.left") == pytest.approx(0, abs=1)
    page.value("zoom(3.5, 5)")
    assert page.value(f"{name}.getBoundingClientRect().left - {lane}.left") < -100
    press(page, "#whole")
    assert (shown(page), page.value("document.getElementById('state').hidden")) == ([0, 8], True)


def test_buttons_and_keys_zoom_and_move(page: Page):
    press(page, "#closer")
    assert shown(page) == [2, 6]
    press(page, "#on")
    assert shown(page) == [4, 8]
    press(page, "#back")
    press(page, "#farther")
    assert shown(page) == [0, 8]
    for _ in range(9):
        press(page, "#closer")
    assert shown(page) == [3.75, 4.25], "no fewer than five bins"
    key(page, "0")
    key(page, "Home")
    key(page, "+")
    assert shown(page)[0] == pytest.approx(0.025), "around the moment that is marked"
    key(page, "End")
    assert shown(page)[1] == 8, "the moment stays in view"
    key(page, "-")
    assert shown(page) == [0, 8]
    assert page.value(f"{LANE}.getAttribute('aria-valuetext')").startswith("0:08.0, uncertain, not sure: fear 80 %")


def test_pointing_at_the_edge_of_what_is_shown_moves_nothing(page: Page):
    page.value("zoom(2.07, 4)")
    mouse(page, "mouseMoved", 0.001)
    assert shown(page) == [2.07, 4]
    assert page.value("document.getElementById('tip').innerText").startswith("0:02.1 · person 1")


def test_people_can_be_hidden_and_shown_alone(page: Page):
    visible = "sections.map((one) => one.offsetHeight > 0)"
    press(page, ".person:nth-of-type(2) [data-do=alone]")
    assert page.value(visible) == [False, True]
    assert page.value("document.getElementById('state').textContent") == "1 person is hidden."
    press(page, "#everyone")
    press(page, ".person [data-do=hide]")
    assert page.value(visible) == [False, True]
    assert page.value("document.activeElement === lanes[1]")
    press(page, "#everyone")
    assert page.value(visible) == [True, True]


def rename(page: Page, name: str, end: str = "Enter") -> None:
    press(page, ".person [data-do=rename]")
    page.value(
        "{ const field = document.querySelector('h2 input'); field.value = " + json.dumps(name) + ";"
        f"field.dispatchEvent(new KeyboardEvent('keydown', {{ key: {end!r} }})); }}"
    )


def test_a_name_is_kept_in_the_table_and_in_a_page_that_is_saved(page: Page, tmp_path: Path):
    heading = "document.querySelector('h2').textContent"
    rename(page, "nobody", "Escape")
    rename(page, "  ")
    assert page.value(heading) == "person 1"
    assert page.value("document.getElementById('unsaved').hidden")
    rename(page, 'Anna </script> "A"')
    assert page.value(heading) == 'Anna </script> "A"'
    assert page.value(f"{LANE}.getAttribute('aria-label')").startswith("Anna")
    assert page.value("document.getElementById('unsaved').offsetHeight") > 0
    (_, row, *_) = csv.reader(io.StringIO(page.value("laneTable(0)")))
    assert row[:3] == ['my "clip", 1.mp4', "1", 'Anna </script> "A"']
    press(page, "#closer")
    press(page, ".person:nth-of-type(2) [data-do=hide]")
    page.value("unsaved = false; tell()")
    saved = tmp_path / "saved.html"
    saved.write_text(page.value("pageText()"), encoding="utf-8")
    page.open(saved.as_uri())
    assert page.value(heading) == 'Anna </script> "A"'
    assert (shown(page), page.value("sections.some((one) => one.hidden)")) == ([0, 8], False)
    assert page.value("laneTable(0)").count("Anna") == 80
    assert page.value("document.querySelectorAll('#tip').length") == 1


def test_a_lane_can_be_saved_as_a_table(page: Page):
    rows = list(csv.DictReader(io.StringIO(page.value("laneTable(1)"))))
    assert len(rows) == 60
    assert {row["name"] for row in rows} == {"person 2"}
    assert (rows[1]["start_s"], rows[1]["end_s"], rows[-1]["end_s"]) == ("0.1", "0.2", "6")
    assert (rows[0]["uncertain"], rows[0]["p_happiness"], rows[0]["p_fear"]) == ("", "0.8", "0.033")
    unsure = list(csv.DictReader(io.StringIO(page.value("laneTable(0)"))))
    assert [row["uncertain"] for row in unsure] == [""] * 40 + ["not sure"] * 40
    assert page.value("laneFile(1, 'csv')") == "my _clip__ 1 person 2.mien.csv"


COLOURS = """(() => {
  const canvas = lanePicture(0), seen = {};
  const bytes = canvas.getContext("2d").getImageData(0, 112, canvas.width, 300).data;
  for (let k = 0; k < bytes.length; k += 4) {
    const colour = bytes.slice(k, k + 3).join(" ");
    seen[colour] = (seen[colour] ?? 0) + 1;
  }
  return seen;
})()"""
SADNESS, FEAR = "0 114 178", "204 121 167"


def test_a_lane_can_be_saved_as_a_picture_of_what_is_shown(page: Page):
    whole = page.value(COLOURS)
    assert whole[SADNESS] == pytest.approx(0.8 * 300 * 2304 / 2, rel=0.05)
    page.value("zoom(0, 2)")
    closer = page.value(COLOURS)
    assert closer[SADNESS] == pytest.approx(0.8 * 300 * 2304, rel=0.05)
    assert whole.get(FEAR, 0) < whole[SADNESS] / 20, "what is uncertain is faded"


def test_thirty_people_need_little_room_and_a_phone_no_more_than_its_width(chromium: Page, tmp_path: Path):
    file = tmp_path / "crowd.html"
    crowd = steady({key: (0, 4 - key / 100, "fear") for key in range(1, 31)}, 4, 0.5)
    file.write_text(timeline_page(crowd, "crowd.mp4", "mien", events=[Event("advert", 1, 2)]), encoding="utf-8")
    chromium.open(file.as_uri())
    assert chromium.value("sections.length") == 30
    assert chromium.value("root.scrollHeight") < 2500
    tall = "sections[0].offsetHeight"
    low = chromium.value(tall)
    press(chromium, ".person summary")
    assert chromium.value(tall) > 2 * low
    assert chromium.value("sections[0].querySelector('.tools').offsetHeight") > 0
    chromium.call("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=True)
    assert chromium.value("root.scrollWidth") == 390
    chromium.call("Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False)


def test_a_page_without_people_has_nothing_to_press(chromium: Page, tmp_path: Path):
    file = tmp_path / "empty.html"
    file.write_text(timeline_page(replace(TOLD, people=()), "empty.mp4", "mien"), encoding="utf-8")
    chromium.complaints.clear()
    chromium.open(file.as_uri())
    assert chromium.complaints == []
    assert not chromium.value("document.querySelectorAll('button').length")
