import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mien.core.arrays import Image
from mien.core.emotions import COLOURS, SEVEN
from mien.core.faces import Faces
from mien.draw._canvas import FAINT, GROUND, TRACK, Canvas, Lettering
from mien.draw._paint import Rect
from mien.draw.history import HATCH_PX, SPAN_S, History, draw_history
from mien.draw.panel import RED, SMALLEST, Panel, Status, mirrored, places, scaled
from mien.tracking.tracked_result import TrackedResult
from tracked_results import PICTURE, tracked_result

BOXES = np.array([[10, 20, 50, 70], [100, 30, 150, 90]], np.float32)
SIZE = (640, 480)
PANEL = Panel()


def mixed(*shares: dict[str, float]) -> np.ndarray:
    return np.array([[one.get(label, 0.0) for label in SEVEN] for one in shares], np.float32)


def history(times: np.ndarray, emotion: str = "happiness", person: int = 1) -> History:
    found = History()
    for time_s in times.tolist():
        found.add(tracked_result(time_s, {person: emotion}, probs=mixed({emotion: 1.0})))
    return found


def part(image: Image, area: Rect) -> Image:
    return image[area.y1 : area.y2, area.x1 : area.x2]


def pixels(image: Image, colour: tuple[int, int, int]) -> int:
    return int((image == colour).all(axis=-1).sum())


def two_faces() -> TrackedResult:
    return tracked_result(1.0, {4: "happiness", 7: "sadness"}, boxes=BOXES)


def test_mirrored_people_see_themselves_and_the_data_stay_right():
    before = two_faces()
    before.faces.landmarks[0, 0] = 15, 30
    after = mirrored(before)
    assert isinstance(after, TrackedResult)
    np.testing.assert_array_equal(after.frame.image, before.frame.image[:, ::-1])
    np.testing.assert_array_equal(after.faces.boxes, [[110, 20, 150, 70], [10, 30, 60, 90]])
    np.testing.assert_array_equal(after.faces.landmarks[0, 0], [145, 30])
    assert (after.ids.tolist(), after.shown, after.frame.time_s) == ([4, 7], before.shown, 1.0)
    np.testing.assert_array_equal(before.faces.boxes, BOXES)
    again = mirrored(after)
    np.testing.assert_array_equal(again.frame.image, before.frame.image)
    np.testing.assert_array_equal(again.faces.boxes, before.faces.boxes)


def test_scaled_faces_stay_on_their_place():
    after = scaled(two_faces(), (320, 60))
    assert (after.frame.image.shape, after.frame.size, after.frame.scale) == ((60, 320, 3), (320, 60), 1)
    np.testing.assert_array_equal(after.faces.boxes[0], [20, 10, 100, 35])


@given(
    size=st.tuples(st.integers(1, 1500), st.integers(1, 1000)),
    people=st.integers(0, 6),
    paused=st.booleans(),
    note=st.text(max_size=80),
    picture=st.tuples(st.integers(1, 400), st.integers(1, 400)),
)
@example(size=(1, 1), people=0, paused=False, note=" ", picture=(1, 1))
@settings(max_examples=60)
def test_any_window_gets_a_panel_of_its_size(
    size: tuple[int, int], people: int, paused: bool, note: str, picture: tuple[int, int]
):
    shown = tracked_result(3.0, dict.fromkeys(range(1, people + 1), "fear"), image=np.full((*picture, 3), 99, np.uint8))
    past = History()
    past.add(shown)
    status = Status(30, 12, 70.0 if paused else None, paused, note, note, [("q", "quit")] if paused else [])
    image = PANEL(shown, past, status, size)
    assert (image.shape, image.dtype) == ((max(size[1], SMALLEST[1]), max(size[0], SMALLEST[0]), 3), np.uint8)


@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (320, 240), (700, 1200), (2560, 1440)])
def test_the_parts_lie_apart_within_the_panel(size: tuple[int, int]):
    where = places(size)
    taken = np.zeros((size[1], size[0]), int)
    for area in where[:4]:
        assert 0 <= area.x1 < area.x2 <= size[0]
        assert 0 <= area.y1 < area.y2 <= size[1]
        part(taken[..., None], area)[...] += 1
    assert taken.max() == 1
    assert where.picture.x2 - where.picture.x1 > 0.65 * size[0]


