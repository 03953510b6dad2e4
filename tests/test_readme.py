"""Every snippet of the README does what it says, on small files; ``.ci/run`` runs its two pip lines."""

import re
from pathlib import Path

import pytest

from clips import counting, write_clip
from command import Command
from small_data import faces, write_fer, write_votes

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)
LINES = [line for language, block in BLOCKS if language == "bash" for line in block.splitlines()]
SMALL = ["--set", "epochs=1", "--set", "width=2", "--set", "batch_size=64", "--set", "warmup_epochs=0"]
"""Makes any training short; the commands are otherwise run as they stand."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("examples", "recipes"):
        (tmp_path / name).symlink_to(ROOT / name)
    usages = ["Training"] * 40 + ["PublicTest"] * 20
    votes = [[8 if column == row % 8 else 0 for column in range(8)] + [2, 0] for row in range(60)]
    write_fer(tmp_path / "fer2013.csv", faces(60), usages, [row % 7 for row in range(60)])
    write_votes(tmp_path / "fer2013new.csv", usages, votes, [f"fer{row:07}.png" for row in range(60)])
    return tmp_path


@pytest.mark.needs("tensorflow")
def test_the_commands_run_in_their_order(mien: Command, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    # After one epoch on 40 faces a net hardly prefers one class to another, and in 8 bits may prefer that.
    monkeypatch.setattr("mien.train.quantize.DISAGREEMENT", 1.0)
    # The page is served until Ctrl-C, in test_web.py; .ci/run runs the batch, for Ray wants processes of its own.
    lines = [line for line in LINES if line.startswith("mien ") and line.split()[1] not in {"web", "batch"}]
    commands = [line.removeprefix("mien ").split() for line in lines]
    assert len(commands) >= 9
    # In the place of a camera, and of a clip that is played in its own time.
    short = ["--source", write_clip(folder / "short.mp4", counting(5))]
    added = {"train": SMALL, "distill": SMALL, "answer": ["--views", "1"], "live": short}
    for command in commands:
        outcome = mien(*command, *added.get(command[0], []))
        assert outcome.code == 0, (command, outcome.err)
    for made in (
        "astronaut.mien.png",
        "faces.csv",
        "marked/grace_hopper.mien.jpg",
        "data/train.npz",
        "runs/6-robust/report.html",
        "taught/train.npz",
        "runs/12-patient/model.int8.onnx",
        "runs/12-patient-s/model.onnx",
        "short.onnx",
        "heads.mien.mp4",
        "heads.mien.html",
        "marked/heads.mien.svg",
    ):
        assert (folder / made).is_file()


def test_every_other_line_is_run_by_ci():
    others = [line for line in LINES if line and not line.startswith("mien ")]
    assert others == [
        "pip install . && mien image examples/astronaut.png",
        'pip install -e ".[dev]" && pytest',
        'pip install ".[video]"',
        'pip install ".[window]"',
        'pip install ".[web]"',
        'pip install ".[batch]"',
        'pip install -e ".[train]"',
    ]


def test_the_python_snippets_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(ROOT)
    snippets = [block for language, block in BLOCKS if language == "python"]
    assert snippets
    for snippet in snippets:
        exec(compile(snippet, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("happiness ")


def test_the_links_lead_somewhere():
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert targets
    for target in targets:
        assert (ROOT / target).exists(), target
