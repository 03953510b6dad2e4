"""How long after it was taken a frame is on the screen, in ``mien live``.

    python benchmarks/live.py [--seconds 10]

A clip in ``examples`` plays the camera: its frames come at the pace of a camera, in its size. All runs as in the
command: a window of 1280x720 (SDL's dummy driver, unless SDL_VIDEODRIVER names another), the picture mirrored, bars and
timeline, with and without recording. The delay goes from the moment in which the camera hands a frame over to the end
of its showing. Two cores.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

CORES = 2
CLIP = Path(__file__).parents[1] / "examples" / "heads.mp4"
CASES = (((640, 480), 30, False), ((1280, 720), 30, False), ((1280, 720), 30, True), ((1280, 720), 120, False))
"""Size and frames a second of the camera, and whether it is recorded."""

WARM_UP = 10


def delays(size: tuple[int, int], fps: float, record: bool, seconds: float) -> tuple[list[float], int]:
    """Return the delay in seconds of each frame that was shown, and how many came from the camera."""
    import cv2

    from mien.apps.live.loop import Live
    from mien.apps.live.recorder import Recorder
    from mien.apps.live.views import WindowView
    from mien.apps.live.window import Window
    from mien.core.frame import Frame
    from mien.inference.analyzer import load
    from mien.tracking.stream import Stream
    from mien.video.capture import Capture
    from mien.video.reader import open_video

    with open_video(CLIP) as clip:
        images = [cv2.resize(frame.image, size) for frame in clip]
    count = round(seconds * fps)

    @contextmanager
    def camera() -> Generator[Iterator[tuple[np.ndarray, float]]]:
        yield ((images[number % len(images)].copy(), number / fps) for number in range(count))

    class Watched(Capture):
        def age_s(self, frame: Frame) -> float:
            seen.append(super().age_s(frame))
            return seen[-1]

    seen: list[float] = []
    with tempfile.TemporaryDirectory() as folder, Window("benchmark") as window, Recorder(Path(folder)) as recorder:
        if record:
            recorder.start()
        with Watched(camera, retry_s=None) as capture:
            Live(capture, Stream(load()), WindowView(window), recorder, mirror=True).run()
    return seen, count


def main() -> None:
    """Print a line a case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    print(f"{CORES} cores, two faces, a window of 1280x720")
    print("camera         recorded  frames shown  delay, ms: median, 95 %  in frame times")
    for size, fps, record in CASES:
        seen, count = delays(size, fps, record, options.seconds)
        late = np.array(seen[WARM_UP:])
        middle, high = 1000 * np.median(late), 1000 * np.quantile(late, 0.95)
        name, shown = f"{size[0]}x{size[1]} at {fps}", f"{len(seen)} of {count}"
        print(
            f"{name:15}  {'yes' if record else 'no':8}  {shown:>12}  {f'{middle:.0f}, {high:.0f}':>24}"
            f"  {f'{middle * fps / 1000:.1f}, {high * fps / 1000:.1f}':>14}",
            flush=True,
        )


if __name__ == "__main__":
    main()