def test_the_picture_is_shown_as_large_as_it_fits_and_stays_as_it_is():
    white = np.full((50, 100, 3), 255, np.uint8)
    image = PANEL(tracked_result(0, {}, image=white), History(), Status(), SIZE)
    area = places(SIZE).picture
    assert (white == 255).all()
    rows, columns = np.nonzero((part(image, area) == 255).all(axis=-1))
    width = area.x2 - area.x1
    assert (np.ptp(columns) + 1, np.ptp(rows) + 1) == (width, round(width / 2))
    assert abs((rows.min() + rows.max()) / 2 - (area.y2 - area.y1) / 2) <= 1


def test_bars_are_as_long_as_probabilities():
    probs = mixed({"happiness": 0.75, "anger": 0.25})
    side = part(PANEL(tracked_result(0, {1: "happiness"}, probs=probs), History(), Status(), SIZE), places(SIZE).side)
    lengths = {
        label: np.ptp(np.nonzero((side == COLOURS[label]).all(axis=-1))[1]) + 1 for label in ("happiness", "anger")
    }
    assert lengths["happiness"] / lengths["anger"] == pytest.approx(3, rel=0.1)
    assert pixels(side, COLOURS["fear"]) == 0
    assert pixels(side, TRACK) > 0


def test_up_to_four_faces_get_bars_and_without_one_the_colours_are_explained():
    side = places((1280, 720)).side

    def yellow_rows(people: int) -> int:
        shown = tracked_result(0, dict.fromkeys(range(1, people + 1), "happiness"))
        rows = (
            (part(PANEL(shown, History(), Status(), (1280, 720)), side) == COLOURS["happiness"])
            .all(axis=-1)
            .any(axis=1)
        )
        return int(np.count_nonzero(np.diff(rows.astype(int)) == 1))

    assert [yellow_rows(people) for people in range(7)] == [1, 1, 2, 3, 4, 4, 4]


def test_faces_stand_in_the_order_of_their_ids():
    probs = mixed({"happiness": 1.0}, {"anger": 1.0})
    shown = tracked_result(0, {9: "happiness", 2: "anger"}, probs=probs, boxes=BOXES)
    side = part(PANEL(shown, History(), Status(), SIZE), places(SIZE).side)
    first = {label: np.nonzero((side == COLOURS[label]).all(axis=-1))[0].min() for label in ("happiness", "anger")}
    assert first["anger"] < first["happiness"]


def test_the_history_forgets_and_leaves_out_what_no_window_could_show():
    past = history(np.arange(0, 60, 0.01))
    (points,) = past.stretches(1)
    times = [time_s for time_s, *_ in points]
    assert times[-1] == pytest.approx(59.99, abs=0.05)
    assert past.now_s == pytest.approx(59.99)
    assert times[0] <= 59.99 - SPAN_S < times[1]
    assert min(np.diff(times)) >= 0.0499
    assert len(times) <= SPAN_S / 0.05 + 2


def test_three_people_seen_most_have_lanes_in_the_order_of_ids():
    past = History()
    for place, people in enumerate([(5, 8)] * 3 + [(2, 5, 8, 3)] * 4 + [(3,)] * 9):
        past.add(tracked_result(place / 10, dict.fromkeys(people, "fear")))
    assert past.people() == [3, 5, 8]


def test_those_in_view_have_lanes_before_those_who_are_gone():
    past = History()
    for place, people in enumerate([(1, 2, 3)] * 20 + [(4, -1)] * 8):
        past.add(tracked_result(place / 10, dict.fromkeys(people, "fear")))
    assert past.people() == [1, 2, 4], "one who came last; who is gone fills the room that is left"
    past.add(tracked_result(2.8, dict.fromkeys((5, 6), "fear")))
    assert past.people() == [4, 5, 6], "and who was missed for a moment keeps the lane"


def test_a_person_who_was_away_leaves_a_gap_and_a_program_that_was_busy_does_not():
    past = History()
    for time_s in (0.0, 0.1, 1.5):
        past.add(tracked_result(time_s, {1: "fear"}))
    past.add(tracked_result(1.6, {}))
    for time_s in (1.9, 4.5):
        past.add(tracked_result(time_s, {1: "fear"}))
    past.add(tracked_result(4.6, {}))
    past.add(tracked_result(5.3, {1: "fear"}))
    assert [[time_s for time_s, *_ in points] for points in past.stretches(1)] == [[0.0, 0.1, 1.5, 1.9], [4.5], [5.3]]


