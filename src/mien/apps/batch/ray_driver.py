"""The program that passes units to a Ray cluster; it exchanges pickles with ``mien.apps.batch.cluster``."""

from __future__ import annotations

import logging
import os
import pickle
import socket
from collections.abc import Generator, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mien.apps.batch.cluster import Cluster
from mien.apps.batch.job import Done, Job
from mien.apps.batch.units import Unit
from mien.apps.batch.worker import work_remotely
from mien.core.child import parent
from mien.core.errors import MienError, MissingExtra, UsageError
from mien.results.totals import Totals

KNOCK_S = 5.0
"""How long connecting to a cluster may take."""

TRIES_AGAIN = 3
"""How often Ray retries a unit whose worker or node died. Pictures crash only child processes, not workers."""

TOKEN = Path.home() / ".ray" / "auth_token"
"""The token that Ray writes when it is started without an address, and that clusters then require."""

WAITING = 2
"""Units for each worker that are submitted to Ray, so that no worker waits."""


def main() -> None:
    """Do all units that arrive on standard input."""
    with parent() as asking:
        questions = asking.asks()
        job, cluster = next(questions), next(questions)
        try:
            ray = connected(cluster.address)
            for done in _spread(ray, iter(partial(next, questions), None), job, cluster):
                asking.reply(done)
            asking.reply(None)
        except MienError as error:
            asking.reply(error)


def connected(address: str) -> Any:
    """Return Ray, connected to a cluster.

    Raises:
        MissingExtra: Ray is not installed.
        UsageError: there is no cluster at the address, or it requires another token.
    """
    # By default Ray reports its use to its makers.
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}
    if TOKEN.exists():
        # 'ray start' requires the token if there is one; 'ray.init' sends it only if told to.
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    try:
        ray = import_module("ray")
    except ImportError as error:
        raise MissingExtra("--address needs Ray, which is not installed; run: pip install 'mien[batch]'") from error
    try:
        _knock(address)
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # Ray's own are of any kind
        if "token" in str(error).lower():
            raise UsageError(
                f"the Ray cluster at {address} does not take this machine's token ({error}); give all machines "
                "the same file ~/.ray/auth_token, or set RAY_AUTH_MODE=disabled on all"
            ) from error
        raise UsageError(
            f"no Ray cluster at {address} ({error}); start one with 'ray start --head'; if one runs, all machines need "
            "the same ~/.ray/auth_token, or none"
        ) from error
    return ray


def _knock(address: str) -> None:
    """Check that something listens at an address with a port; Ray itself would wait for many minutes.

    Raises:
        OSError: nothing does.
        ValueError: the port is no number.
    """
    place = urlsplit(address if "://" in address else f"//{address}")
    if place.hostname and place.port:
        socket.create_connection((place.hostname, place.port), KNOCK_S).close()


def _spread(ray: Any, units: Iterator[Unit], job: Job, cluster: Cluster) -> Generator[Done]:
    """Yield the outcomes of units as they are done; only a few are submitted to Ray at once."""
    # By default Ray ends a process with a GPU after one task.
    options = {"num_gpus": cluster.num_gpus, "max_calls": 0} if cluster.num_gpus else {"num_cpus": 1}
    remote = ray.remote(max_retries=TRIES_AGAIN, **options)(work_remotely)
    told, waiting = ray.put(pickle.dumps(job)), dict[Any, Unit]()
    for unit in units:
        waiting[remote.remote(unit, told)] = unit
        while len(waiting) >= _room(ray, cluster):
            yield _done(ray, waiting)
    while waiting:
        yield _done(ray, waiting)


def _room(ray: Any, cluster: Cluster) -> int:
    """Return how many units to submit to Ray at once; called each time, as machines join and leave."""
    if cluster.concurrency is not None:
        return cluster.concurrency
    resources = ray.cluster_resources()
    workers = resources.get("GPU", 0) / cluster.num_gpus if cluster.num_gpus else resources.get("CPU", 0)
    return max(1, int(workers)) * WAITING


def _done(ray: Any, waiting: dict[Any, Unit]) -> Done:
    """Return the outcome of the first unit that is ready, and remove it from the waiting ones."""
    ready, _ = ray.wait(list(waiting), num_returns=1)
    unit = waiting.pop(ready[0])
    try:
        return ray.get(ready[0])
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        raise cause if isinstance(cause, MienError) else MienError(f"a worker failed: {cause}") from error
    except ray.exceptions.RayError as error:  # a worker or a machine that died
        return Done(unit.number, Totals(pictures=unit.files), lost=str(error).splitlines()[0])


if __name__ == "__main__":
    main()
