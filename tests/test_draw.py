from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mien.core.emotions import COLOURS, EIGHT, SEVEN, colours_of
from mien.core.faces import Faces
from mien.core.frame import Frame
from mien.core.result import Result
from mien.draw._fonts import _dejavu, font_for
from mien.draw._paint import BLACK, WHITE, Rect, contrast, cover_of
from mien.draw._tags import Tag, layout_tags
from mien.draw.annotate import _label_name, _labels, _text_px, _visible, draw
from mien.imaging import decode

PAPER = 250  # no emotion's colour, and no mixture of the frames' shadow


def a_result(
    image: np.ndarray, boxes: list[list[float]], emotions: list[str] | None = None, uncertain: bool = False
) -> Result:
    n = len(boxes)
    emotions = emotions or [SEVEN[row % 7] for row in range(n)]
    probs = np.full((n, 8), 0.01, np.float32)
    for row, emotion in enumerate(emotions):
        probs[row, EIGHT.index(emotion)] = 0.93
    faces = Faces(
        np.array(boxes, np.float32).reshape(n, 4), np.full((n, 5, 2), np.nan, np.float32), np.ones(n, np.float32)
    )
    return Result(Frame(image), faces, np.full(n, -1), probs, EIGHT, np.full(n, uncertain), ("good",) * n)


def blank(width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), PAPER, np.uint8)


def pixels_of(image: np.ndarray, emotion: str) -> int:
    return int((image == COLOURS[emotion]).all(axis=-1).sum())


def layout(boxes: list[Rect], width: int, height: int, text_px: float = 14) -> list[Tag | None]:
    return layout_tags(boxes, [("happiness 97 %", "happiness")] * len(boxes), Rect(0, 0, width, height), text_px, 2)


def meet(one: Rect, other: Rect) -> bool:
    return one.x1 < other.x2 and other.x1 < one.x2 and one.y1 < other.y2 and other.y1 < one.y2


def test_without_faces_the_copy_is_the_picture():
    image = blank(30, 20)
    drawn = draw(a_result(image, []))
    np.testing.assert_array_equal(drawn, image)
    assert not np.shares_memory(drawn, image)


def test_the_input_stays_as_it_is():
    image = blank(200, 150)
    image.flags.writeable = False
    drawn = draw(a_result(image, [[50, 50, 120, 130]]))
    assert (image == PAPER).all()
    assert drawn.shape == image.shape
    assert drawn.dtype == np.uint8
    assert (drawn != image).any()


@pytest.mark.parametrize("emotion", EIGHT)
def test_box_and_tag_have_the_emotions_colour(emotion: str):
    drawn = draw(a_result(blank(800, 600), [[300, 200, 500, 440]], [emotion]))
    assert drawn[320, 299].tolist() == list(COLOURS[emotion])  # the line runs just outside the box
    assert drawn[320, 400].tolist() == [PAPER] * 3  # the face is not painted over
    assert pixels_of(drawn[:195], emotion) > 500  # the plate above
    ink = contrast(COLOURS[emotion])
    assert (drawn[:195] == ink).all(axis=-1).sum() > 50  # the letters on it


