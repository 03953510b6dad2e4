import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import mien
from clips import write_clip
from mien.core.errors import UsageError, VideoError
from mien.core.faces import Faces
from mien.results.rows import columns, rows
from mien.tracking.stream import Stream, tracked_results
from mien.tracking.tracker import MAX_GAP_S
from small_stream import Squares, analyzer, frames, scene, walk


def run(scenes: list[np.ndarray], fps: float = 25, **settings: float) -> list[mien.TrackedResult]:
    return list(tracked_results(frames(scenes, fps), Stream(analyzer(), **settings)))


def test_two_people_keep_their_ids_while_they_pass_each_other():
    found = run(walk(40))
    assert [result.frame.index for result in found] == list(range(40))
    upper = {int(result.ids[result.faces.boxes[:, 1].argmin()]) for result in found}
    lower = {int(result.ids[result.faces.boxes[:, 1].argmax()]) for result in found}
    assert (upper, lower) == ({1}, {2})


def test_the_average_follows_a_change_after_a_while_and_the_raw_values_at_once():
    change = [scene([(50, 40, "sadness")])] * 10 + [scene([(50, 40, "happiness")])] * 30
    found = run(change)
    raw = [max(face.raw, key=face.raw.__getitem__) for result in found for face in result]
    shown = [face.emotion for result in found for face in result]
    assert raw == ["sadness"] * 10 + ["happiness"] * 30
    assert shown[10] == "sadness"
    assert shown[-1] == "happiness"
    assert sum(a != b for a, b in pairwise(shown)) <= 3  # by way of what lies between, at most


def test_without_smoothing_the_average_is_the_raw_value():
    for result in run(walk(5), smooth_s=0):
        np.testing.assert_array_equal(result.probs, result.raw)


def test_the_emotion_shown_is_what_its_confidence_and_its_doubt_are_about():
    (face,) = run([scene([(50, 40, "fear")])])[0]
    assert face.emotion == face.shown == "fear"
    assert face.confidence == face.probabilities["fear"]
    assert face.quality == "good"
    assert face.uncertain == (face.confidence < 0.5)


@pytest.mark.parametrize(("max_gap_s", "ids"), [(MAX_GAP_S, {1}), (0.2, {1, 2})])
def test_a_face_keeps_its_id_for_so_long_as_is_asked_for(max_gap_s: float, ids: set[int]):
    there, gone = scene([(50, 40, "fear")]), scene([])
    found = run([there] * 5 + [gone] * 10 + [there] * 5, max_gap_s=max_gap_s)
    assert {face.id for result in found for face in result} == ids
    assert [len(result) for result in found] == [1] * 5 + [0] * 10 + [1] * 5


def test_a_gap_that_is_no_time_is_refused():
    with pytest.raises(UsageError, match="max_gap_s, for how long an unseen face keeps its id"):
        Stream(analyzer(), max_gap_s=-1)


def test_a_frame_in_which_the_face_is_small_is_uncertain_among_others_that_are_not():
    found = run([scene([(50, 40, "fear")])] * 3 + [scene([(55, 45, "fear")], side=20)])
    assert [(face.quality, face.uncertain) for (face,) in found] == [("good", False)] * 3 + [("small", True)]
    assert found[-1][0].confidence > 0.5


def test_a_cut_begins_new_ids():
    before = scene([(50, 40, "happiness")])
    after = 255 - scene([])
    after[40:70, 50:80] = 90
    stream = Stream(analyzer())
    ids = [stream(frame).ids.tolist() for frame in frames([before] * 5 + [after[:, :, ::-1]] * 5)]
    assert ids[:5] == [[1]] * 5
    assert all(1 not in found for found in ids[5:])


