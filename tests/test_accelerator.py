"""The script for an accelerator: what starts when, stopping in time and packing; its trainings are stand-ins."""

import importlib.util
import io
import json
import subprocess
import sys
import tarfile
import time
from argparse import Namespace
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("accelerator", ROOT / "scripts" / "accelerator.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "accelerator", module)
    spec.loader.exec_module(module)
    return module


def settings(folder: Path) -> Namespace:
    return Namespace(runs=folder / "runs", out=folder / "out", parallel=3, keep_mib=1, part_mib=1)


def finish(run: Path) -> None:
    run.mkdir(parents=True)
    (run / "calibration.json").write_text("{}")


def test_students_come_behind_all_teachers_and_learn_from_the_finished_ones(script: ModuleType, tmp_path: Path):
    jobs = script.jobs_of(["teachers", "students"], tmp_path)
    student = next(job for job in jobs if job.is_student)
    assert not script.is_ready(student, jobs)
    assert script.is_ready(student, [job for job in jobs if job.is_student])
    assert all(script.is_ready(job, jobs) for job in jobs if not job.is_student)
    finish(tmp_path / "compact-64")
    assert script.teachers_of(student, tmp_path) == [tmp_path / "compact-64"]


def test_a_student_goes_on_with_the_teachers_that_it_began_with(script: ModuleType, tmp_path: Path):
    student = script.jobs_of(["students"], tmp_path)[0]
    student.run.mkdir()
    (student.run / "env.json").write_text(json.dumps({"teachers": [{"name": "residual-48", "sha256": ""}]}))
    finish(tmp_path / "compact-64")
    assert script.teachers_of(student, tmp_path) == [tmp_path / "residual-48"]


def test_finished_runs_are_left_alone_and_all_others_run(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    arguments, started = settings(tmp_path), []
    jobs = script.jobs_of(["teachers", "students"], arguments.runs)
    finish(jobs[0].run)

    def start(job: object, _: Namespace) -> subprocess.Popen[bytes]:
        started.append(job)
        return subprocess.Popen(["true"])

    monkeypatch.setattr(script, "start", start)
    monkeypatch.setattr(script.time, "sleep", lambda _: None)
    script.work(jobs, arguments, deadline=time.monotonic() + 30)
    assert started == jobs[1:]
    assert "failed; see" in capsys.readouterr().out


def test_when_the_time_is_up_the_trainings_are_asked_to_stop(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    job = script.jobs_of(["ladder"], tmp_path)[0]
    process = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    script.stop({job: process})
    assert process.returncode != 0
    assert "4-regularised stopped for now" in capsys.readouterr().out


def test_small_files_and_students_are_packed_first(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    arguments = settings(tmp_path)
    jobs = script.jobs_of(["teachers", "students"], arguments.runs)
    for job in jobs:
        finish(job.run)
        (job.run / "model.keras").write_bytes(bytes(300_000))
        (job.run / "model.onnx").write_bytes(bytes(300_000))
    arguments.keep_mib = 1.5
    script.pack(jobs, arguments)
    parts = sorted(arguments.out.iterdir())
    assert [part.name for part in parts] == ["results.tar.00", "results.tar.01"]
    whole = b"".join(part.read_bytes() for part in parts)
    assert len(whole) <= 1.5 * 2**20 + 10_240
    with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
        names = archive.getnames()
    assert {f"{job.run.name}/calibration.json" for job in jobs} < set(names)
    nets = [name for name in names if name.endswith(".keras")]
    assert nets[:2] == ["7-student/model.keras", "mien-s/model.keras"]
    assert 2 < len(nets) < len(jobs)
    assert not [name for name in names if name.endswith(".onnx")]
    assert "left out for want of room" in capsys.readouterr().out
