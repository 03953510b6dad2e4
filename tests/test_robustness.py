import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from mien.apps.cli.commands import command
from mien.apps.cli.evaluate import evaluate as evaluate_command
from mien.core.protocols import UNCOUNTED
from mien.data.synthetic import synthetic
from mien.evaluation.evaluate import evaluate
from mien.evaluation.robustness import Robustness, examples, measure_robustness, score_rows
from mien.imaging.corruptions import CORRUPTIONS
from mien.report.files import write_report
from mien.report.page import write_page
from mien.report.plots import robustness_figure
from test_evaluate import data, model_file

__all__ = ["data"]  # a fixture

PNG = b"\x89PNG\r\n\x1a\n"
FACES = synthetic(6, seed=1).images

every_corruption = pytest.mark.parametrize("harm", CORRUPTIONS.values(), ids=CORRUPTIONS)


def dots(x: int, y: int, count: int = 8) -> np.ndarray:
    """Return faces (count, 48, 48), black but for a spot of 3 x 3 px."""
    faces = np.zeros((count, 48, 48), np.uint8)
    faces[:, y - 1 : y + 2, x - 1 : x + 2] = 240
    return faces


def place(face: np.ndarray) -> tuple[float, float]:
    """Return the centre of what is bright, x and y."""
    y, x = np.mgrid[: len(face), : len(face)]
    return float((x * face).sum() / face.sum()), float((y * face).sum() / face.sum())


@every_corruption
def test_every_face_is_changed_and_the_given_ones_are_not(harm):
    before = FACES.copy()
    harmed = harm(FACES)
    assert (harmed.shape, harmed.dtype) == (FACES.shape, np.uint8)
    assert (harmed != FACES).any(axis=(1, 2)).all()
    np.testing.assert_array_equal(FACES, before)


@every_corruption
def test_the_same_faces_are_harmed_in_the_same_way_alone_and_among_more(harm):
    np.testing.assert_array_equal(harm(FACES), harm(FACES))
    np.testing.assert_array_equal(harm(FACES[:2]), harm(FACES)[:2])


@every_corruption
@pytest.mark.parametrize("shape", [(0, 48, 48), (3, 8, 8), (2, 49, 49)])
def test_any_size_and_no_face_at_all(harm, shape):
    assert harm(np.full(shape, 90, np.uint8)).shape == shape


def test_the_suite_is_the_one_that_was_agreed():
    expected = "blur noise jpeg_20 gamma_0.4 gamma_2.5 third_hidden source_16_px roll_20_deg half_shifted"
    assert list(CORRUPTIONS) == expected.split()


def test_a_blurred_line_spreads_by_a_thirty_second_of_the_face():
    face = np.zeros((1, 96, 96), np.uint8)
    face[0, :, 48] = 255
    spread = CORRUPTIONS["blur"](face)[0, 48].astype(float)
    assert np.sqrt(np.average((np.arange(96) - 48) ** 2, weights=spread)) == pytest.approx(96 / 32, rel=0.03)


def test_noise_has_the_stated_deviation_and_no_bias():
    noise = CORRUPTIONS["noise"](np.full((20, 48, 48), 128, np.uint8)).astype(float) - 128
    assert noise.std() == pytest.approx(25.5, rel=0.02)
    assert abs(noise.mean()) < 0.5
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.1


def test_jpeg_leaves_blocks_and_keeps_what_is_flat():
    flat = np.full((1, 48, 48), 128, np.uint8)
    np.testing.assert_array_equal(CORRUPTIONS["jpeg_20"](flat), flat)
    lost = np.abs(CORRUPTIONS["jpeg_20"](FACES).astype(int) - FACES)
    assert 2 < lost.mean() < 15


@pytest.mark.parametrize(("name", "grey"), [("gamma_0.4", 147), ("gamma_2.5", 8)])
def test_gamma_moves_a_quarter_grey_to_a_known_value_and_leaves_black_and_white(name, grey):
    faces = np.array([0, 64, 255], np.uint8).reshape(3, 1, 1)
    assert CORRUPTIONS[name](faces).ravel().tolist() == [0, grey, 255]  # 255 * (64 / 255) ** gamma


def test_a_third_is_hidden_and_every_third_has_its_turn():
    faces = np.random.default_rng(0).integers(256, size=(300, 48, 48)).astype(np.uint8)
    covered = CORRUPTIONS["third_hidden"](faces)
    touched = covered != faces
    assert touched.mean() == pytest.approx(1 / 3, abs=0.005)
    whole = touched.all(axis=2).sum(axis=1) + touched.all(axis=1).sum(axis=1)
    assert whole.max() <= 16
    assert np.abs(touched.mean(axis=0) - 1 / 3).max() < 0.12  # no pixel is spared or favoured
    assert len(np.unique(covered[0][touched[0]])) == 1


def test_a_small_source_keeps_nothing_finer_than_three_pixels_of_48():
    stripes = np.tile(np.array([0, 240, 0], np.uint8), 16)[None, None].repeat(48, axis=1)
    assert np.ptp(CORRUPTIONS["source_16_px"](stripes)) == 0
    np.testing.assert_array_equal(CORRUPTIONS["source_16_px"](FACES[:, :16, :16]), FACES[:, :16, :16])


