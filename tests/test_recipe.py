import contextlib
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import Command
from mien.core.errors import UsageError
from mien.train.recipe import FIRST_TRY, RANGES, Recipe, override, parse_recipe, read_recipe
from mien.train.recipe_files import DEFAULT_RECIPE, choose_recipe, recipe_files

ROOT = Path(__file__).parents[1]
RECIPES = sorted((ROOT / "recipes").rglob("*.toml"))


def test_the_recipes_of_the_repository_are_found():
    assert len(RECIPES) >= 14


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_file_is_named_after_itself_and_survives_the_way_to_toml(path: Path):
    recipe = read_recipe(path)
    assert recipe.name == path.stem
    assert parse_recipe(recipe.to_toml(), "copy") == recipe


def test_recipes_go_by_name():
    files = recipe_files()
    assert sorted(files.values()) == RECIPES
    assert list(files)[:2] == ["1-baseline", "2-deeper"]
    assert choose_recipe(Path("own-faces")) == read_recipe(ROOT / "recipes" / "shipped" / "own-faces.toml")
    assert choose_recipe(DEFAULT_RECIPE).name == "5-compact"


@pytest.mark.parametrize(
    ("name", "start"), [("own-faces", "mien"), ("17-photos-votes", "mien"), ("17-photos-s", "mien-s")]
)
def test_recipes_that_go_on_from_a_packaged_net_say_so(name: str, start: str):
    assert choose_recipe(Path(name)).start == start


@pytest.mark.parametrize(
    "named",
    ["5-compact", "5-compact.toml", "recipes/5-compact.toml", "recipes/road/5-compact.toml", "road/5-compact"],
)
def test_a_recipe_is_found_wherever_it_lies(named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert choose_recipe(Path(named)).name == "5-compact"


def test_a_file_goes_before_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own-faces").write_text(FIRST_TRY.to_toml())
    assert choose_recipe(Path("own-faces")) == FIRST_TRY
    assert choose_recipe(tmp_path / "own-faces") == FIRST_TRY


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("5-compct", "did you mean '5-compact'"),
        ("teachers/own-faces", "did you mean 'own-faces'"),
        ("mine/own-faces.toml", "did you mean 'own-faces'"),
        ("resnet-152", "no such recipe: resnet-152; 'mien recipes' lists"),
    ],
)
def test_a_name_that_nobody_knows(named: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=told):
        choose_recipe(Path(named))


def test_the_recipes_are_listed_with_what_they_are_for(mien: Command):
    lines = mien("recipes").out.splitlines()
    assert len(lines) == len(RECIPES)
    assert lines[0].split("  ")[0] == "1-baseline"
    assert all(re.fullmatch(r"\S+  +\S.{9,}[.:]", line) for line in lines), lines


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_file_states_its_command(path: Path):
    text = path.read_text(encoding="utf-8")
    assert any(f"mien {command} {path.stem} --data" in text for command in ("train", "distill", "soft-labels"))


