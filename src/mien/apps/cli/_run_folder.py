"""The run folder of ``mien train``: locked while a run writes, and cleaned up if no epoch was finished."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from mien.core.errors import MienError, UsageError
from mien.core.locks import locked
from mien.core.output import folder_for, refuse_existing

BEGUN = ("recipe.toml", "env.json", "history.csv", "data/train.npz", "data/valid.npz")
"""The files that a run writes before its first epoch is done; the last two hold drawn faces."""

EPOCHS = ("checkpoint.npz", "calibration.json")
"""One of these exists once an epoch is done."""


@contextmanager
def run_folder(run_dir: Path, results: Sequence[str], *, force: bool, sources: Sequence[Path]) -> Generator[None]:
    """Hold a run folder while a run writes to it; one that ends before its first epoch is done leaves nothing behind.

    Args:
        run_dir: the folder; it is made.
        results: the files and folders that the run writes beside those in ``BEGUN`` and ``EPOCHS``.
        force: whether to start over if the folder holds a run.
        sources: the nets that the run builds on.

    Raises:
        UsageError: another process trains there; the folder holds results but no run to resume; or ``force`` would
            delete a net that the run starts from or learns from.
        MienError: the folder cannot be written, or has vanished.
    """
    names = [*BEGUN, *EPOCHS, *results]
    drawn = run_dir / "data"
    with folder_for(run_dir), locked(run_dir / "recipe.toml"):
        files = [run_dir / name for name in names]
        if not (run_dir / "recipe.toml").is_file():
            refuse_existing(files, force=force, option="--run")
        if force:
            _forget(files, run_dir, sources)
        before = [file for file in (*files, drawn) if file.exists()]
        try:
            yield
        except OSError as error:
            raise MienError(
                f"the run in {run_dir} ended: {error.strerror or error}; check the folder and its disk, "
                "then run the same command again"
            ) from error
        finally:
            if not any((run_dir / name).exists() for name in EPOCHS):
                for file in files:
                    if file not in before:
                        _remove(file)
                if drawn not in before:
                    with suppress(OSError):
                        drawn.rmdir()


def _forget(files: Sequence[Path], run_dir: Path, sources: Sequence[Path]) -> None:
    """Remove the files of an earlier run.

    Raises:
        UsageError: one of the sources lies in the folder.
    """
    for source in sources:
        with suppress(OSError):
            if run_dir.resolve() in (source.resolve(), *source.resolve().parents):
                raise UsageError(f"{source} lies in {run_dir}, which --force would delete; choose another --run")
    for file in files:
        _remove(file)


def _remove(path: Path) -> None:
    """Remove a file, or a folder with all in it, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
