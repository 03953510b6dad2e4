from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.core.emotions import SEVEN
from mien.core.protocols import UNCOUNTED
from mien.evaluation.coverage import coverage, coverage_block
from mien.evaluation.evaluate import SWEEP, evaluate
from mien.evaluation.scores import View
from mien.report.tradeoffs import coverage_figure, prior_figure
from test_ensemble import file_with
from test_evaluate import data

__all__ = ["data"]  # a fixture


def view(confidences, right, weights=None) -> View:
    """Faces that are all happiness, called so or called fear with these confidences; one more that does not count."""
    n = len(confidences)
    probs = np.zeros((n + 1, len(SEVEN)))
    probs[np.arange(n), np.where(right, 1, 6)] = confidences
    truth = np.append(np.ones(n, np.int64), UNCOUNTED)
    return View(SEVEN, truth, probs, None, np.append(np.ones(n) if weights is None else weights, 1.0), np.zeros(n + 1))


def test_golden_coverage():
    curve = coverage(view([0.9, 0.8, 0.8, 0.6], [True, True, False, False]))
    np.testing.assert_allclose(curve.threshold, [0.9, 0.8, 0.6])
    np.testing.assert_allclose(curve.share, [0.25, 0.75, 1])
    np.testing.assert_allclose(curve.accuracy, [1, 2 / 3, 0.5])
    assert curve.at(0.8) == (pytest.approx(0.75), pytest.approx(2 / 3))
    assert curve.at(0.81) == (0.25, 1)
    assert curve.at(0.95) == (0, None)


def test_weighted_coverage_counts_faces_by_their_weight():
    faces = view([0.9, 0.8], [True, False], weights=[3.0, 1.0])
    np.testing.assert_allclose(coverage(faces, weighted=True).share, [0.75, 1])
    np.testing.assert_allclose(coverage(faces, weighted=True).accuracy, [1, 0.75])
    block = coverage_block(faces, 0.85)
    assert (block["kept"], block["accuracy"], block["kept_weighted"]) == (0.5, 1.0, 0.75)
    assert block["curve"][-1] == {"kept": 1.0, "accuracy": 0.5, "confidence": 0.8}
    assert coverage_block(faces, 0.99)["kept"] == 0
    assert coverage_block(faces, 0.99)["accuracy"] is None


def test_the_prior_is_measured_at_every_step_and_where_the_file_ships(tmp_path: Path, data: Path):
    document = evaluate(file_with(tmp_path, "net", prior=0.35), data).document
    block = document["prior_sweep"]
    assert [row["prior"] for row in block["rows"]] == sorted({*SWEEP, 0.35})
    here = next(row for row in block["rows"] if row["prior"] == 0.35)
    seven = document["protocols"]["seven"]["all"]
    assert here == {"prior": 0.35} | {key: seven[key] for key in here if key != "prior"}
    assert "prior_sweep" not in evaluate(file_with(tmp_path, "net"), data, protocols=["majority"]).document


def test_the_pictures_mark_the_shipped_point(tmp_path: Path, data: Path):
    report = evaluate(file_with(tmp_path, "net", prior=0.5), data)
    block = report.document["prior_sweep"]
    lines = prior_figure(block).axes[0].get_lines()
    assert [line.get_xdata()[0] for line in lines if len(line.get_xdata()) == 1] == [0.5, 0.5, 0.5]
    assert len(prior_figure({**block, "shipped": None}).axes[0].get_lines()) == 3
    curve = coverage(report.views["seven"])
    axis = coverage_figure(curve, report.document["coverage"]).axes[0]
    assert any("that remain" in text.get_text() for text in axis.texts)
    nothing = replace(curve, threshold=curve.threshold * 0)
    unmarked = {**report.document["coverage"], "accuracy": None}
    assert not any("that remain" in text.get_text() for text in coverage_figure(nothing, unmarked).axes[0].texts)


def test_the_labels_of_the_axis_are_its_values():
    measures = ("accuracy", "balanced_accuracy", "macro_f1")
    rows = [{"prior": prior, **dict.fromkeys(measures, share)} for prior, share in ((0.0, 0.86), (1.0, 0.71))]
    axis = prior_figure({"shipped": None, "rows": rows}).axes[0]
    ticks = axis.get_yticks()
    labels = axis.yaxis.get_major_formatter().format_ticks(ticks)
    assert [float(label.removesuffix(" %")) for label in labels] == pytest.approx((100 * ticks).tolist())
