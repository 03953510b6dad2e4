from pathlib import Path

import numpy as np

import choose_cuts
import choose_tracking
from clips import moving_portrait, write_clip
from mien.tracking.tracker import Tracker


def test_a_scene_that_is_easy_loses_no_id_and_a_tracker_without_memory_many():
    watched = choose_tracking.scene(0, faces=3, widths_per_s=0.3, seconds=8)
    assert choose_tracking.switches(Tracker(), watched, fps=25) == (0, 0)
    lost, _ = choose_tracking.switches(Tracker(max_gap_s=0), watched, fps=25)
    assert lost > 3


def test_changes_are_counted_and_those_that_change_back_at_once():
    box = np.array([[10, 10, 60, 60]], np.float32)
    shown = [0] * 20 + [1] * 3 + [0] * 20
    seen = [(number / 10, box, np.eye(2, dtype=np.float32)[[column]]) for number, column in enumerate(shown)]
    assert choose_tracking.resting(seen, smooth_s=0, margin=0.1) == (2, 1)
    assert choose_tracking.resting(seen, smooth_s=3, margin=0.1) == (0, 0)


def test_a_clip_is_looked_at_frame_by_frame(tmp_path: Path):
    moved = moving_portrait(3)
    seen = choose_tracking.looked_at(write_clip(tmp_path / "walk.mp4", [image for image, _ in moved]))
    assert [round(time_s, 2) for time_s, _, _ in seen] == [0, 0.04, 0.08]
    for (_, boxes, probs), (_, box) in zip(seen, moved, strict=True):
        np.testing.assert_allclose(boxes[0], box, atol=12)
        assert probs[0].argmax() == 1


def test_strings_of_shots_have_their_cuts_where_they_are_said_to_be():
    rng = np.random.default_rng(0)
    clips = {
        name: [np.full((36, 64, 3), 40, np.uint8) + rng.integers(0, 9, (36, 64, 3), np.uint8) for _ in range(200)]
        for name in "ab"
    }
    for name, half in (("a", np.s_[:, :32]), ("b", np.s_[:18])):
        for image in clips[name]:
            image[half] += 150
    images, cuts = choose_cuts.film(clips, rate=8, seed=0)
    assert cuts
    assert choose_cuts.fired(images) == cuts
