"""What all commands have in common: their help, what they suggest, how much they say, and where ``~`` is."""

import inspect
import os
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from command import Command
from mien.apps.cli import options, verbosity
from mien.apps.cli.examples import EXAMPLES
from mien.apps.cli.main import app
from mien.apps.cli.parsing import PANELS, meant
from mien.detection.detectors import DETECTORS
from mien.inference.analyzer import VIEWS, load
from mien.inference.classifier import BATCH_SIZE, DEVICES
from mien.tracking.smoothing import SMOOTH_S

COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def test_every_option_is_in_a_panel_and_every_panel_has_options_that_exist():
    strangers = [
        f"{name} {param.opts[0]}"
        for name, command in COMMANDS.items()
        for param in command.get_params(typer.Context(command, info_name=name))
        if param.param_type_name == "option" and param.rich_help_panel not in PANELS
    ]
    assert strangers == []


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_fits_a_terminal_of_80_columns(mien: Command, monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv("COLUMNS", "80")
    outcome = mien(*name.split(), "-h")
    assert (outcome.code, outcome.err) == (0, "")
    assert max(map(len, outcome.out.splitlines())) <= 80
    assert outcome.out == mien(*name.split(), "--help").out
    for example in EXAMPLES[name or "mien"]:
        assert "".join(example.split()) in "".join(outcome.out.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_are_calls_that_the_commands_take(name: str):
    for example in EXAMPLES[name]:
        program, command, *arguments = example.replace("'", "").split()
        assert (program, command) == ("mien", name)
        COMMANDS[name].make_context(name, arguments)


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        (["image", "--quite"], "--quiet"),
        (["image", "--output=x"], "--out"),
        (["image", "--anotate", "x"], "--annotate"),
        (["image", "--recurs"], "--recursive"),
        (["image", "--min"], "--min-face, --min-score"),
        (["imge"], "'image'"),
        (["eval"], "'evaluate'"),
    ],
)
def test_what_may_have_been_meant_is_asked_for(mien: Command, typed: list[str], suggested: str):
    outcome = mien(*typed)
    assert outcome.code == 2
    assert suggested in outcome.err


@pytest.mark.parametrize("typed", [["image", "--colour"], ["image", "--x"], ["--quality"], ["paint"], ["x" * 9999]])
def test_what_is_far_from_everything_is_not(mien: Command, typed: list[str]):
    outcome = mien(*typed)
    assert outcome.code == 2
    assert "No such" in outcome.err
    assert "ossible" not in outcome.err
    assert "id you mean" not in outcome.err
    assert len(outcome.err) < 1500


def test_an_option_is_suggested_by_its_beginning_or_by_one_slip():
    known = ["--out", "--film", "--fps"]
    assert [meant(word, known) for word in ("--outfile", "--filn", "--fp", "--quiet", "--o")] == [
        ["--out"], ["--film"], [], [], [],
    ]  # fmt: skip


def test_a_command_is_completed_by_the_shell(mien: Command, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("_MIEN_COMPLETE", "complete_bash")

    def completed(words: str) -> list[str]:
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
        return mien().out.split()

    assert completed("mien ev") == ["evaluate"]
    assert completed("mien image --an") == ["--annotate"]
    assert completed("mien image --detector ") == ["yunet", "haar", "none"]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def test_a_path_may_begin_with_the_home(mien: Command, examples: Path, home: Path, tmp_path: Path):
    (home / "photo.png").write_bytes((examples / "astronaut.png").read_bytes())
    assert mien("image", "~/photo.png", "--out=~/faces.csv", "--annotate=~/marked").code == 0
    assert {"faces.csv", "marked"} < {path.name for path in home.iterdir()}
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_the_home_of_nobody_is_no_folder(mien: Command, examples: Path, tmp_path: Path):
    outcome = mien("image", examples / "coffee.png", "--out=~no-such-user/faces.csv")
    assert outcome.code == 2
    assert "there is no user 'no-such-user'" in outcome.err
    assert list(tmp_path.iterdir()) == []
    assert mien("image", examples / "coffee.png", "--out=~draft.csv").code == 0
    assert (tmp_path / "~draft.csv").exists()


def test_quiet_is_silent_but_for_errors(mien: Command, examples: Path, tmp_path: Path):
    outcome = mien("image", examples / "astronaut.png", "gone.png", "--quiet", "--out", "faces.csv")
    assert (outcome.code, outcome.out, outcome.err) == (1, "", "mien: no such file: gone.png\n")
    assert (tmp_path / "faces.csv").read_text().count("\n") == 2
    assert mien("image", examples / "astronaut.png", "-q", "--json").out.startswith("{")


def test_verbose_says_with_what_and_how_fast(mien: Command, examples: Path):
    plain = mien("image", examples / "astronaut.png", "--annotate", "marked")
    outcome = mien("image", examples / "astronaut.png", "--annotate", "again", "--verbose")
    assert (outcome.code, outcome.out) == (0, plain.out)
    for part in ("onnxruntime", "detector yunet", "sha256", "512 x 512 pixels, 1 face", "took"):
        assert part in outcome.err, part


def test_the_options_offer_what_the_library_has_and_begin_with_its_defaults():
    assert [device.value for device in options.DeviceName] == list(DEVICES)
    assert [detector.value for detector in options.DetectorName] == list(DETECTORS)
    assert [view.value for view in options.ViewName] == list(VIEWS)
    assert options.NetOptions().batch_size == BATCH_SIZE
    assert options.StreamOptions().smooth == SMOOTH_S
    defaults = {name: one.default for name, one in inspect.signature(load).parameters.items()}
    assert options.AnalyzerOptions().arguments() | options.FaceOptions().arguments() == defaults


def test_nothing_is_said_past_quiet():
    """Whatever a command prints goes through ``voice``, but for what was asked for by name."""
    cli = Path(verbosity.__file__).parent
    allowed = {"verbosity.py": {"echo", "Console"}, "image.py": {"echo"}, "main.py": {"echo"}}
    for file in cli.glob("*.py"):
        said = set(re.findall(r"(?<![\w.])(?:typer\.)?(echo|Console|print)\(", file.read_text()))
        assert said <= allowed.get(file.name, set()), file.name


def test_quiet_and_verbose_are_opposites(mien: Command):
    assert mien("image", "x.png", "-q", "-v").code == 2


def test_a_word_that_holds_a_picture_is_not_repeated(mien: Command, examples: Path):
    outcome = mien("image", "/9j/4AAQSkZJRgABAQEAYABgAAD/" + "gBGRmlsZSBz/" * 999, examples / "coffee.png")
    assert (outcome.code, outcome.out.count("\n")) == (1, 1)
    assert "is a picture in base64, not a name" in outcome.err
    assert len(outcome.err) < 300
    for option in ("--model", "--out", "--prior"):
        outcome = mien("image", examples / "coffee.png", option, "iVBORw0KGgo" * 999)
        assert outcome.code in (1, 2)
        assert len(outcome.err) < 1500, option


def test_a_name_cannot_steer_the_terminal(mien: Command):
    outcome = mien("image", "bell\x07.png")
    assert outcome.err == "mien: no such file: bell\\x07.png\n"


def test_names_of_files_that_are_no_text_are_printed(mien: Command, examples: Path, tmp_path: Path):
    odd = tmp_path / os.fsdecode(b"caf\xe9.png")
    odd.write_bytes((examples / "coffee.png").read_bytes())
    outcome = mien("image", odd)
    assert (outcome.code, outcome.err) == (0, "")
    assert "no face found" in outcome.out
