"""Pictures on Ray: each worker holds an analyzer, and outcomes come back as they are done.

A worker is a plain callable from a batch of paths to a batch of outcomes, so it runs without Ray too. Pictures are read
where the worker is, and only what is known of their faces travels.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import socket
import threading
import warnings
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from itertools import chain, repeat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import MienError, MissingExtra, UsageError
from mien.inference.analyzer import Analyzer, load
from mien.inference.classifier import BATCH_SIZE
from mien.inference.pipeline import Outcome, pipeline

Batch = dict[str, NDArray[Any]]
"""Column -> (N,) objects."""

PATH, OUTCOME = "path", "outcome"

PICTURES_PER_BATCH = 32
"""Pictures that a worker takes at once, and what a worker that dies loses."""

KNOCK_S = 5.0
"""How long a cluster may take to answer at all."""

STARTS = 3
"""Tries to start Ray here: it gives itself half a minute, too little on a busy machine, and has no setting for that."""

MOST_BLOCKS = 2000
"""Parts of the list of paths that Ray keeps account of, at most."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a worker loads its analyzer with: parameters of ``mien.load``."""

    model: str | Path | None = None
    detector: str = "yunet"
    prior: float | str | None = None
    view: str = "seven"
    device: str = "cpu"
    threads: int | None = None
    batch_size: int = BATCH_SIZE

    def load(self) -> Analyzer:
        """Return the analyzer.

        Raises:
            MienError: as ``mien.load`` does.
        """
        return load(**asdict(self))


class Worker:
    """Names the faces of pictures; what is wrong with one is its outcome.

    Args:
        settings: of its analyzer.
    """

    def __init__(self, settings: Settings) -> None:
        self._analyzer = settings.load()

    def __call__(self, batch: Batch) -> Batch:
        """Return the pickled outcome of each path, which is in bytes as the file system has it."""
        paths = [os.fsdecode(path) for path in batch[PATH]]
        outcomes = [pickle.dumps(_without_pixels(one)) for one in pipeline(self._analyzer, paths, threads=1)]
        return {OUTCOME: np.array(outcomes, object)}


def _without_pixels(outcome: Outcome) -> Outcome:
    """Return an outcome in the picture of which one pixel stands for all."""
    if outcome.result is None:
        return outcome
    blank = replace(outcome.result.frame, image=np.zeros((1, 1, 3), np.uint8))
    return replace(outcome, result=replace(outcome.result, frame=blank))


def distribute(
    paths: Iterable[Path],
    settings: Settings,
    address: str | None = None,
    workers: int | None = None,
    worker: type[Worker] = Worker,
) -> Generator[Outcome]:
    """Yield the outcome of each picture as soon as it is done, in any order; the pixels of their frames are left out.

    A picture that ends its worker, as a crash in a decoder would, takes the others of its batch with it. They are tried
    again one by one, until a round brings nothing new; what is then left has failed.

    Args:
        paths: of the pictures, as all machines of the cluster see them.
        settings: of the workers.
        address: of a cluster that runs, "auto" for that of this machine; None starts one here, and ends it.
        workers: at most so many; None takes one for each core of the cluster.
        worker: what works there.

    Raises:
        MissingExtra: Ray is not installed.
        UsageError: there is no cluster at the address.
    """
    missing = dict.fromkeys(str(path) for path in paths)
    if not missing:
        return
    with _cluster(address) as (data, cores):
        for size in chain([PICTURES_PER_BATCH], repeat(1)):
            done = _round(data, list(missing), size, worker=worker, settings=settings, workers=workers or cores)
            before = len(missing)
            for outcome in done:
                del missing[outcome.path]
                yield outcome
            if not missing or (size == 1 and len(missing) == before):
                break
    for path in missing:
        yield Outcome(path, None, f"{path} ends each worker that reads it; try it by itself with 'mien image'")


