"""Tables in the columns of py-feat and OpenFace, read with what their users read them with, and held to --data.

py-feat itself reads its table by pandas and then picks columns by name; it brings torch, so it is not installed here.
"""

import math
from pathlib import Path

import pandas as pd
import pytest

from clips import EXAMPLES
from command import Command
from mien.core.emotions import EIGHT, SEVEN
from mien.report.layouts import EMOTIONS, LAYOUTS, LayoutTable, columns
from mien.results.document import picture_entry
from tracked_results import tracked_result

PY_FEAT = (
    "frame FaceRectX FaceRectY FaceRectWidth FaceRectHeight FaceScore Pitch Roll Yaw X Y Z "
    "anger disgust fear happiness sadness surprise neutral input Identity"
)
OPENFACE = "frame face_id timestamp confidence success pose_Rx pose_Ry pose_Rz"


def written(layout: str, path: Path, labels: tuple[str, ...] = SEVEN, without: tuple[int, ...] = ()) -> pd.DataFrame:
    table = LayoutTable(layout, labels, {1: "=Anna"})
    for time_s, shown in ((0.0, {1: labels[1]}), (0.5, {1: f"{labels[0]}?", 2: labels[1], -1: labels[0]})):
        table.add(picture_entry("a.mp4", tracked_result(time_s, shown, labels)))
    table.write(path, without)
    return pd.read_csv(path)


def test_the_columns_are_those_of_the_programs(tmp_path: Path):
    assert " ".join(columns("py-feat", SEVEN)) == PY_FEAT
    assert " ".join(columns("openface", SEVEN)) == f"{OPENFACE} {' '.join(f'p_{label}' for label in SEVEN)}"
    assert "contempt" not in columns("py-feat", EIGHT)
    for layout, row in LAYOUTS.items():
        for labels in (SEVEN, EIGHT, ("calm", "tense")):
            entry = picture_entry("a.mp4", tracked_result(0.0, {1: labels[0]}, labels))
            assert tuple(row(entry, entry["faces"][0], "", labels)) == columns(layout, labels)


def test_what_is_uncertain_has_no_emotion_and_who_is_nobody_no_row(tmp_path: Path):
    table = written("py-feat", tmp_path / "a.csv")
    assert table["Identity"].tolist() == ["'=Anna", "'=Anna", "Person_2"]
    assert table["happiness"].tolist()[::2] == [0.8, 0.8]
    assert table.loc[1, list(EMOTIONS)].isna().all()
    assert table["Yaw"].isna().all(), "without landmarks"
    assert table[["X", "Y", "Z"]].isna().all(axis=None), "py-feat picks them; mien does not know them"
    assert written("openface", tmp_path / "b.csv", without=(1,))["face_id"].tolist() == [2]


def test_emotions_of_ones_own_are_in_the_layout_that_has_none(tmp_path: Path):
    assert written("openface", tmp_path / "a.csv", ("calm", "tense"))["p_tense"].tolist()[0] == 0.8
    assert not {"calm", "tense"} & set(written("py-feat", tmp_path / "b.csv", ("calm", "tense")).columns)


def test_a_table_too_large_for_memory_waits_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mien.report.layouts.SPOOLED_BYTES", 1)
    assert len(written("py-feat", tmp_path / "a.csv")) == 3


def test_all_can_be_had_again_from_the_data(mien: Command):
    run = ("video", EXAMPLES / "heads.mp4", "--end", "1", "--fps", "6", "--data", "csv", "--layout", "py-feat")
    assert mien(*run).code == 0
    assert mien("people", "heads.mien.csv", "--layout", "openface").code == 0
    data = pd.read_csv("heads.mien.csv")
    feat, face = pd.read_csv("heads.mien.py-feat.csv"), pd.read_csv("heads.mien.openface.csv")
    assert len(data) == len(feat) == len(face) > 8
    assert feat["frame"].tolist() == data["source_frame"].tolist() == (face["frame"] - 1).tolist()
    assert feat["input"].tolist() == data["path"].tolist()
    right = feat["FaceRectX"] + feat["FaceRectWidth"]
    pd.testing.assert_series_equal(right, data["x2"], check_names=False, atol=0.01)
    pd.testing.assert_series_equal(feat["happiness"], data["p_happiness"].mask(data["uncertain"]), check_names=False)
    assert face["success"].tolist() == (data["quality"] == "good").astype(int).tolist()
    assert face["timestamp"].tolist() == data["time_s"].tolist()
    # Both heads turn: to the right of the picture is to the subject's left, and against the clock about an axis down.
    for name, column, sign in (
        ("Pitch", "pitch_deg", 1), ("Yaw", "yaw_deg", -1), ("Roll", "roll_deg", -1),
        ("pose_Rx", "pitch_deg", -1), ("pose_Ry", "yaw_deg", -1), ("pose_Rz", "roll_deg", 1),
    ):  # fmt: skip
        told = (feat if name in feat else face)[name]
        assert told.tolist() == pytest.approx([sign * math.radians(one) for one in data[column]], abs=1e-4), name
