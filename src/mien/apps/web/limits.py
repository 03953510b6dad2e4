"""What the service takes from those who ask it, at most."""

from __future__ import annotations

PICTURE_BYTES = 64 * 2**20
"""The largest picture file that is taken."""

PICTURE_PIXELS = 100_000_000
"""The largest picture that is taken: as many as there are cores are in memory at once, 300 MB each."""

FRAME_BYTES = 8 * 2**20
"""The largest message of a stream: the time of a frame and its picture file. Frames that wait are held in memory."""

FRAMES_WAITING = 4
"""How many messages of a stream may wait; those who send as they should have one on its way."""

FRAME_PIXELS = 4096 * 2304
"""The largest frame of a stream that is taken."""
