"""The snippets of each page in docs/how-to run in their order, as one program."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from clips import counting, write_clip
from command import Command
from small_data import faces, write_class_folders, write_fer, write_votes
from snippets import SHORT, run_page
from tiny_net import tiny_card, tiny_net

ROOT = Path(__file__).parents[1]
PAGES = {page.stem: page for page in (ROOT / "docs" / "how-to").glob("*.md")}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory, with what the pages suppose."""
    if find_spec("tensorflow"):
        # Drawn faces are not what the packaged net has learnt: in 8 bits it may see another emotion in them.
        monkeypatch.setattr("mien.train.quantize_int8.MOST_DISAGREEMENT", 1.0)
    for name in ("examples", "recipes"):
        (tmp_path / name).symlink_to(ROOT / name)
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("astronaut.png", "grace_hopper.jpg", "chelsea.png"):
        (photos / name).symlink_to(ROOT / "examples" / name)
    write_clip(tmp_path / "clip.mp4", counting(5))
    (tmp_path / "my-model.onnx").write_bytes(tiny_net(tiny_card()))
    write_class_folders(tmp_path / "faces")
    (tmp_path / "net.onnx").write_bytes(tiny_net(tiny_card(("calm", "tense"), size_px=48), metadata={}))
    return tmp_path


@pytest.mark.parametrize(
    ("stem", "printed"),
    [
        ("batch", r"emotion\nhappiness +[01]\."),
        ("live", r"^$"),
        ("notebook", r"happiness \d+% \['happiness'.*\n1 \['happiness'\]\n1 \['\w+'\]\n0 \[\]"),
        ("own-detector", r"happiness 0\.9.*\nhappiness False\n\w+ (True|False)\n"),
        pytest.param("own-faces", r"^$", marks=pytest.mark.needs("tensorflow")),
        ("own-model", r"\n(calm|tense) \{'calm': .*, 'tense': "),
        ("pictures", r"^\('happiness',\) \(1, 48, 48\) "),
        ("video", r"\n0\.\d+ 1 \w+ 0\.\d+\n"),
        ("pandas", r"count +mean\n +confidence +confidence\nemotion +\nhappiness +1 +[01]\."),
    ],
)
def test_the_snippets_of_a_page_run(
    stem: str, printed: str, mien: Command, folder: Path, capsys: pytest.CaptureFixture[str]
):
    run_page(PAGES[stem], mien)
    assert re.search(printed, capsys.readouterr().out, flags=re.DOTALL)


@pytest.mark.needs("tensorflow")
def test_the_commands_of_the_training_page_run(mien: Command, folder: Path, monkeypatch: pytest.MonkeyPatch):
    # A net of one convolution a stage goes through the same commands, and is built and traced in half the time.
    monkeypatch.setattr("mien.train.nets.models.COMPACT_DEPTHS", (1, 1, 1, 1))
    usages = ["Training"] * 40 + ["PublicTest"] * 20
    votes = [[8 if column == row % 8 else 0 for column in range(8)] + [2, 0] for row in range(60)]
    write_fer(folder / "fer2013.csv", faces(60), usages, [row % 7 for row in range(60)])
    write_votes(folder / "fer2013new.csv", usages, votes, [f"fer{row:07}.png" for row in range(60)])
    small = [*SHORT, "--set", "width=2", "--set", "batch_size=64"]
    run_page(PAGES["train"], mien, {"train": small, "distill": small, "soft-labels": ["--views", "1"]})
    for made in ("data/train.npz", "runs/6-robust/report.html", "taught/train.npz", "short.onnx"):
        assert (folder / made).is_file()
    assert (folder / "runs/12-patient/model.int8.onnx").is_file()
    assert (folder / "runs/12-patient-s/model.onnx").is_file()


def test_the_commands_of_the_page_on_scores_run(mien: Command, folder: Path):
    names = sorted(f"{path.parent.name}/{path.name}" for path in (folder / "faces").glob("*/*.png"))
    groups = [f"{name},{'left' if place % 2 else 'right'}" for place, name in enumerate(names)]
    (folder / "groups.csv").write_text("\n".join(["file,side", *groups]), encoding="utf-8")
    run_page(PAGES["evaluate"], mien, {"report": ["--quick"]})
    for made in ("mien.eval/metrics.json", "groups.eval/metrics.json", "report.html", "report.relabel.csv"):
        assert (folder / made).is_file()


def test_every_page_is_run():
    run = [
        "batch",
        "evaluate",
        "notebook",
        "own-detector",
        "own-faces",
        "own-model",
        "pandas",
        "pictures",
        "train",
        "video",
    ]
    assert sorted(PAGES) == sorted([*run, "live", "web", "study"])  # test_study.py runs the last
