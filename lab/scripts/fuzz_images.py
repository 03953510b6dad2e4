"""Feeds damaged pictures to the decoder, which may answer with pixels or an ImageError and with nothing else.

    python lab/scripts/fuzz_images.py [--inputs 20000] [--seed 0] [--start 0]

Makes small JPEG, PNG, WebP, GIF, TIFF and BMP files of many kinds, damages them and decodes them under a limit on
pixels, half of them reduced. Another exception, a warning beyond those of KNOWN, a decode of more than --seconds
or more memory than --megabytes ends in exit code 1; so does a crash, whose input lies in the last block of a thousand.
Input n depends on the seed and n alone: --start n --inputs 1 makes it again.
"""

from __future__ import annotations

import argparse
import faulthandler
import re
import resource
import sys
import warnings
import zlib
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image as Pillow

from mien.core.errors import ImageError
from mien.imaging.decode import decode_picture

MAX_PIXELS = 1_000_000
REDUCE_TO_PX = 24

KNOWN = re.compile(
    "Corrupt EXIF data|Possibly corrupt EXIF data|Tag data larger than file|Tag offset too large|Truncated File Read|"
    "Metadata Warning, tag|Image appears to be a malformed MPO file|Invalid APNG|could be decompression bomb"
)
"""What Pillow warns of in damaged files; of a bomb only while opening a GIF whose frame is larger than itself."""

Random = np.random.Generator
Mutator = Callable[[bytearray, list[bytes], Random], bytearray]


def originals() -> dict[str, list[bytes]]:
    """Return sound files of 48 x 64 pixels by format."""
    values = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    colour = Pillow.fromarray(values).resize((64, 48), Pillow.Resampling.BICUBIC)
    grey, palette = colour.convert("L"), colour.quantize(16)
    clear = colour.convert("RGBA")
    clear.putalpha(grey)
    deep = Pillow.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    floats = Pillow.fromarray(np.asarray(grey).astype(np.float32))
    exif = Pillow.Exif()
    exif[0x0112] = 6
    several: dict[str, Any] = {"save_all": True, "append_images": [colour.rotate(90), colour.rotate(180)]}
    files: dict[str, list[tuple[Pillow.Image, dict[str, Any]]]] = {
        "JPEG": [
            (colour, {}),
            (colour, {"progressive": True, "exif": exif}),
            (colour, {"subsampling": 0, "restart_marker_blocks": 2, "dpi": (72, 72)}),
            (grey, {}),
            (colour.convert("CMYK"), {}),
        ],
        "MPO": [(colour, several)],
        "PNG": [(colour, {"exif": exif}), (palette, {"transparency": 1}), (deep, {}), (clear, {}), (colour, several)],
        "WEBP": [(colour, {"exif": exif}), (clear, {}), (clear, {"lossless": True}), (colour, several)],
        "GIF": [(palette, {"transparency": 1}), (palette, {"interlace": False}), (palette, several), (grey, {})],
        "TIFF": [
            (colour, {"compression": "tiff_lzw", "exif": exif}),
            (colour, {"compression": "jpeg"}),
            (clear, {"compression": "tiff_adobe_deflate"}),
            (colour.convert("1"), {"compression": "group4"}),
            (deep, {}),
            (floats, {}),
            (colour.convert("LAB"), {}),
            (palette, several),
        ],
        "BMP": [(colour, {}), (palette, {}), (clear, {}), (colour.convert("1"), {})],
    }
    return {form: [_encode(picture, form, options) for picture, options in kinds] for form, kinds in files.items()}


def _encode(picture: Pillow.Image, form: str, options: dict[str, Any]) -> bytes:
    # Copies, for Pillow notes the settings of one format in the picture, and then trips over them in another.
    if "append_images" in options:
        options = options | {"append_images": [each.copy() for each in options["append_images"]]}
    stream = BytesIO()
    picture.copy().save(stream, form, **options)
    return stream.getvalue()


def flip(data: bytearray, _: list[bytes], random: Random) -> bytearray:
    """Flip up to eight bits."""
    for _each in range(random.integers(1, 9)):
        data[_place(data, random)] ^= 1 << int(random.integers(8))
    return data


def cut(data: bytearray, _: list[bytes], random: Random) -> bytearray:
    """Leave out the end."""
    return data[: _place(data, random)]


