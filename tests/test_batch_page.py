"""What is told of a batch, as a page and as text, from counts that add up."""

import json
from collections import Counter

import pytest

from mien.core.emotions import SEVEN
from mien.report import batch_page as pages
from mien.report.batch_page import BatchRun, batch_page, in_short, text_lines
from mien.results.document import picture_entry
from mien.results.totals import Totals
from small_results import MADE, MODEL, TWO
from test_timeline_page import Page
from tracked_results import tracked_result

MANIFEST = {
    "mien": "0.0.1",
    **MADE.entry,
    "labels": list(SEVEN),
    "inputs": ["/films", *(f"/{number}.png" for number in range(20))],
    "listed": {"recursive": True, "column": None},
    "listing": {"units": 2, "sha256": "abc"},
}


@pytest.fixture
def totals() -> Totals:
    """The counts of a clip of two frames with four faces, and of three pictures, of which two failed."""
    pictures, clip = Totals(pictures=3), Totals(clips=1, frames=2, noted=1)
    pictures.count(picture_entry("a.png", TWO)["faces"])
    for path, size in (("/in/<b>.png", 12), ("/in/c.png", 3)):
        pictures.fail(path, f"{path} declares {size} megapixels; <fewer> are allowed")
    for shown in ({1: "happiness", 2: "fear?"}, {1: "happiness", 2: "happiness?"}):
        clip.count(picture_entry("a.mp4", tracked_result(0.0, shown, quality="small"))["faces"])
    clip.add(pictures)
    return clip


def test_counts_go_through_json_and_add_up(totals: Totals):
    assert Totals.of(json.loads(json.dumps(totals.to_dict()))) == totals
    assert (totals.files, totals.faces, totals.failed) == (4, 6, 2)
    assert totals.emotions == Counter(happiness=3)
    assert totals.uncertain == Counter(fear=1, happiness=1, neutral=1)
    assert totals.doubts == Counter(small=3)
    assert totals.sizes == {"32": 6}
    assert totals.reasons == {"FILE declares … megapixels; <fewer> are allowed": 2}
    with pytest.raises(TypeError):
        Totals.of({"digest": "abc"})


def test_the_page_and_the_text_say_what_was_counted(totals: Totals):
    run = BatchRun(totals, 2, 7300.0, 12.345)
    html = batch_page(run, MANIFEST)
    read = Page(html).text
    for told in (
        "Batch of /films and 20 more 3 pictures and 1 video of 2 frames · 6 faces, 50 % uncertain · 2 failed",
        "The run took 2.0 hours, 12.3 pictures and frames a second; 2 files of earlier runs.",
        "happiness 3 100 % 1 33 %",
        "fear 0 1 33 %",
        "all 3 3",
        "Why faces are uncertain: small 100 %.",
        "32 to 63 px 6 100 %",
        "2 FILE declares … megapixels; <fewer> are allowed",
        "Notes 1 video with notes in the table of clips",
        "/8.png and 11 more",
        "--recursive yes not set --min-score",
        f"model {MODEL['name']} 0.0.0 0123456789ab prior 0.3",
    ):
        assert told in read.replace("\N{NO-BREAK SPACE}", " ")
    lines = [line.replace("\N{NO-BREAK SPACE}", " ") for line in text_lines(run)]
    assert lines[0] == "3 pictures and 1 video of 2 frames · 6 faces, 50 % uncertain · 2 failed"
    assert lines[2:] == [
        "certain: happiness 100 %",
        "uncertain: fear 33 %; happiness 33 %; neutral 33 %",
        "why uncertain: small 100 %",
        "longer side of a face: 32 to 63 px 100 %",
        "failed: 2: FILE declares … megapixels; <fewer> are allowed",
        "noted: 1 video with notes in the table of clips, such as that a file is cut off",
    ]


def test_what_there_is_nothing_of_is_left_out():
    html = batch_page(BatchRun(Totals(pictures=1), 0, 1.4, 0.0), MANIFEST)
    assert [section in html for section in ("Emotions", "Size of", "Failures", "How this was made")] == [False] * 3 + [
        True
    ]
    assert text_lines(BatchRun(Totals(), 0, 130.0, 0.0)) == ["0 pictures · 0 faces", "The run took 2 minutes"]
    assert in_short(Totals(clips=1)) == "1 video of 0 frames · 0 faces"


def test_rare_reasons_are_counted_together(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pages, "MOST_REASONS", 2)
    totals = Totals()
    for why in ("b", "a", "c", "c", "d"):
        totals.fail("x.png", why)
    assert text_lines(BatchRun(totals, 0, 1.0, 1.0))[2:] == ["failed: 2: c", "failed: 1: a", "failed: 2: other reasons"]
