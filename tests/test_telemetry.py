"""Nothing is noted of who uses mien, and nothing is reported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LOOK = "import mien; mien.load()(sys.argv[1])"
READ = "import mien.inference.classifier"


@pytest.mark.parametrize("code", [LOOK, READ])
def test_onnx_runtime_notes_no_device(tmp_path: Path, examples: Path, code: str):
    asked = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "USERPROFILE": str(tmp_path)}
    command = [sys.executable, "-c", f"import sys; {code}", str(examples / "astronaut.png")]
    subprocess.run(command, env=asked | home, check=True, capture_output=True)
    assert list(tmp_path.rglob("*")) == []
