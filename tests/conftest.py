import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from command import Command

EXAMPLES = Path(__file__).parents[1] / "examples"

# How long an example takes says nothing of what it shows, on a machine that does other work.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


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
