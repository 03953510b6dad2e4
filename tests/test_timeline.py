import gc
import math
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.core.emotions import SEVEN
from mien.imaging.quality import QUALITIES
from mien.tracking import timeline as module
from mien.tracking.people import UNCERTAIN, Person, Span
from mien.tracking.timeline import MOST_BINS, MOST_PEOPLE, Summary, Timeline
from tracked_results import steady, summary, tracked_result

HAPPY, SAD, NEUTRAL = {1: "happiness"}, {1: "sadness"}, {1: "neutral"}


def test_a_short_story():
    told = summary([(0.0, {}), (0.5, SAD), (1.0, SAD), (1.25, HAPPY), (1.5, SAD), (1.75, {})], 2.0)
    (person,) = told.people
    assert {emotion: s for emotion, s in person.seconds.items() if s} == {"sadness": 1.0, "happiness": 0.25}
    assert list(person.seconds) == list(SEVEN)
    assert (person.seen_s, person.first_s, person.last_s, person.dominant) == (1.25, 0.5, 1.75, "sadness")
    assert person.transitions == {("sadness", "happiness"): 1, ("happiness", "sadness"): 1}
    assert person.spans == (Span(0.5, 1.25, "sadness"), Span(1.25, 1.5, "happiness"), Span(1.5, 1.75, "sadness"))
    assert (told.start_s, told.end_s, told.frames, told.empty_s, told.forgotten) == (0.0, 2.0, 6, 0.75, 0)


def test_what_is_uncertain_is_counted_apart_and_changes_nothing():
    frames = [
        (0.0, HAPPY),
        (0.5, {1: "anger?"}),
        (0.75, HAPPY),
        (1.0, {1: "sadness?"}),
        (1.5, SAD),
        (1.75, {1: "fear?"}),
    ]
    (person,) = summary(frames, 2.0).people
    assert {emotion: s for emotion, s in person.seconds.items() if s} == {"happiness": 0.75, "sadness": 0.25}
    assert (person.uncertain_s, person.certain_s, person.seen_s, person.uncertain_share) == (1.0, 1.0, 2.0, 0.5)
    assert person.shares == [("happiness", 0.75), ("sadness", 0.25)]
    assert person.transitions == {("happiness", "sadness"): 1}
    assert [span.emotion for span in person.spans] == [
        "happiness", UNCERTAIN, "happiness", UNCERTAIN, "sadness", UNCERTAIN,
    ]  # fmt: skip
    assert person.dominant == "happiness"


@pytest.mark.parametrize(("seconds", "dominant"), [(0, UNCERTAIN), (4, UNCERTAIN), (5, "fear"), (10, "fear")])
def test_who_is_uncertain_for_over_half_the_time_is_called_so(seconds: int, dominant: str):
    told = summary([(time_s, {1: "fear" if time_s < seconds else "anger?"}) for time_s in range(10)], 10.0)
    assert told.people[0].dominant == dominant
    assert told.people[0].shares == ([("fear", 1.0)] if seconds else [])


def test_a_bin_knows_what_share_of_it_is_uncertain():
    told = summary([(0.0, HAPPY), (0.025, {1: "happiness?"}), (0.1, {1: "anger?"}), (0.2, SAD), (0.3, {})], 0.4)
    np.testing.assert_allclose(told.people[0].uncertain, [0.75, 1, 0])


def test_the_curve_is_the_mean_of_what_falls_into_a_bin():
    timeline = Timeline(("a", "b"))
    for time_s, share in [(10.0, 1.0), (10.05, 0.5), (10.1, 0.25)]:
        timeline.add(tracked_result(time_s, {7: "a"}, ("a", "b"), np.array([[share, 1 - share]], np.float32)))
    told = timeline.close(10.15)
    assert (told.start_s, told.bin_s) == (10.0, 0.1)
    np.testing.assert_array_equal(told.people[0].bins, [0, 1])
    np.testing.assert_allclose(told.people[0].covered_s, [0.1, 0.05])
    np.testing.assert_allclose(told.people[0].probs, [[0.75, 0.25], [0.25, 0.75]], rtol=1e-6)


