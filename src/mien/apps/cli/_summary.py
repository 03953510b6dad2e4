"""The table or page of the people of all clips, which ``--summary`` asks for."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mien.apps.cli._clip_outputs import Wanted
from mien.core.locks import locked
from mien.core.output import folder_for, write_whole
from mien.report.people_page import people_page
from mien.report.person_table import ClipPeople, write_person_table
from mien.results.document import ModelEntry
from mien.results.log import explained
from mien.results.rows import model_name


@contextmanager
def summary_held(path: Path | None) -> Generator[None]:
    """Make the folder of the table of people, where one is asked for, and keep other runs from writing it."""
    if path is None:
        yield
        return
    with folder_for(path.parent), locked(path, if_writable=True):
        yield


def write_summary(
    wanted: Wanted, done: Sequence[ClipPeople], labels: tuple[str, ...], model: ModelEntry, resumable: bool
) -> list[Path]:
    """Write the table of people, where one is asked for and any clip was read, and return its file.

    Raises:
        MienError: it cannot be written.
    """
    path, parts = wanted.summary, wanted.parts
    if path is None or not done:
        return []
    with explained(path, resumable):
        if path.suffix.lower() == ".csv":
            write_person_table(path, done, labels, parts)
        else:
            write_whole(path, people_page(done, labels, parts, model_name(model)).encode())
    return [path]
