import re
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

from command import Command

EXAMPLES = Path(__file__).parents[1] / "examples"

# How long an example takes says nothing of what it shows, on a machine that does other work.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


EXTRAS = {"tensorflow": "train", "ray": "batch"}
"""What tests may need that [dev] goes without, and the extra that brings it."""

MISSING = [module for module in EXTRAS if find_spec(module) is None]
TRAINS = re.compile(r"^(import keras|from mien\.train)\b", re.MULTILINE)


def trains(path: Path) -> bool:
    return path.suffix == ".py" and TRAINS.search(path.read_text(encoding="utf-8")) is not None


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    return True if "tensorflow" in MISSING and trains(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    training = {path for path in {item.path for item in items} if trains(path)}
    for item in items:
        if item.path in training:
            item.add_marker(pytest.mark.needs("tensorflow"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        if marker.args[0] in MISSING:
            pytest.skip(f"{marker.args[0]} is not installed")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if MISSING:
        extras = ",".join(EXTRAS[module] for module in MISSING)
        terminalreporter.write_line(
            f"the tests that need {' or '.join(MISSING)} were left out; for them: pip install -e '.[dev,{extras}]'"
        )


@pytest.fixture
def examples() -> Path:
    return EXAMPLES


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C interrupts, which a shell's background command, as these tests may be, is told to ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def mien(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """The command, with an empty working directory and a terminal of 100 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return Command(monkeypatch, capsys)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers of batches that find no face in anything, and crash where a name says so."""
    monkeypatch.setattr("mien.apps.batch.isolated.PROGRAM", "crashing")
    monkeypatch.setattr("mien.apps.batch.isolated.Bench._check", lambda *_: None)


@pytest.fixture
def small_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches whose units are of one picture."""
    monkeypatch.setattr("mien.apps.batch.units.FIRST_UNIT_PICTURES", 1)
