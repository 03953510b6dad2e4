"""Results as people handle them: sliced, filtered, printed and shown in a notebook."""

from base64 import b64decode
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mien
from mien.core.frame import Frame
from mien.core.result import Face
from mien.tracking.stream import Stream
from small_results import NONE, TWO
from small_stream import analyzer, frames, walk


def test_a_slice_is_a_result_of_these_faces():
    first = TWO[:1]
    assert (type(first), len(first), first.quality) == (type(TWO), 1, ("good",))
    assert first[0].probabilities == TWO[0].probabilities
    assert [face.quality for face in TWO[::-1]] == ["small", "good"]
    assert len(TWO[5:]) == len(NONE[:]) == 0
    assert isinstance(TWO[-1], Face)
    with pytest.raises(IndexError):
        _ = TWO[2]


def test_a_filter_keeps_the_faces_that_are_sure_and_show_what_is_looked_for():
    assert [face.emotion for face in TWO] == ["happiness", "neutral"]
    assert [face.emotion for face in TWO.filter(min_confidence=0.5)] == ["happiness"]
    assert [face.emotion for face in TWO.filter(emotions="neutral")] == ["neutral"]
    assert [face.emotion for face in TWO.filter(emotions=["neutral", "happiness"])] == ["happiness", "neutral"]
    assert len(TWO.filter(min_confidence=0.5, emotions=["neutral"])) == 0
    with pytest.raises(mien.UsageError, match="unknown emotion 'joy'; expected some of neutral, happiness"):
        TWO.filter(emotions="joy")
    with pytest.raises(mien.UsageError, match="min_confidence must be a number from 0 to 1; got 90"):
        TWO.filter(min_confidence=90)


def test_faces_of_a_video_keep_what_is_known_of_them():
    follow = Stream(analyzer())
    result = [follow(frame) for frame in frames(walk(5))][-1]
    (face,) = result[-1:]
    assert (face.id, face.raw, face.emotion) == (result[-1].id, result[-1].raw, result[-1].emotion)
    assert isinstance(result.filter(emotions=[face.emotion]), mien.TrackedResult)


def test_what_is_printed_is_one_line():
    frame = Frame(np.zeros((48, 64, 3), np.uint8), 3, 0.12, "clip.mp4")
    assert repr(frame) == "<Frame 3 of clip.mp4 at 0.12 s, 64x48 px>"
    assert repr(TWO.faces) == "<Faces: 2 faces, 0.93, 0.93>"
    assert repr(TWO[0]) == "<Face: happiness 0.91, box [1, 2, 30, 40]>"
    assert repr(TWO) == "<Result of an array, 64x48 px: 2 faces, happiness 0.91, neutral 0.40 uncertain>"
    assert repr(TWO.take(np.zeros(6, int))).endswith(": 6 faces, " + "happiness 0.91, " * 4 + "and 2 more>")
    assert "\n" not in repr(Stream(analyzer())(next(iter(frames(walk(1))))))


def test_a_notebook_shows_the_marked_picture(examples: Path):
    result = mien.load()(str(examples / "astronaut.png"))
    shown = Image.open(BytesIO(result._repr_png_()))
    assert shown.size == (512, 512)
    assert np.array_equal(np.asarray(shown), np.asarray(result.draw()))
    page = result._repr_html_()
    jpeg = page.partition("base64,")[2].partition('"')[0]
    assert Image.open(BytesIO(b64decode(jpeg))).size == (512, 512)
    assert "<td>0</td><td>happiness</td><td>&gt;99.9%</td><td></td>" in page
    large = mien.load(detector="none")(np.zeros((1500, 3000, 3), np.uint8))
    assert Image.open(BytesIO(large._repr_png_())).size == (1000, 500)
    assert "no face found" in result[:0]._repr_html_()


def test_a_name_does_not_become_markup_in_a_notebook():
    page = analyzer()(Frame(np.zeros((40, 40, 3), np.uint8), path='<b>"a".png'))._repr_html_()
    assert "&lt;b&gt;&quot;a&quot;.png" in page
    assert "<b>" not in page


def test_doubts_are_told_in_words():
    assert [face.doubts for face in TWO] == [[], ["uncertain", "small"]]
    assert replace(TWO[0], turn=90).doubts == ["turned by 90°"]
