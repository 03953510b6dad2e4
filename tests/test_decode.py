import os
import re
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from mien.core.errors import ImageError, UsageError
from mien.imaging import decode

HEIGHT, WIDTH = 40, 60
GREY = np.linspace(0, 255, HEIGHT * WIDTH).round().astype(np.uint8).reshape(HEIGHT, WIDTH)
RGB = np.stack([GREY, GREY[::-1], GREY[:, ::-1]], axis=-1)
COLOUR = Pillow.fromarray(RGB)


def encode(picture: Pillow.Image, form: str, **options: object) -> bytes:
    stream = BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()


def replicate(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, axis=-1)


def assert_picture(image: np.ndarray) -> None:
    assert (image.dtype, image.ndim, image.shape[-1]) == (np.uint8, 3, 3)
    assert image.flags.c_contiguous
    assert image.flags.writeable


# Formats and modes


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM", "TGA", "ICNS"])
def test_lossless_formats_come_back_exactly(form: str, tmp_path: Path):
    wanted = np.repeat(np.repeat(RGB[:32, :32], 32, 0), 32, 1) if form == "ICNS" else RGB  # ICNS holds 1024 x 1024
    path = tmp_path / "Grüße von uns.any"
    path.write_bytes(encode(Pillow.fromarray(wanted), form))
    image = decode.read(path)
    assert_picture(image)
    np.testing.assert_array_equal(image, wanted)


@pytest.mark.parametrize(("form", "options"), [("JPEG", {"quality": 95}), ("WEBP", {"quality": 95}), ("MPO", {})])
def test_lossy_formats_come_back_nearly(form: str, options: dict[str, int]):
    image = decode.decode(encode(Pillow.fromarray(replicate(GREY)), form, **options), "x")
    assert_picture(image)
    assert np.abs(image.astype(int) - replicate(GREY)).mean() < 4


def test_grey_is_repeated():
    np.testing.assert_array_equal(decode.decode(encode(COLOUR.convert("L"), "PNG"), "x")[..., 0], COLOUR.convert("L"))


def test_one_bit_is_black_and_white():
    bits = GREY > 127
    image = decode.decode(encode(Pillow.fromarray(bits), "PNG"), "x")
    np.testing.assert_array_equal(image, replicate(np.where(bits, 255, 0)))


@pytest.mark.parametrize("form", ["PNG", "GIF", "BMP", "TIFF"])
def test_a_palette_is_resolved(form: str):
    palette = COLOUR.quantize(16)
    np.testing.assert_array_equal(decode.decode(encode(palette, form), "x"), palette.convert("RGB"))


@pytest.mark.parametrize("form", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_are_scaled_not_clipped(form: str):
    image = decode.decode(encode(Pillow.fromarray(GREY.astype(np.uint16) * 257), form), "x")
    np.testing.assert_array_equal(image, replicate(GREY))


def test_a_dark_sixteen_bit_picture_stays_dark():
    assert decode.decode(encode(Pillow.fromarray(GREY.astype(np.uint16)), "PNG"), "x").max() == 1


@pytest.mark.parametrize("white", [1, 255, 65535])
def test_floats_find_their_white(white: int):
    image = decode.decode(encode(Pillow.fromarray(GREY.astype(np.float32) / 255 * white), "TIFF"), "x")
    np.testing.assert_allclose(image, replicate(GREY), atol=1)


def test_floats_of_any_range_are_stretched_and_nan_is_nothing():
    values = (GREY.astype(np.float32) / 255 - 0.5) * np.float32(3e38) * 2
    values[0, 5] = np.nan
    image = decode.decode(encode(Pillow.fromarray(values), "TIFF"), "x")
    assert (image.min(), image.max()) == (0, 255)
    assert abs(int(image[0, 5, 0]) - 128) <= 1


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_a_black_picture_stays_black(kind: type):
    assert not decode.decode(encode(Pillow.fromarray(np.zeros((3, 4), kind)), "TIFF"), "x").any()


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk_keeps_its_colours(form: str):
    image = decode.decode(encode(Pillow.new("CMYK", (16, 16), (0, 255, 255, 0)), form), "x")
    np.testing.assert_allclose(image[8, 8], (255, 0, 0), atol=3)


def test_lab_becomes_rgb():
    image = decode.decode(encode(Pillow.new("LAB", (8, 8), (255, 128, 128)), "TIFF"), "x")
    assert image.min() > 250


@pytest.mark.parametrize(("form", "mode"), [("PNG", "RGBA"), ("PNG", "LA"), ("WEBP", "RGBA"), ("TIFF", "RGBA")])
def test_transparency_lies_on_white(form: str, mode: str):
    picture = Pillow.new(mode, (9, 9), (0,) * len(mode))
    image = decode.decode(encode(picture, form, **({"lossless": True} if form == "WEBP" else {})), "x")
    np.testing.assert_array_equal(image, np.full((9, 9, 3), 255))


def test_half_transparency_is_mixed():
    np.testing.assert_allclose(decode.decode(encode(Pillow.new("RGBA", (2, 2), (0, 0, 0, 128)), "PNG"), "x"), 127)


def test_a_transparent_palette_entry_lies_on_white():
    palette = Pillow.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, 200, 0, 0])
    for form in ("PNG", "GIF"):
        np.testing.assert_array_equal(decode.decode(encode(palette, form, transparency=1), "x"), 255)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame(form: str):
    frames = [Pillow.new("RGB", (20, 20), colour) for colour in ("red", "blue", "green")]
    image = decode.decode(encode(frames[0], form, save_all=True, append_images=frames[1:]), "x")
    np.testing.assert_allclose(image, np.broadcast_to((255, 0, 0), (20, 20, 3)), atol=6)


