"""Files that ask for far more time and memory than they are worth."""

import struct
from io import BytesIO

import pytest
from PIL import Image as Pillow

from mien.core.errors import ImageError
from mien.imaging import decode


def encode(picture: Pillow.Image, form: str, **options: object) -> bytes:
    stream = BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()


def empty_webp(side_px: int) -> bytes:
    """A lossless WebP of one colour: the size is in its header, a handful of bytes the picture."""
    data = bytearray(encode(Pillow.new("RGB", (64, 64)), "WEBP", lossless=True))
    bits = struct.unpack_from("<I", data, 21)[0]
    struct.pack_into("<I", data, 21, bits & ~((1 << 28) - 1) | (side_px - 1) | (side_px - 1) << 14)
    return bytes(data)


def repeated_scans(side_px: int, times: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    data = encode(Pillow.effect_noise((side_px, side_px), 60), "JPEG", progressive=True)
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * times + data[-2:]


def test_a_hundred_megapixels_in_thirty_bytes_are_no_photo():
    data = empty_webp(9990)
    assert len(data) < 60
    with pytest.raises(
        ImageError, match=r"^no photo: x declares 9990 x 9990 pixels, 99\.8 million, but holds \d+ bytes"
    ):
        decode.decode(data, "x")


@pytest.mark.parametrize(("form", "part"), [("WEBP", 2), ("AVIF", 2), ("JPEG2000", 4), ("PNG", 1)])
def test_formats_that_are_decoded_in_one_go_have_a_limit_of_their_own(form: str, part: int):
    data = encode(Pillow.effect_noise((60, 60), 60).convert("RGB"), form)
    assert decode.decode(data, "x", max_pixels=3600 * part).shape == (60, 60, 3)
    with pytest.raises(ImageError, match=r"^too large: x declares 60 x 60 pixels"):
        decode.decode(data, "x", max_pixels=3600 * part - 1)


@pytest.mark.parametrize("header", [b"P5 20 10 200\n", b"P2 20 10 255\n"])
def test_what_pillow_decodes_in_python_has_to_be_small(header: bytes):
    data = header + b"7 " * 200
    assert decode.decode(data, "x").shape == (10, 20, 3)
    with pytest.raises(ImageError, match=r"for this kind of PPM the limit is .* million; save it as JPEG or PNG"):
        decode.decode(data, "x", max_pixels=9_999)


def test_a_jpeg_that_goes_through_its_pixels_again_and_again_is_refused():
    usual, many = repeated_scans(64, 1), repeated_scans(64, 40)
    assert decode.decode(usual, "x", max_pixels=64 * 64).shape == (64, 64, 3)
    assert decode.decode(many, "x").shape == (64, 64, 3), "small ones take no time"
    with pytest.raises(
        ImageError, match=r"^too many scans: x declares 64 x 64 pixels, .* in 4\d scans; .* usually has ten"
    ):
        decode.decode(many, "x", max_pixels=64 * 64)


@pytest.mark.parametrize("form", ["GIF", "TIFF"])
def test_only_so_many_frames_are_counted(form: str, monkeypatch: pytest.MonkeyPatch):
    frames = [Pillow.new("L", (8, 8), level) for level in range(6)]
    data = encode(frames[0], form, save_all=True, append_images=frames[1:])
    monkeypatch.setattr("mien.imaging.formats.MOST_FRAMES", 6)
    assert "first of 6 or more " in decode.decode_picture(data, "x").note
    monkeypatch.setattr("mien.imaging.formats.MOST_FRAMES", 7)
    assert "first of 6 " in decode.decode_picture(data, "x").note
    assert "more" not in decode.decode_picture(data, "x").note
