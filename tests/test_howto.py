"""The snippets of each page in docs/how-to run in their order, as one program."""

import re
from pathlib import Path

import pytest

from clips import counting, write_clip
from command import Command
from tiny_net import tiny_card, tiny_net

ROOT = Path(__file__).parents[1]
PAGES = {page.stem: page for page in (ROOT / "docs" / "how-to").glob("*.md")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the working directory, with what the pages suppose."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("astronaut.png", "grace_hopper.jpg", "chelsea.png"):
        (photos / name).symlink_to(ROOT / "examples" / name)
    write_clip(tmp_path / "clip.mp4", counting(5))
    (tmp_path / "my-model.onnx").write_bytes(tiny_net(tiny_card()))
    (tmp_path / "net.onnx").write_bytes(tiny_net(tiny_card(("calm", "tense"), size_px=48), metadata={}))
    return tmp_path


def run(page: Path, mien: Command) -> None:
    names: dict[str, object] = {}
    for language, code in re.findall(r"```(\w+)\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
        if language == "python":
            exec(compile(code, page.name, "exec"), names)
            continue
        for line in code.splitlines():
            outcome = mien(*line.removeprefix("mien ").split())
            assert outcome.code == 0, outcome.err


@pytest.mark.parametrize(
    ("stem", "printed"),
    [
        ("live", r"^$"),
        ("notebook", r"happiness \d+% \['happiness'.*\n1 \['happiness'\]\n1 \['\w+'\]\n0 \[\]"),
        ("own-detector", r"happiness 0\.9.*\nhappiness False\n\w+ (True|False)\n"),
        ("own-model", r"\n(calm|tense) \{'calm': .*, 'tense': "),
        ("pandas", r"count +mean\n +confidence +confidence\nemotion +\nhappiness +1 +0\.9"),
    ],
)
def test_the_snippets_of_a_page_run(
    stem: str, printed: str, mien: Command, folder: Path, capsys: pytest.CaptureFixture[str]
):
    if stem in ("notebook", "pandas"):
        pytest.importorskip("pandas")
    run(PAGES[stem], mien)
    assert re.search(printed, capsys.readouterr().out, flags=re.DOTALL)


def test_every_page_is_run():
    assert sorted(PAGES) == ["batch", "live", "notebook", "own-detector", "own-model", "pandas", "web"]


@pytest.mark.parametrize("page", PAGES.values(), ids=list(PAGES))
def test_the_links_lead_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
