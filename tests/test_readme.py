"""Every snippet of the README and the quick start does what it says; ``.ci/run`` runs the README's pip lines."""

import re
import tomllib
from pathlib import Path

import pytest

from clips import counting, write_clip
from command import Command
from mien.version import __version__
from small_data import write_class_folders
from snippets import SHORT, blocks, links, run_page

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
LINES = [line for language, block in blocks(README) if language == "bash" for line in block.splitlines()]
COMMANDS = [line.removeprefix("mien ").split() for line in LINES if line.startswith("mien ")]
TRAINING = [words for words in COMMANDS if {"prepare", "train", "runs/own-faces/model.onnx"} & set(words)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return tmp_path


def run(mien: Command, words: list[str], *added: str) -> None:
    outcome = mien(*words, *added)
    assert outcome.code == 0, (words, outcome.err)


def test_the_commands_run_in_their_order(mien: Command, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    # The page is served until Ctrl-C, in test_web.py; .ci/run runs the batch, for Ray wants processes of its own.
    commands = [words for words in COMMANDS if words not in TRAINING and words[0] not in {"web", "batch"}]
    assert len(commands) >= 6
    # In the place of a camera, and of a clip that is played in its own time.
    short = ["--source", write_clip(folder / "short.mp4", counting(5))]
    for words in commands:
        run(mien, words, *(short if words[0] == "live" else []))
    for made in (
        "astronaut.mien.png",
        "faces.csv",
        "marked/grace_hopper.mien.jpg",
        "heads.mien.mp4",
        "heads.mien.html",
    ):
        assert (folder / made).is_file()


@pytest.mark.needs("tensorflow")
def test_the_commands_for_own_faces_run_in_their_order(mien: Command, folder: Path):
    write_class_folders(folder / "faces")
    assert [words[0] for words in TRAINING] == ["prepare", "train", "image"]
    for words in TRAINING:
        run(mien, words, *(SHORT if words[0] == "train" else []))


def test_every_other_line_is_run_by_ci():
    others = [line for line in LINES if line and not line.startswith("mien ")]
    assert others == [
        "pip install . && mien image examples/astronaut.png",
        'pip install ".[video]"',
        'pip install ".[window]"',
        'pip install ".[web]"',
        'pip install ".[batch]"',
        'pip install ".[train]"',
        'pip install -e ".[dev]" && pytest',
    ]


def test_the_python_snippets_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(ROOT)
    snippets = [block for language, block in blocks(README) if language == "python"]
    assert snippets
    for snippet in snippets:
        exec(compile(snippet, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("happiness ")


@pytest.mark.parametrize("page", ["quick-start.md", "index.md"])
def test_the_first_pages_of_the_site_run(page: str, mien: Command, folder: Path, capsys: pytest.CaptureFixture[str]):
    run_page(ROOT / "docs" / page, mien)
    assert re.match(r"happiness [01]", capsys.readouterr().out)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_the_links_lead_somewhere(page: str):
    assert links(ROOT / page)
    for target in links(ROOT / page):
        assert (ROOT / target).exists(), target


def test_the_citation_is_of_this_version():
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_a_package_index_shows_nothing_that_leads_nowhere():
    hooks = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["metadata"]["hooks"]
    text = README.read_text(encoding="utf-8")
    for change in hooks["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(change["pattern"], change["replacement"], text)
    assert "More in the guide to pictures." in text
    assert not re.findall(r"!\[|\]\((?!https?:)", text)


def test_the_readme_fits_a_visit():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150
