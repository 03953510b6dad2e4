"""Packs prepared faces and nets for a machine that few megabytes reach, and unpacks them there.

    python lab/scripts/carry.py pack [RUN ...] [--data DATA] --to .carry   # a RUN may be 'facenet': as published
    python lab/scripts/carry.py unpack .carry --data data --runs runs

Faces come over as they are: what the median edge detector of LOCO-I (Weinberger et al., 2000) leaves to say of each
pixel, compressed. FER2013 takes 48.4 MB. The kernels of a net are rounded to 511 levels a filter, which takes a byte a
weight; nets that train on do not notice.
"""

from __future__ import annotations

import argparse
import json
import lzma
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.data.split import ARRAYS, Split, load_split, save_split

SPLITS = ("train", "valid")
KEYS = ARRAYS[1:]
LEVELS = 255
FACES, LABELS = "faces.xz", "labels.npz"

Bytes = NDArray[np.uint8]


def residual(images: Bytes) -> Bytes:
    """Return what a guess from left, upper and corner pixel leaves of images (N, S, S), modulo 256."""
    count, size = images.shape[:2]
    padded = np.zeros((count, size + 1, size + 1), np.int16)
    padded[:, 1:, 1:] = images
    return ((images - guess(padded[:, 1:, :-1], padded[:, :-1, 1:], padded[:, :-1, :-1])) & 255).astype(np.uint8)


def restore(left_over: Bytes) -> Bytes:
    """Return the images (N, S, S) that ``residual`` was made of."""
    count, size = left_over.shape[:2]
    padded = np.zeros((size + 1, size + 1, count), np.int16)
    rest = np.ascontiguousarray(left_over.transpose(1, 2, 0)).astype(np.int16)
    for y in range(size):
        for x in range(size):
            found = guess(padded[y + 1, x], padded[y, x + 1], padded[y, x])
            padded[y + 1, x + 1] = (rest[y, x] + found) & 255
    return np.ascontiguousarray(padded[1:, 1:].transpose(2, 0, 1)).astype(np.uint8)


def guess(left: Any, up: Any, corner: Any) -> Any:
    """Return the median of left, up, and left + up - corner."""
    low, high = np.minimum(left, up), np.maximum(left, up)
    return np.where(corner >= high, low, np.where(corner <= low, high, left + up - corner))


def pack_faces(data: Path, folder: Path) -> None:
    """Write ``faces.xz`` and ``labels.npz`` of a prepared folder."""
    splits = [load_split(data, name) for name in SPLITS]
    left_over = residual(np.concatenate([split.images for split in splits]))
    (folder / FACES).write_bytes(lzma.compress(left_over.tobytes(), preset=9))
    arrays = {f"{name}_{key}": getattr(split, key) for name, split in zip(SPLITS, splits, strict=True) for key in KEYS}
    np.savez_compressed(folder / LABELS, size=left_over.shape[1], **arrays)


def unpack_faces(folder: Path, data: Path) -> None:
    """Write the prepared folder that ``pack_faces`` packed."""
    data.mkdir(parents=True, exist_ok=True)
    with np.load(folder / LABELS) as arrays:
        size, start = int(arrays["size"]), 0
        images = restore(
            np.frombuffer(lzma.decompress((folder / FACES).read_bytes()), np.uint8).reshape(-1, size, size)
        )
        for name in SPLITS:
            end = start + len(arrays[f"{name}_votes"])
            columns = {key: arrays[f"{name}_{key}"] for key in KEYS}
            save_split(Split(images=images[start:end], **columns), data / f"{name}.npz")
            start = end


