import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image as Pillow
from typer.testing import CliRunner

import mien.data.prepare
from command import Command
from mien.apps.cli.prepare import prepare as command
from mien.core.errors import DataError, UsageError
from mien.data.audit import load_audit
from mien.data.prepare import prepare
from mien.data.split import KEPT_ALWAYS, load_split
from small_data import HAPPY, USAGES, faces, samples, write_fer, write_votes

NOT_A_FACE = (0,) * 9 + (10,)
UNKNOWN = (0,) * 8 + (10, 0)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def published(tmp_path: Path) -> list[Path]:
    """Nine rows: two plain, a leak, its near-duplicate, unknown, not a face, nameless; one of valid, one of test."""
    some = faces(7)
    images = np.concatenate([some, some[2:3], some[3:4] + 20])
    uses = [USAGES[name] for name in ["train"] * 7 + ["valid", "test"]]
    votes = [HAPPY, HAPPY, HAPPY, HAPPY, UNKNOWN, NOT_A_FACE, HAPPY, HAPPY, HAPPY]
    return [
        write_fer(tmp_path / "fer2013.csv", images, uses, [3, 4, 3, 3, 3, 3, 3, 3, 0]),
        write_votes(tmp_path / "fer2013new.csv", uses, votes, ["a.png"] * 6 + [""] + ["a.png"] * 2),
    ]


def run(*arguments: object) -> str:
    app = typer.Typer()
    app.command()(command)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_from_published_files_to_splits(tmp_path: Path, published: list[Path]):
    out = tmp_path / "out" / "deep"
    shown = run(*published, "--out", out)
    assert names(out) == ["audit.json", "montage.png", "prepare.json", "test.npz", "train.npz", "valid.npz"]
    train, valid, test = (load_split(out, name) for name in ("train", "valid", "test"))
    assert train.rows.tolist() == [0, 1, 3, 4]
    assert train.emotions.tolist() == [1, 3, 1, 1]
    assert train.clean.all()
    assert (valid.rows.tolist(), valid.clean.tolist()) == ([7], [False])
    assert (test.rows.tolist(), test.clean.tolist()) == ([8], [False])
    np.testing.assert_array_equal(train.images, faces(7)[[0, 1, 3, 4]])
    assert "pixel for pixel in valid or test" in shown
    assert "not a face" in shown

    summary = json.loads((out / "prepare.json").read_text())["splits"]
    assert summary["train"] == {"faces": 4, "sha256": train.sha256()}
    audit = load_audit(out)
    assert audit.sha256 == {name: summary[name]["sha256"] for name in summary}
    assert audit.drop_counts() == {"pixel for pixel in valid or test": {"train": 1}, "not a face": {"train": 2}}


def test_the_same_source_gives_the_same_digest(tmp_path: Path):
    data = samples(faces(5), ["train"] * 4 + ["valid"])
    assert prepare(data, tmp_path / "a").sha256 == prepare(data, tmp_path / "b").sha256


def test_a_file_without_names_calls_faces_by_their_rows_and_has_the_same_digest(tmp_path: Path):
    prepare(samples(faces(3), ["valid"] * 3), tmp_path)
    split = load_split(tmp_path, "valid")
    with pytest.raises(DataError, match="it has valid only, as 'mien prepare' got few faces or --split"):
        load_split(tmp_path, "train")
    np.savez(tmp_path / "valid.npz", **{name: getattr(split, name) for name in KEPT_ALWAYS})
    old = load_split(tmp_path, "valid")
    assert old.names.tolist() == ["0", "1", "2"]
    assert old.sha256() == replace(split, names=np.array(["a.png", "b.png", "c.png"])).sha256()


def test_a_second_run_leaves_no_split_of_the_first(tmp_path: Path):
    prepare(samples(faces(3), ["train", "valid", "test"]), tmp_path)
    prepare(samples(faces(2), ["train", "valid"]), tmp_path)
    assert names(tmp_path) == ["audit.json", "montage.png", "prepare.json", "train.npz", "valid.npz"]


def test_an_interrupted_run_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    prepare(samples(faces(3), ["train"] * 3), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mien.data.prepare, "write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        prepare(samples(faces(2, seed=1), ["train", "valid"]), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_nothing_left(tmp_path: Path):
    with pytest.raises(DataError, match="no face left of 2: all of them were dropped"):
        prepare(samples(faces(2), ["train"] * 2, [NOT_A_FACE] * 2), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path):
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(DataError, match=r"cannot write to .*out: File exists"):
        prepare(samples(faces(2), ["train"] * 2), tmp_path / "out")


def test_class_folders_on_the_command_line(tmp_path: Path):
    for place, face in enumerate(faces(20)):
        folder = tmp_path / "faces" / ("happy" if place % 2 else "sad")
        folder.mkdir(parents=True, exist_ok=True)
        Pillow.fromarray(face).save(folder / f"{place:02}.png")
    (tmp_path / "faces" / "happy" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    shown = run(tmp_path / "faces", "--out", tmp_path / "out", "--detector", "none")
    assert "unreadable picture" in shown
    assert "drawn at random" in shown
    assert load_audit(tmp_path / "out").kept == {"train": 16, "valid": 2, "test": 2}


def test_a_detector_that_nobody_knows(tmp_path: Path):
    with pytest.raises(UsageError, match="unknown detector 'yunnet'"):
        run(tmp_path, "--detector", "yunnet")


def test_who_stops_the_audit_is_not_told_that_nothing_was_written(
    mien: Command, published: list[Path], monkeypatch: pytest.MonkeyPatch
):
    def interrupt(found: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mien.apps.cli.prepare.tables", interrupt)
    outcome = mien("prepare", *published)
    assert (outcome.code, outcome.err) == (130, "")
    assert Path("data/audit.json").exists()


def test_what_was_prepared_is_kept_without_force(mien: Command, published: list[Path]):
    assert mien("prepare", *published).code == 0
    before = {path.name: path.read_bytes() for path in Path("data").iterdir()}
    for place, face in enumerate(faces(20)):
        folder = Path("faces") / ("happy" if place % 2 else "sad")
        folder.mkdir(parents=True, exist_ok=True)
        Pillow.fromarray(face).save(folder / f"{place}.png")
    mine = ("prepare", "faces", "--detector", "none")
    outcome = mien(*mine)
    assert outcome.code == 2
    assert (
        "data/train.npz is there already, and 5 more; add --force to write over it, or choose another --out"
        in outcome.err
    )
    assert {path.name: path.read_bytes() for path in Path("data").iterdir()} == before
    assert mien(*mine, "--force").code == 0
    assert (Path("data") / "train.npz").read_bytes() != before["train.npz"]
    assert mien("prepare", "nowhere", "--out", "deep/er").code != 0
    assert not Path("deep").exists()
