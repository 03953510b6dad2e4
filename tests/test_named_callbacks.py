"""Keras callbacks that a recipe names, made of names and import paths."""

import sys
from pathlib import Path

import keras
import pytest

from mien.core.errors import MissingExtra, UsageError
from mien.train import named_callbacks
from mien.train.named_callbacks import make_callbacks

MINE = """
import keras

class Logger(keras.callbacks.Callback):
    pass

def placed(run_dir):
    made = Logger()
    made.place = run_dir
    return made

def no_callback():
    return 5

def needs(project):
    pass

def fails():
    raise RuntimeError("call init() first")
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a module in the working directory."""
    (tmp_path / "my_callbacks.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "my_callbacks", raising=False)
    return "my_callbacks"


def test_callbacks_are_made_of_names_and_import_paths(mine: str, tmp_path: Path):
    csv, logger, placed = make_callbacks(f"CSVLogger, {mine}:Logger {mine}:placed", tmp_path / "run")
    assert isinstance(csv, keras.callbacks.CSVLogger)
    assert csv.filename == str(tmp_path / "run/log.csv")
    assert type(logger).__name__ == "Logger"
    assert placed.place == tmp_path / "run"
    assert make_callbacks("", tmp_path) == []
    assert isinstance(*make_callbacks("keras.callbacks:TerminateOnNaN", tmp_path), keras.callbacks.TerminateOnNaN)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Loger", r"cannot find the callback my_callbacks:Loger: .*has no attribute 'Loger'"),
        ("no_callback", "my_callbacks:no_callback makes a int; expected a keras.callbacks.Callback"),
        ("needs", "cannot make the callback my_callbacks:needs: .*'project'; expected a class or function without"),
        ("fails", r"cannot make the callback my_callbacks:fails: call init\(\) first"),
    ],
)
def test_what_makes_no_callback_is_explained(mine: str, tmp_path: Path, name: str, message: str):
    with pytest.raises(UsageError, match=message):
        make_callbacks(f"{mine}:{name}", tmp_path)


def test_a_module_or_package_that_is_missing_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UsageError, match="cannot find the callback no_such:Logger: No module named 'no_such'; install"):
        make_callbacks("no_such:Logger", tmp_path)
    monkeypatch.setitem(named_callbacks.PACKAGES, "TensorBoard", ("no_such_board",))
    with pytest.raises(MissingExtra, match="TensorBoard needs the package 'no_such_board'"):
        make_callbacks("TensorBoard", tmp_path)
