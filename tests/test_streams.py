"""Standard output and standard error that take no more, as a whole process meets them."""

import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="no device here is always full")


def mien(*arguments: object, **streams: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, text=True, stderr=subprocess.PIPE, check=False, **streams)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "arguments", [["-m", "mien", "--version"], ["-u", "-m", "mien", "--version"], ["-m", "mien", "-h"]]
)
def test_a_full_disk_is_said_in_one_line(arguments: list[str]):
    with FULL.open("w") as full:
        ended = mien(*arguments, stdout=full)
    assert ended.returncode == 1
    assert ended.stderr == "mien: cannot write: No space left on device; make room, or send it elsewhere\n"


def test_a_full_disk_ends_a_run_that_has_results(examples: Path, tmp_path: Path):
    with FULL.open("w") as full:
        ended = mien("-m", "mien", "image", examples / "coffee.png", stdout=full, cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.startswith("mien: cannot write: No space")
    assert ended.stderr.count("\n") == 1


def test_a_reader_who_has_gone_is_told_nothing():
    with subprocess.Popen(["true"], stdin=subprocess.PIPE) as reader:
        reader.wait()
        ended = mien("-m", "mien", "--version", stdout=reader.stdin)
    assert (ended.returncode, ended.stderr) == (1, "")


@pytest.mark.parametrize("options", [[], ["--json"], ["--json", "-q"]])
def test_answers_that_are_closed_out_are_a_failure(examples: Path, tmp_path: Path, options: list[str]):
    closed = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "mien", "image", examples / "coffee.png"]
    ended = subprocess.run([*closed, *options], cwd=tmp_path, stderr=subprocess.PIPE, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (1, "mien: cannot write: standard output is closed; send it elsewhere\n")
    ended = subprocess.run([*closed, "--out", "a.csv"], cwd=tmp_path, stderr=subprocess.PIPE, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_errors_that_cannot_be_said_leave_the_exit_code():
    with FULL.open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "mien", "paint"], stdout=subprocess.PIPE, stderr=full, check=False
        )
    assert (ended.returncode, ended.stdout) == (1, b"")
