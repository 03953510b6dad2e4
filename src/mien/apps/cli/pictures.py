"""The pictures that ``mien image`` writes: marked copies, and crops of the faces."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from mien.apps.cli import verbosity
from mien.core.arrays import Image
from mien.core.crop_spec import CropSpec
from mien.core.errors import ImageError, MienError
from mien.core.result import Result, seen
from mien.draw.annotate import draw
from mien.imaging.anonymize import blur_faces
from mien.imaging.crop import crop_faces
from mien.imaging.decode import write

AnyResult = TypeVar("AnyResult", bound=Result)

KEPT_FORMATS = {".jpg", ".jpeg", ".png", ".webp"}
"""Formats that an annotated picture keeps; one of another, such as GIF, becomes PNG."""


class Pictures:
    """Writes pictures under names that are unique in one call.

    Args:
        paths: all pictures of the call, so that names do not depend on where it was resumed.
        annotate: the folder for marked copies, ``NAME.mien.png``; None writes none.
        crops: the folder for crops, ``NAME.0.png``; None writes none.
        blur: whether faces are anonymized in marked copies.
        spec: how faces are cropped.
        unasked: whether marked copies are written by default; then the first failure is noted and ends them.
        keep: whether existing marked copies are left as they are.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        annotate: Path | None,
        crops: Path | None,
        blur: bool,
        spec: CropSpec,
        *,
        unasked: bool = False,
        keep: bool = False,
    ) -> None:
        self._names = names_of(paths)
        self._annotate, self._crops, self._blur, self._spec, self._keep = annotate, crops, blur, spec, keep
        self._unasked = unasked

    def marked(self) -> list[Path]:
        """Return all marked copies that may be written."""
        return [self._annotate / self._marked(path) for path in self._names] if self._annotate else []

    def cut(self) -> list[Path]:
        """Return the existing crops that may be overwritten."""
        if self._crops is None or not self._crops.is_dir():
            return []
        names = set(self._names.values())
        return sorted(
            file
            for file in self._crops.glob("*.png")
            if (parts := file.stem.rpartition("."))[2].isdecimal() and parts[0] in names
        )

    def write(self, path: str, result: Result) -> list[Path]:
        """Write the marked copy and the crops of one picture, if it shows a face, and return the files.

        Raises:
            ImageError: a file that was asked for cannot be written.
            MienError: the folder for it is gone.
        """
        name, files = self._names[path], list[Path]()
        if self._annotate is not None and len(result):
            files += self._mark(self._annotate / self._marked(path), result)
        if self._crops is not None:
            for number, crop in enumerate(crop_faces(result.frame.image, seen(result), self._spec)):
                files.append(self._crops / f"{name}.{number}.png")
                _write(_rgb(crop), files[-1])
        return files

    def _mark(self, file: Path, result: Result) -> list[Path]:
        """Write a marked copy, and return its file; no file if it is not written."""
        if self._keep and os.path.lexists(file):
            verbosity.note(f"{file} exists and is kept; add --force to overwrite it")
            return []
        try:
            _write(draw(anonymized(result) if self._blur else result), file)
        except ImageError as error:
            if not self._unasked:
                raise
            verbosity.note(f"no marked copies: {error}; --annotate DIR writes them elsewhere")
            self._annotate = None
            return []
        return [file]

    def _marked(self, path: str) -> str:
        suffix = Path(path).suffix.lower()
        return f"{self._names[path]}.mien{suffix if suffix in KEPT_FORMATS else '.png'}"


def names_of(paths: Sequence[Path]) -> dict[str, str]:
    """Return path -> name for its output files: its stem, with a number if others have the same stem."""
    names, taken = dict[str, str](), set[str]()
    for path in paths:
        name, number = path.stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{path.stem}-{number}"
        taken.add(name.casefold())
        names[str(path)] = name
    return names


def anonymized(result: AnyResult) -> AnyResult:
    """Return a result with its faces blurred beyond recognition in the picture."""
    return replace(result, frame=replace(result.frame, image=blur_faces(result.frame.image, seen(result))))


def _write(image: Image, file: Path) -> None:
    """Write a picture; refuse if its folder has vanished since the run began."""
    if not file.parent.is_dir():
        raise MienError(
            f"{file.parent} was deleted or replaced while pictures went into it; see what became of it, then run the "
            "command again"
        )
    write(image, file)


def _rgb(crop: Image) -> Image:
    """Return (S, S, 1) or (S, S, 3) uint8 as (S, S, 3)."""
    return crop.repeat(3, axis=2) if crop.shape[2] == 1 else crop
