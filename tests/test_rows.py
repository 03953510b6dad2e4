import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from heads import turned_head
from mien.core.emotions import EIGHT, SEVEN
from mien.results.document import model_entry, picture_entry
from mien.results.rows import ANGLES, columns, model_name, rows
from small_results import LANDMARKS, PROBS, result_of
from tiny_net import tiny_card


def test_the_columns_are_those_of_the_schema():
    assert " ".join(columns(SEVEN)) == (
        "path width height face turned x1 y1 x2 y2 score yaw_deg pitch_deg roll_deg "
        "quality emotion confidence uncertain "
        "valence intensity "
        "p_neutral p_happiness p_surprise p_sadness p_anger p_disgust p_fear "
        "lm0_x lm0_y lm1_x lm1_y lm2_x lm2_y lm3_x lm3_y lm4_x lm4_y model"
    )
    assert set(columns(EIGHT)) - set(columns(SEVEN)) == {"p_contempt"}
    assert list(columns(EIGHT)).index("p_contempt") == list(columns(EIGHT)).index("p_fear") + 1


def test_a_row_a_face_with_plain_rounded_values():
    happy, unsure = rows(picture_entry("a/b.jpg", result_of(PROBS, landmarks=LANDMARKS)), "mien 1")
    happy = {name: value for name, value in happy.items() if name not in ANGLES}
    assert json.dumps(list(happy.values())) == (
        '["a/b.jpg", 64, 48, 0, 0, 1.0, 2.0, 30.46, 40.0, 0.9322, "good", "happiness", 0.91, false, 0.87, 0.95, '
        "0.05, 0.91, 0.0, 0.04, 0.0, 0.0, 0.0, "
        '0.0, 0.33, 0.67, 1.0, 1.33, 1.67, 2.0, 2.33, 2.67, 3.0, "mien 1"]'
    )
    assert [unsure[name] for name in ("face", "quality", "emotion", "uncertain", "yaw_deg", "lm0_x", "lm4_y")] == [
        1, "small", "neutral", True, None, None, None,
    ]  # fmt: skip


def test_a_row_tells_how_the_head_is_turned():
    (row,) = rows(picture_entry("a.jpg", result_of(PROBS[:1], landmarks=turned_head(40.04, -12, 8))), "mien 1")
    assert [row[name] for name in ANGLES] == [40.0, -12.0, 8.0]


def test_no_face_is_no_row():
    assert rows(picture_entry("a.jpg", result_of(np.zeros((0, 7), np.float32))), "mien 1") == []


@pytest.mark.parametrize("labels", [SEVEN, EIGHT])
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_every_row_fills_the_columns_with_their_types(labels: tuple[str, ...], data: st.DataObject):
    draws = data.draw(arrays(np.float32, (1, len(labels)), elements=st.floats(0.0009765625, 1, width=32)))
    boxes = data.draw(arrays(np.float32, (1, 4), elements=st.floats(-1e5, 1e5, width=32)))
    (row,) = rows(picture_entry("a.jpg", result_of(draws / draws.sum(), labels, boxes)), "mien 1")
    assert list(row) == list(columns(labels))
    for name, kind in columns(labels).items():
        assert name.startswith("lm") or name.endswith("_deg") or type(row[name]) is kind
    negative = max(row[f"p_{label}"] for label in ("sadness", "anger", "disgust", "fear"))
    assert row["valence"] == round(row["p_happiness"] - negative, 4)
    assert row["intensity"] == round(1 - row["p_neutral"], 4)
    assert sum(row[f"p_{label}"] for label in labels) == pytest.approx(1, abs=1e-3)
    assert row["confidence"] == max(row[f"p_{label}"] for label in labels)
    numbers = [repr(value) for value in row.values() if isinstance(value, float)]
    assert not [text for text in numbers if "e" in text or text == "-0.0"]


def test_a_line_of_before_valence_has_it_in_the_table():
    entry = picture_entry("a.jpg", result_of(PROBS))
    for face in entry["faces"]:
        del face["valence"], face["intensity"]
    assert rows(entry, "mien 1") == rows(picture_entry("a.jpg", result_of(PROBS)), "mien 1")


def test_emotions_of_ones_own_have_empty_indices():
    (row,) = rows(picture_entry("a.jpg", result_of(np.array([[0.3, 0.7]], np.float32), ("calm", "tense"))), "mien 1")
    assert (row["valence"], row["intensity"]) == (None, None)


def test_the_size_is_that_of_the_picture_and_not_of_its_reduction():
    result = result_of(PROBS[:1])
    reduced = replace(result, frame=replace(result.frame, size=(640, 480)))
    (row,) = rows(picture_entry("a.jpg", reduced), "mien 1")
    assert (row["width"], row["height"]) == (640, 480)


def test_a_path_that_is_no_utf8_can_stand_in_a_table():
    (row,) = rows(picture_entry("caf\udce9/é.jpg", result_of(PROBS[:1])), "mien 1")
    assert row["path"] == r"caf\udce9/é.jpg"


def test_the_models_name_tells_weights_and_prior_apart():
    name = model_name(model_entry(tiny_card(), "0123456789abcdef", 0.3))
    assert name == "tiny 0.0.0 0123456789ab prior 0.3"
