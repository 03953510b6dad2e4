"""Who is counted as a person, and what is told of what is not."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from clips import EXAMPLES, moving_portrait, write_clip
from command import Command
from mien.core.arrays import Image
from mien.core.emotions import SEVEN
from mien.core.frame import Frame
from mien.detection.close_up import face_score
from mien.imaging.decode import read
from mien.report.lanes import left_out, nobody
from mien.tracking import people_in_view
from mien.tracking import timeline as module
from mien.tracking.people_in_view import PeopleInView
from mien.tracking.person_rule import CLOSE_UP_SCORE, SURE_SCORE
from mien.tracking.timeline import Summary, Timeline
from test_timeline_page import Page
from tracked_results import tracked_result

HEAD = read(EXAMPLES / "astronaut.png")[0:260, 100:360]
FACE = np.array([[78, 63, 168, 176]], np.float32)


def followed(scores: list[float], step_s: float = 0.1) -> Summary:
    """Of one id with these scores, frame by frame, in a picture without a face."""
    timeline = Timeline(SEVEN)
    for place, score in enumerate(scores):
        timeline.add(tracked_result(place * step_s, {4: "fear"}, score=score))
    return timeline.close(len(scores) * step_s)


@pytest.mark.parametrize(
    ("scores", "counted"),
    [
        ([0.82], True),
        ([0.819], False),
        ([0.9] + 9 * [0.7], True),
        ([0.9] + 10 * [0.7], False),
        (11 * [0.9] + 500 * [0.7], True),
        (9 * [0.9] + 500 * [0.7], False),
        (500 * [0.81], False),
    ],
)
def test_a_person_is_surely_a_face_for_a_tenth_of_the_time_or_a_second(scores: list[float], counted: bool):
    told = followed(scores)
    assert ([person.id for person in told.people], told.not_people) == (([4], ()) if counted else ([], (4,)))


@pytest.mark.parametrize("counted", [False, True])
def test_one_frame_alone_is_judged_too(counted: bool):
    timeline = Timeline(SEVEN)
    timeline.add(tracked_result(2.0, {1: "fear"}, score=SURE_SCORE if counted else 0.81))
    assert len(timeline.close(2.0).people) == counted


def test_an_id_counts_as_a_person_as_far_as_can_be_told_by_then():
    view = PeopleInView()
    told: list[bool] = []
    for place, score in enumerate([0.8, 0.9] + 30 * [0.7]):
        result = tracked_result(place * 0.1, {4: "fear"}, score=score)
        view.add(result)
        told.append(view.counts(4))
        assert len(view.people(result)) == told[-1]
    assert told[:3] == [False, False, True], "what is seen in a frame counts until the next one"
    assert (told[9], told[13]) == (True, False)
    assert not view.counts(5)


def test_those_who_left_long_ago_are_let_go(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(people_in_view, "MOST_IDS", 3)
    view = PeopleInView()
    for key in range(1, 6):
        view.add(tracked_result(key, {1: "fear", key + 1: "fear"}, score=0.9))
    assert [key for key in range(8) if view.counts(key)] == [1, 5, 6], "who is in view stays"


def seen_as(image: Image, shown: Image | None = None) -> Summary:
    """Of a face that the detector doubts, in a picture."""
    timeline = Timeline(SEVEN)
    frame = None if shown is None else Frame(shown)
    timeline.add(tracked_result(0.0, {1: "fear"}, boxes=FACE, score=0.71, image=image), frame)
    return timeline.close(0.1)


def test_who_is_doubted_is_looked_at_closely():
    assert len(seen_as(HEAD).people) == 1
    assert len(seen_as(np.ascontiguousarray(HEAD[::-1])).people) == 0
    assert len(seen_as(np.full_like(HEAD, 127)).people) == 0


def test_who_is_hidden_is_judged_by_what_was_seen():
    hidden = np.full_like(HEAD, 127)
    (person,) = seen_as(HEAD, hidden).people
    assert person.thumbnail is not None
    assert np.unique(person.thumbnail).tolist() == [127]


@pytest.mark.parametrize("side_px", [24, 48, 200])
def test_a_close_up_tells_a_face_at_every_size_from_hair_and_from_a_plain_ground(side_px: int):
    face = cv2.resize(HEAD[35:205, 38:208], (side_px, side_px), interpolation=cv2.INTER_AREA)
    hair = cv2.resize(HEAD[0:60, 60:120], (side_px, side_px), interpolation=cv2.INTER_AREA)
    assert face_score(np.asarray(face, np.uint8)) >= CLOSE_UP_SCORE
    assert face_score(np.asarray(hair, np.uint8)) < CLOSE_UP_SCORE - 0.2
    assert face_score(np.full((side_px, side_px, 3), 127, np.uint8)) < CLOSE_UP_SCORE - 0.2


def test_nobody_is_in_view_while_only_what_is_no_person_is_seen():
    timeline = Timeline(SEVEN)
    for place in range(10):
        shown, score = ({1: "fear"}, 0.9) if place < 3 else ({2: "fear"}, 0.71) if place < 8 else ({}, 0.9)
        timeline.add(tracked_result(place, shown, score=score))
    told = timeline.close(10)
    assert ([person.id for person in told.people], told.not_people, told.empty_s) == ([1], (2,), 7)


def test_of_very_many_those_who_are_no_people_are_named_all_the_same(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST_PEOPLE", 5)
    timeline = Timeline(SEVEN)
    for place in range(30):
        timeline.add(tracked_result(place, {100 - place: "fear"}, score=0.9 if place % 2 else 0.71))
    told = timeline.close(30)
    assert told.not_people == tuple(range(72, 101, 2))
    assert len(told.people) + told.forgotten == 15
    assert left_out(told).endswith(
        "15 more (ids 72, 74, 76, 78, 80, 82, 84, 86, ...) are not counted as people: too little of what was seen is "
        "surely a face."
    )


def test_why_there_is_no_lane_is_said():
    assert nobody(followed([])) == "No face was found in this video."
    assert nobody(followed([0.7])) == "No face was found that surely is one."
    assert left_out(followed([0.7])) == (
        "1 more (id 4) is not counted as a person: too little of what was seen is surely a face."
    )


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A head, and beside it one so blurred that it could be anything."""
    images: list[Image] = []
    for image, _ in moving_portrait(20, (640, 180), begin=0.05, end=0.1):
        head = cv2.GaussianBlur(image[:, :320], (0, 0), 5)
        images.append(np.hstack([image[:, :320], np.asarray(head, np.uint8)]))
    return write_clip(tmp_path_factory.mktemp("clips") / "two.mp4", images)


