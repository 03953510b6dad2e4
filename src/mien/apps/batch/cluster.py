"""Units on the machines of a Ray cluster.

Ray runs in its own process, as it ends its process without a message if the node that it is connected to dies.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from mien.apps.batch.job import Done, Job
from mien.apps.batch.units import Unit
from mien.core.child import Child
from mien.core.errors import MienError

PROGRAM = "mien.apps.batch.ray_driver"

LOOKED_S = 0.2
"""How often to check whether the command is to stop."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Ray cluster and a worker's part of it.

    Attributes:
        address: as for ``ray.init``; "auto" for that of this machine.
        concurrency: how many workers at once; None for as many as fit.
        num_gpus: GPUs for each worker, or a fraction of one.
    """

    address: str
    concurrency: int | None = None
    num_gpus: float = 0.0


class ClusterLostError(MienError):
    """The cluster was lost before all was done."""


def on_cluster(units: Iterable[Unit], job: Job, cluster: Cluster, stopped: Callable[[], bool]) -> Generator[Done]:
    """Yield the outcomes of units that a cluster works on, as they are done.

    A unit whose worker died again and again comes back with ``lost``.

    Raises:
        MienError: as for ``mien.apps.batch.worker.work``; or Ray cannot be used.
        ClusterLostError: the cluster was lost.
    """
    driver = Child(PROGRAM, quiet=True)  # Ray tells of what is its own affair
    replies: SimpleQueue[Any] = SimpleQueue()
    for target in (lambda: _tell(driver, job, cluster, units, replies), lambda: _listen(driver, replies)):
        threading.Thread(target=target, daemon=True).start()
    try:
        while (reply := _next(replies, stopped)) is not None:
            if isinstance(reply, BaseException):
                raise reply
            yield reply
    finally:
        driver.kill()


def _tell(driver: Child, job: Job, cluster: Cluster, units: Iterable[Unit], replies: SimpleQueue[Any]) -> None:
    """Send units as they are requested; an error in listing them is put into the queue."""
    with suppress(BrokenPipeError, ValueError):  # it has ended, and its last reply says why
        try:
            for question in (job, cluster):
                pickle.dump(question, driver.requests)
            for unit in units:
                pickle.dump(unit, driver.requests)
            pickle.dump(None, driver.requests)
            driver.requests.flush()
        except (MienError, OSError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            replies.put(error)


def _listen(driver: Child, replies: SimpleQueue[Any]) -> None:
    """Put the replies into the queue, and after the last one None, or an error if the cluster was lost."""
    try:
        while (reply := pickle.load(driver.replies)) is not None:
            replies.put(reply)
        replies.put(None)
    except (EOFError, OSError, ValueError, pickle.UnpicklingError):
        replies.put(ClusterLostError("the connection to the Ray cluster was lost"))


def _next(replies: SimpleQueue[Any], stopped: Callable[[], bool]) -> Any:
    while not stopped():
        with suppress(Empty):
            return replies.get(timeout=LOOKED_S)
    return None
