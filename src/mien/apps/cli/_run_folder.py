"""The folder of a run of ``mien train``: whose it is, and what stays of a run that came to nothing."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from mien.core.errors import MienError, UsageError
from mien.core.locks import locked
from mien.core.output import folder_for, refuse_existing

BEGUN = ("recipe.toml", "env.json", "history.csv", "data/train.npz", "data/valid.npz")
"""What a run leaves before its first epoch is done; the last two are drawn faces."""

EPOCHS = ("checkpoint.npz", "calibration.json")
"""One of these is there once an epoch is done."""


@contextmanager
def run_folder(run_dir: Path, results: Sequence[str], *, force: bool, sources: Sequence[Path]) -> Generator[None]:
    """Hold a run folder while a run writes to it; one that ends before its first epoch is done leaves nothing behind.

    Args:
        run_dir: the folder; it is made.
        results: the files that the run leaves in it, beside those of ``BEGUN`` and ``EPOCHS``.
        force: whether to begin anew where the folder holds a run.
        sources: the nets that the run builds on.

    Raises:
        UsageError: another process trains there; the folder holds results, and no run that could go on; or the run
            would begin anew over what it builds on.
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
                f"the run in {run_dir} ended: {error.strerror or error}; see what became of the folder and its disk, "
                "then give the same command again"
            ) from error
        finally:
            if not any((run_dir / name).exists() for name in EPOCHS):
                for file in files:
                    if file not in before:
                        file.unlink(missing_ok=True)
                if drawn not in before:
                    with suppress(OSError):
                        drawn.rmdir()


def _forget(files: Sequence[Path], run_dir: Path, sources: Sequence[Path]) -> None:
    """Remove what a run left.

    Raises:
        UsageError: the next one builds on it.
    """
    for source in sources:
        with suppress(OSError):
            if run_dir.resolve() in (source.resolve(), *source.resolve().parents):
                raise UsageError(f"{source} lies in {run_dir}, which --force would begin anew; choose another --run")
    for file in files:
        file.unlink(missing_ok=True)
