import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mien.core.errors import MienError, UsageError
from mien.core.locks import locked

HOLDER = """
import os, sys
from pathlib import Path
from mien.core.locks import locked
with locked(Path(sys.argv[1])):
    if "fork" in sys.argv and os.fork() == 0:
        print("held", flush=True)
        sys.stdin.read()
        os._exit(0)
    if "fork" in sys.argv:
        os._exit(0)
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(path: Path, *how: str) -> Generator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLDER, str(path), *how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process


def test_another_run_is_refused_and_told_who_writes(tmp_path: Path):
    path = tmp_path / "out.csv"
    with holder(path) as process:
        with pytest.raises(UsageError, match=rf"out\.csv is being written by process {process.pid} on .*, begun 20"):
            locked(path).__enter__()
        with locked(tmp_path / "other.csv"):
            pass
        process.communicate()
    with locked(path):
        assert [file.name for file in tmp_path.iterdir()] == [".out.csv.lock"]
    assert list(tmp_path.iterdir()) == []


def test_a_killed_run_keeps_nobody_out(tmp_path: Path):
    with holder(tmp_path / "out.csv") as process:
        process.send_signal(signal.SIGKILL)
    with locked(tmp_path / "out.csv"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_holds_no_lock_for_its_dead_parent(tmp_path: Path):
    with holder(tmp_path / "out.csv", "fork") as process:
        process.wait()
        with locked(tmp_path / "out.csv"):
            pass


def test_a_folder_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(MienError, match=r"cannot write .*none.out\.csv: No such file"):
        locked(tmp_path / "none/out.csv").__enter__()
