"""Which data ``mien people`` reads: what ``mien video`` wrote of a clip."""

from __future__ import annotations

from pathlib import Path

from mien.apps.cli._clip_outputs import OURS
from mien.apps.cli.inputs import VIDEOS
from mien.core.errors import UsageError
from mien.results.clip_log import ClipLog
from mien.results.sinks import TABLES, log_of


def find_data(source: Path) -> Path:
    """Return the data that is named; of a clip, what is beside it or in the working directory by its default name.

    Raises:
        UsageError: it is neither data nor a clip, or there is no data of that clip, or several.
    """
    if source.suffix.lower() in TABLES:
        return source
    if source.suffix.lower() not in VIDEOS.suffixes and not source.is_file():
        raise UsageError(f"{source} is neither a clip nor a file that 'mien video --data' wrote; name one of them")
    places = [folder / f"{source.stem}{OURS}{suffix}" for folder in _folders(source) for suffix in TABLES]
    found = [place for place in places if log_of(place).is_file()]
    if not found:
        raise UsageError(
            f"no data of {source} found; looked for {', '.join(map(str, places))}; name the file that 'mien video "
            "--data' wrote of it, or run that first"
        )
    if len(found) > 1:
        raise UsageError(f"{source} has data in {' and in '.join(map(str, found))}; name one of them")
    return found[0]


def _folders(source: Path) -> list[Path]:
    """Return the folder of a clip and the working directory, which may be one."""
    return [source.parent] if source.parent.resolve() == Path.cwd() else [source.parent, Path()]


def refuse_other(log: ClipLog, source: Path) -> None:
    """Refuse the data of another clip of nearly the same name, as talk.mov beside talk.mp4.

    Raises:
        UsageError: the source is a clip, and the log is not of one of its name.
    """
    if source.suffix.lower() not in TABLES and Path(log.clip).name != source.name:
        raise UsageError(f"{log.path} is of {log.clip}, not of {source}; name the data of {source.name}")