def test_one_pixel():
    assert decode.decode(encode(Pillow.new("RGB", (1, 1), "blue"), "PNG"), "x").tolist() == [[[0, 0, 255]]]


# Orientation

TURNS = {  # what a camera held so would have stored, from the upright picture
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_pictures_are_upright(form: str, orientation: int):
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    picture = Pillow.fromarray(np.ascontiguousarray(TURNS[orientation](replicate(GREY))))
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95}}.get(form, {})
    image = decode.decode(encode(picture, form, exif=exif, **options), "x")
    assert image.shape == (HEIGHT, WIDTH, 3)
    np.testing.assert_allclose(image, replicate(GREY), atol=20 if form == "JPEG" else 0)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("exif", [b"Exif\0\0nonsense", b"Exif\0\0MM\0*\0\0\0\x08\0\x09\x01\x12"])
def test_damaged_exif_does_not_cost_the_picture(exif: bytes):
    np.testing.assert_array_equal(decode.decode(encode(COLOUR, "PNG", exif=exif), "x"), RGB)


# What is wrong with it


@pytest.mark.parametrize(
    ("data", "got"),
    [
        (b"Dear all,\n", "got text"),
        ("GIF89a ist ein Format für Bilder. ".encode() * 40, "got text"),
        (b"%PDF-1.7\n%\xe2\xe3", "got a PDF document"),
        (b"PK\x03\x04\x14\x00", "got a ZIP archive"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "got a video, which 'mien video' takes"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "got HEIC"),
        (b"<?xml version='1.0'?><svg/>", "got an SVG drawing"),
        (encode(COLOUR, "ICO"), "got an icon: save its picture as PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "got a PostScript document"),
        (b"\xfe\xedunheard of\0\0\xff", "got unknown data"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, got: str, tmp_path: Path):
    path = tmp_path / "notes.jpg"
    path.write_bytes(data)
    with pytest.raises(ImageError, match=rf"^not a picture: .*notes.jpg \({got}.*; expected JPEG, PNG") as caught:
        decode.read(path)
    assert "\n" not in str(caught.value)


def test_damage_is_told_in_words_for_people():
    data = encode(COLOUR, "JPEG2000")
    for length in range(13, 60):
        with pytest.raises(ImageError, match=r"^(damaged|not a) picture: x ") as caught:
            decode.decode(data[:length], "x")
        assert not re.search("unpack|buffer|index out|object", str(caught.value))


def test_what_cannot_be_opened_is_named(tmp_path: Path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "dangling.png").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "pipe.png")
    for name, message in {
        "x.jpg": "no such file: .*x.jpg$",
        "empty.png/x.jpg": "cannot open .*x.jpg: Not a directory",
        "dangling.png": "no such file: .*dangling.png$",
        "pipe.png": "pipe.png is not a regular file",
        "empty.png": "not a picture: .*empty.png .the file is empty",
        "": "is a folder; name the pictures in it",
        "a\0b.png": "cannot open .*",
        "n" * 300: "cannot open .*: File name too long",
    }.items():
        with pytest.raises(ImageError, match=message):
            decode.read(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_file_is_named(tmp_path: Path):
    path = tmp_path / "secret.png"
    path.write_bytes(encode(COLOUR, "PNG"))
    path.chmod(0)
    with pytest.raises(ImageError, match=r"cannot open .*secret.png: Permission denied"):
        decode.read(path)


NOISE = Pillow.fromarray(np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF"])
def test_a_truncated_file_is_an_error(form: str, share: float):
    data = encode(NOISE, form)
    with pytest.raises(ImageError, match=r"^damaged picture: cut\.x \(.+\); copy or export it again"):
        decode.decode(data[: int(share * len(data))], "cut.x")


def test_damage_behind_the_signature_is_told_from_another_kind_of_file():
    with pytest.raises(ImageError, match=r"^damaged picture: x .begins like PNG"):
        decode.decode(b"\x89PNG\r\n\x1a\n" + bytes(100), "x")


def test_a_bomb_is_refused_before_it_is_decoded():
    data = encode(Pillow.new("1", (15000, 15000)), "PNG")  # 225 million pixels in 30 KB
    with pytest.raises(
        ImageError, match=r"too large: bomb.png declares 15000 x 15000 pixels, 225\.0 million; the limit"
    ):
        decode.decode(data, "bomb.png")
    with pytest.raises(ImageError, match=r"the limit is 0\.0 million"):
        decode.decode(encode(COLOUR, "PNG"), "x", max_pixels=HEIGHT * WIDTH - 1)
    assert decode.decode(encode(COLOUR, "PNG"), "x", max_pixels=HEIGHT * WIDTH).shape == RGB.shape


def test_pillows_own_limit_neither_warns_nor_moves():
    limit = Pillow.MAX_IMAGE_PIXELS
    assert limit is not None
    data = encode(Pillow.new("1", (limit // 9000 + 1, 9000)), "PNG")  # where PIL.Image.open warns
    with pytest.raises(ImageError, match="too large"):
        decode.decode(data, "x", max_pixels=limit)
    assert limit == Pillow.MAX_IMAGE_PIXELS


def test_threads_may_read_at_once():
    files = [encode(COLOUR, form) for form in ("PNG", "BMP", "TIFF")] * 20
    with ThreadPoolExecutor(8) as pool:
        for image in pool.map(lambda data: decode.decode(data, "x"), files):
            np.testing.assert_array_equal(image, RGB)


# Any bytes at all


def assert_a_picture_or_an_image_error(data: bytes) -> None:
    try:
        image = decode.decode(data, "x", max_pixels=1_000_000)
    except ImageError:
        return
    assert_picture(image)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes(data: bytes):
    assert_a_picture_or_an_image_error(data)


SEEDS = [encode(COLOUR.convert("P"), form) for form in ("PNG", "GIF", "TIFF", "BMP")] + [
    encode(COLOUR, form) for form in ("JPEG", "PNG", "WEBP")
]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_mutated_pictures(data: st.DataObject):
    mutant = bytearray(data.draw(st.sampled_from(SEEDS)))
    # Most of what decides is in the headers: half of the changes go there.
    places = st.one_of(st.integers(0, 120), st.integers(0, len(mutant) - 1))
    for place, byte in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=8)):
        mutant[min(place, len(mutant) - 1)] = byte
    cut = data.draw(st.one_of(st.just(len(mutant)), st.integers(0, len(mutant))))
    assert_a_picture_or_an_image_error(bytes(mutant[:cut]))


# Writing


@pytest.mark.parametrize("suffix", decode.WRITERS)
def test_what_is_written_is_read(suffix: str, tmp_path: Path):
    path = tmp_path / f"out{suffix.upper()}"
    decode.write(replicate(GREY), path)
    np.testing.assert_allclose(decode.read(path).astype(int), replicate(GREY), atol=12)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_written_file_replaces_the_old_one_and_may_be_read_by_others(tmp_path: Path):
    path = tmp_path / "out.png"
    path.write_text("old")
    (tmp_path / "plain").touch()
    decode.write(RGB, path)
    np.testing.assert_array_equal(decode.read(path), RGB)
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_what_cannot_be_written_is_explained(tmp_path: Path):
    with pytest.raises(UsageError, match=r"unknown suffix '\.xyz'; use one of \.jpg, \.jpeg, \.png"):
        decode.write(RGB, tmp_path / "out.xyz")
    with pytest.raises(UsageError, match=r"no folder .*gone; make it first"):
        decode.write(RGB, tmp_path / "gone" / "out.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ImageError, match=r"cannot write .*folder.png as PNG: Is a directory"):
        decode.write(RGB, tmp_path / "folder.png")
    with pytest.raises(ImageError, match=r"cannot write .*out.webp as WEBP"):
        decode.write(np.zeros((1, 20000, 3), np.uint8), tmp_path / "out.webp")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder.png"]