def test_a_bin_without_the_person_is_a_gap():
    told = summary([(0.0, HAPPY), (0.1, {}), (0.3, HAPPY)], 0.4)
    np.testing.assert_array_equal(told.people[0].bins, [0, 3])
    assert [span[:2] for span in told.people[0].spans] == [(0.0, 0.1), (0.3, 0.4)]
    assert told.people[0].transitions == {}


def test_a_hole_in_the_video_is_not_counted_as_seen():
    frames = [(place / 10, HAPPY) for place in range(20)]
    told = summary([*frames, (60.0, HAPPY)], 60.1)
    assert told.people[0].seen_s == pytest.approx(1.9 + 1.0 + 0.1)
    assert [span.start_s for span in told.people[0].spans] == [0.0, 60.0]


def test_sampled_frames_count_until_the_next_one():
    told = summary([(0.0, HAPPY), (10.0, SAD), (20.0, {}), (30.0, SAD)], 40.0)
    seconds = told.people[0].seconds
    assert (seconds["happiness"], seconds["sadness"], told.empty_s) == (10.0, 20.0, 10.0)


def test_times_that_stand_still_or_go_back_count_for_nothing():
    told = summary([(1.0, HAPPY), (1.5, SAD), (1.5, SAD), (0.2, SAD), (2.0, HAPPY)], 1.0)
    assert (told.people[0].seen_s, told.start_s, told.end_s) == (1.0, 1.0, 2.0)


def test_nothing_at_all():
    told = Timeline(SEVEN).close(3.0)
    assert (told.people, told.frames, told.empty_s, told.end_s) == ((), 0, 0.0, 3.0)


SIGHTS = st.dictionaries(st.integers(1, 5), st.sampled_from([*SEVEN, "fear?"]), max_size=4)
VIDEOS = st.lists(st.tuples(st.floats(0.001, 30), SIGHTS), min_size=1, max_size=40)


def watched(video: list[tuple[float, dict[int, str]]], backwards: bool = False, far: int = 0) -> Summary:
    timeline, time_s = Timeline(SEVEN), 0.0
    for interval_s, sight in video:
        shown = {key + far: emotion for key, emotion in (reversed(sight.items()) if backwards else sight.items())}
        timeline.add(tracked_result(time_s, shown, image=np.zeros((4, 4, 3), np.uint8)))
        time_s += interval_s
    return timeline.close(time_s)


def totals(person: Person) -> tuple[object, ...]:
    return person.seconds, person.uncertain_s, person.transitions, person.spans, person.first_s, person.last_s


@given(video=VIDEOS)
@settings(max_examples=40)
def test_bins_spans_and_shares_add_up_to_what_was_seen(video: list[tuple[float, dict[int, str]]]):
    told = watched(video)
    for person in told.people:
        assert person.covered_s.sum() == pytest.approx(person.seen_s)
        assert sum(span.end_s - span.start_s for span in person.spans) == pytest.approx(person.seen_s)
        assert (person.doubtful * person.covered_s[:, None]).sum(axis=0) == pytest.approx([*person.doubts.values()])
        assert math.fsum(person.seconds.values()) + person.uncertain_s == pytest.approx(person.seen_s)
        assert (person.uncertain * person.covered_s).sum() == pytest.approx(person.uncertain_s)
        np.testing.assert_allclose(person.probs.sum(axis=1), 1, rtol=1e-5)
        assert (np.diff(person.bins) > 0).all()
        assert (person.covered_s <= told.bin_s * (1 + 1e-8)).all()
        assert person.bins[-1] * told.bin_s < told.end_s - told.start_s
        assert person.bins[-1] < MOST_BINS
        assert person.seen_s + told.empty_s <= told.end_s - told.start_s + 1e-9