@contextmanager
def _cluster(address: str | None) -> Generator[tuple[Any, int]]:
    """Yield Ray Data, connected to a cluster, and how many cores that has."""
    # Ray reports what it is used for unless it is told not to, and warns of what is its own affair.
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DATA_LOG_LEVEL": "CRITICAL", "RAY_BACKEND_LOG_LEVEL": "fatal"}
    try:
        ray, data = import_module("ray"), import_module("ray.data")
    except ImportError as error:
        raise MissingExtra("batches need Ray, which is not installed; run: pip install 'mien[batch]'") from error
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        with _same_handler(signal.SIGTERM), _without_stderr():
            if address is None:
                _start(ray, quiet)
            else:
                _knock(address)
                ray.init(address, **quiet)
    except UnicodeError as error:
        ray.shutdown()
        raise UsageError(
            "Ray takes no command line with names that are not UTF-8; name the folder that they are in"
        ) from error
    except Exception as error:  # Ray's own are of any kind
        ray.shutdown()
        if address is not None and isinstance(error, OSError | ValueError):
            raise UsageError(f"no Ray cluster at {address} ({error}); start one with 'ray start --head'") from error
        raise MienError(
            f"Ray did not start ({error}); if this machine is busy, try again, or use 'mien image --out', which needs "
            "no Ray"
        ) from error
    try:
        context = data.DataContext.get_current()
        context.enable_progress_bars = False
        # A batch whose worker died is left out, and not the end of all.
        context.max_errored_blocks = -1
        yield data, int(ray.cluster_resources()["CPU"])
    finally:
        ray.shutdown()


def _start(ray: Any, options: dict[str, Any]) -> None:
    """Start a cluster here, again where it took too long."""
    for left in reversed(range(STARTS)):
        try:
            ray.init("local", include_dashboard=False, **options)
            return
        except Exception as error:  # Ray has no class for this one
            ray.shutdown()
            if not left or "timed out during startup" not in str(error):
                raise


@contextmanager
def _same_handler(number: signal.Signals) -> Generator[None]:
    """Give a signal back to whom it belonged: Ray takes the request to terminate for itself, and ends at once."""
    before = signal.getsignal(number)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(number, before)


@contextmanager
def _without_stderr() -> Generator[None]:
    """Keep off the screen what Ray's C++ says while it starts: how much it is told to say."""
    try:
        kept = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _knock(address: str) -> None:
    """Look whether anybody listens at an address with a port, where Ray would wait for many minutes.

    Raises:
        OSError: nobody does.
        ValueError: the port is no number.
    """
    place = urlsplit(address if "://" in address else f"//{address}")
    if place.hostname and place.port:
        socket.create_connection((place.hostname, place.port), KNOCK_S).close()


def _round(
    data: Any, paths: list[str], size: int, *, worker: type[Worker], settings: Settings, workers: int
) -> Generator[Outcome]:
    """Yield the outcomes of the pictures whose worker did not die, so many at a time."""
    rows = data.from_items(
        [{PATH: os.fsencode(path)} for path in paths], override_num_blocks=min(-(-len(paths) // size), MOST_BLOCKS)
    )
    with warnings.catch_warnings():
        # Ray 2.60 calls its options for tasks deprecated, and has nothing in their place yet.
        warnings.simplefilter("ignore", DeprecationWarning)
        answers = rows.map_batches(
            worker,
            fn_constructor_args=(settings,),
            batch_size=size,
            # A worker that dies takes what waits for it along, so nothing waits where a picture is tried by itself.
            compute=data.ActorPoolStrategy(
                min_size=1, max_size=workers, max_tasks_in_flight_per_actor=1 if size == 1 else None
            ),
            # Unless told not to, Ray tries a batch again for as long as it ends its worker, which may be for ever. One
            # more time is for a picture that was sent to a worker just dead.
            max_task_retries=1 if size == 1 else 0,
        )
    for row in answers.iter_rows():
        yield pickle.loads(row[OUTCOME])
