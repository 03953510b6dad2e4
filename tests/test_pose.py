import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import mien
from heads import turned_head
from mien.core.pose import Pose, head_poses

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.parametrize("angles", [(0, 0, 0), (40, 0, 0), (-75, 10, 5), (95, 0, 0), (0, -25, 30), (20, -20, -170)])
def test_a_head_is_read_as_it_was_turned(angles: tuple[float, float, float]):
    assert head_poses(turned_head(*angles)) == [pytest.approx(angles, abs=0.01)]


def test_the_nose_is_where_the_head_looks():
    _, _, nose, _, _ = turned_head(yaw=40)[0] - turned_head(yaw=0)[0]
    assert nose[0] > 10
    assert (turned_head(pitch=20)[0] - turned_head()[0])[2, 1] < -10


def test_a_picture_that_was_turned_counts_as_it_was_read():
    assert head_poses(turned_head(roll=-80), turn=90)[0].roll_deg == pytest.approx(10, abs=0.01)
    assert head_poses(turned_head(roll=170), turn=180)[0].roll_deg == pytest.approx(-10, abs=0.01)


def test_neither_size_nor_place_counts():
    assert head_poses(turned_head(30) * 1e-3 - 7) == [pytest.approx(head_poses(turned_head(30))[0], abs=0.1)]


@pytest.mark.parametrize("landmarks", [np.full((5, 2), np.nan), np.full((5, 2), np.inf), np.full((5, 2), 4.0)])
def test_without_landmarks_nothing_is_said(landmarks: np.ndarray):
    poses = head_poses(np.stack([landmarks.astype(np.float32), turned_head(20)[0]]))
    assert all(math.isnan(angle) for angle in poses[0])
    assert poses[1].yaw_deg == pytest.approx(20, abs=0.01)


@given(hnp.arrays(np.float32, (2, 5, 2), elements=st.floats(width=32)))
def test_any_landmarks_have_angles_or_none(landmarks: np.ndarray):
    for pose in head_poses(landmarks):
        assert all(math.isnan(angle) for angle in pose) or (np.abs(pose) <= (180, 90, 180)).all()


def test_no_faces_have_no_poses():
    assert head_poses(np.zeros((0, 5, 2), np.float32)) == []


def test_the_astronaut_looks_a_little_to_the_left():
    (face,) = mien.load()(EXAMPLES / "astronaut.png")
    assert isinstance(face.pose, Pose)
    assert face.pose.yaw_deg == pytest.approx(-15, abs=15)
    assert abs(face.pose.roll_deg) < 12
