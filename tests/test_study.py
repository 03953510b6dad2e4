"""The page of a study runs, cell by cell, on the tables of two clips of a dozen people each."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
from PIL import Image as Pillow

from command import Outcome
from mien.core.emotions import SEVEN
from mien.report.person_table import ClipPeople, write_person_table
from mien.results.document import picture_entry
from mien.results.provenance import Made
from mien.results.sinks import open_sink
from mien.tracking.tracked_result import TrackedResult
from small_results import MODEL
from snippets import blocks, run_page
from tracked_results import tracked_result

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "study.md"
PEOPLE, FPS, SECONDS = 12, 5, 8


def watched(mood: float, draws: np.random.Generator) -> Iterator[TrackedResult]:
    """People who are happy or sad by their own nature and by the mood, second by second; the last is uncertain."""
    nature = draws.normal(mood, 0.3, PEOPLE)
    for second in range(SECONDS):
        happy = np.clip(nature + draws.normal(0, 0.1, PEOPLE), 0.02, 0.98)
        shown = {key: "happiness" if share > 0.5 else "sadness" for key, share in enumerate(happy, 1)}
        shown[PEOPLE] += "?"
        probs = np.zeros((PEOPLE, len(SEVEN)), np.float32)
        probs[:, SEVEN.index("happiness")], probs[:, SEVEN.index("sadness")] = happy, 1 - happy
        for part in range(FPS):
            yield tracked_result(second + part / FPS, shown, probs=probs)


def two_clips(*words: str) -> Outcome:
    """Write what the command of the page writes, without clips."""
    assert " ".join(words) == "video before.mp4 after.mp4 --data csv --summary people.csv"
    draws, done = np.random.default_rng(1), list[ClipPeople]()
    for clip, mood in (("before.mp4", 0.3), ("after.mp4", 0.6)):
        done.append(ClipPeople(clip, SEVEN))
        with open_sink(Path(clip).with_suffix(".mien.csv"), Made(MODEL, SEVEN, {}, clip)) as sink:
            for result in watched(mood, draws):
                sink.write(clip, result)
                done[-1].add(picture_entry(clip, result))
    write_person_table(Path("people.csv"), done, SEVEN)
    return Outcome(0, "", "")


def test_the_cells_run_and_show_that_frames_claim_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    run_page(PAGE, two_clips)  # pyright: ignore[reportArgumentType]
    told = capsys.readouterr().out
    assert "2 of 24 people are left out" in told
    found = re.search(r"difference in valence \+(\d.\d\d), 95 % interval ([+-]\d.\d\d) to ([+-]\d.\d\d)", told)
    assert found
    middle, low, high = map(float, found.groups())
    assert low < middle < high
    assert middle == pytest.approx(2 * 0.3, abs=0.3)
    narrower = re.search(r"as if (\d+) frames were people: (\d+\.\d) times as narrow", told)
    assert narrower
    assert int(narrower[1]) == 22 * FPS * SECONDS
    assert float(narrower[2]) == pytest.approx((FPS * SECONDS) ** 0.5, rel=0.3)
    alone = re.search(r"this one person: ([+-]\d\.\d\d) to ([+-]\d\.\d\d)", told)
    assert alone
    assert 0 < float(alone[2]) - float(alone[1]) < 0.5
    with Pillow.open("study.png") as picture:
        assert picture.size == (900, 480)


def test_the_notebook_has_the_cells_of_the_page():
    script = run_path(str(PAGE.parents[2] / "scripts" / "notebook.py"))
    written = PAGE.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert written == script["notebook"](PAGE.read_text(encoding="utf-8")), "run: python scripts/notebook.py"
    cells = json.loads(written)["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert code == [f"!{text.strip()}" if kind == "bash" else text.strip() for kind, text in blocks(PAGE)]
