"""Pictures in child processes: what ends or holds up a child costs itself alone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from mien.apps.batch import isolated
from mien.apps.batch.isolated import Bench
from mien.apps.batch.job import Job, WrongWorkerError
from mien.core.emotions import SEVEN
from mien.core.errors import MienError, ModelError
from mien.version import __version__
from small_results import MADE, MODEL

JOB = Job({}, 1000, None, 60.0, __version__, MADE.entry, SEVEN)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(isolated, "PROGRAM", "crashing")
    with Bench(JOB) as bench:
        yield bench


def test_a_crash_costs_one_picture(bench: Bench, tmp_path: Path):
    once = str(tmp_path / "once")
    entries = [bench.entry(name, b"12") for name in ("a", "crash.png", once, "b")]
    assert entries[0] == {"path": "a", "width": 2, "height": 1, "faces": []}
    assert entries[1] == {
        "path": "crash.png",
        "error": "crash.png ends each process that reads it (SIGKILL); try it by itself with 'mien image'",
    }
    assert [entry["path"] for entry in entries if "faces" in entry] == ["a", once, "b"]


def test_a_picture_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(isolated, "PROGRAM", "crashing")
    with Bench(replace(JOB, time_limit_s=0.5)) as bench:
        entry = bench.entry("hang.png", None)
    assert entry == {"path": "hang.png", "error": "hang.png took longer than 0.5 s; allow more with --time-limit"}


@pytest.mark.parametrize("answer", [("0.0.1", MODEL), (__version__, {**MODEL, "sha256": "0" * 64})])
def test_a_worker_that_has_another_mien_or_model_is_refused(answer: object, monkeypatch: pytest.MonkeyPatch):
    child = SimpleNamespace(ask=lambda _: answer, close=lambda: closed.append(True))
    closed: list[bool] = []
    monkeypatch.setattr(isolated, "Child", lambda _: child)
    with Bench(JOB) as bench, pytest.raises(WrongWorkerError, match="install the same on all machines"):
        bench.entry("a", None)
    assert closed == [True]


def test_what_is_wrong_with_a_model_ends_all():
    with Bench(replace(JOB, load={"model": "none.onnx"})) as bench, pytest.raises(ModelError, match=r"none\.onnx"):
        bench.entry("a", None)


def test_a_child_that_does_not_start_is_explained(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(isolated, "PROGRAM", "mien.none")
    with Bench(JOB) as bench, pytest.raises(MienError, match=r"did not start \(exit code 1\)"):
        bench.entry("a", None)
