"""Makes the pictures of README.md and docs that show mien at work, with the packaged net.

    PYTHONPATH=tests python lab/scripts/pictures.py

They are docs/images: marked photos, a frame of a film, the page of a film, the window of ``mien live`` on a film, and
the page of ``mien web``. It takes a Chromium; the films are those of examples.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from browser import Page, browser
from docpage import ROOT
from mien.apps.live.loop import Live
from mien.apps.live.recorder import Recorder
from mien.core.arrays import Image
from mien.core.output import write_whole
from mien.draw.history import History
from mien.draw.panel import Panel, Status
from mien.imaging.decode import write
from mien.inference.analyzer import load
from mien.tracking.stream import Stream
from mien.tracking.tracked_result import TrackedResult
from mien.video.capture import Capture
from mien.video.reader import open_video
from serving import served

EXAMPLES, IMAGES = ROOT / "examples", ROOT / "docs" / "images"
PHOTOS = ("astronaut.png", "grace_hopper.jpg")
HEADS, CLASSROOM = EXAMPLES / "heads.mp4", EXAMPLES / "classroom.mp4"

WINDOW = (1152, 612)
"""Width and height of the window of ``mien live``, in pixels."""

PAGE_PX, WEB_PX, SCREEN_PX = 1000, 1136, 760
"""Widths of the two pages, and the height of the screen they are laid out for."""

PLAYED_S = 3.0
"""How much of the film has been shown when the page of ``mien web`` is pictured."""

TIMES = 6
"""How often the film is shown to ``mien live``, so that the timeline fills."""


class LastPanel:
    """A view that keeps what a window would show, and hears no keys."""

    def __init__(self) -> None:
        self.image: Image | None = None
        self._panel, self._history = Panel(), History()

    def show(self, result: TrackedResult | None, status: Status) -> None:
        """Draw the panel."""
        if result is not None:
            self._history.add(result)
        self.image = self._panel(result, self._history, status, WINDOW)

    def events(self) -> Sequence[str]:
        """Return nothing."""
        return ()


def mien(*arguments: str | Path) -> None:
    """Run a command of mien."""
    subprocess.run([sys.executable, "-m", "mien", *map(str, arguments)], check=True)


def mark_pictures(folder: Path) -> None:
    """Write the marked photos, and the first frame of a film marked as a picture."""
    with open_video(CLASSROOM) as video:
        first = next(iter(video))
    write(first.image, folder / "classroom.png")
    mien("image", *(EXAMPLES / name for name in PHOTOS), folder / "classroom.png", "--annotate", IMAGES, "--force")


def picture_window() -> None:
    """Write what the window shows at the end of a film that is played over and over."""
    view = LastPanel()
    with Capture(partial(nullcontext, over_and_over(HEADS)), retry_s=None) as capture, Recorder() as recorder:
        Live(capture, Stream(load()), view, recorder, mirror=True).run()
    assert view.image is not None
    write(view.image, IMAGES / "live.png")


def over_and_over(path: Path) -> Iterator[tuple[Image, float]]:
    """Yield the pictures of a film ``TIMES`` times, each with the second at which it is due."""
    begin_s = end_s = 0.0
    for _ in range(TIMES):
        with open_video(path) as video:
            for frame in video:
                end_s = begin_s + frame.time_s
                yield frame.image, end_s
        begin_s = end_s


def picture_timeline(folder: Path, page: Page) -> None:
    """Write the page that ``mien video`` makes of a film."""
    mien("video", HEADS, "--out", folder, "--page", "--film")
    page.open((folder / "heads.mien.html").as_uri())
    page.wait("document.querySelector('video').readyState >= 3")
    save(page, PAGE_PX, "timeline-page.png")


def picture_web(page: Page) -> None:
    """Write the page of ``mien web`` while it follows a film."""
    with served() as (_, address):
        page.open(address)
        page.wait("document.getElementById('priorsays').textContent")
        page.choose("#file", HEADS)
        page.wait(f"document.getElementById('film').currentTime > {PLAYED_S:g}")
        page.wait("document.getElementById('pace').innerText.endsWith('ms behind')")
        page.value("document.getElementById('film').pause()")
        save(page, WEB_PX, "web.png")


def save(page: Page, width: int, name: str) -> None:
    """Write the whole of a page, as wide as asked for."""
    page.picture(width, SCREEN_PX)
    write_whole(IMAGES / name, page.picture(width, int(page.value("document.documentElement.scrollHeight"))))


def main() -> None:
    """Make all of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mark_pictures(folder)
        picture_window()
        with browser(folder / "browser", "--hide-scrollbars") as page:
            picture_timeline(folder, page)
            picture_web(page)


if __name__ == "__main__":
    main()
