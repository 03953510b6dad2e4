"""What runs in a process that decodes (``mien.apps.web.decoder``). It imports no more than decoding needs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mien.core.errors import ImageError
from mien.imaging.decode import decode_picture


class Job(NamedTuple):
    """How a picture file is decoded, whose bytes come with it."""

    name: str
    max_pixels: int
    reduce_to_px: int | None


class Decoded(NamedTuple):
    """A picture, whose pixels lie at the beginning of the shared memory; the rest is as in ``Picture``."""

    shape: Sequence[int]
    width: int
    height: int
    scale: int
    note: str


def run(connection: Connection, memory: Any, most_bytes: int) -> None:
    """Decode what comes until nobody is at the other end.

    Args:
        connection: says None when all is ready; then a ``Job`` and its file come, and a ``Decoded`` or an error goes.
        memory: shared with those at the other end.
        most_bytes: how much more memory the process may take.
    """
    limit_memory(most_bytes)
    pixels = np.frombuffer(memory, np.uint8)
    with suppress(EOFError, OSError):  # nobody is there any more
        connection.send(None)
        while True:
            job, data = connection.recv()
            connection.send(_done(job, data, pixels))


def _done(job: Job, data: bytes | bytearray, memory: np.ndarray) -> Decoded | str:
    try:
        picture = decode_picture(bytes(data), job.name, job.max_pixels, job.reduce_to_px)
    except ImageError as error:
        if isinstance(error.__cause__, MemoryError):
            return f"too large: decoding {job.name} takes too much memory; make it smaller, or save it as JPEG"
        return str(error)
    image = picture.image
    memory[: image.size] = image.reshape(-1)
    return Decoded(image.shape, picture.width, picture.height, picture.scale, picture.note)


def limit_memory(more: int) -> None:
    """Let this process take so many bytes more and no others, where the system can say and bound what it takes."""
    try:
        import resource

        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = taken + more if most == resource.RLIM_INFINITY else min(taken + more, most)
    resource.setrlimit(resource.RLIMIT_AS, (limit, most))
