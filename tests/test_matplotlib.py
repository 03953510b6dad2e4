"""Matplotlib says nothing of its own affairs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "code",
    [
        "import mien.report.plots",
        pytest.param("import mien.train.backend as b; b.load_backend()", marks=pytest.mark.needs("tensorflow")),
    ],
)
def test_a_home_that_cannot_be_written_is_not_told(tmp_path: Path, code: str):
    file = tmp_path / "file"
    file.touch()
    home = {"HOME": str(file / "home"), "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": "", "MPLCONFIGDIR": ""}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # TensorFlow's own lines are for the command line to keep away.
    assert "atplotlib" not in done.stderr
    assert str(home["HOME"]) not in done.stderr