def test_text_is_legible_on_every_colour():
    def luminance(colour: tuple[int, int, int]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in colour)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in COLOURS.values():
        light, dark = sorted([luminance(colour), luminance(contrast(colour))], reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2, level AA
    assert contrast(WHITE) == BLACK
    assert contrast(BLACK) == WHITE


COLOUR_VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
"""On linear RGB, at full severity: Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of
Color Vision Deficiency", 2009."""


def as_lab(linear: np.ndarray) -> np.ndarray:
    """CIELAB (N, 3) of linear sRGB (N, 3) under D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ to_xyz.T / [0.9505, 1, 1.089]
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


@pytest.mark.parametrize("eyes", COLOUR_VISION)
def test_colour_blind_people_can_tell_the_colours_apart(eyes: str):
    share = np.array(list(COLOURS.values())) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    lab = as_lab((linear @ np.array(COLOUR_VISION[eyes]).T).clip(0, 1))
    apart = np.linalg.norm(lab[:, None] - lab, axis=2)[np.triu_indices(len(lab), 1)]
    assert apart.min() > 7  # three times what can just be seen


def test_the_label_of_an_uncertain_face_asks():
    certain, asking = (next(iter(a_result(blank(9, 9), [[1, 1, 8, 8]], ["fear"], doubt))) for doubt in (False, True))
    assert _labels(certain) == ("fear 93 %", "fear")
    assert _labels(asking) == ("fear? 93 %", "fear?")


def test_a_name_stands_in_place_of_the_number():
    (face,) = replace(a_result(blank(9, 9), [[1, 1, 8, 8]], ["fear"]), ids=np.array([3]))
    assert _labels(face) == ("#3 fear 93 %", "#3 fear")
    assert _labels(face, "Anna") == ("Anna  fear 93 %", "Anna  fear")


def test_a_named_face_is_drawn_with_its_name():
    result = replace(a_result(blank(300, 200), [[50, 60, 200, 180]]), ids=np.array([3]))
    plainly = draw(result)
    np.testing.assert_array_equal(draw(result, {4: "Anna"}), plainly)
    assert (draw(result, {3: "Anna"}) != plainly).any()
    np.testing.assert_array_equal(draw(result, {3: "\u4e2d"}), draw(result, {4: "\u4e2d"}))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Anna", "Anna"),
        ("\u00c4nnchen", "\u00c4nnchen"),
        ("A\u0308nnchen", "\u00c4nnchen"),
        ("\u0416\u0435\u043d\u044f", "\u0416\u0435\u043d\u044f"),
        ("\u4e2d", ""),
        ("\u05d0", ""),
        ("n" * 24, "n" * 24),
        ("n" * 25, "n" * 21 + "..."),
    ],
)
def test_a_name_that_no_font_spells_is_left_to_the_number(name: str, shown: str):
    assert _label_name(name, font_for([name])) == shown


def test_without_another_font_there_is_pillows_own(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mien.draw._fonts.find_spec", lambda _: None)
    _dejavu.cache_clear()
    font = font_for(["\u00c4nnchen"])
    _dejavu.cache_clear()
    assert font is font_for(["Anna"])
    assert _label_name("\u00c4nnchen", font) == ""


def test_an_emotion_of_ones_own_is_drawn_in_the_colour_that_it_has_elsewhere():
    faces = Faces(np.array([[9, 30, 90, 90]], np.float32), np.zeros((1, 5, 2), np.float32), np.ones(1, np.float32))
    certain = np.array([False])
    probs = np.array([[1.0]], np.float32)
    result = Result(Frame(blank(200, 100)), faces, np.array([-1]), probs, ("boredom",), certain, ("good",))
    assert (draw(result) == colours_of(("boredom",))["boredom"]).all(axis=-1).any()


@pytest.mark.parametrize("x", [-20, 260, 540])
@pytest.mark.parametrize("y", [-20, 160, 340])
def test_at_any_border_the_whole_label_is_in_the_picture(x: int, y: int):
    box = _visible(np.array([x, y, x + 80, y + 80], np.float32), 600, 400)
    assert box is not None
    (tag,) = layout([box], 600, 400)
    assert tag is not None
    assert tag.text == "happiness 97 %"
    assert tag.rect.x1 >= 0
    assert tag.rect.y1 >= 0
    assert tag.rect.x2 <= 600
    assert tag.rect.y2 <= 400


@pytest.mark.parametrize(
    "boxes",
    [
        [Rect(100, 100, 180, 180), Rect(190, 110, 270, 190)],  # side by side
        [Rect(100, 100, 180, 180), Rect(100, 190, 180, 270)],  # one below the other
        [Rect(100, 100, 180, 180), Rect(60, 20, 140, 98)],  # one right above the other
        [Rect(100, 100, 180, 180), Rect(150, 150, 230, 230)],  # overlapping
        [Rect(0, 0, 80, 80), Rect(82, 0, 160, 80)],  # at the top border
        [Rect(100, 100, 180, 180), Rect(100, 80, 180, 99), Rect(100, 181, 180, 200)],  # room at the sides only
    ],
)
def test_no_tag_covers_another_face_or_tag(boxes: list[Rect]):
    tags = layout(boxes, 500, 400)
    rects = [tag.rect for tag in tags if tag is not None]
    assert len(rects) == len(boxes)
    for row, rect in enumerate(rects):
        assert not any(meet(rect, box) for other, box in enumerate(boxes) if other != row)
        assert not any(meet(rect, later) for later in rects[row + 1 :])


def test_want_of_room_shrinks_then_shortens_then_leaves_out():
    def only(width: int) -> Tag | None:
        return layout([Rect(0, 30, width, 60)], width, 60, text_px=16)[0]

    widths = [200, 90, 70, 30]
    assert [tag and tag.text for tag in map(only, widths)] == ["happiness 97 %", "happiness 97 %", "happiness", None]
    tags = [tag for tag in map(only, widths) if tag is not None]
    assert all(wide.style.height_px >= narrow.style.height_px for wide, narrow in pairwise(tags))
    assert tags[0].style.height_px > tags[1].style.height_px


def test_a_face_that_fills_the_picture_is_labelled_inside_at_the_top():
    (tag,) = layout([Rect(0, 0, 400, 300)], 400, 300)
    assert tag is not None
    assert 0 < tag.rect.y1 < tag.rect.y2 <= 60


def test_a_thumbnail_has_a_thin_box_and_a_poster_a_thick_one():
    small = draw(a_result(blank(64, 64), [[16, 16, 48, 48]], ["anger"]))
    assert 80 < pixels_of(small, "anger") < 250  # a line of one pixel, no room for a word
    large = draw(a_result(blank(2000, 1500), [[500, 400, 1400, 1300]], ["anger"]))
    line = (large[850, 450:500] == COLOURS["anger"]).all(axis=-1).sum()
    assert 6 <= line <= 12


@pytest.mark.parametrize(
    ("size", "face_px", "text_px"),
    [
        ((1920, 1080), 60, 27),
        ((3840, 2160), 120, 54),
        ((1080, 1920), 60, 27),
        ((1920, 1080), 300, 39),
        ((1920, 1080), 900, 51),
        ((320, 180), 30, 10),
    ],
)
def test_labels_grow_with_the_picture_and_with_its_faces(size: tuple[int, int], face_px: int, text_px: int):
    assert round(_text_px([Rect(0, 0, face_px, face_px)], *size)) == text_px


def test_straight_sides_are_sharp_and_corners_smooth():
    cover = cover_of(Rect(0, 0, 20, 20), Rect(2, 2, 18, 18), 5)
    assert set(np.unique(cover[10])) == {0, 1}
    assert ((cover[:7, :7] > 0) & (cover[:7, :7] < 1)).any()
    assert cover.sum() == pytest.approx(16 * 16 - (4 - np.pi) * 25, rel=0.01)
    np.testing.assert_array_equal(cover, cover[::-1, ::-1].T)


@pytest.mark.parametrize(
    "box",
    [
        [-50, -50, -1, -1],
        [100, 0, 120, 20],
        [np.nan, 0, 5, 5],
        [0, np.inf, 5, np.inf],
    ],
)
def test_a_box_that_is_not_in_the_picture_is_not_drawn(box: list[float]):
    np.testing.assert_array_equal(draw(a_result(blank(100, 80), [box])), blank(100, 80))


def test_an_endless_box_frames_the_picture():
    drawn = draw(a_result(blank(100, 80), [[-np.inf, -1e30, np.inf, 1e30]], ["fear"]))
    for side in (drawn[40, 0], drawn[40, 99], drawn[0, 50], drawn[79, 50]):
        assert side.tolist() == list(COLOURS["fear"])


def test_a_box_without_area_still_shows():
    assert pixels_of(draw(a_result(blank(100, 80), [[50, 40, 50, 40]], ["fear"])), "fear") > 0


sizes = st.integers(1, 300)
corners = st.floats(-400, 700, width=32)


@settings(max_examples=150, deadline=None)
@given(sizes, sizes, hnp.arrays(np.float32, st.tuples(st.integers(0, 6), st.just(4)), elements=corners))
def test_any_box_in_any_picture(width: int, height: int, boxes: np.ndarray):
    image = blank(width, height)
    drawn = draw(a_result(image, boxes.tolist()))
    assert drawn.shape == image.shape
    assert (image == PAPER).all()
    visible = [box for row in boxes if (box := _visible(row, width, height)) is not None]
    for box in visible:
        assert 0 <= box.x1 < box.x2 <= width
        assert 0 <= box.y1 < box.y2 <= height
    assert bool((drawn != image).any()) == bool(visible)
    tags = layout(visible, width, height) if visible else []
    for row, tag in enumerate(tags):
        if tag is not None:
            assert tag.rect == Rect(*np.clip(tag.rect, 0, [width, height, width, height]).tolist())
            assert not any(meet(tag.rect, box) for other, box in enumerate(visible) if other != row)


def test_a_photo():
    path = Path(__file__).parent.parent / "examples" / "astronaut.png"
    if not path.exists():
        pytest.skip("no examples in this checkout")
    photo = decode.read(path)
    drawn = draw(a_result(photo, [[172, 62, 276, 198]], ["happiness"]))
    changed = np.argwhere((drawn != photo).any(axis=-1))
    assert pixels_of(drawn, "happiness") > 2000
    assert changed.min(axis=0).tolist() > [20, 150]  # nothing far from the face is touched
    np.testing.assert_array_equal(drawn[66:194, 178:270], photo[66:194, 178:270])  # nor the face itself
