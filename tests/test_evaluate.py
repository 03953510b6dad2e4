import csv
import importlib
import json
import math
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from command import Command
from mien.apps.cli.commands import command
from mien.apps.cli.evaluate import ProtocolName
from mien.apps.cli.evaluate import evaluate as evaluate_command
from mien.core.emotions import EIGHT, SEVEN, VOTE_COLUMNS
from mien.core.errors import DataError, MissingExtra, ModelError, UsageError
from mien.core.protocols import PROTOCOLS
from mien.data.split import Split, save_split
from mien.evaluation.data_sets import sets_table
from mien.evaluation.document import protocols_of
from mien.evaluation.evaluate import evaluate
from mien.report.files import write_report
from mien.report.page import read_history, write_page
from mien.report.plots import curves_figure, ladder_figure, to_png
from tiny_net import SIZE_PX, tiny_card, tiny_net

HEADLINE = [
    "accuracy",
    "interval",
    "macro_f1",
    "weighted_f1",
    "balanced_accuracy",
    "ece",
    "ece_weighted",
    "ece_raw",
    "jsd",
    "jsd_shown",
]
BLOCK = ["n", *HEADLINE, "per_class", "confusion"]
PNG = b"\x89PNG\r\n\x1a\n"

# What the tiny net will answer, what the ten taggers chose, FER2013's label, and whether the face is clean.
FACES = [
    ("neutral", {"neutral": 10}, "neutral", True),
    ("neutral", {"contempt": 9, "neutral": 1}, "anger", True),
    ("contempt", {"contempt": 6, "neutral": 4}, "neutral", False),
    ("happiness", {"happiness": 10}, "happiness", True),
    ("surprise", {"happiness": 5, "fear": 3, "surprise": 2}, "happiness", False),
    ("fear", {"NF": 10}, "fear", True),
]


