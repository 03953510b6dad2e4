"""The pictures that ``mien image`` writes: whole ones with their faces marked, and faces cut out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from mien.core.card import CropSpec
from mien.core.errors import UsageError
from mien.core.types import Faces, Image, Result
from mien.vision.crops import cut_faces
from mien.vision.draw import draw
from mien.vision.hide import blur_faces
from mien.vision.images import write

KEPT = {".jpg", ".jpeg", ".png", ".webp"}
"""Formats that an annotated picture keeps; one of another, such as GIF, becomes PNG."""


class Pictures:
    """Writes pictures under names that no other of the same call has.

    Args:
        paths: all pictures of the call, so that names do not depend on where it was resumed.
        annotate: the folder for whole pictures, ``NAME.mien.png``; None writes none. So is crops, ``NAME.0.png``.
        crops: the folder for faces.
        blur: whether faces are hidden in whole pictures.
        spec: how faces are cut.

    Raises:
        UsageError: a folder cannot be made.
    """

    def __init__(
        self, paths: Sequence[Path], annotate: Path | None, crops: Path | None, blur: bool, spec: CropSpec
    ) -> None:
        self._names = names_of(paths)
        self._annotate, self._crops, self._blur, self._spec = annotate, crops, blur, spec
        for folder in (annotate, crops):
            if folder is not None:
                make_folder(folder)

    def write(self, path: str, result: Result) -> list[Path]:
        """Write what was asked for of one picture, nothing where it shows no face, and return the files.

        Raises:
            ImageError: a file cannot be written.
        """
        name, files = self._names[path], list[Path]()
        if self._annotate is not None and len(result):
            suffix = Path(path).suffix.lower()
            files.append(self._annotate / f"{name}.mien{suffix if suffix in KEPT else '.png'}")
            write(draw(_hidden(result) if self._blur else result), files[-1])
        if self._crops is not None:
            for number, crop in enumerate(cut_faces(result.frame.image, seen(result), self._spec)):
                files.append(self._crops / f"{name}.{number}.png")
                write(_rgb(crop), files[-1])
        return files


def names_of(paths: Sequence[Path]) -> dict[str, str]:
    """Return path -> a name for what is made of it: its stem, numbered from the second of the same stem on."""
    names, taken = dict[str, str](), set[str]()
    for path in paths:
        name, number = path.stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{path.stem}-{number}"
        taken.add(name.casefold())
        names[str(path)] = name
    return names


def seen(result: Result) -> Faces:
    """Return the faces of a result in pixels of its frame's image, which may be a reduction of the picture."""
    scale = np.float32(result.frame.scale)
    return Faces(result.faces.boxes / scale, result.faces.landmarks / scale, result.faces.scores)


def _hidden(result: Result) -> Result:
    return replace(result, frame=replace(result.frame, image=blur_faces(result.frame.image, seen(result))))


def _rgb(crop: Image) -> Image:
    """Return (S, S, 1) or (S, S, 3) uint8 as (S, S, 3)."""
    return crop.repeat(3, axis=2) if crop.shape[2] == 1 else crop


def make_folder(folder: Path) -> None:
    """Make a folder for files.

    Raises:
        UsageError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the folder {folder} ({error.strerror}); choose another") from error