def drawn(past: History, width: int = 600, height: int = 100) -> tuple[Image, int]:
    """Draw a history of a width and return it with the height of its lanes."""
    canvas = Canvas((width, height), Lettering())
    draw_history(canvas, Rect(0, 0, width, height), past, [COLOURS[label] for label in SEVEN], 10)
    return canvas.image, height - canvas.height_px(10)


def test_the_areas_lie_at_their_times_and_are_as_high_as_probabilities():
    past = History()
    for time_s in np.arange(0, 15, 0.1).tolist():
        past.add(
            tracked_result(time_s, {1: "happiness"}, probs=mixed({"neutral": 0.25, "happiness": 0.5, "fear": 0.25}))
        )
    image, high = drawn(past)
    seen = image[: high - 4, 450]
    shares = {label: pixels(seen[None], COLOURS[label]) / high for label in ("neutral", "happiness", "fear")}
    # Some rows at the bottom may belong to the ticks, and those on a border are mixed.
    assert shares == pytest.approx({"neutral": 0.25, "happiness": 0.5, "fear": 0.25}, abs=0.06)
    assert (seen[2] == COLOURS["fear"]).all()
    assert pixels(image[: high - 4, :290], TRACK) == 290 * (high - 4)  # 14.9 s of 30 lie right of 302
    assert (image[high // 2, [310, 598]] == COLOURS["happiness"]).all()


def test_what_is_uncertain_is_faded_and_hatched():
    past = History()
    for time_s in np.arange(0, 30, 0.1).tolist():
        past.add(
            tracked_result(time_s, {1: "happiness" if time_s < 15 else "happiness?"}, probs=mixed({"happiness": 1}))
        )
    image, high = drawn(past)
    certain, unsure = image[: high - 4, 4:298], image[: high - 4, 304:]
    assert certain.min(axis=-1).max() < 100
    assert unsure.min(axis=-1).max() > 200, "a word explains it"
    assert pixels(certain, COLOURS["happiness"]) == certain.shape[0] * certain.shape[1]
    assert pixels(unsure, COLOURS["happiness"]) == 0
    assert pixels(unsure, FAINT) == pytest.approx(2 / HATCH_PX * unsure.shape[0] * unsure.shape[1], rel=0.15)


def test_without_anyone_the_history_is_empty():
    image, high = drawn(History())
    assert pixels(image[: high - 4], TRACK) == 600 * (high - 4)


def test_recording_and_trouble_are_seen():
    shown = two_faces()
    plain, recording, trouble = (
        PANEL(shown, History(), status, SIZE)
        for status in (Status(), Status(recorded_s=5.0), Status(trouble="the camera is " + "far " * 30 + "away"))
    )
    where = places(SIZE)
    assert pixels(part(plain, where.status), RED) == 0
    assert pixels(part(recording, where.status), RED) > 20
    middle = part(trouble, where.picture)
    box = (middle == TRACK).all(axis=-1)
    assert box.any(axis=1).sum() > 3 * 14  # several lines, since one would be too long
    assert not box[:, 0].any()
    assert not box[:, -1].any()


def test_before_the_first_picture_there_is_a_panel_too():
    image = PANEL(None, History(), Status(), SIZE)
    assert pixels(image, GROUND) > 0.5 * SIZE[0] * SIZE[1]
    assert pixels(part(image, places(SIZE).picture), TRACK) > 0


def test_a_line_beyond_the_edge_is_cut():
    canvas = Canvas((40, 20), Lettering())
    assert canvas.write("abc", (30, 5), 12.0) > 40
    assert canvas.write("abc", (-100, -3), 12.0) < 0
    assert (canvas.image[:, :30] == GROUND).all()
    assert not (canvas.image[:, 30:] == GROUND).all()


def test_pictures_are_drawn_on_a_copy():
    assert PICTURE.shape == (120, 160, 3)
    before = PICTURE.copy()
    faces = Faces(BOXES, np.full((2, 5, 2), np.nan, np.float32), np.ones(2, np.float32))
    PANEL(tracked_result(0, {1: "fear", 2: "anger"}, boxes=faces.boxes), History(), Status(), (160, 120))
    np.testing.assert_array_equal(PICTURE, before)
