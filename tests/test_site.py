"""The docs site has a page for all that there is; ``.ci/run`` builds it, which checks its links."""

import re
import sys
import tomllib
from pathlib import Path

import pytest
import typer

import mien
from mien.apps.cli.main import app
from snippets import links

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import reference  # noqa: E402

DOCS = ROOT / "docs"
BUILT = {"reference/cli.md", "reference/api.md"}
"""Pages that ``scripts/site`` writes before it builds."""

PLACES = ("", "src/mien", "src/mien/apps/cli")
"""Where the design says that files are; it names those of the command line without their folder."""

NAV = re.findall(r'"([^"]+\.md)"', (ROOT / "zensical.toml").read_text(encoding="utf-8"))


def test_every_command_and_option_is_in_the_reference():
    page = reference.cli_page()
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert "train" in commands
    for name, command in commands.items():
        section = page[page.index(f"## mien {name} ") :].split("\n## ")[0]
        options = [param for param in command.params if param.param_type_name == "option"]
        assert options
        for param in options:
            assert (param.opts[0] in section) != param.hidden, (name, param.opts)


def test_every_public_name_is_in_the_reference():
    page = reference.api_page()
    assert set(re.findall(r"^::: mien\.(\w+)$", page, flags=re.MULTILINE)) == set(mien.__all__) - {"__version__"}


def test_the_navigation_names_files_that_are_there():
    assert len(NAV) == len(set(NAV))
    assert set(NAV) >= BUILT
    for page in set(NAV) - BUILT:
        assert (DOCS / page).is_file(), page


def test_every_guide_is_in_the_navigation():
    pages = {str(page.relative_to(DOCS)) for folder in ("how-to", "extend") for page in (DOCS / folder).glob("*.md")}
    assert pages <= set(NAV)


@pytest.mark.parametrize("page", sorted(set(NAV) - BUILT))
def test_the_links_of_a_page_lead_somewhere(page: str):
    for target in links(DOCS / page):
        path = ((DOCS / page).parent / target).resolve()
        assert path.exists() or path.is_relative_to(DOCS / "reference"), target


def test_every_file_that_the_design_names_is_there():
    named = re.findall(r"`([a-z_/0-9]+\.py)`", (DOCS / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    assert len(named) > 30
    gone = [name for name in named if not any((ROOT / place / name).is_file() for place in PLACES)]
    assert not gone


def test_the_site_asks_no_network():
    theme = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["theme"]
    assert theme["font"] is False
