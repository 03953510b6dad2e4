"""What an hour of video costs in memory, beside a minute: ``mien video`` on a clip that is looped.

    python benchmarks/soak.py CLIP [--minutes 60] [--work DIR]

The clip's packets are written over and over, without decoding them, until it is as long as is asked for; pictures and
sound go on. Film, data and page are written, as by default. Memory is the resident set of the process, FFmpeg included,
read once a second (Linux).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CORES = 2
EVERY_S = 1.0
SHOWN = 12
"""Lines of the report."""


def loop(clip: Path, path: Path, seconds: float) -> Path:
    """Return a file that plays a clip again and again for so many seconds."""
    import av

    with av.open(str(path), "w") as out:
        streams: dict[int, Any] = {}
        start_s = 0.0
        while start_s < seconds:
            with av.open(str(clip)) as source:
                kept = [stream for stream in source.streams if stream.type in {"video", "audio"}]
                if not streams:
                    streams = {stream.index: out.add_stream_from_template(stream) for stream in kept}
                last_s = start_s
                for packet in source.demux(kept):
                    if packet.dts is None:
                        continue
                    base = packet.time_base
                    shift = round(start_s / base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    last_s = max(last_s, float((packet.pts + packet.duration) * base))
                    packet.stream = streams[packet.stream.index]
                    out.mux(packet)
                start_s = last_s
    return path


def resident_mb(pid: int) -> float:
    """Return the memory that a process holds, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1000
    return 0.0


def main() -> None:
    """Run the command and print what it held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    options = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    with tempfile.TemporaryDirectory() as folder:
        looped = loop(options.clip, Path(folder) / "looped.mkv", 60 * options.minutes)
        start = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "mien", "video", looped, "--out", Path(folder) / "out"], stdout=subprocess.DEVNULL
        )
        held = [(0.0, 0.0)]
        while process.poll() is None:
            held.append((time.monotonic() - start, resident_mb(process.pid)))
            time.sleep(EVERY_S)
        sizes = {file.suffix: file.stat().st_size / 1e6 for file in (Path(folder) / "out").iterdir()}
    last_s = held[-1][0]
    print(f"{CORES} cores, {options.clip.name} looped to {options.minutes:g} minutes, exit code {process.returncode}")
    print(
        f"it took {last_s / 60:.1f} minutes; files, MB: {', '.join(f'{k} {v:.1f}' for k, v in sorted(sizes.items()))}"
    )
    print("minute of the run  memory, MB: most in the time since the line before")
    for part in range(SHOWN):
        low, high = part * last_s / SHOWN, (part + 1) * last_s / SHOWN
        print(f"{high / 60:17.1f}  {max(mb for at, mb in held if low <= at <= high):.0f}")


if __name__ == "__main__":
    main()