def test_what_is_no_person_is_said_everywhere_and_keeps_its_rows(mien: Command, clip: Path):
    outcome = mien("video", clip, "--data", "csv", "--page", "--captions", "srt", "--timeline", "svg")
    why = "1 more (id 2) is not counted as a person: too little of what was seen is surely a face"
    assert (outcome.code, outcome.err) == (0, f"mien: {clip}: {why}\n")
    assert [line.split("\t")[1] for line in outcome.out.splitlines()] == ["1"]
    page = Page(Path("two.mien.html").read_text(encoding="utf-8"))
    assert "1 person" in page.text
    assert why in page.text
    assert "person 2" not in page.text
    assert why.partition(":")[0] in Path("two.mien.svg").read_text(encoding="utf-8")
    assert "person" not in Path("two.mien.srt").read_text(encoding="utf-8"), "one person needs no name"
    with Path("two.mien.csv").open(newline="", encoding="utf-8") as file:
        assert {row["id"] for row in csv.DictReader(file)} == {"1", "2"}
    end = json.loads(Path("two.mien.csv.jsonl").read_bytes().splitlines()[-1])
    assert end["not_people"] == [2]


def test_who_is_counted_is_the_same_with_hidden_faces(mien: Command, tmp_path: Path):
    far = write_clip(tmp_path / "far.mp4", [image for image, _ in moving_portrait(10, (640, 360), 40)])
    told = [mien("video", far, "--page", "--force", *more) for more in ((), ("--blur",))]
    assert [one.err for one in told] == ["", ""]
    assert told[0].out == told[1].out != ""
