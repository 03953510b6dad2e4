"""The JavaScript of the page, which answers what Python's code answers: ``js/test`` holds both to ``golden.json``."""

import ast
import base64
import hashlib
import importlib.util
import io
import json
import re
import runpy
import shutil
import subprocess
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

JS = Path(__file__).parents[1] / "js"
NODE = shutil.which("node")
PACKAGE = JS.parent / "src" / "mien"


def numbers(value: Any) -> list[Any]:
    """Return the numbers and words in nested lists and dictionaries, in order."""
    if isinstance(value, dict):
        return [one for part in value.values() for one in numbers(part)]
    return [one for part in value for one in numbers(part)] if isinstance(value, list) else [value]


def python_numbers() -> dict[str, list[Any]]:
    """Return the numbers of all modules by their names; several modules may have one of a name."""
    found: dict[str, list[Any]] = {}
    lines = (line for path in PACKAGE.rglob("*.py") for line in ast.parse(path.read_text()).body)
    for line in (line for line in lines if isinstance(line, ast.Assign | ast.AnnAssign) and line.value):
        target = line.targets[0] if isinstance(line, ast.Assign) else line.target
        written = line.value.args[0] if isinstance(line.value, ast.Call) and line.value.args else line.value
        with suppress(ValueError, TypeError):
            value = json.loads(json.dumps(ast.literal_eval(written)))
            pairs = zip(target.elts, value, strict=True) if isinstance(target, ast.Tuple) else [(target, value)]
            for name, one in pairs:
                found.setdefault(ast.unparse(name), []).append(one)
    return found


def javascript_numbers(script: str) -> list[tuple[str, Any]]:
    lines = re.findall(r"^(?:export )?const ([A-Z].*);", script, re.MULTILINE)
    pairs = [pair for line in lines for pair in re.findall(r"([A-Z_]+) = ([-\d.e]+|\[.*?\])(?=, [A-Z]|$)", line)]
    return [(name, json.loads(value)) for name, value in pairs]


def test_numbers_have_the_names_and_values_of_python():
    known, modules = python_numbers(), PACKAGE / "apps" / "web" / "static" / "mien"
    for path in modules.glob("*.js"):
        for name, value in javascript_numbers(path.read_text()):
            assert value in known.get(name, []), f"{path.name}: {name} = {value}"


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