def test_means_and_onsets_are_those_of_what_is_certain():
    timeline = Timeline(SEVEN)
    sights = [("fear?", 0.5), ("happiness", 0.9), ("happiness", 0.6), ("sadness", 0.7)]
    for time_s, (emotion, peak) in zip((0.0, 1.0, 2.0, 2.5), sights, strict=True):
        probs = np.full((1, 7), (1 - peak) / 6, np.float32)
        probs[0, SEVEN.index(emotion.removesuffix("?"))] = peak
        timeline.add(tracked_result(time_s, {1: emotion}, probs=probs))
    (person,) = timeline.close(3.0).people
    assert person.onsets == {"happiness": 1.0, "sadness": 2.5}
    assert person.means["happiness"] == pytest.approx((0.9 + 0.5 * 0.6 + 0.5 * 0.05) / 2)
    assert sum(person.means.values()) == pytest.approx(1)
    assert person.valence == pytest.approx((0.9 - 0.1 / 6 + 0.5 * (0.6 - 0.4 / 6) + 0.5 * (0.05 - 0.7)) / 2)
    unsure = steady({1: (0, 1, "fear?")}, 1).people[0]
    assert (unsure.means, unsure.valence, unsure.onsets) == ({}, None, {})
    odd = summary([(0.0, {1: "a"})], 1, ("a", "b")).people[0]
    assert (odd.means, odd.valence) == ({"a": pytest.approx(0.8), "b": pytest.approx(0.2)}, None)


def test_why_a_face_is_uncertain_is_kept_apart():
    timeline = Timeline(SEVEN)
    seen = [("fear", "good"), ("fear?", "good"), ("fear?", "small"), ("fear?", "turned"), ("fear?", "blurred")]
    for place, (emotion, quality) in enumerate(seen):
        timeline.add(tracked_result(place * 0.1, {1: emotion}, quality=quality))
    (person,) = timeline.close(0.6).people
    assert list(person.doubts) == list(QUALITIES)
    assert list(person.doubts.values()) == pytest.approx([0.1, 0.1, 0.1, 0.2])
    np.testing.assert_allclose(
        person.doubtful, [np.eye(4)[k] if k is not None else np.zeros(4) for k in (None, 0, 1, 2, 3, 3)]
    )


@given(video=VIDEOS)
@settings(max_examples=20)
def test_totals_do_not_depend_on_the_bins(video: list[tuple[float, dict[int, str]]]):
    fine = watched(video)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST_BINS", 3)
        coarse = watched(video)
    assert [totals(person) for person in coarse.people] == [totals(person) for person in fine.people]
    for one, other in zip(coarse.people, fine.people, strict=True):
        means = [np.average(person.probs, axis=0, weights=person.covered_s) for person in (one, other)]
        np.testing.assert_allclose(*means, atol=1e-5)
        assert len(one.bins) <= 3


@given(video=VIDEOS)
@settings(max_examples=20)
def test_neither_the_order_of_faces_nor_their_numbers_matter(video: list[tuple[float, dict[int, str]]]):
    told, other = watched(video), watched(video, backwards=True, far=100)
    assert [(p.id + 100, *totals(p)) for p in told.people] == [(p.id, *totals(p)) for p in other.people]


def test_people_come_by_how_long_they_were_seen():
    told = steady({4: (0, 1, "fear"), 2: (0, 3, "neutral"), 3: (2, 3, "anger")}, 3)
    assert [person.id for person in told.people] == [2, 4, 3]


def test_of_very_many_people_those_seen_longest_stay():
    timeline = Timeline(SEVEN)
    for place in range(MOST_PEOPLE + 40):
        timeline.add(tracked_result(place * 0.1, {1: "neutral", 10 + place: "fear"}))
    told = timeline.close(34.0)
    assert (len(told.people), told.forgotten) == (MOST_PEOPLE, 41)
    assert told.people[0].id == 1


def test_no_frame_is_kept_and_an_hour_takes_no_more_bins_than_a_minute():
    timeline = Timeline(SEVEN)
    image = np.zeros((120, 160, 3), np.uint8)
    first = tracked_result(0.0, HAPPY, image=image)
    gone = weakref.ref(image)
    timeline.add(first)
    del first, image
    gc.collect()
    assert gone() is None
    for time_s in range(1, 3600, 2):
        timeline.add(tracked_result(float(time_s), HAPPY))
    told = timeline.close(3600.0)
    assert told.bin_s == pytest.approx(0.1 * 2**6)
    assert len(told.people[0].bins) == math.ceil(3600 / told.bin_s) <= MOST_BINS
    assert told.people[0].spans == (Span(0.0, 3600.0, "happiness"),)
