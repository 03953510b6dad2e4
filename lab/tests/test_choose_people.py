from pathlib import Path

import numpy as np
import pytest

import choose_people
from clips import moving_portrait, write_clip
from mien.core.emotions import SEVEN
from mien.inference.analyzer import load
from mien.tracking.person_rule import CLOSE_UP_SCORE
from mien.tracking.timeline import Timeline
from tracked_results import tracked_result


@pytest.mark.parametrize("sure", [0, 1, 3, 4, 11, 40])
def test_the_rule_is_that_of_the_program(sure: int):
    scores = np.random.default_rng(0).permutation([0.9] * sure + [0.7] * (40 - sure)).tolist()
    timeline = Timeline(SEVEN)
    for number, score in enumerate(scores):
        timeline.add(tracked_result(number / 4, {1: "fear"}, score=score))
    track = choose_people.Track([n / 4 for n in range(40)], scores, [0.25] * 40)
    assert len(choose_people.people({1: track})) == (len(timeline.close(10.0).people) == 1)


def test_one_who_stays_looks_like_before(tmp_path: Path):
    analyzer = load(threads=1)
    clip = write_clip(tmp_path / "walk.mp4", [image for image, _ in moving_portrait(4, end=0.1)])
    seen = choose_people.searched(clip, analyzer)
    assert [round(one.lasts_s, 2) for one in seen] == [0.04] * 4
    (track,) = choose_people.tracks(seen, analyzer, {}).values()
    assert track.closely() >= CLOSE_UP_SCORE
    assert choose_people.people({1: track}) == [track]
    assert choose_people.people({1: track}, score=9.0, close_up=9.0) == []
    assert min(choose_people.own([track])) > 0.9
    assert choose_people.mistaken([track, track]) == "100 %"
    assert len(choose_people.tracks(seen, analyzer, {"SAME_COLOURS": 1.1, "SAME_SHADING": 1.1})) == 4