def made_split(faces=FACES) -> Split:
    brightness = [32 * EIGHT.index(answer) + 16 for answer, *_ in faces]
    votes = np.zeros((len(faces), len(VOTE_COLUMNS)), np.uint8)
    for row, (_, panel, *_) in enumerate(faces):
        for name, count in panel.items():
            votes[row, VOTE_COLUMNS.index(name)] = count
    return Split(
        images=np.ones((len(faces), SIZE_PX, SIZE_PX), np.uint8) * np.array(brightness, np.uint8)[:, None, None],
        votes=votes,
        emotions=np.array([SEVEN.index(label) for *_, label, _ in faces], np.int8),
        rows=np.arange(len(faces)) + 100,
        clean=np.array([clean for *_, clean in faces]),
        sources=np.full(len(faces), "ferplus"),
        choosing=np.arange(len(faces)) % 2 == 0,
        names=np.array([f"{row}.png" for row in range(len(faces))]),
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    save_split(made_split(), folder / "valid.npz")
    return folder


def model_file(folder: Path, labels: tuple[str, ...] = EIGHT, temperature: float = 1.0) -> Path:
    path = folder / "tiny.onnx"
    path.write_bytes(tiny_net(tiny_card(labels, temperature=temperature)))
    return path


def test_golden_scores_by_protocol(tmp_path: Path, data: Path):
    document = evaluate(model_file(tmp_path), data).document
    seven, majority, fer = (document["protocols"][name] for name in ("seven", "majority", "fer"))
    # seven: five faces, contempt is neutral; only the fifth is wrong.
    assert (seven["all"]["n"], seven["all"]["accuracy"]) == (5, 0.8)
    assert seven["all"]["per_class"]["neutral"] == {"precision": 1, "recall": 1, "f1": 1, "support": 3}
    assert seven["all"]["confusion"][1][:3] == [0, 1, 1]
    assert seven["all"]["macro_f1"] == pytest.approx((1 + 2 / 3) / 2, abs=1e-6)
    assert (seven["clean"]["n"], seven["clean"]["accuracy"]) == (3, 1.0)
    # majority: the fifth has no majority; the second is contempt called neutral.
    assert (majority["all"]["n"], majority["all"]["accuracy"]) == (4, 0.75)
    assert list(majority["all"]["per_class"]) == list(EIGHT)
    assert majority["all"]["confusion"][7] == [1, 0, 0, 0, 0, 0, 0, 1]
    # fer: the same five faces as seven, labelled otherwise.
    assert (fer["all"]["n"], fer["all"]["accuracy"]) == (5, 0.6)
    assert seven["all"]["interval"][0] < 0.8 < seven["all"]["interval"][1]


def test_the_layout_of_metrics_json(tmp_path: Path, data: Path):
    model = model_file(tmp_path)
    write_report(evaluate(model, data, protocols=["seven"]), tmp_path / "one")
    one = json.loads((tmp_path / "one" / "metrics.json").read_text())
    assert (one["model"], one["split"], one["protocol"]) == ("tiny.onnx", "valid", "seven")
    assert len(one["sha256"]) == 64
    assert list(one["all"]) == list(one["clean"]) == BLOCK
    write_report(evaluate(model, data), tmp_path / "three")
    three = json.loads((tmp_path / "three" / "metrics.json").read_text())
    assert list(three["protocols"]) == list(PROTOCOLS)
    assert "protocol" not in three
    assert three["protocols"]["seven"]["all"] == one["all"]
    assert protocols_of(one)["seven"]["clean"] == protocols_of(three)["seven"]["clean"]


def test_the_files_are_whole_and_the_same_every_time(tmp_path: Path, data: Path):
    model = model_file(tmp_path)
    for folder in ("first", "second"):
        write_report(evaluate(model, data), tmp_path / folder)
    names = sorted(path.name for path in (tmp_path / "first").iterdir())
    expected = "confusion.png coverage.png metrics.json predictions.csv prior.png reliability.png"
    assert names == expected.split()
    for name in names:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    assert (tmp_path / "first" / "confusion.png").read_bytes().startswith(PNG)


def test_a_line_a_face(tmp_path: Path, data: Path):
    write_report(evaluate(model_file(tmp_path), data), tmp_path / "out")
    with (tmp_path / "out" / "predictions.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["row"] for line in lines] == [str(row) for row in range(100, 106)]
    assert [line["clean"] for line in lines] == ["1", "1", "0", "1", "0", "1"]
    assert [line["true_majority"] for line in lines] == ["neutral", "contempt", "contempt", "happiness", "", ""]
    assert (lines[2]["predicted_seven"], lines[2]["predicted_majority"]) == ("neutral", "contempt")
    assert sum(float(lines[0][f"p_{name}"]) for name in EIGHT) == pytest.approx(1, abs=1e-5)


def test_a_model_of_seven_labels_never_predicts_contempt(tmp_path: Path, data: Path):
    document = evaluate(model_file(tmp_path, SEVEN), data).document
    confusion = np.array(document["protocols"]["majority"]["all"]["confusion"])
    assert confusion.shape == (8, 8)
    assert confusion[:, 7].sum() == 0
    assert document["protocols"]["seven"]["all"]["n"] == 5


def test_the_error_before_the_temperature_is_found_again(tmp_path: Path, data: Path):
    plain = evaluate(model_file(tmp_path), data).document["protocols"]
    warm = evaluate(model_file(tmp_path, temperature=4.0), data).document["protocols"]
    for name in PROTOCOLS:
        assert plain[name]["all"]["ece_raw"] == plain[name]["all"]["ece"]
        assert warm[name]["all"]["ece_raw"] == pytest.approx(plain[name]["all"]["ece"], abs=1e-5)
        assert warm[name]["all"]["ece"] != pytest.approx(warm[name]["all"]["ece_raw"], abs=1e-3)


def test_votes_that_name_no_emotion_do_not_reach_the_divergence(tmp_path: Path):
    faces = [("happiness", {"happiness": 3, "unknown": 2}, "happiness", True), ("fear", {"unknown": 10}, "fear", True)]
    save_split(made_split(faces), tmp_path / "valid.npz")
    block = evaluate(model_file(tmp_path), tmp_path, protocols=["fer"]).document["all"]
    assert block["n"] == 2
    assert 0 < block["jsd"] < 0.03  # the first face alone: the net is nearly sure of happiness, as its taggers are


def test_the_divergence_as_shown_counts_contempt_as_neutral(tmp_path: Path):
    faces = [("contempt", {"neutral": 10}, "neutral", True), ("happiness", {"happiness": 10}, "happiness", True)]
    save_split(made_split(faces), tmp_path / "valid.npz")
    blocks = {name: one["all"] for name, one in evaluate(model_file(tmp_path), tmp_path).document["protocols"].items()}
    assert blocks["majority"]["jsd_shown"] == blocks["majority"]["jsd"] > 0.3
    assert blocks["seven"]["jsd"] == blocks["majority"]["jsd"]
    assert 0 < blocks["seven"]["jsd_shown"] < 0.03


def test_no_clean_face_gives_nulls_not_nan(tmp_path: Path):
    save_split(made_split([(answer, votes, label, False) for answer, votes, label, _ in FACES]), tmp_path / "valid.npz")
    report = evaluate(model_file(tmp_path), tmp_path, protocols=["seven"])
    assert list(report.document["clean"]) == BLOCK
    assert report.document["clean"]["n"] == 0
    assert report.document["clean"]["accuracy"] is None
    write_report(report, tmp_path / "out")
    assert "NaN" not in (tmp_path / "out" / "metrics.json").read_text()


def test_protocols_under_which_no_face_counts_are_left_out(tmp_path: Path):
    split = made_split()
    save_split(replace(split, emotions=np.full_like(split.emotions, -1)), tmp_path / "valid.npz")
    model = model_file(tmp_path)
    assert set(evaluate(model, tmp_path).document["protocols"]) == {"seven", "majority"}
    with pytest.raises(DataError, match="no face of the split counts under the protocol 'fer'"):
        evaluate(model, tmp_path, protocols=["fer"])


def test_speed_only_when_asked(tmp_path: Path, data: Path):
    model = model_file(tmp_path)
    assert "speed" not in evaluate(model, data).document
    document = evaluate(model, data, speed=True).document
    assert document["file_bytes"] == model.stat().st_size
    assert [row["threads"] for row in document["speed"]] == sorted({1, os.cpu_count()})
    assert all(row["ms_per_face_batch_1"] > 0 and row["faces_per_s_batch_64"] > 0 for row in document["speed"])


def test_what_cannot_be_scored(tmp_path: Path, data: Path):
    model = model_file(tmp_path)
    with pytest.raises(UsageError, match="unknown protocol"):
        evaluate(model, data, protocols=["six"])
    with pytest.raises(UsageError, match="no protocol was named"):
        evaluate(model, data, protocols=[])
    with pytest.raises(DataError, match=r"no split 'test'.*it has valid only"):
        evaluate(model, data, split="test")
    with pytest.raises(DataError, match=r"no split 'test'.*mien prepare fer2013\.csv fer2013new\.csv --out"):
        evaluate(model, tmp_path / "gone", split="test")
    (tmp_path / "faces" / "fear").mkdir(parents=True)
    with pytest.raises(DataError, match=f"write it with 'mien prepare {tmp_path / 'faces'} --out data'"):
        evaluate(model, tmp_path / "faces", split="test")
    with pytest.raises(ModelError, match="has the labels"):
        evaluate(model_file(tmp_path, ("calm", "glad")), data)
    save_split(made_split(FACES[-1:]), data / "test.npz")
    with pytest.raises(DataError, match="no face of the split counts"):
        evaluate(model_file(tmp_path), data, split="test")
    (tmp_path / "big.onnx").write_bytes(tiny_net(tiny_card(size_px=9)))
    with pytest.raises(DataError, match="the model takes 9 px"):
        evaluate(tmp_path / "big.onnx", data)


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "mien.report.plots")
    with pytest.raises(MissingExtra, match=r"pip install 'mien\[train\]'"):
        importlib.import_module("mien.report.plots")


def test_the_command(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    app.command()(command(evaluate_command))
    found = CliRunner().invoke(app, [str(model_file(tmp_path)), "--data", str(data)], catch_exceptions=False)
    assert found.exit_code == 0
    assert "80.0 %" in found.output
    assert (tmp_path / "tiny.eval" / "metrics.json").is_file()
    arguments = ["tiny.onnx", "--data", str(data), "--protocol", "majority", "--out", "there", "--speed"]
    assert " ms " in CliRunner().invoke(app, arguments, catch_exceptions=False).output
    assert json.loads(Path("there/metrics.json").read_text())["protocol"] == "majority"
    assert CliRunner().invoke(app, ["tiny.onnx", "--data", str(data), "--split", "train"]).exit_code == 2


def test_the_command_offers_every_protocol():
    assert [name.value for name in ProtocolName] == list(PROTOCOLS)


@pytest.fixture
def run_dir(tmp_path: Path, data: Path) -> Path:
    folder = tmp_path / "5-compact <run>"
    folder.mkdir()
    (folder / "recipe.toml").write_text('# a comment with <b> & "quotes"\nname = "5-compact"\n')
    (folder / "env.json").write_text(json.dumps({"backend": "tensorflow", "packages": {"keras": "3.15.1"}}))
    columns = "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds"
    lines = [f"{epoch},{2 / epoch},{1 - 1 / epoch},{2.1 / epoch},{0.9 - 1 / epoch},0.1,130" for epoch in (1, 2, 3)]
    (folder / "history.csv").write_text("\n".join([columns, *lines, ""]))
    (folder / "model.onnx").write_bytes(model_file(tmp_path).read_bytes())
    write_report(evaluate(folder / "model.onnx", data), folder)
    return folder


def test_the_page_holds_the_run_and_needs_no_network(run_dir: Path):
    page = write_page(run_dir).read_text(encoding="utf-8")
    assert "3 epochs in 6 min" in page
    assert "80.0 %" in page
    assert "&lt;b&gt; &amp; &quot;quotes&quot;" in page
    assert "<title>5-compact &lt;run&gt;" in page
    # curves, three protocols, calibration, coverage, prior
    assert page.count('src="data:image/png;base64,') == 7
    assert not re.findall(r"(?:src|href)=(?!\"data:)|url\(|@import|<script|https?://", page)
    assert (run_dir / "curves.png").read_bytes().startswith(PNG)


def test_the_page_of_other_faces_does_not_speak_of_published_ones(run_dir: Path, data: Path, mien: Command):
    assert "PublicTest" in write_page(run_dir).read_text(encoding="utf-8")
    own = replace(made_split(), sources=np.full(len(FACES), "my <faces>"))
    save_split(own, data / "valid.npz")
    write_report(evaluate(run_dir / "model.onnx", data), run_dir)
    page = write_page(run_dir).read_text(encoding="utf-8")
    assert "on valid of my &lt;faces&gt; (<code>valid</code>)" in page
    assert not re.search("PublicTest|FER|taggers", re.sub('base64,[^"]*', "", page))
    assert "valid of my <faces>" in mien("evaluate", run_dir / "model.onnx", "--data", data, "--out", "out").out


def test_the_page_of_a_run_that_has_just_begun(tmp_path: Path):
    (tmp_path / "recipe.toml").write_text('name = "begun"\n')
    assert "Not scored yet" in write_page(tmp_path).read_text(encoding="utf-8")


def test_a_folder_that_is_no_run(tmp_path: Path):
    with pytest.raises(DataError, match="holds no run"):
        write_page(tmp_path)


def test_files_of_a_run_that_cannot_be_read(run_dir: Path):
    (run_dir / "env.json").write_text("{")
    with pytest.raises(DataError, match="is not JSON"):
        write_page(run_dir)
    (run_dir / "history.csv").write_text("epoch,loss\n1,much\n")
    with pytest.raises(DataError, match="is not the history"):
        read_history(run_dir / "history.csv")


def test_a_missing_loss_is_kept_as_nan(tmp_path: Path):
    (tmp_path / "history.csv").write_text("epoch,loss\n1,nan\n")
    assert math.isnan(read_history(tmp_path / "history.csv")[0]["loss"])


def test_curves_of_no_epoch_and_of_one():
    row = {"epoch": 1.0, "loss": 1.0, "accuracy": 0.5, "val_loss": 1.2, "val_accuracy": 0.4}
    assert to_png(curves_figure([])).startswith(PNG)
    assert "best 40.0 %, epoch 1" in curves_figure([row]).axes[1].get_title(loc="left")


def test_the_ladder_tells_the_best_of_each_run():
    runs = {
        name: [{"epoch": epoch, "val_accuracy": top * share} for epoch, share in ((1.0, 0.3), (2.0, 1.0), (3.0, 0.9))]
        for name, top in (("one", 0.5), ("two", 0.501), ("three", 0.9))
    }
    legend = ladder_figure({**runs, "not begun": []}).axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["one  50.0 %", "two  50.1 %", "three  90.0 %"]


def test_a_ladder_without_a_run_is_empty():
    assert ladder_figure({}).axes[0].get_legend() is None


def test_two_models_of_one_name_do_not_write_one_folder(mien: Command, tmp_path: Path, data: Path):
    for run in ("a", "b"):
        (tmp_path / run).mkdir()
        model_file(tmp_path / run)
    assert mien("evaluate", "a/tiny.onnx", "--data", data, "--protocol", "seven").code == 0
    before = {path.name: path.read_bytes() for path in Path("tiny.eval").iterdir()}
    again = mien("evaluate", "b/tiny.onnx", "--data", data, "--protocol", "majority")
    assert again.code == 2
    assert "tiny.eval/predictions.csv is there already, and 5 more; add --force" in again.err
    assert {path.name: path.read_bytes() for path in Path("tiny.eval").iterdir()} == before
    assert mien("evaluate", "b/tiny.onnx", "--data", data, "--protocol", "majority", "--force").code == 0
    # Nothing stands there of the first, which had plots that the second has not.
    assert sorted(path.name for path in Path("tiny.eval").iterdir()) == [
        "confusion.png", "metrics.json", "predictions.csv", "reliability.png",
    ]  # fmt: skip


def test_a_failed_evaluation_leaves_no_folder(mien: Command, tmp_path: Path, data: Path):
    assert mien("evaluate", model_file(tmp_path), "--data", data, "--split", "test", "--out", "deep/er").code == 1
    assert not Path("deep").exists()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no folder here into which not even root can write")
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_scored(mien: Command, tmp_path: Path, data: Path):
    outcome = mien("evaluate", model_file(tmp_path), "--data", data, "--out", "/proc")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)
    assert "cannot write /proc/" in outcome.err


class TestSets:
    @pytest.fixture
    def model(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        return model_file(tmp_path_factory.mktemp("model"))

    def test_a_row_a_data_set_and_half_never_pooled(self, tmp_path: Path, model: Path):
        split = made_split()
        split.sources[len(split) // 2 :] = "web"
        for name in ("here", "there"):
            (tmp_path / name).mkdir()
            save_split(split, tmp_path / name / "valid.npz")
        report = evaluate(model, [tmp_path / "here", tmp_path / "there"])
        rows = report.document["sets"]
        names = [cells[0] for cells in sets_table(rows)]
        assert names[:2] + names[-1:] == ["here/ferplus", "here/ferplus", "there/web"]
        assert sets_table(rows[:1])[0][:2] == ["ferplus", "reported"]
        alone = evaluate(model, tmp_path / "here").document
        assert rows[: len(rows) // 2] == alone["sets"]
        assert {(row["data"], row["source"], row["half"]) for row in rows} == {
            (data, source, half)
            for data in ("here", "there")
            for source in ("ferplus", "web")
            for half in ("reported", "choosing")
        }
        counted = sum(row["n"] for row in rows if (row["data"], row["source"]) == ("here", "ferplus"))
        assert counted == alone["protocols"]["seven"]["all"]["n"] == report.document["protocols"]["seven"]["all"]["n"]

    def test_a_half_is_scored_on_its_own_faces(self, tmp_path: Path, model: Path):
        split = made_split()
        save_split(split, tmp_path / "valid.npz")
        by_half = {row["half"]: row for row in evaluate(model, tmp_path).document["sets"]}
        for half, chosen in (("choosing", split.choosing), ("reported", ~split.choosing)):
            (tmp_path / half).mkdir()
            save_split(split.take(chosen), tmp_path / half / "valid.npz")
            block = evaluate(model, tmp_path / half).document["protocols"]["seven"]["all"]
            assert {key: by_half[half][key] for key in block} == block

    def test_other_splits_have_no_halves(self, tmp_path: Path, model: Path):
        save_split(made_split(), tmp_path / "test.npz")
        (row,) = evaluate(model, tmp_path, "test").document["sets"]
        assert row["half"] == "all"
        assert 0 <= row["accuracy_kept"] <= 1

    def test_a_folder_without_a_face(self, tmp_path: Path, model: Path):
        save_split(made_split().take(np.array([], int)), tmp_path / "valid.npz")
        with pytest.raises(DataError, match=r"the split 'valid' of .* holds no face"):
            evaluate(model, tmp_path)
