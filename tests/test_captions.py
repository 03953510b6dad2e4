import re
from itertools import pairwise

from hypothesis import given, settings

from mien.core.emotions import SEVEN
from mien.report.captions import SHORTEST_CAPTION_S, cues, srt, vtt
from mien.tracking.people import UNCERTAIN
from test_timeline import VIDEOS, watched
from tracked_results import steady, summary


def story(*parts: tuple[float, float, dict[int, str]], end_s: float):
    """What is said of (from, to, id -> emotion) looked at every 0.1 s."""
    times = [round(place / 10, 6) for place in range(round(10 * end_s))]
    sights = [next((shown for a, b, shown in parts if a <= t < b), {}) for t in times]
    return summary(list(zip(times, sights, strict=True)), end_s)


def said(told) -> list[tuple[float, float, str]]:
    return [(round(cue.start_s, 6), round(cue.end_s, 6), " / ".join(cue.lines)) for cue in cues(told)]


def test_one_person_is_named_by_the_emotion():
    told = story((0, 2, {1: "sadness"}), (3, 5, {1: "happiness"}), end_s=6)
    assert srt(told) == "1\n00:00:00,000 --> 00:00:02,000\nsadness\n\n2\n00:00:03,000 --> 00:00:05,000\nhappiness\n"
    assert vtt(told) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nsadness\n\n00:00:03.000 --> 00:00:05.000\nhappiness\n"
    )


def test_who_has_a_name_is_named_by_it_even_alone():
    told = steady({1: (0, 4, "fear"), 2: (2, 4, "anger")}, 4).named({1: "A <b>Anna</b> --> B", 7: "nobody"})
    assert said(told) == [
        (0, 2, "A <b>Anna</b> --> B: fear"),
        (2, 4, "A <b>Anna</b> --> B: fear / person 2: anger"),
    ]
    assert "A &lt;b&gt;Anna&lt;/b&gt; --&gt; B: fear\n" in vtt(told)


def test_several_people_have_a_line_each_those_seen_longest():
    told = steady({key: (0, 6 - key / 2, "fear") for key in range(1, 7)} | {9: (0, 7, "anger")}, 8)
    assert said(told)[0] == (0, 4.5, "person 9: anger / person 1: fear / person 2: fear / person 3: fear")
    assert said(told)[-1] == (5.5, 7.0, "anger")


def test_where_lines_are_few_they_go_to_those_who_are_certain():
    crowd = {key: (0, 6 - key / 2, "fear?" if key < 4 else "fear") for key in range(1, 7)}
    assert said(steady(crowd, 6))[0][2] == "person 1: uncertain / person 4: fear / person 5: fear / person 6: fear"
    crowd = dict.fromkeys(range(1, 7), (0, 2, "fear?"))
    assert said(steady(crowd, 2))[0][2] == " / ".join(f"person {key}: uncertain" for key in range(1, 5))


def test_what_is_too_short_gives_way_to_its_neighbour():
    told = story((0, 2, {1: "sadness"}), (2, 2.3, {1: "fear"}), (2.3, 4, {1: "anger"}), end_s=4)
    assert said(told) == [(0, 2, "sadness"), (2, 4, "anger")]
    told = story((0, 2, {1: "sadness"}), (2, 2.3, {1: "fear"}), (2.3, 4, {1: "sadness"}), end_s=4)
    assert said(told) == [(0, 4, "sadness")]
    told = story((0, 2, {1: "sadness"}), (2, 2.3, {1: "fear"}), end_s=4)
    assert said(told) == [(0, 2.3, "sadness")]


def test_what_is_uncertain_is_said_and_never_what_was_guessed():
    told = story((0, 2, {1: "sadness"}), (2, 4, {1: "anger?"}), (4, 6, {1: "fear?"}), end_s=6)
    assert said(told) == [(0, 2, "sadness"), (2, 6, "uncertain")]
    told = story((0, 2, {1: "sadness"}), (2, 2.4, {1: "anger?"}), (2.4, 4, {1: "sadness"}), end_s=4)
    assert said(told) == [(0, 4, "sadness")], "too short to say"
    told = story((0, 2, {1: "sadness?", 2: "fear"}), end_s=2)
    assert said(told) == [(0, 2, "person 1: uncertain / person 2: fear")]


def test_a_face_hidden_for_a_blink_keeps_its_caption():
    told = story((0, 2, {1: "sadness"}), (2.3, 4, {1: "sadness"}), (4.6, 6, {1: "sadness"}), end_s=6)
    assert said(told) == [(0, 4, "sadness"), (4.6, 6, "sadness")]


def test_who_is_seen_for_a_moment_only_can_still_be_read():
    assert said(story((1, 1.2, {1: "fear"}), end_s=6)) == [(1, 1.5, "fear")]
    assert said(story((5.8, 6, {1: "fear"}), end_s=6)) == [(5.5, 6, "fear")]
    assert said(story((0, 0.3, {1: "fear"}), end_s=0.3)) == [(0, 0.3, "fear")]


def test_nobody_says_nothing():
    told = summary([(0.0, {})], 1.0)
    assert (srt(told), vtt(told)) == ("", "WEBVTT\n")


def test_hours_and_names_that_mean_something_to_the_format():
    told = summary([(36610.5, {1: "a --> <b> & c"})], 36611.2504, ("a --> <b> & c", "d"))
    assert vtt(told).splitlines()[2:] == ["10:10:10.500 --> 10:10:11.250", "a --&gt; &lt;b&gt; &amp; c"]
    assert srt(told).splitlines()[1:] == ["10:10:10,500 --> 10:10:11,250", "a --> <b> & c"]


@given(video=VIDEOS)
@settings(max_examples=40)
def test_cues_come_in_order_long_enough_and_no_more_than_changes(video):
    told = watched(video)
    found = cues(told)
    least = min(SHORTEST_CAPTION_S, told.end_s - told.start_s) - 1e-6
    assert all(cue.end_s - cue.start_s >= least for cue in found)
    assert all(one.end_s <= other.start_s + 1e-9 for one, other in pairwise(found))
    assert len(found) <= 2 * sum(len(person.spans) for person in told.people)
    assert bool(found) == bool(told.people)
    assert not found or told.start_s <= found[0].start_s <= found[-1].end_s <= told.end_s
    stamps = re.findall(r"(\d\d):([0-5]\d):([0-5]\d)[.](\d{3})", vtt(told))
    assert len(stamps) == 2 * len(found)
    assert all(word in (*SEVEN, UNCERTAIN) for cue in found for line in cue.lines for word in [line.split(": ")[-1]])
