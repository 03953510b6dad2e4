"""The links of the lab's pages lead somewhere."""

import re
from pathlib import Path

import pytest

from docpage import ROOT

PAGES = sorted((ROOT / "lab").rglob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_links_lead_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_each_folder_of_the_lab_stands_on_its_page():
    text = (ROOT / "lab" / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "lab").iterdir():
        assert path.name == "README.md" or path.name.startswith("_") or f"`{path.name}" in text, path.name
