"""What the service takes from those who ask it, at most."""

from __future__ import annotations

PICTURE_BYTES = 64 * 2**20
"""The largest body of a request: a picture file, or several."""

PICTURE_PIXELS = 100_000_000
"""The largest picture that is taken."""

PREVIEW_PX = 1600
"""The longer side of a picture that is sent back for a browser to show, at most."""

SMALL_FACES_PIXELS = 12_000_000
"""The largest picture that is searched for small faces."""

PICTURES = 16
"""How many pictures one request may bring."""

HELD_BYTES = 256 * 2**20
"""How much of bodies is held at once, of all requests together; what is more is refused as it comes."""

UPLOAD_S = 120.0
"""For how long a body may come, in seconds."""

UPLOAD_IDLE_S = 10.0
"""For how long nothing of a body may come."""

DECODE_S = 2.0
DECODE_S_PER_MIB = 0.25
"""For how long a picture file may be decoded: the first, and the second for each MiB of it.

A photo of 12 megapixels takes 0.2 s. Files that take much longer for their size are made to.
"""

ANALYSE_S = 10.0
"""For how long the faces of a picture may be looked for and at, in seconds.

A photo takes some hundredths, one with 3300 small faces of 60 px takes a core six (``small_faces``).
"""

WORK_BYTES = 2**30
"""How much memory the work on a picture may take, beside what the process that does it takes anyway."""

START_S = 60.0
"""For how long the nets of a process that works on pictures may be loaded."""

LEFT_S = 1.0
"""For how long the work for a caller who left may go on. To end it at once would cost more: another process starts."""

WAITING = 256
"""How many requests may wait for their turn."""

CLIENT_REQUESTS = 64
"""How many requests of one address may be under way, uploads and those who wait included."""

WAIT_S = 10.0
"""For how long a request may wait for its turn, in seconds."""

RETRY_S = 2
"""After how many seconds a caller who was sent away should come again."""

CONNECTIONS = 512
"""How many connections may be open."""

IDLE_S = 10
"""For how long a connection may be without a request: before the first, between two, while the head of one comes."""

STUCK_S = 30.0
"""For how long a caller may take nothing of an answer."""

SOCKETS = 32
"""How many streams of frames may be open."""

SOCKET_IDLE_S = 600.0
"""For how long a stream may bring no frame: a film may be paused."""

FRAME_BYTES = 8 * 2**20
"""The largest message of a stream: the time of a frame and its picture file. Frames that wait are held in memory."""

FRAMES_WAITING = 4
"""How many messages of a stream may wait; those who send as they should have one on its way."""

FRAME_PIXELS = 4096 * 2304
"""The largest frame of a stream that is taken."""

LATEST_S = 1e10
"""The latest time of a frame, in seconds: clocks that count from 1970 are far below it."""

STOP_S = 0.5
"""For how long requests may go on when the service is stopped."""

NAME_LENGTH = 500
"""Characters of the longest name of a picture."""

VIDEO_BYTES = 256 * 2**20
"""The largest video file that is taken; it lies in the folder of temporary files while it is analysed."""

VIDEO_S = 600.0
"""For how long a video may be analysed, and its caller may take the lines, in seconds."""

VIDEOS = 2
"""How many videos may be analysed at once, their uploads included."""

FILM_BYTES = 4 * 2**30
"""How much memory analysing a video may take, beside what the process that does it takes anyway."""
