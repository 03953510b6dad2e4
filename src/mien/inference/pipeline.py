"""The pipeline for many pictures: decoding, detection and net run in threads, and a bad picture stops nothing."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from pathlib import Path

from mien.core.errors import MienError
from mien.imaging.decode import Picture, read_picture
from mien.inference.analyzer import Analyzer
from mien.inference.ordered_map import ordered_map
from mien.results.analysis import Analysis


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The outcome of one picture: a result or an error.

    Attributes:
        path: of the picture, as it was given.
        result: what its faces show; None where there is an error.
        error: why there is no result; empty where there is one.
        note: how the picture was read, such as "animated: first of 12 frames"; usually empty.
    """

    path: str
    result: Analysis | None
    error: str = ""
    note: str = ""


def pipeline(
    analyzer: Analyzer,
    paths: Iterable[str | Path],
    read: Callable[[Path], Picture] = read_picture,
    threads: int | None = None,
) -> Generator[Outcome]:
    """Yield the outcome of each picture in the order of the paths, as soon as it and those before it are done.

    Each thread takes a picture from its file to its result: decoder, detector and net let other threads run, so they
    overlap without queues between them. At most two pictures a thread are held, and no more paths are taken.

    Args:
        analyzer: finds and names the faces.
        paths: may be endless.
        read: file to picture. The default reads very large pictures at reduced size; boxes are in pixels of the full
            size even so.
        threads: None takes one a core that this process may use.

    Raises:
        ValueError: threads is less than 1.
    """
    return ordered_map(lambda path: analyze_file(analyzer, read, path), paths, threads)


def analyze_file(analyzer: Analyzer, read: Callable[[Path], Picture], path: str | Path) -> Outcome:
    """Return the outcome of one picture, whatever is wrong with it."""
    try:
        picture = read(Path(path))
        return Outcome(str(path), analyzer(picture.frame(str(path))), note=picture.note)
    except MienError as error:
        return Outcome(str(path), None, str(error))
    except MemoryError:
        return Outcome(str(path), None, f"not enough memory for {path}; make the picture smaller")
    except OSError as error:
        return Outcome(str(path), None, f"cannot read {path}: {error.strerror or error}")
