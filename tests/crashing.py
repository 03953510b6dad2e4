"""The child of a batch worker with a stand-in for its net, which files crash, hang or fail; run as a program."""

import os
import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mien.apps.batch import child
from mien.apps.batch.job import ClipEntry, ClipFile, Entry
from mien.results.document import end_entry
from small_results import MODEL


def entries_of_clip(analyzer: Any, job: Any, clip: ClipFile) -> Iterator[ClipEntry]:
    for number in count() if "endless" in clip.name else range(3):
        entry = entry_of(analyzer, job, clip.name if number == 2 else "", b"")
        assert "faces" in entry
        yield {**entry, "frame": number, "time_s": number / 10}
    yield end_entry(clip.name, 0.3, 0, [], [])


def entry_of(analyzer: Any, job: Any, name: str, data: bytes | None) -> Entry:
    if "crash" in Path(name).name:
        os.kill(os.getpid(), signal.SIGKILL)
    if "hang" in Path(name).name:
        while True:
            pass
    if "once" in Path(name).name and not Path(name).exists():
        Path(name).touch()
        os._exit(7)
    if "broken" in Path(name).name:
        return {"path": name, "error": f"cannot read {name}"}
    print("what decoders say must not come between the answers")
    return {"path": name, "width": len(data or b""), "height": 1, "faces": []}


if __name__ == "__main__":
    child.load = lambda **_: SimpleNamespace(model=MODEL)  # type: ignore[assignment]
    child.entry_of = entry_of
    child.entries_of_clip = entries_of_clip  # type: ignore[assignment]
    child.main()
