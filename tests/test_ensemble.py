from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.core.emotions import EIGHT, SEVEN, to_seven
from mien.core.errors import ModelError, UsageError
from mien.core.priors import importance, rebalance
from mien.core.protocols import CLASSES, PROTOCOLS
from mien.evaluation.ensemble import load_scorer
from mien.evaluation.evaluate import evaluate
from mien.evaluation.scores import Viewer
from mien.report.headline import headline
from test_evaluate import data, made_split, model_file
from tiny_net import SIZE_PX, tiny_card, tiny_net

__all__ = ["data"]  # a fixture

PRIOR = (0.33, 0.25, 0.12, 0.12, 0.08, 0.02, 0.05, 0.03)
SHADES = np.linspace(5, 250, 12).astype(np.uint8)[:, None, None, None] * np.ones((1, SIZE_PX, SIZE_PX, 1), np.uint8)


def file_with(folder: Path, name: str, **changes) -> Path:
    path = folder / f"{name}.onnx"
    path.write_bytes(tiny_net(replace(tiny_card(), name=name, class_shares=PRIOR, **changes)))
    return path


def test_an_ensemble_predicts_the_mean(tmp_path: Path):
    cold, warm = file_with(tmp_path, "cold"), file_with(tmp_path, "warm", temperature=6.0)
    one, other = (load_scorer([model])(SHADES) for model in (cold, warm))
    both = load_scorer([cold, warm])
    np.testing.assert_allclose(both(SHADES), (one + other) / 2, atol=1e-7)
    assert np.abs(one - other).max() > 0.1
    assert (both.name, both.single) == (f"{tmp_path.name}/cold.onnx + {tmp_path.name}/warm.onnx", None)
    assert both.file_bytes == cold.stat().st_size + warm.stat().st_size
    assert both(SHADES[:0]).shape == (0, 8)


def test_flip_shows_the_net_each_face_and_its_mirror_image(tmp_path: Path):
    scorer = load_scorer([file_with(tmp_path, "net")], flip=True)
    seen = []
    net = scorer.classifiers[0]

    def watched(crops):
        seen.append(crops)
        return net(crops)

    ramp = np.arange(SIZE_PX**2, dtype=np.uint8).reshape(1, SIZE_PX, SIZE_PX, 1)
    replace(scorer, classifiers=(watched,))(ramp)
    assert len(seen) == 2
    np.testing.assert_array_equal(seen[1], seen[0][:, :, ::-1])
    assert scorer.single is None


def test_what_does_not_make_an_ensemble(tmp_path: Path):
    eight = file_with(tmp_path, "eight")
    with pytest.raises(ModelError, match="one set of labels and one crop"):
        load_scorer([eight, model_file(tmp_path, SEVEN)])
    with pytest.raises(UsageError, match="no model was named"):
        load_scorer([])
    mixed = load_scorer([eight, file_with(tmp_path, "half", prior=0.5)])
    assert (mixed.shipped_prior, mixed.prior(0.25)) == (None, 0.25)
    with pytest.raises(UsageError, match="different priors; give a prior"):
        mixed.prior(None)
    with pytest.raises(UsageError, match=r"unknown prior 1\.5"):
        mixed.prior(1.5)


def test_every_score_is_taken_at_the_prior(tmp_path: Path, data: Path):
    shipped, plain = file_with(tmp_path, "shipped", prior=0.5), file_with(tmp_path, "plain")
    own, asked = evaluate(shipped, data), evaluate(plain, data, prior=0.5)
    assert (own.document["prior"], evaluate(plain, data).document["prior"]) == (0.5, 0)
    assert own.document["protocols"] == asked.document["protocols"]
    np.testing.assert_allclose(own.probs, rebalance(evaluate(plain, data).probs, PRIOR, 0.5), atol=1e-12)
    # What the seven-class view shows as one is raised as one: contempt's own, smaller share does not count there.
    seven = rebalance(to_seven(evaluate(plain, data).probs), to_seven(np.array(PRIOR)), 0.5)
    np.testing.assert_allclose(own.views["seven"].probs, seven, atol=1e-12)


def test_weighted_calibration_is_the_plain_one_at_prior_0_only(tmp_path: Path, data: Path):
    model = file_with(tmp_path, "net")
    still, moved = (evaluate(model, data, prior=prior).document["protocols"]["seven"]["all"] for prior in (0.0, 1.0))
    assert still["ece_weighted"] == still["ece"]
    assert moved["ece_weighted"] != moved["ece"]


def test_faces_are_weighted_by_the_shares_of_the_emotions_that_are_told_apart():
    faces, probs = made_split(), np.full((len(made_split()), 8), 1 / 8)
    eight = Viewer(faces, probs, EIGHT, np.array(PRIOR), None)
    seven = Viewer(faces, to_seven(probs), SEVEN, to_seven(np.array(PRIOR)), None)
    for protocol in PROTOCOLS:
        view = eight(protocol, 1.0)
        shares = np.array(PRIOR) if CLASSES[protocol] == EIGHT else to_seven(np.array(PRIOR))
        np.testing.assert_allclose(
            view.weights[view.counted], importance(view.truth[view.counted], shares, 1.0), err_msg=protocol
        )
        assert np.isfinite(seven(protocol, 1.0).weights).all()


def test_averaged_probabilities_have_no_temperature_and_no_threshold(tmp_path: Path, data: Path):
    document = evaluate([file_with(tmp_path, "one"), file_with(tmp_path, "two")], data).document
    assert [member["model"] for member in document["members"]] == ["one.onnx", "two.onnx"]
    both = f"{tmp_path.name}/one.onnx + {tmp_path.name}/two.onnx"
    assert (document["model"], document["sha256"], document["temperature"]) == (both, None, None)
    assert document["protocols"]["seven"]["all"]["ece_raw"] is None
    assert document["coverage"]["uncertain_below"] is document["coverage"]["accuracy"] is None
    flipped = evaluate(file_with(tmp_path, "one"), data, flip=True).document
    assert flipped["flip"]
    assert flipped["protocols"]["seven"]["all"]["ece_raw"] is None


def test_the_headline_says_how_to_get_what_is_missing(tmp_path: Path, data: Path):
    model = file_with(tmp_path, "net")
    rows = {row.measure: row for row in headline(evaluate(model, data).document)}
    assert rows["accuracy, all faces"][1:] == ("75.0 % / 80.0 %", "majority 4 / seven 5")
    assert rows["accuracy, clean faces"].value == "66.7 % / 100.0 %"
    missing = {row.on for row in rows.values() if not row.value}
    assert missing == {"with --speed", "with --robustness", "with --photos FOLDER"}
    assert not any(measure.startswith("ECE, weighted") for measure in rows)
    document = evaluate(model, data, protocols=["majority"], prior=1.0, robustness=True, speed=True).document
    rows = {row.measure: row for row in headline(document)}
    assert rows["accuracy, all faces"].on == "majority 4"
    assert rows["accuracy left under corruption"].on.startswith("majority, mean of ")
    assert rows["ECE, weighted for prior 1"].on == "majority, 4 faces"
    assert "share certain / accuracy on it" not in rows
    assert {row.on for row in rows.values() if not row.value} == {"with --photos FOLDER"}
    assert rows["time a face, one thread"].value.endswith(" ms")
