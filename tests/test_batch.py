"""Batches on Ray, and their workers without it."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from command import Command
from mien.apps import batch as batches
from mien.apps.batch import Settings, Worker, distribute
from mien.core.errors import MienError, MissingExtra, UsageError
from mien.inference.analyzer import load
from mien.inference.pipeline import Outcome, pipeline

TESTS = Path(__file__).parent


def entry(outcome: Outcome) -> dict[str, object] | None:
    return None if outcome.result is None else outcome.result.to_dict()


def test_a_worker_answers_for_each_path(examples: Path, tmp_path: Path):
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png"))
    shutil.copy(examples / "astronaut.png", odd)
    paths = [examples / "chelsea.png", odd, tmp_path / "none.png"]
    answer = Worker(Settings())({"path": np.array([os.fsencode(path) for path in paths], object)})
    outcomes = [pickle.loads(one) for one in answer["outcome"]]
    expected = list(pipeline(load(), paths))
    assert [one.path for one in outcomes] == [str(path) for path in paths]
    assert [entry(one) for one in outcomes] == [entry(one) for one in expected]
    assert outcomes[1].result.frame.image.size == 3
    assert outcomes[2].error == f"no such file: {tmp_path / 'none.png'}"


def test_without_ray_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"pip install 'mien\[batch\]'"):
        list(distribute([Path("a.png")], Settings()))


def test_a_ray_that_does_not_start_is_explained(monkeypatch: pytest.MonkeyPatch):
    tries: list[object] = []

    def init(address: str, **_: object) -> None:
        tries.append(address)
        raise Exception("The current node timed out during startup.")

    ray = SimpleNamespace(init=init, shutdown=lambda: None)
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setitem(sys.modules, "ray.data", ray)
    with pytest.raises(MienError, match=r"Ray did not start \(The current node timed out .*try again"):
        list(distribute([Path("a.png")], Settings()))
    assert tries == ["local"] * 3


@pytest.mark.needs("ray")
def test_an_address_where_nobody_listens_is_named():
    with pytest.raises(UsageError, match=r"no Ray cluster at 127\.0\.0\.1:9 .*ray start --head"):
        list(distribute([Path("a.png")], Settings(), address="127.0.0.1:9"))


def test_nothing_to_do_starts_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert list(distribute([], Settings())) == []


def test_the_command_writes_what_mien_image_writes(
    mien: Command, examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked: list[object] = []

    def here(paths: Iterable[Path], *others: object) -> Iterator[Outcome]:
        asked.extend(others)
        yield from pipeline(load(view="eight"), paths)

    monkeypatch.setattr(batches, "distribute", here)
    options = ["--view", "eight", "--prior", "balanced"]
    given = [examples / "astronaut.png", examples / "chelsea.png", "none.png"]
    outcome = mien("batch", *given, "--out", "a.csv", *options, "--address", "auto", "--workers", "3")
    assert (outcome.code, outcome.err) == (1, "mien: no such file: none.png\n")
    assert asked == [Settings(None, "yunet", "balanced", "eight"), "auto", 3]
    assert mien("image", *given, "--out", "b.csv", *options).code == 1
    kept = [json.loads(line)["path"] for line in (tmp_path / "a.csv.jsonl").read_text().splitlines()]
    assert kept == [str(path) for path in given]
    assert (tmp_path / "a.csv").read_text().count("\n") == (tmp_path / "b.csv").read_text().count("\n") == 2
    asked.clear()
    again = mien("batch", *given[:2], "--out", "a.csv", *options, "--resume")
    assert again.code == 0
    assert (tmp_path / "a.csv").read_text().count("\n") == 2


@pytest.mark.needs("ray")
def test_on_ray_a_crash_costs_one_picture(examples: Path, tmp_path: Path):
    crash = tmp_path / "crash.png"
    shutil.copy(examples / "astronaut.png", crash)
    paths = [examples / "astronaut.png", crash, examples / "chelsea.png", tmp_path / "none.png"]
    command = [sys.executable, TESTS / "crashing.py", *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # Of a full object store or a slow start Ray may well warn.
    assert "RAY_BACKEND_LOG_LEVEL" not in done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        str(paths[0]): ["happiness"],
        str(crash): f"{crash} ends each worker that reads it; try it by itself with 'mien image'",
        str(paths[2]): [],
        str(paths[3]): f"no such file: {paths[3]}",
    }
