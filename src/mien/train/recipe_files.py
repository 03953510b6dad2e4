"""The recipes that come with mien, by name."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from mien.core.errors import UsageError
from mien.core.spelling import did_you_mean, near
from mien.train.recipe import Recipe, read_recipe

DEFAULT_RECIPE = Path("5-compact")
"""The default recipe of ``mien train``."""


def recipe_files() -> dict[str, Path]:
    """Return name -> file of the recipes in the package or, in a clone, in the repository."""
    package = Path(str(resources.files("mien")))
    inside = package / "recipes"
    folder = inside if inside.is_dir() else package.parents[1] / "recipes"
    files = sorted(folder.rglob("*.toml"), key=lambda path: (path.parent, _in_order(path.stem)))
    return {path.stem: path for path in files}


def _in_order(name: str) -> tuple[int, str]:
    """Return a sort key: 2-deeper before 10-easier, names without a number last."""
    number = name.partition("-")[0]
    return (int(number) if number.isdigit() else 1_000, name)


def summary(file: Path) -> str:
    """Return the first line of a recipe file, which says what it is for."""
    return file.read_text(encoding="utf-8").partition("\n")[0].removeprefix("#").strip()


def choose_recipe(named: Path) -> Recipe:
    """Return the recipe in a file, or the one that comes with mien under that name.

    Args:
        named: a file, a name such as "5-compact", or a path such as "recipes/5-compact.toml" or "road/5-compact".

    Raises:
        UsageError: there is neither, or the file holds no recipe.
    """
    if named.is_file():
        return read_recipe(named)
    files = recipe_files()
    folder, _, name = named.as_posix().removeprefix("recipes/").removesuffix(".toml").rpartition("/")
    if name in files and folder in ("", files[name].parent.name):
        return read_recipe(files[name])
    meant = did_you_mean(near(named.stem, files))
    raise UsageError(
        f"no such recipe: {named}; "
        + (f"{meant} " if meant else "")
        + "'mien recipes' lists those that come with mien; others are TOML files"
    )
