"""Reading at reduced size, and what is said about a file beside its pixels."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from mien.core.errors import ImageError
from mien.imaging import decode


def encode(picture: Pillow.Image, form: str, **options: object) -> bytes:
    stream = BytesIO()
    picture.copy().save(stream, form, **options)
    return stream.getvalue()


def smooth(width: int, height: int) -> Pillow.Image:
    """Return a picture that looks much the same at any size."""
    noise = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    return Pillow.fromarray(noise).resize((width, height), Pillow.Resampling.BICUBIC)


KINDS = [
    ("JPEG", "RGB", {"quality": 95}),
    ("JPEG", "RGB", {"quality": 95, "progressive": True}),
    ("JPEG", "L", {"quality": 95}),
    ("JPEG", "CMYK", {"quality": 95}),
    ("PNG", "RGB", {}),
    ("PNG", "P", {}),
    ("PNG", "RGBA", {}),
    ("WEBP", "RGB", {"lossless": True}),
    ("TIFF", "LAB", {}),
    ("BMP", "RGB", {}),
]


@pytest.mark.parametrize(("form", "mode", "options"), KINDS)
def test_a_reduced_picture_is_the_average_of_the_whole(form: str, mode: str, options: dict[str, object]):
    data = encode(smooth(250, 171).convert("RGB" if mode == "LAB" else mode), form, **options)
    whole = decode.decode(data, "x")
    reduced = decode.decode_picture(data, "x", reduce_to_px=60)
    assert (reduced.width, reduced.height, reduced.scale) == (250, 171, 4)
    assert reduced.image.shape == (43, 63, 3)
    assert reduced.note == "read at 1/4 of its size"
    wanted = np.asarray(Pillow.fromarray(whole).reduce(4)).astype(int)
    assert np.abs(reduced.image - wanted).mean() < (2 if form == "JPEG" else 0.5)


@pytest.mark.parametrize(("longer", "scale"), [(119, 1), (120, 2), (239, 2), (240, 4), (480, 8), (2000, 8)])
def test_the_longer_side_stays_at_the_limit_or_above(longer: int, scale: int):
    for size in ((longer, 9), (9, longer)):
        for form in ("JPEG", "PNG"):
            picture = decode.decode_picture(encode(Pillow.new("RGB", size), form), "x", reduce_to_px=60)
            assert picture.scale == scale
            assert (picture.width, picture.height) == size
            assert picture.image.shape == (-(-size[1] // scale), -(-size[0] // scale), 3)


def test_by_default_a_photo_of_twelve_megapixels_is_whole_and_a_hundred_are_not():
    assert decode.decode_picture(encode(Pillow.new("L", (4000, 3000)), "JPEG"), "x").scale == 1
    assert decode.decode_picture(encode(Pillow.new("L", (12000, 8333)), "JPEG"), "x").image.shape == (2084, 3000, 3)


def test_full_size_on_demand():
    data = encode(smooth(5200, 16), "PNG")
    assert decode.decode_picture(data, "x").scale == 2
    assert decode.decode_picture(data, "x", reduce_to_px=None).image.shape == decode.decode(data, "x").shape


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
def test_reduced_pictures_are_upright_and_so_is_their_size(form: str, orientation: int):
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    data = encode(smooth(200, 130), form, exif=exif)
    whole = decode.decode(data, "x")
    picture = decode.decode_picture(data, "x", reduce_to_px=100)
    assert picture.scale == 2
    assert (picture.height, picture.width) == whole.shape[:2] == ((130, 200) if orientation < 5 else (200, 130))
    wanted = np.asarray(Pillow.fromarray(whole).reduce(2)).astype(int)
    assert np.abs(picture.image - wanted).mean() < 2


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("reduce_to_px", [None, 100, 30])
def test_a_truncated_jpeg_is_an_error_at_any_size(share: float, reduce_to_px: int | None):
    data = encode(Pillow.effect_noise((240, 240), 80), "JPEG")
    with pytest.raises(ImageError, match=r"^damaged picture: x \(.+\); copy or export it again"):
        decode.decode_picture(data[: int(share * len(data))], "x", reduce_to_px=reduce_to_px)


@pytest.mark.parametrize("size", [(9_000_001, 5), (5, 2_000_001), (70_001, 90)])
def test_flat_and_tall_pictures(size: tuple[int, int]):
    picture = decode.decode_picture(encode(Pillow.new("1", size, 1), "PNG"), "x")
    assert (picture.width, picture.height, picture.scale) == (*size, 8)
    assert picture.image.min() == 255, "every strip has been written"


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_a_tiff_above_pillows_limit_is_read_without_a_warning(compression: str):
    data = encode(Pillow.new("1", (10000, 9000)), "TIFF", compression=compression)
    assert decode.decode_picture(data, "x").image.shape == (4500, 5000, 3)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 90), st.integers(1, 90), st.integers(1, 40), st.sampled_from(["L", "RGB", "RGBA", "P", "1", "CMYK"])
)
def test_sizes_agree_whatever_the_picture(width: int, height: int, reduce_to_px: int, mode: str):
    data = encode(smooth(width, height).convert(mode), "TIFF")
    picture = decode.decode_picture(data, "x", reduce_to_px=reduce_to_px)
    assert (picture.width, picture.height) == (width, height)
    assert picture.image.shape == (-(-height // picture.scale), -(-width // picture.scale), 3)
    assert picture.scale == 1 or max(width, height) // picture.scale >= reduce_to_px


# Notes


def moving(form: str) -> bytes:
    # New pictures each time, for Pillow notes the settings of one format in them and trips over them in another.
    first, *others = (Pillow.new("RGB", (20, 20), colour) for colour in ("red", "blue", "green"))
    return encode(first, form, save_all=True, append_images=others)


@pytest.mark.parametrize(
    ("form", "note"),
    [
        ("GIF", "animated: first of 3 frames"),
        ("WEBP", "animated: first of 3 frames"),
        ("PNG", "animated: first of 3 frames"),
        ("TIFF", "first of 3 pages"),
        ("MPO", ""),  # a phone's second picture belongs to the first
    ],
)
def test_of_several_pictures_the_first_is_said_to_be_so(form: str, note: str):
    assert decode.decode_picture(moving(form), "x").note == note
    assert decode.decode_picture(encode(smooth(20, 20), form), "x").note == ""


def test_notes_are_joined():
    assert decode.decode_picture(moving("GIF"), "x", reduce_to_px=10).note == (
        "animated: first of 3 frames; read at 1/2 of its size"
    )


def test_damage_behind_the_first_frame_does_not_cost_it():
    data = moving("TIFF")
    picture = decode.decode_picture(data[: len(data) * 2 // 3], "x")
    np.testing.assert_array_equal(picture.image, np.broadcast_to((255, 0, 0), (20, 20, 3)))
    assert picture.note.startswith("first of ")
