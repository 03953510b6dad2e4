"""Runs the command ``mien`` in this process, as the shell would."""

import sys
from dataclasses import dataclass

import pytest

from mien.apps.cli.main import run


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


class Command:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Outcome:
        self._monkeypatch.setattr(sys, "argv", ["mien", *map(str, arguments)])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as exit_info:
            run()
        code = exit_info.value.code
        return Outcome(code if isinstance(code, int) else 0, *self._capsys.readouterr())