def splice(data: bytearray, others: list[bytes], random: Random) -> bytearray:
    """Put a piece of another file of the format in, or in the place of what is there."""
    other = others[random.integers(len(others))]
    begin = int(random.integers(len(other)))
    piece = other[begin : begin + int(random.integers(1, 200))]
    place = _place(data, random)
    data[place : place + len(piece) * int(random.integers(2))] = piece
    return data


def leave_out(data: bytearray, _: list[bytes], random: Random) -> bytearray:
    """Leave a piece in the middle out."""
    place = _place(data, random)
    del data[place : place + int(random.integers(1, 100))]
    return data


def resize(data: bytearray, _: list[bytes], random: Random) -> bytearray:
    """Write numbers at the edges of what fits where sizes, counts and offsets may be."""
    for _each in range(random.integers(1, 4)):
        length = int(random.choice([1, 2, 4]))
        edges = [0, 1, 2, 255, 2000, (1 << 8 * length - 1) - 1, 1 << 8 * length - 1, (1 << 8 * length) - 1]
        number = edges[random.integers(len(edges))] % (1 << 8 * length)
        place = _place(data, random)
        data[place : place + length] = number.to_bytes(length, "little" if random.integers(2) else "big")
    return data


MUTATORS: tuple[Mutator, ...] = (flip, cut, splice, leave_out, resize)


def _place(data: bytearray, random: Random) -> int:
    # Most of what decides is in the headers: half of the changes go there.
    return int(random.integers(min(len(data), 120) if random.integers(2) else len(data))) if data else 0


def mend_png(data: bytearray) -> bytearray:
    """Make the checks of PNG's chunks right again, without which every change ends at the first of them."""
    at = 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            break
        data[end : end + 4] = zlib.crc32(data[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return data


def mutant(files: dict[str, list[bytes]], seed: int, number: int) -> tuple[str, bytes]:
    """Return the format and the bytes of a damaged file, the same for the same seed and number."""
    random = np.random.default_rng((seed, number))
    form = list(files)[number % len(files)]
    data = bytearray(files[form][random.integers(len(files[form]))])
    for _each in range(random.integers(1, 3)):
        if data:
            data = MUTATORS[random.integers(len(MUTATORS))](data, files[form], random)
    return form, bytes(mend_png(data) if form == "PNG" and random.integers(4) else data)


def outcome(data: bytes, reduce_to_px: int | None) -> str:
    """Decode data and say what came of it; what starts with "!" should not have."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            picture = decode_picture(data, "x", MAX_PIXELS, reduce_to_px)
            result = "picture" if picture.image.shape[-1] == 3 and picture.image.size else "!no pixels"
        except ImageError as error:
            result = str(error).split(":", 1)[0]
        except BaseException as error:  # noqa: BLE001, which is the question
            result = f"!{type(error).__name__}: {error}"
    strange = [str(each.message) for each in caught if not KNOWN.search(str(each.message))]
    return f"!warning: {strange[0]}" if strange else result


def main() -> None:
    """Decode as many damaged files as asked for and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=20_000, help="how many files to decode")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=int, default=0, help="the number of the first")
    parser.add_argument("--seconds", type=float, default=20, help="the longest that one file may take")
    parser.add_argument("--megabytes", type=int, default=2048, help="the address space of the whole process")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (options.megabytes << 20,) * 2)
    faulthandler.enable()
    files, counts, bad = originals(), Counter[tuple[str, str]](), 0
    for number in range(options.start, options.start + options.inputs):
        if number % 1000 == 0:
            print(f"from {number}", file=sys.stderr, flush=True)
        form, data = mutant(files, options.seed, number)
        faulthandler.dump_traceback_later(options.seconds, exit=True)
        result = outcome(data, REDUCE_TO_PX if number // len(files) % 2 else None)
        if result.startswith("!"):
            bad += 1
            print(f"input {number}, {form}: {result[1:]}", flush=True)
            result = "FAILURE"
        counts[form, result] += 1
    faulthandler.cancel_dump_traceback_later()
    kinds = sorted({result for _, result in counts})
    print(f"{'format':8}" + "".join(f"{kind:>18}" for kind in kinds))
    for form in files:
        print(f"{form:8}" + "".join(f"{counts[form, kind]:18,}" for kind in kinds))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{options.inputs:,} inputs, seed {options.seed}, {bad} failures, at most {peak:.0f} MB")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