def pack_net(run: str, folder: Path) -> None:
    """Write ``NAME.net.xz``: recipe and weights of a run folder, or of a net as it was published."""
    from mien.train.init.pretrained import PRETRAINED
    from mien.train.init.warm_start import recipe_of, weights_of
    from mien.train.nets.models import MODELS
    from mien.train.recipe import Recipe
    from mien.train.targets import TARGET_CLASSES

    none = np.zeros((0, 48, 48, 1), np.float32)
    if run in PRETRAINED:
        recipe = Recipe(name=run, model=run, target="eight-votes")
        net = MODELS[run](recipe, len(TARGET_CLASSES[recipe.target]))
        PRETRAINED[run].copy(PRETRAINED[run].path(), net, none)
        weights = net.get_weights()
    else:
        recipe, weights = recipe_of(Path(run)), weights_of(Path(run), none)
    header: list[dict[str, Any]] = []
    body: list[bytes] = []
    for array in weights:
        is_kernel = array.ndim == 4
        scale = np.abs(array).max((0, 1, 2), keepdims=True).clip(1e-12) / LEVELS if is_kernel else None
        header.append({"shape": array.shape, "scale": None if scale is None else scale.ravel().tolist()})
        if scale is None:
            body.append(array.astype("<f4").tobytes())
        else:
            levels = (np.rint(array / scale) + LEVELS).astype("<u2")
            # Low bytes behind each other, then the high ones, which are nearly all alike.
            body += [(levels & 255).astype(np.uint8).tobytes(), (levels >> 8).astype(np.uint8).tobytes()]
    head = json.dumps({"recipe": recipe.to_toml(), "weights": header}).encode()
    content = len(head).to_bytes(4, "little") + head + b"".join(body)
    (folder / f"{Path(run).name}.net.xz").write_bytes(lzma.compress(content, preset=9))


def unpack_net(file: Path, runs: Path) -> None:
    """Write a completed run folder of what ``pack_net`` packed, for ``--from`` and ``--teacher``."""
    from mien.train.nets.models import MODELS
    from mien.train.recipe import parse_recipe
    from mien.train.targets import TARGET_CLASSES

    content = lzma.decompress(file.read_bytes())
    place = 4 + int.from_bytes(content[:4], "little")
    head = json.loads(content[4:place])
    weights: list[NDArray[np.float32]] = []
    for each in head["weights"]:
        count = int(np.prod(each["shape"]))
        if each["scale"] is None:
            values = np.frombuffer(content, "<f4", count, place).astype(np.float32)
            place += 4 * count
        else:
            low = np.frombuffer(content, np.uint8, count, place).astype(np.int32)
            high = np.frombuffer(content, np.uint8, count, place + count).astype(np.int32)
            values = (low + 256 * high - LEVELS).reshape(each["shape"]) * np.array(each["scale"], np.float32)
            place += 2 * count
        weights.append(values.reshape(each["shape"]).astype(np.float32))
    recipe = parse_recipe(head["recipe"], str(file))
    net = MODELS[recipe.model](recipe, len(TARGET_CLASSES[recipe.target]))
    net.set_weights(weights)
    run = runs / file.name.removesuffix(".net.xz")
    run.mkdir(parents=True, exist_ok=True)
    net.save(run / "model.keras")
    (run / "recipe.toml").write_text(recipe.to_toml(), encoding="utf-8")
    (run / "calibration.json").write_text("{}\n", encoding="utf-8")


def main() -> None:
    """Parse, then pack or unpack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    pack = commands.add_parser("pack", help="make small")
    pack.add_argument("--data", type=Path, help="folder of 'mien prepare'; no faces without it")
    pack.add_argument("runs", nargs="*", help="completed run folders, or a net of 'mien.train.init.pretrained'")
    pack.add_argument("--to", type=Path, default=Path(".carry"), help="where it goes")
    unpack = commands.add_parser("unpack", help="make whole again")
    unpack.add_argument("folder", type=Path, help="what 'pack' wrote")
    unpack.add_argument("--data", type=Path, default=Path("data"), help="where the splits go")
    unpack.add_argument("--runs", type=Path, default=Path("runs"), help="where the run folders go")
    given = parser.parse_args()
    if given.command == "pack":
        given.to.mkdir(parents=True, exist_ok=True)
        if given.data:
            pack_faces(given.data, given.to)
        for run in given.runs:
            pack_net(run, given.to)
    else:
        if (given.folder / FACES).is_file():
            unpack_faces(given.folder, given.data)
        for file in sorted(given.folder.glob("*.net.xz")):
            unpack_net(file, given.runs)


if __name__ == "__main__":
    main()
