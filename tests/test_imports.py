"""What must not be loaded, seen from a process of its own."""

import subprocess
import sys

import pytest

HEAVY = (
    "keras",
    "tensorflow",
    "torch",
    "jax",
    "onnx",
    "onnxruntime",
    "cv2",
    "matplotlib",
    "PIL",
    "pandas",
    "av",
    "scipy",
    "pygame",
    "fastapi",
    "ray",
)


RUN = "import sys; sys.argv = ['mien', *{arguments}]; from mien.apps.cli.main import app; app(standalone_mode=False)"


@pytest.mark.parametrize(
    "code",
    [
        "import mien",
        RUN.format(arguments=["--help"]),
        RUN.format(arguments=["train", "--help"]),
        RUN.format(arguments=["video", "--help"]),
        RUN.format(arguments=["live", "--help"]),
        RUN.format(arguments=["web", "--help"]),
        RUN.format(arguments=["batch", "--help"]),
    ],
    ids=[
        "import mien",
        "mien --help",
        "mien train --help",
        "mien video --help",
        "mien live --help",
        "mien web --help",
        "mien batch --help",
    ],
)
def test_nothing_heavy_is_loaded(code: str):
    tail = f"\nimport sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code + tail], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_prediction_loads_no_training_framework(examples):
    code = (
        f"import sys, mien; mien.load()({str(examples / 'astronaut.png')!r}).to_dict(); mien.pipeline\n"
        "heavy = 'keras', 'tensorflow', 'torch', 'jax', 'onnx', 'matplotlib', 'pandas', 'pyarrow'\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