@pytest.mark.parametrize("every", [2, 5])
def test_searching_fewer_frames_finds_the_same_and_sees_less(every: int):
    all_of_it, some = Squares(), Squares()
    scenes = [scene([(10 + 2 * step, 10, "happiness")]) for step in range(20)]
    truth = list(tracked_results(frames(scenes), Stream(analyzer(all_of_it))))
    found = list(tracked_results(frames(scenes), Stream(analyzer(some), detect_every=every)))
    for one, other in zip(truth, found, strict=True):
        assert one.ids.tolist() == other.ids.tolist()
        np.testing.assert_allclose(one.faces.boxes, other.faces.boxes, atol=2)
        assert one.shown == other.shown
    assert some.pixels < 0.9 * all_of_it.pixels


def test_frames_read_back_lead_on_to_the_same_where_fewer_are_searched():
    scenes = walk(20)
    whole = list(tracked_results(frames(scenes), Stream(analyzer(), detect_every=4)))
    entries = [result.to_dict() for result in whole[:6]]
    again = list(tracked_results(frames(scenes), Stream(analyzer(), detect_every=4), entries))
    assert [result.entry() for result in again] == [result.entry() for result in whole]


@pytest.mark.parametrize("every", [1, 3])
def test_an_error_in_one_frame_ends_the_stream(every: int):
    class Broken(Squares):
        def __call__(self, image: np.ndarray) -> Faces:
            raise VideoError("broken")

    with pytest.raises(VideoError, match="broken"):
        list(tracked_results(frames(walk(9)), Stream(analyzer(Broken()), detect_every=every)))


def test_a_face_that_jumps_is_searched_everywhere_at_once():
    stream = Stream(analyzer(), detect_every=10)
    scenes = [scene([(10, 10, "anger")])] * 3 + [scene([(120, 80, "anger")])] * 2
    found = [stream(frame) for frame in frames(scenes)]
    assert [len(result) for result in found] == [1] * 5
    assert found[3].faces.boxes[0].tolist() == [120, 80, 150, 110]


def test_an_entry_tells_time_id_and_raw_values_and_fills_a_row():
    result = run(walk(3))[2]
    entry = json.loads(json.dumps(result.to_dict()))
    assert (entry["path"], entry["frame"], entry["time_s"]) == ("clip", 2, 0.08)
    assert [face["id"] for face in entry["faces"]] == [1, 2]
    assert list(entry["faces"][0]["raw"]) == list(result.labels)
    (row, _) = rows(entry, "tiny")
    assert list(row) == list(columns(result.labels, timed=True))
    assert result.to_dataframe()["id"].tolist() == [1, 2]


def test_results_read_back_from_their_entries_come_to_the_same():
    scenes = walk(30, ("surprise", "anger"))
    whole = run(scenes)
    entries = [json.loads(json.dumps(result.to_dict())) for result in whole[:17]]
    detector = Squares()
    again = list(tracked_results(frames(scenes), Stream(analyzer(detector)), entries))
    assert [result.entry() for result in again] == [result.entry() for result in whole]
    height, width = scenes[0].shape[:2]
    assert detector.pixels == 13 * height * width


def test_entries_of_other_settings_are_refused():
    scenes = [scene([(50, 40, "sadness")])] * 3 + [scene([(50, 40, "happiness")])] * 3
    entries = [result.to_dict() for result in run(scenes, smooth_s=1)]
    with pytest.raises(UsageError, match="use those of the first run"):
        list(tracked_results(frames(scenes), Stream(analyzer(), smooth_s=0.1), entries))


@pytest.mark.parametrize("settings", [{"detect_every": 0}, {"smooth_s": -1}, {"smooth_s": float("nan")}])
def test_settings_out_of_range(settings: dict[str, float]):
    with pytest.raises(UsageError, match="got"):
        Stream(analyzer(), **settings)


def test_what_is_to_know_of_a_clip_is_told_with_its_moments(tmp_path: Path):
    path = write_clip(tmp_path / "clip.mkv", walk(40))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    watched = mien.stream(path, analyzer())
    assert watched.notes == []
    assert 0 < len(list(watched)) < 40
    assert re.match(r"only \d\.\d\d s of the 1.60 s that the file declares can be read", watched.notes[0])
    mien.stream(path, analyzer()).close()
