from pathlib import Path

import pytest

from mien.apps.cli._run_folder import run_folder
from mien.core.errors import MienError, UsageError

RESULTS = ("model.onnx", "metrics.json", "events")


def hold(
    folder: Path, *writes: str, force: bool = False, sources: tuple[Path, ...] = (), end: BaseException | None = None
):
    """Write files in a run folder, and end."""
    with run_folder(folder, RESULTS, force=force, sources=sources):
        for name in writes:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(name)
        if end:
            raise end


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_run_that_ends_before_its_first_epoch_leaves_nothing(tmp_path: Path):
    begun = ("recipe.toml", "env.json", "data/train.npz")
    with pytest.raises(KeyboardInterrupt):
        hold(tmp_path / "runs/a", *begun, end=KeyboardInterrupt())
    assert files(tmp_path) == []
    with pytest.raises(KeyboardInterrupt):
        hold(tmp_path / "runs/a", *begun, "checkpoint.npz", end=KeyboardInterrupt())
    assert files(tmp_path / "runs/a") == ["checkpoint.npz", "data", "data/train.npz", "env.json", "recipe.toml"]


def test_results_without_a_run_are_kept(tmp_path: Path):
    (tmp_path / "metrics.json").write_text("of an evaluation")
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"metrics\.json is there already; add --force .* or choose another --run"):
        hold(tmp_path)
    hold(tmp_path, "recipe.toml", "calibration.json", "model.onnx", force=True)
    assert files(tmp_path) == ["calibration.json", "mine.txt", "model.onnx", "recipe.toml"]


def test_force_begins_anew_but_not_over_what_the_run_builds_on(tmp_path: Path):
    hold(tmp_path / "a", "recipe.toml", "calibration.json", "metrics.json")
    for source in (tmp_path / "a", tmp_path / "a/model.onnx"):
        with pytest.raises(UsageError, match="which --force would delete"):
            hold(tmp_path / "a", force=True, sources=(source,))
    assert files(tmp_path / "a") == ["calibration.json", "metrics.json", "recipe.toml"]
    hold(tmp_path / "a", "recipe.toml", "checkpoint.npz", force=True)
    assert files(tmp_path / "a") == ["checkpoint.npz", "recipe.toml"]


def test_folders_of_an_earlier_run_go_too(tmp_path: Path):
    hold(tmp_path, "recipe.toml", "calibration.json", "events/train")
    hold(tmp_path, "recipe.toml", "checkpoint.npz", force=True)
    assert files(tmp_path) == ["checkpoint.npz", "recipe.toml"]
    with pytest.raises(KeyboardInterrupt):
        hold(tmp_path / "a", "recipe.toml", "events/train", end=KeyboardInterrupt())
    assert not (tmp_path / "a").exists()


def test_a_folder_that_vanishes_is_explained(tmp_path: Path):
    gone = FileNotFoundError(2, "No such file or directory")
    with pytest.raises(MienError, match="ended: No such file or directory; check the folder"):
        hold(tmp_path / "a", "recipe.toml", end=gone)
