"""What ``mien image`` prints on a terminal, and into a pipe."""

from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from mien.apps.cli.clip_screen import ClipScreen
from mien.apps.cli.screen import BAR_LENGTH, Screen, bar, count, plain_lines, table
from mien.inference.pipeline import Outcome
from mien.video.reader import Clip
from small_results import NONE, ONE, TWO


def outcome(path: str, result: Any, note: str = "") -> Outcome:
    return Outcome(path, result, note=note)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What a terminal of 100 columns shows."""
    shown = StringIO()
    monkeypatch.setattr(
        "mien.apps.cli.verbosity.console",
        lambda stderr=False: Console(
            file=StringIO() if stderr else shown, force_terminal=True, width=100, no_color=True
        ),
    )
    return shown


def test_a_terminal_shows_a_table_a_picture_and_a_summary(terminal: StringIO):
    with Screen(4, tables=True, silent=False) as screen:
        screen.show(outcome("two.jpg", TWO, note="animated: first of 12 frames"), [Path("two.mien.jpg")])
        screen.show(outcome("none.jpg", NONE), [])
        screen.show(outcome("none[b].jpg", NONE), [])
        screen.fail("bad.jpg", "not a picture: bad.jpg")
        screen.close(skipped=1, resumed=2, out=Path("faces.csv"))
    text = terminal.getvalue()
    for part in ("two.jpg", "(animated: first of 12 frames)", "happiness", "91.0%", "neutral 5.0%", "uncertain small"):
        assert part in text, part
    assert "none.jpg: no face found" in text
    assert "none[b].jpg: no face found" in text
    summary = text.splitlines()[-1]
    assert "3 pictures, 2 faces, 1 uncertain; happiness 100% of the others; 2 were done" in summary
    assert "2 were done before; 1 other file skipped; 1 failed; results in faces.csv; wrote two.mien.jpg" in summary
    assert screen.failures == [("bad.jpg", "not a picture: bad.jpg")]


def test_a_terminal_too_narrow_for_the_table_shows_lines(monkeypatch: pytest.MonkeyPatch):
    shown = StringIO()
    narrow = Console(file=shown, force_terminal=True, width=40, no_color=True)
    monkeypatch.setattr("mien.apps.cli.verbosity.console", lambda stderr=False: narrow)
    with Screen(1, tables=True, silent=False) as screen:
        screen.show(outcome("two.jpg", TWO), [])
    told = " ".join(shown.getvalue().split())
    assert "two.jpg 1 happiness 0.910 two.jpg 2 neutral 0.400 uncertain small" in told


def test_a_clip_of_unknown_length_has_a_bar_without_an_end(terminal: StringIO):
    with ClipScreen() as screen:
        for end_s in (2.0, None):
            screen.begin(Path("a.ts"), Clip("a.ts", 8, 8, 25.0, None, None, Fraction(1), False), 0.5, end_s)
            assert [task.total for task in screen._progress.tasks] == [end_s and 1.5]  # pyright: ignore[reportPrivateUsage]


def test_with_results_in_a_file_the_terminal_shows_the_summary_alone(terminal: StringIO):
    with Screen(1, tables=False, silent=False) as screen:
        screen.show(outcome("one.jpg", ONE), [])
        screen.close(skipped=0, resumed=0, out=Path("faces.csv"))
    assert terminal.getvalue().strip() == "1 picture, 1 face; results in faces.csv"


def test_a_pipe_gets_a_line_a_face_and_no_summary(capsys: pytest.CaptureFixture[str]):
    with Screen(2, tables=True, silent=False) as screen:
        screen.show(outcome("two.jpg", TWO), [])
        screen.show(outcome("none\n.jpg", NONE), [])
        screen.close(skipped=0, resumed=0, out=None)
    assert capsys.readouterr() == (
        'two.jpg\t1\thappiness\t0.910\ntwo.jpg\t2\tneutral\t0.400\tuncertain\tsmall\n"none\\n.jpg"\tno face found\n',
        "",
    )


def test_plain_lines_stay_lines_whatever_a_file_is_called():
    assert plain_lines("a\tb\nc", ONE) == ['"a\\tb\\nc"\t1\thappiness\t0.910']


def test_a_table_has_a_row_a_face():
    assert table(outcome("two.jpg", TWO)).row_count == 2


@given(st.floats(0, 1))
def test_a_bar_is_as_long_as_its_share(share: float):
    drawn = bar(share)
    assert set(drawn[:-1]) <= {"█"}
    assert len(drawn) == np.ceil(round(share * BAR_LENGTH * 8) / 8)


def test_numbers_of_things_are_said_in_words():
    said = [count(1, "face"), count(2000, "face"), count(1, "person", "people"), count(0, "person", "people")]
    assert said == ["1 face", "2,000 faces", "1 person", "0 people"]
