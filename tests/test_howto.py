"""The snippets of each page in docs/how-to run in their order, as one program."""

import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clips import counting, write_clip
from command import Command
from mien.core.emotions import SEVEN
from mien.data.synthetic import synthetic
from tiny_net import tiny_card, tiny_net

ROOT = Path(__file__).parents[1]
SHORT = ["--set", "epochs=1", "--set", "warmup_epochs=0"]
PAGES = {page.stem: page for page in (ROOT / "docs" / "how-to").glob("*.md")}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory, with what the pages suppose."""
    if find_spec("tensorflow"):
        # Drawn faces are not what the packaged net has learnt: in 8 bits it may see another emotion in them.
        monkeypatch.setattr("mien.train.quantize.DISAGREEMENT", 1.0)
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


def write_class_folders(folder: Path) -> None:
    """Write ten drawn faces of each emotion."""
    drawn = synthetic(140, seed=0)
    for place, emotion in enumerate(SEVEN):
        (folder / emotion).mkdir(parents=True)
        for row in np.flatnonzero(drawn.emotions == place)[:10]:
            Image.fromarray(drawn.images[row]).save(folder / emotion / f"{row}.png")


def run(page: Path, mien: Command) -> None:
    names: dict[str, object] = {}
    for language, code in re.findall(r"```(\w+)\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
        if language == "python":
            exec(compile(code, page.name, "exec"), names)
            continue
        for line in code.splitlines():
            words = line.removeprefix("mien ").split()
            outcome = mien(*words, *(SHORT if words[0] in ("train", "distill") else []))
            assert outcome.code == 0, outcome.err


@pytest.mark.parametrize(
    ("stem", "printed"),
    [
        ("live", r"^$"),
        ("notebook", r"happiness \d+% \['happiness'.*\n1 \['happiness'\]\n1 \['\w+'\]\n0 \[\]"),
        ("own-detector", r"happiness 0\.9.*\nhappiness False\n\w+ (True|False)\n"),
        pytest.param("own-faces", r"^$", marks=pytest.mark.needs("tensorflow")),
        ("own-model", r"\n(calm|tense) \{'calm': .*, 'tense': "),
        ("pandas", r"count +mean\n +confidence +confidence\nemotion +\nhappiness +1 +[01]\."),
    ],
)
def test_the_snippets_of_a_page_run(
    stem: str, printed: str, mien: Command, folder: Path, capsys: pytest.CaptureFixture[str]
):
    run(PAGES[stem], mien)
    assert re.search(printed, capsys.readouterr().out, flags=re.DOTALL)


def test_every_page_is_run():
    assert sorted(PAGES) == ["batch", "live", "notebook", "own-detector", "own-faces", "own-model", "pandas", "web"]


@pytest.mark.parametrize("page", PAGES.values(), ids=list(PAGES))
def test_the_links_lead_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
