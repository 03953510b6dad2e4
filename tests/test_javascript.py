"""The JavaScript of the page, which answers what Python's code answers: ``js/test`` holds both to ``golden.json``."""

import base64
import hashlib
import importlib.util
import io
import json
import runpy
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

JS = Path(__file__).parents[1] / "js"
NODE = shutil.which("node")


def numbers(value: Any) -> list[Any]:
    """Return the numbers and words in nested lists and dictionaries, in order."""
    if isinstance(value, dict):
        return [one for part in value.values() for one in numbers(part)]
    return [one for part in value for one in numbers(part)] if isinstance(value, list) else [value]


def test_golden_values_are_those_of_python():
    made, kept = runpy.run_path(str(JS / "test" / "golden.py")), json.loads((JS / "test" / "golden.json").read_text())
    # Of OpenCV's major releases each rounds pixels in its own way, and of processors each the sums of a net of 8 bits.
    within = {"resize": 1, "crop": 3, "table": 0.02}
    for part, value in made["golden"]().items():
        expected = [one for one in numbers(kept[part]) if not isinstance(one, str)]
        found = [one for one in numbers(value) if not isinstance(one, str)]
        assert found == pytest.approx(expected, abs=within.get(part, 1e-4)), f"{part}: run python js/test/golden.py"


@pytest.mark.skipif(NODE is None, reason="there is no Node.js")
def test_modules_answer_as_python_does():
    files = map(str, (JS / "test").glob("*.test.js"))
    run = subprocess.run([str(NODE), "--test", *files], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_the_build_takes_no_other_runtime_than_the_locked_one(tmp_path: Path):
    spec = importlib.util.spec_from_file_location("hatch_build", JS.parent / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    package, folder = tmp_path / "package.tgz", tmp_path / "ort"
    with tarfile.open(package, "w:gz") as archive:
        for name in build.RUNTIME_FILES:
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = 3
            archive.addfile(member, io.BytesIO(b"abc"))
    with pytest.raises(RuntimeError, match="is not the one of js/package-lock"):
        build.unpack_runtime(package, "sha512-other", folder)
    assert not folder.exists()
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    build.unpack_runtime(package, integrity, folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(build.RUNTIME_FILES)