def test_overrides_take_the_type_of_their_key():
    changed = override(FIRST_TRY, ["epochs=3", "learning_rate=0.5", "flip=false", "name=mine"])
    assert (changed.epochs, changed.learning_rate, changed.flip, changed.name) == (3, 0.5, False, "mine")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("learing_rate=1", "unknown recipe key 'learing_rate'; did you mean 'learning_rate'"),
        ("epochs", "--set takes key=value; got 'epochs'"),
        ("epochs=many", "recipe key 'epochs' is 'many'; expected a value of type int"),
        ("epochs=0", "recipe key 'epochs' is 0; expected 1 to 2,000"),
        ("learning_rate=0", "recipe key 'learning_rate' is 0, at which nothing is learnt; expected more, up to 10"),
        ("epochs=nan", "recipe key 'epochs' is 'nan'; expected a value of type int"),
        ("flip=perhaps", "expected a value of type bool"),
        ("model=resnet", "recipe key 'model' is 'resnet'; expected one of baseline, deeper"),
        ("dropout=1.5", "recipe key 'dropout' is 1.5; expected 0 to 0.9999"),
        ("dropout=1", "recipe key 'dropout' is 1.0; expected 0 to 0.9999"),
        ("shift=nan", "recipe key 'shift' is nan; expected 0 to 1"),
        ("learning_rate=nan", "recipe key 'learning_rate' is nan; expected 0 to 10"),
        ("learning_rate=inf", "recipe key 'learning_rate' is inf; expected 0 to 10"),
        ("seed=1000000", "recipe key 'seed' is 1000000; expected 0 to 400,000"),
        ("batch_size=1000000000", "recipe key 'batch_size' is 1000000000; expected 1 to 16,384"),
        ("batch_size=1e9", "recipe key 'batch_size' is '1e9'; expected a value of type int"),
        ("teacher_share=2", "recipe key 'teacher_share' is 2.0; expected 0 to 1"),
        ("teacher_temperature=0", "recipe key 'teacher_temperature' is 0.0; expected 0.01 to 100"),
        ("stem_stride=0", "recipe key 'stem_stride' is 0; expected 1 to 8"),
        ("optimizer=adamw", "recipe key 'optimizer' is 'adamw', which decays weights, but 'weight_decay' is 0"),
        ("patience=3", r"unknown recipe key 'patience'; did you mean 'early_stopping'\?"),
        ("callbacks=CSVLoger", r"recipe key 'callbacks' names 'CSVLoger'; did you mean 'CSVLogger'\?"),
        ("callbacks=a.b:", "names 'a.b:'; expected CSVLogger or TensorBoard, or an import path such as package"),
        ("weight_decay=-1", "recipe key 'weight_decay' is -1.0; expected 0 to 1"),
        ("lr=0.1", r"unknown recipe key 'lr'; did you mean 'learning_rate'\?"),
        ("colour=red", "unknown recipe key 'colour'; expected one of name, model, target"),
        ("name=../../x", "recipe key 'name' is '../../x'; expected the name of a folder"),
        ("name=a/b", "expected the name of a folder"),
        ("name=a\\b", "expected the name of a folder"),
        ("name=", "expected the name of a folder"),
        ("name=.hidden", "expected the name of a folder"),
    ],
)
def test_a_wrong_override_is_explained(change: str, message: str):
    with pytest.raises(UsageError, match=message):
        override(FIRST_TRY, [change])


def test_every_number_has_limits():
    numbers = {field.name for field in fields(Recipe) if field.type in ("int", "float")}
    assert numbers == RANGES.keys()


def test_a_recipe_may_be_cut_down_to_one_epoch():
    standard = choose_recipe(DEFAULT_RECIPE)
    assert override(standard, ["epochs=1"]) == replace(standard, epochs=1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "x.toml is not TOML"),
        ('name = "a"', "x.toml lacks the recipe keys model, target"),
        ('nome = "a"', "unknown recipe key 'nome'; did you mean 'name'"),
    ],
)
def test_a_wrong_file_is_explained(text: str, message: str):
    with pytest.raises(UsageError, match=message):
        parse_recipe(text, "x.toml")


def test_a_picture_is_no_recipe(tmp_path: Path):
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(UsageError, match=r"cannot read .*photo.png as a recipe"):
        read_recipe(tmp_path / "photo.png")


def test_a_missing_file_is_explained(tmp_path: Path):
    with pytest.raises(UsageError, match="no such recipe"):
        read_recipe(tmp_path / "none.toml")


@given(st.text())
def test_any_text_is_a_recipe_or_a_usage_error(text: str):
    with contextlib.suppress(UsageError):
        assert isinstance(parse_recipe(text, "text"), Recipe)


def test_a_key_is_read_under_its_earlier_name():
    text = FIRST_TRY.to_toml().replace("large_shift", "stray")
    assert "stray" in text
    assert parse_recipe(text, "old.toml") == FIRST_TRY
    assert override(FIRST_TRY, ["stray=0.2"]).large_shift == 0.2
