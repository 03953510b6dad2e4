"""What TensorFlow writes as it starts, in a process of its own."""

import os
import subprocess
import sys

import pytest

from mien.train.backend import EXPORTERS, LITERT_EXPORTERS, STARTUP_NOTES, exporting_backend

START = """
import os
from mien.train import backend
with backend._without_notes():
    os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\\n")
    os.write(2, b"I0000 00:00:1795893052.979514   28474 port.cc:153] oneDNN custom operations are on.\\n")
    os.write(2, b"E0000 00:00:1795898254.050891   20818 cuda_platform.cc:52] failed call to cuInit: INTERNAL: 303\\n")
    os.write(2, b"E0000 00:00:1795893052.979514   28474 cuda.cc:1] out of memory\\n")
    raise SystemExit("no backend")
"""


@pytest.mark.parametrize(
    ("asked", "shown"), [(False, ["E0000", "no"]), (True, ["WARNING:", "I0000", "E0000", "E0000", "no"])]
)
def test_notes_are_held_back_and_errors_pass(asked: bool, shown: list[str]):
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    variables.pop("TF_CPP_MIN_LOG_LEVEL", None)
    done = subprocess.run(
        [sys.executable, "-c", START],
        env={**variables, **({"TF_CPP_MIN_LOG_LEVEL": "0"} if asked else {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert [line.split()[0] for line in done.stderr.splitlines()] == shown


def test_other_lines_are_no_notes():
    assert not any(
        map(STARTUP_NOTES.match, [b"Traceback (most recent call last):", b"ImportError: libtensorflow.so", b"\n"])
    )


@pytest.mark.parametrize(
    ("installed", "expected"),
    [(("tensorflow", "tf2onnx", "torch"), "tensorflow"), (("torch",), "torch"), (("tensorflow",), None)],
)
def test_jax_needs_another_backend_to_write(
    installed: tuple[str, ...], expected: str | None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    monkeypatch.setattr("mien.train.backend.find_spec", lambda name: name if name in installed else None)
    assert exporting_backend() == expected
    assert "jax" not in EXPORTERS


def test_only_tensorflow_writes_litert_files(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mien.train.backend.find_spec", lambda name: name)
    assert exporting_backend(LITERT_EXPORTERS) == "tensorflow"
    monkeypatch.setattr("mien.train.backend.find_spec", lambda name: name if name == "torch" else None)
    assert exporting_backend(LITERT_EXPORTERS) is None
