"""What docs/extend says of adding a net, a detector, a data set and a sink is enough to add one."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from command import Command
from snippets import run_page

ROOT = Path(__file__).parents[1]
PAGES = {page.stem: page for page in (ROOT / "docs" / "extend").glob("*.md")}
REGISTRIES = {
    "net": (("mien.train.nets.models", "MODELS"), ("mien.train.recipe", "CHOICES")),
    "detector": (("mien.detection.detectors", "DETECTORS"),),
    "data-set": (),
    "sink": (("mien.results.sinks", "TABLES"),),
}


@pytest.fixture
def registries(request: pytest.FixtureRequest) -> Iterator[None]:
    """Take out again what a page puts into the registries."""
    found: list[dict[str, Any]] = [getattr(import_module(home), name) for home, name in REGISTRIES[request.param]]
    before = [dict(registry) for registry in found]
    yield
    for registry, entries in zip(found, before, strict=True):
        registry.clear()
        registry.update(entries)


@pytest.mark.parametrize(
    ("registries", "stem", "printed"),
    [
        pytest.param("net", "net", r"^$", marks=pytest.mark.needs("tensorflow")),
        ("detector", "detector", r"^\[153\.6 +51\.2 +307\.2 +204\.8\]"),
        ("data-set", "data-set", r"^63 7\n$"),
        ("sink", "sink", r"^$"),
    ],
    indirect=["registries"],
)
@pytest.mark.usefixtures("registries")
def test_the_snippets_of_a_page_add_one(
    stem: str, printed: str, mien: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    run_page(PAGES[stem], mien)
    assert re.search(printed, capsys.readouterr().out)
    if stem == "sink":
        assert "happiness 1\n" in (tmp_path / "counts.txt").read_text()


def test_every_page_is_run():
    assert sorted(PAGES) == sorted(REGISTRIES)
