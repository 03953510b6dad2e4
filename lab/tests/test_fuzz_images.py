import subprocess
import sys
import warnings

import pytest

import fuzz_images
from docpage import ROOT
from mien.core.errors import ImageError


def test_two_hundred_damaged_files():
    command = [sys.executable, "lab/scripts/fuzz_images.py", "--inputs", "200", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "200 inputs, seed 1, 0 failures" in done.stdout.splitlines()[-1]


def test_the_same_number_is_the_same_file_and_every_format_comes():
    files = fuzz_images.originals()
    made = [fuzz_images.mutant(files, 5, number) for number in range(7)]
    assert made == [fuzz_images.mutant(fuzz_images.originals(), 5, number) for number in range(7)]
    assert {form for form, _ in made} == set(files)
    assert made != [fuzz_images.mutant(files, 6, number) for number in range(7)]


def test_sound_files_are_pictures():
    assert {
        fuzz_images.outcome(data, size)
        for kinds in fuzz_images.originals().values()
        for data in kinds
        for size in (None, fuzz_images.REDUCE_TO_PX)
    } == {"picture"}


@pytest.mark.parametrize("error", [KeyError("x"), MemoryError(), SystemExit(3)])
def test_what_should_not_come_out_is_a_failure(error: BaseException, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(fuzz_images, "decode_picture", fail)
    assert fuzz_images.outcome(b"", None).startswith(f"!{type(error).__name__}")


def test_an_unknown_warning_is_a_failure_and_a_known_one_is_not(monkeypatch: pytest.MonkeyPatch):
    for message, result in (("oops", "!warning: oops"), ("Truncated File Read", "not a picture")):

        def warn(*_: object, message: str = message) -> None:
            warnings.warn(message, stacklevel=1)
            raise ImageError("not a picture: x")

        monkeypatch.setattr(fuzz_images, "decode_picture", warn)
        assert fuzz_images.outcome(b"", None) == result
