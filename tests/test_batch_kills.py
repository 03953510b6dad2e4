"""Batches that are killed end with the files of an undisturbed run, byte for byte."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image as Pillow

from command import Command
from dying import dying

EXAMPLES = Path(__file__).parents[1] / "examples"
KILLS = 3
"""Of a run, at random."""


def content(out: Path) -> dict[str, bytes]:
    files = [file for file in out.rglob("*.*") if file.suffix not in (".lock", ".html")]  # the page tells the time
    return {str(file.relative_to(out)): file.read_bytes() for file in files}


@pytest.mark.usefixtures("stand_in", "small_units")
def test_a_batch_that_is_killed_again_and_again_comes_to_its_end(mien: Command, tmp_path: Path):
    (tmp_path / "in").mkdir()
    for name in ("1", "2-broken", "3"):
        (tmp_path / "in" / f"{name}.png").touch()
    assert mien("batch", "in", "--out", "whole", "--detector=none").code == 1
    codes: list[int] = []
    while not codes or codes[-1] == -signal.SIGKILL:
        codes.append(dying(3, "in", "--out", "killed", "--detector=none"))
    assert codes == [-signal.SIGKILL, -signal.SIGKILL, 1]  # within a unit, and before the manifest
    assert content(tmp_path / "killed") == content(tmp_path / "whole")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos for 24 units, of which some are broken."""
    folder = tmp_path_factory.mktemp("photos")
    (folder / "small").mkdir()
    for name in ("astronaut.png", "grace_hopper.jpg", "coffee.png"):
        with Pillow.open(EXAMPLES / name) as photo:
            photo.reduce(2).save(folder / "small" / name)
    (folder / "small" / "broken.png").write_bytes(b"broken")
    small = sorted((folder / "small").iterdir())
    for number in range(24 * 64):
        (folder / f"{number:04}.png").symlink_to(small[number % 3 + 1 if number % 50 else 1])
    return folder


def start(photos: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "mien", "batch", photos, "--out", out, "--concurrency=2"]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def done(out: Path) -> int:
    return sum(1 for _ in out.glob("faces/*/*.parquet"))


@pytest.fixture(scope="module")
def whole(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of an undisturbed run."""
    out = tmp_path_factory.mktemp("whole") / "out"
    assert start(photos, out).wait() == 1
    return content(out)


def ends(process: subprocess.Popen[bytes], within_s: float) -> bool:
    with suppress(subprocess.TimeoutExpired):
        process.wait(within_s)
    return process.poll() is not None


def children(process: subprocess.Popen[bytes]) -> list[int]:
    tasks = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [int(one) for task in tasks for one in task.read_text().split()]


def kill(*victims: int) -> None:
    for victim in victims:
        os.kill(victim, signal.SIGKILL)


STRIKES: dict[str, tuple[Callable[[subprocess.Popen[bytes]], None], int]] = {
    "the command": (lambda process: process.kill(), -signal.SIGKILL),
    "a child": (lambda process: kill(children(process)[0]), 1),
    "the command and its children": (lambda process: kill(*children(process), process.pid), -signal.SIGKILL),
    "asked to stop": (lambda process: process.terminate(), 130),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", STRIKES)
@pytest.mark.parametrize("seed", range(2))
def test_kills_at_random_change_nothing(kind: str, seed: int, photos: Path, whole: dict[str, bytes], tmp_path: Path):
    out, rng = tmp_path / "out", random.Random(seed)
    strike, code = STRIKES[kind]
    process = start(photos, out)
    for _ in range(KILLS):
        until = done(out) + rng.randint(1, 3)
        while done(out) < until:
            assert not ends(process, 0.05)
        assert not ends(process, rng.uniform(0, 1))  # somewhere in the next units
        strike(process)
        if code != 1:
            assert process.wait() == code
            process = start(photos, out)
    assert process.wait() == 1
    assert content(out) == whole
