"""How units are handed to Ray, with a stand-in for it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from command import Command
from mien.apps.batch import ray_driver
from mien.apps.batch.cluster import Cluster
from mien.apps.batch.job import Done, Job
from mien.apps.batch.ray_driver import connected
from mien.apps.batch.units import Unit
from mien.core.emotions import SEVEN
from mien.core.errors import MienError, MissingExtra, UsageError
from mien.results.totals import Totals
from small_results import MADE

JOB = Job({}, 1000, None, 60.0, "0", MADE.entry, SEVEN)


class RayError(Exception):
    pass


class RayTaskError(RayError):
    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Ray:
    """Does each unit when it is waited for; ``at_once`` is the most that were with it."""

    exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)

    def __init__(self, does: Callable[[Unit], Done], **resources: float) -> None:
        self._does, self._resources = does, resources
        self.at_once = self._waiting = 0
        self.options: dict[str, Any] = {}

    def put(self, content: object) -> object:
        return content

    def remote(self, **options: Any) -> Callable[[object], object]:
        self.options = options
        return lambda _: SimpleNamespace(remote=self._submit)

    def _submit(self, unit: Unit, told: object) -> Unit:
        self._waiting += 1
        self.at_once = max(self.at_once, self._waiting)
        return unit

    def cluster_resources(self) -> dict[str, float]:
        return self._resources

    def wait(self, units: list[Unit], num_returns: int) -> tuple[list[Unit], list[Unit]]:
        self._waiting -= num_returns
        return units[-1:], units[:-1]

    def get(self, unit: Unit) -> Done:
        return self._does(unit)


def spread(ray: Ray, units: Iterator[Unit], cluster: Cluster) -> list[Done]:
    return list(ray_driver._spread(ray, units, JOB, cluster))


def units(number: int) -> Iterator[Unit]:
    return (Unit(one, (f"{one}.png",)) for one in range(number))


@pytest.mark.parametrize(
    ("cluster", "resources", "at_once", "options"),
    [
        (Cluster("auto"), {"CPU": 3.0}, 6, {"num_cpus": 1}),
        (Cluster("auto"), {}, 2, {"num_cpus": 1}),
        (Cluster("auto", concurrency=4), {"CPU": 64.0}, 4, {"num_cpus": 1}),
        (Cluster("auto", num_gpus=0.5), {"CPU": 64.0, "GPU": 2.0}, 8, {"num_gpus": 0.5, "max_calls": 0}),
    ],
)
def test_a_few_units_a_worker_are_with_ray(
    cluster: Cluster, resources: dict[str, float], at_once: int, options: dict[str, Any]
):
    ray = Ray(lambda unit: Done(unit.number), **resources)
    assert sorted(done.number for done in spread(ray, units(50), cluster)) == list(range(50))
    assert ray.at_once == at_once
    assert ray.options == {"max_retries": 3, **options}


def test_a_unit_whose_workers_die_is_lost_and_the_others_are_done():
    def dies(unit: Unit) -> Done:
        if unit.number == 3:
            raise RayError("The worker died.\nMore of it.")
        return Done(unit.number)

    found = spread(Ray(dies, CPU=1), units(5), Cluster("auto"))
    assert [done for done in found if done.lost] == [Done(3, Totals(pictures=1), lost="The worker died.")]
    assert len(found) == 5


@pytest.mark.parametrize(
    ("cause", "told"), [(UsageError("other pictures"), "^other pictures$"), (ImportError("no mien"), "no mien")]
)
def test_what_is_wrong_with_all_units_ends_the_run(cause: Exception, told: str):
    def fails(unit: Unit) -> Done:
        raise RayTaskError(cause)

    with pytest.raises(MienError, match=told):
        spread(Ray(fails, CPU=1), units(5), Cluster("auto"))


def test_without_ray_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"pip install 'mien\[batch\]'"):
        connected("auto")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RuntimeError("InvalidAuthToken: unauthenticated"), "does not take this machine's token .*RAY_AUTH_MODE"),
        (ConnectionError("nobody there"), "no Ray cluster at auto .nobody there.*ray start --head"),
    ],
)
def test_a_cluster_that_cannot_be_had_is_explained(
    error: Exception, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def init(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=init))
    monkeypatch.setattr(ray_driver.os, "environ", {})
    monkeypatch.setattr(ray_driver, "TOKEN", tmp_path / "none")
    with pytest.raises(UsageError, match=told):
        connected("auto")


@pytest.mark.parametrize(("there", "mode"), [(True, "token"), (False, None)])
def test_a_token_that_ray_left_is_shown(there: bool, mode: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    environ: dict[str, str] = {}
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=lambda *_, **__: None))
    monkeypatch.setattr(ray_driver.os, "environ", environ)
    monkeypatch.setattr(ray_driver, "TOKEN", tmp_path / "auth_token")
    if there:
        (tmp_path / "auth_token").touch()
    connected("auto")
    assert environ.get("RAY_AUTH_MODE") == mode


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--num-gpus", 1], "--num-gpus is for the workers of a cluster"),
        (["--num-gpus", 1, "--device", "cuda"], "--num-gpus is for the workers of a cluster"),
        (["--num-gpus", 1, "--address", "auto"], "with --device cpu they use none"),
        (["--device", "cuda", "--address", "auto"], "would use its first GPU; add --num-gpus"),
    ],
)
def test_gpus_that_would_not_be_used_are_refused(options: list[object], told: str, mien: Command):
    Path("a.png").touch()
    outcome = mien("batch", "a.png", "--out", "out", "--dry-run", *options)
    assert outcome.code == 2
    assert told in outcome.err


def test_the_gpus_of_a_cluster_need_not_be_where_the_command_runs(mien: Command):
    Path("a.png").touch()
    assert (
        mien("batch", "a.png", "--out", "out", "--dry-run", "--address=auto", "--device=cuda", "--num-gpus=1").code == 0
    )
