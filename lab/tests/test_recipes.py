"""The recipes that led nowhere can still be trained, and no name stands for two of them."""

from pathlib import Path

import pytest

from docpage import ROOT
from mien.train.recipe import read_recipe
from mien.train.recipe_files import recipe_files

RECIPES = sorted((ROOT / "lab" / "recipes").glob("*.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_is_named_after_its_file_and_states_its_command(path: Path):
    text = path.read_text(encoding="utf-8")
    assert read_recipe(path).name == path.stem
    assert any(f"mien {command} lab/recipes/{path.name} --data" in text for command in ("train", "distill"))


def test_none_has_the_name_of_one_that_comes_with_mien():
    assert RECIPES
    assert not {path.stem for path in RECIPES} & recipe_files().keys()
