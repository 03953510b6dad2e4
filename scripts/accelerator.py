"""Trains all teachers, distils the students from them and trains the ladder, side by side on one accelerator.

    python scripts/accelerator.py --data data --runs runs --seconds 540 --out out

Every training is a process of its own with a log beside its run folder, RUN.log. When the time is up each is asked to
stop and keeps its finished epochs; the same command goes on from there. What came of it is then packed into --out, the
small files of all runs first, in parts that `cat out/results.tar.* | tar x -C runs` puts back together.
docs/TRAINING_QUEUE.md has the whole procedure.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEACHERS = sorted((ROOT / "recipes" / "teachers").glob("*.toml"), key=lambda path: path.stem)
STUDENTS = [ROOT / "recipes" / name for name in ("7-student.toml", "mien-s.toml")]
LADDER = [
    ROOT / "recipes" / name for name in ("4-regularised.toml", "3-augmented.toml", "2-deeper.toml", "1-baseline.toml")
]

GRACE_S = 20
"""Time that a process has to stop in before it is killed, which loses no finished epoch either."""

LARGE = (".keras", ".npz")
"""Endings of the files that are packed last; ONNX files are left out, since 'mien export' makes them again."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run."""

    recipe: Path
    run: Path
    is_student: bool = False

    @property
    def is_done(self) -> bool:
        """Return whether the net is trained; export and scores can be made anywhere."""
        return (self.run / "calibration.json").is_file()


def jobs_of(stages: list[str], runs: Path) -> list[Job]:
    """Return the runs of the stages, the most useful first."""
    recipes = {"teachers": TEACHERS, "students": STUDENTS, "ladder": LADDER}
    return [
        Job(recipe, runs / recipe.stem, stage == "students")
        for stage in recipes
        if stage in stages
        for recipe in recipes[stage]
    ]


def teachers_of(job: Job, runs: Path) -> list[Path]:
    """Return the run folders of a student's teachers: those that it began with, or else all that are finished."""
    env = job.run / "env.json"
    if env.is_file():
        return [runs / teacher["name"] for teacher in json.loads(env.read_text(encoding="utf-8"))["teachers"]]
    return [run for recipe in TEACHERS if ((run := runs / recipe.stem) / "calibration.json").is_file()]


def start(job: Job, arguments: argparse.Namespace) -> subprocess.Popen[bytes]:
    """Start or resume a run."""
    options = ["--data", str(arguments.data), "--run", str(job.run)]
    options += [word for change in arguments.set for word in ("--set", change)]
    if job.is_student:
        options += [word for run in teachers_of(job, arguments.runs) for word in ("--teacher", str(run))]
    command = [sys.executable, "-m", "mien", "distill" if job.is_student else "train", str(job.recipe), *options]
    environment = {
        "KERAS_BACKEND": "torch",
        "OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // arguments.parallel)),
        # JAX else takes most of the accelerator's memory for the first process.
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    with job.run.with_suffix(".log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True)


def work(jobs: list[Job], arguments: argparse.Namespace, deadline: float) -> None:
    """Run the jobs, so many at once, until all have ended or the time is up."""
    waiting, running = [job for job in jobs if not job.is_done], dict[Job, subprocess.Popen[bytes]]()
    try:
        while (waiting or running) and time.monotonic() < deadline:
            for job in [job for job, process in running.items() if process.poll() is not None]:
                say(f"{job.run.name} {'finished' if job.is_done else f'failed; see {job.run}.log'}", running.pop(job))
            for job in [job for job in waiting if is_ready(job, [*waiting, *running])]:
                if len(running) < arguments.parallel:
                    waiting.remove(job)
                    running[job] = start(job, arguments)
                    say(f"{job.run.name} started", running[job])
            time.sleep(0.2)
    finally:
        stop(running)


def is_ready(job: Job, unfinished: list[Job]) -> bool:
    """Return whether a job can start: a student waits until no teacher is left to come."""
    return not job.is_student or not any(other.recipe in TEACHERS for other in unfinished)


def stop(running: dict[Job, subprocess.Popen[bytes]]) -> None:
    """Ask all processes to stop, then end those that do not."""
    for process in running.values():
        process.send_signal(signal.SIGINT)
    end = time.monotonic() + GRACE_S
    for job, process in running.items():
        try:
            process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        say(f"{job.run.name} {'finished' if job.is_done else 'stopped for now'}", process)


def say(what: str, process: subprocess.Popen[bytes]) -> None:
    """Print a line with the process it is about."""
    print(f"{time.strftime('%H:%M:%S')}  {what} (process {process.pid})", flush=True)


def pack(jobs: list[Job], arguments: argparse.Namespace) -> None:
    """Pack the run folders into parts of limited size: all that is small, then nets and checkpoints, students first."""
    order = sorted(jobs, key=lambda job: not job.is_student)
    files = [path for job in order for path in files_of(job)]
    files.sort(key=lambda path: path.suffix in LARGE)
    arguments.out.mkdir(parents=True, exist_ok=True)
    whole = arguments.out / "results.tar"
    room = arguments.keep_mib * 2**20
    with tarfile.open(whole, "w") as archive:
        for path in files:
            if path.stat().st_size + 4096 > room - archive.offset:
                print(f"left out for want of room: {path}")
                continue
            archive.add(path, path.relative_to(arguments.runs))
    with whole.open("rb") as file:
        for number in range(10**6):
            if not (part := file.read(arguments.part_mib * 2**20)):
                break
            (arguments.out / f"results.tar.{number:02}").write_bytes(part)
    whole.unlink()


def files_of(job: Job) -> Iterator[Path]:
    """Yield the files of a run that are worth keeping."""
    log = job.run.with_suffix(".log")
    if log.is_file():
        yield log
    yield from (path for path in sorted(job.run.glob("*")) if path.suffix not in {".onnx", ".part"} and path.is_file())


def main() -> None:
    """Parse, run, pack and print where each run stands."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of 'mien prepare'")
    parser.add_argument("--runs", type=Path, required=True, help="where the run folders are, or will be")
    parser.add_argument("--seconds", type=float, required=True, help="when to stop; packing takes a few more")
    parser.add_argument("--out", type=Path, required=True, help="where the packed results go")
    parser.add_argument("--parallel", type=int, default=4, help="trainings at once")
    parser.add_argument("--stages", nargs="+", default=["teachers", "students", "ladder"], help="which to run")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key everywhere")
    parser.add_argument("--keep-mib", type=float, default=60, help="how much is packed in all")
    parser.add_argument("--part-mib", type=int, default=15, help="size of a part")
    arguments = parser.parse_args()
    deadline = time.monotonic() + arguments.seconds
    arguments.runs.mkdir(parents=True, exist_ok=True)
    jobs = jobs_of(arguments.stages, arguments.runs)
    work(jobs, arguments, deadline)
    pack(jobs, arguments)
    for job in jobs:
        history = job.run / "history.csv"
        last = history.read_text(encoding="utf-8").splitlines()[-1] if history.is_file() else "not begun"
        print(f"{job.run.name:22} {'done' if job.is_done else 'to do':6} {last}")


if __name__ == "__main__":
    main()