def test_a_roll_turns_a_dot_by_20_degrees_to_either_side():
    centre, reach = 23.5, 13.5
    turned = [place(face) for face in CORRUPTIONS["roll_20_deg"](dots(x=37, y=24))]
    angles = [np.degrees(np.arctan2(y - centre, x - centre)) - np.degrees(np.arctan2(0.5, reach)) for x, y in turned]
    np.testing.assert_allclose(np.abs(angles), 20, atol=0.5)
    assert {round(angle) for angle in angles} == {-20, 20}


def test_bad_framing_moves_the_face_by_24_of_48_px_in_four_directions():
    ramp = np.arange(48, dtype=np.uint8)
    by_x = np.tile(ramp, (40, 48, 1))
    x, y = CORRUPTIONS["half_shifted"](by_x)[:, 0], CORRUPTIONS["half_shifted"](by_x.transpose(0, 2, 1))[:, :, 0]
    seen = {(tuple(across), tuple(down)) for across, down in zip(x.tolist(), y.tolist(), strict=True)}
    nearer, farther, same = (tuple(np.clip(ramp.astype(int) + step, 0, 47)) for step in (-24, 24, 0))
    assert seen == {(nearer, same), (farther, same), (same, nearer), (same, farther)}


def test_the_mean_and_its_share():
    found = Robustness(5, 0.8, {"blur": 0.6, "noise": 0.4})
    assert (found.mean, found.share) == (pytest.approx(0.5), pytest.approx(0.625))
    assert Robustness(5, 0.0, {"blur": 0.6}).share is None


def test_faces_that_do_not_count_are_not_scored():
    faces = np.arange(4, dtype=np.uint8)[:, None, None] * np.full((1, 6, 6), 60, np.uint8)
    truth = {"seven": np.array([0, 1, UNCOUNTED, 1])}

    def bright(pictures):
        return {"seven": (pictures.mean(axis=(1, 2)) > 90).astype(np.int64)}

    found = measure_robustness(faces, truth, bright)["seven"]
    assert (found.n, found.accuracy) == (3, pytest.approx(2 / 3))
    assert list(found.corruptions) == list(CORRUPTIONS)
    # flat faces look the same blurred, turned or moved; gamma 0.4 lifts the second, 60, to 143.
    assert found.corruptions["roll_20_deg"] == found.corruptions["half_shifted"] == pytest.approx(2 / 3)
    assert found.corruptions["gamma_0.4"] == 1
    # gamma 2.5 sinks 180 to 107, still bright.
    assert found.corruptions["gamma_2.5"] == pytest.approx(2 / 3)


def test_only_when_asked_in_metrics_and_in_the_folder(tmp_path: Path, data: Path):
    model = model_file(tmp_path)
    assert "robustness" not in evaluate(model, data).document
    report = evaluate(model, data, robustness=True)
    blocks = report.document["robustness"]
    assert list(blocks) == list(report.document["protocols"])
    for name, block in blocks.items():
        assert list(block) == ["n", "accuracy", "corruptions", "mean", "share"]
        plain = report.document["protocols"][name]["all"]
        assert (block["n"], block["accuracy"]) == (plain["n"], plain["accuracy"])
        assert block["mean"] == pytest.approx(np.mean(list(block["corruptions"].values())), abs=1e-6)
        assert block["share"] == pytest.approx(block["mean"] / block["accuracy"], abs=1e-5)
    assert "robustness.png" in write_report(report, tmp_path / "out")
    assert (tmp_path / "out" / "robustness.png").read_bytes().startswith(PNG)
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["robustness"] == blocks


def test_the_examples_are_drawn_faces_one_a_corruption():
    pictures = examples()
    assert len(pictures) == 1 + len(CORRUPTIONS)
    assert next(iter(pictures)) == "original"
    assert {face.shape for face in pictures.values()} == {(48, 48)}
    assert len({face.tobytes() for face in pictures.values()}) == len(pictures)


def test_the_picture_has_a_bar_a_corruption_and_a_face_above_each():
    accuracies = np.linspace(0.9, 0.4, 10)
    axis = robustness_figure(examples(), {"one": accuracies.tolist()}).axes[0]
    assert [bar.get_height() for bar in axis.patches] == accuracies.tolist()
    assert [text.get_text() for text in axis.texts][:2] == ["90.0", "84.4"]
    assert len(axis.child_axes) == 10


def test_rows_of_the_table():
    block = {"n": 5, "accuracy": 0.8, "corruptions": {"jpeg_20": 0.6}, "mean": 0.6, "share": 0.75}
    assert score_rows({"seven": block, "fer": block | {"accuracy": 0.0, "share": None}}) == [
        ["original", "80.0 %", "0.0 %"],
        ["jpeg 20", "60.0 %", "60.0 %"],
        ["mean of the corruptions", "60.0 %", "60.0 %"],
        ["share of the original", "75.0 %", ""],
    ]


def test_the_command_and_the_page(tmp_path: Path, data: Path):
    app = typer.Typer()
    app.command()(command(evaluate_command))
    out = tmp_path / "run"
    arguments = [str(model_file(tmp_path)), "--data", str(data), "--protocol", "seven", "--robustness"]
    found = CliRunner().invoke(app, [*arguments, "--out", str(out)], catch_exceptions=False)
    assert found.exit_code == 0
    assert "half shifted" in found.output
    assert "robustness.png" in found.output
    (out / "recipe.toml").write_text('name = "run"\n')
    page = write_page(out).read_text(encoding="utf-8")
    assert "<h2>Robustness</h2>" in page
    assert "mean of the corruptions" in page
    assert page.count("data:image/png;base64,") == 5  # one protocol, calibration, coverage, prior, robustness
