"""A folder with one picture of each format and each kind of broken file, from the listing to the pixels."""

import os
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import features

from mien.apps.cli.inputs import gather
from mien.core.errors import ImageError
from mien.imaging import decode

SKIN = (224, 172, 105)
CLEAR = Pillow.new("RGBA", (40, 30), (*SKIN, 255))
FACE = CLEAR.convert("RGB")
GREY = 180

SOUND: dict[str, tuple[Pillow.Image, dict[str, object], tuple[int, int, int]]] = {
    "photo.jpg": (FACE, {"quality": 95}, SKIN),
    "progressive.jpeg": (FACE, {"quality": 95, "progressive": True}, SKIN),
    "grey.jpg": (Pillow.new("L", (40, 30), GREY), {}, (GREY,) * 3),
    "print.jpg": (Pillow.new("CMYK", (40, 30), (31, 83, 150, 0)), {"quality": 95}, SKIN),
    "print.tif": (Pillow.new("CMYK", (40, 30), (31, 83, 150, 0)), {}, SKIN),
    "colour.png": (FACE, {}, SKIN),
    "alpha.png": (CLEAR, {}, SKIN),
    "palette.png": (FACE.quantize(4), {}, SKIN),
    "sixteen bits.png": (Pillow.fromarray(np.full((30, 40), GREY * 257, np.uint16)), {}, (GREY,) * 3),
    "sixteen bits.tiff": (Pillow.fromarray(np.full((30, 40), GREY * 257, np.uint16)), {}, (GREY,) * 3),
    "Müggelsee 夏.webp": (FACE, {"quality": 95}, SKIN),
    "lossless.webp": (CLEAR, {"lossless": True}, SKIN),
    "old.bmp": (FACE, {}, SKIN),
    "moving.gif": (FACE, {"save_all": True, "append_images": [Pillow.new("RGB", (40, 30))]}, SKIN),
    "moving.webp": (FACE, {"save_all": True, "append_images": [Pillow.new("RGB", (40, 30))]}, SKIN),
    "pixel.png": (FACE.crop((0, 0, 1, 1)), {}, SKIN),
    "camera.ppm": (FACE, {}, SKIN),
} | ({"new.avif": (FACE, {"quality": 95}, SKIN)} if features.check("avif") else {})

BROKEN = {
    "bomb.pgm": "too large: .* declares 15000 x 15000 pixels",
    "empty.jpg": "the file is empty",
    "letter.jpg": "got text",
    "phone.heic": "HEIC, which needs a plugin: save it as JPEG",
    "pipe.png": "not a regular file",
    "cut.jpg": "^damaged picture",
    "cut.png": "^damaged picture",
    "link.jpg": "no such file",
    "gone.jpg": "no such file",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, (picture, options, _) in SOUND.items():
        picture.copy().save(tmp_path / name, **options)
    (tmp_path / "bomb.pgm").write_bytes(b"P5 15000 15000 255\n")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "letter.jpg").write_text("Liebe Grüße!\n" * 9, "utf-8")
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    os.mkfifo(tmp_path / "pipe.png")
    for name, form in (("cut.jpg", "JPEG"), ("cut.png", "PNG")):
        stream = BytesIO()
        Pillow.effect_noise((64, 64), 90).save(stream, form)
        (tmp_path / name).write_bytes(stream.getvalue()[: len(stream.getvalue()) * 2 // 3])
    (tmp_path / "link.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "gone.jpg").touch()
    (tmp_path / "notes.txt").touch()
    return tmp_path


def test_every_file_becomes_a_picture_or_a_reason(folder: Path):
    found = gather([str(folder)])
    (folder / "gone.jpg").unlink()  # between the listing and the reading
    assert {path.name for path in found.paths} == {*SOUND, *BROKEN}
    assert found.skipped == 1
    for path in found.paths:
        if path.name in BROKEN:
            with pytest.raises(ImageError, match=BROKEN[path.name]):
                decode.read_picture(path)
        else:
            image = decode.read_picture(path).image
            wanted = np.broadcast_to(SOUND[path.name][2], image.shape)
            np.testing.assert_allclose(image, wanted, atol=4, err_msg=path.name)


def test_the_moving_ones_say_so(folder: Path):
    notes = {name: decode.read_picture(folder / name).note for name in SOUND}
    moving = {name: note for name, note in notes.items() if note}
    assert moving == dict.fromkeys(("moving.gif", "moving.webp"), "animated: first of 2 frames")


def test_inks_are_read_as_another_decoder_reads_them(folder: Path):
    # Adobe stores inks inverted in JPEG, and so does whoever follows it: a reader that forgets sees a negative.
    other = cv2.cvtColor(cv2.imread(str(folder / "print.jpg")), cv2.COLOR_BGR2RGB)
    np.testing.assert_allclose(decode.read(folder / "print.jpg"), other, atol=3)


@pytest.mark.parametrize("value", [0, 1, 128, 32896, 65279, 65535])
def test_sixteen_bits_of_colour_become_eight(value: int, tmp_path: Path):
    path = tmp_path / "deep.ppm"
    path.write_bytes(b"P6 2 1 65535\n" + value.to_bytes(2, "big") * 6)
    np.testing.assert_allclose(decode.read(path), np.full((1, 2, 3), value / 257), atol=1)
