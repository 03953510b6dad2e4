"""``mien batch`` on two machines with Ray: one dies or is cut off, or the command is killed; what becomes of the files.

    python benchmarks/nodes.py [--pictures 1000] [--cases node cable worker command head] [--work DIR]

The machines are namespaces of this one (network, processes, mounts), with a virtual cable between them. It must run as
root.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from batch import MIEN, children, digest, done, finish, make_inputs, reference

HEAD, NODE = "10.98.0.1", "10.98.0.2"
"""The addresses of the machines."""
CLUSTER = f"{HEAD}:6379"
CABLE = "cable"
STRIKE_AFTER = 5
"""Units that are done before anything happens."""
COMMAND, WORKER = b"\0mien\0batch\0", b"ray::work_remotely"
"""What the command and a worker that works have in their command lines."""


class Machine:
    """Processes that see each other and their end of the cable alone."""

    def __init__(self, address: str) -> None:
        self.address = address
        namespaces = ["unshare", "--net", "--mount", "--mount-proc", "--pid", "--fork", "--kill-child"]
        boot = "mount -t tmpfs ray /tmp/ray && ip link set lo up && echo up && exec cat"
        # It reads from this program, and so ends with it; with it end all processes of the machine.
        self._power = subprocess.Popen(
            [*namespaces, "sh", "-c", boot], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self._power.stdout is not None
        if not self._power.stdout.readline():
            raise OSError(self._power.communicate()[1].decode().strip())
        [self.first] = children(self._power.pid)
        self._network = os.open(f"/proc/{self.first}/ns/net", os.O_RDONLY)

    def plug_in(self) -> None:
        """Connect its end of the cable."""
        self.run("ip", "address", "add", f"{self.address}/24", "dev", CABLE)
        self.run("ip", "link", "set", CABLE, "up")
        # Ray has to find a way to the world to know its own address, and sends nothing there.
        self.run("ip", "route", "add", "default", "dev", CABLE)

    def start(self, *words: object, **how: Any) -> subprocess.Popen[bytes]:
        """Start a program on it."""
        return subprocess.Popen(["nsenter", "-t", str(self.first), "--all", *map(str, words)], **how)

    def run(self, *words: object) -> None:
        """Run a program on it."""
        with self.start(*words, stdout=subprocess.DEVNULL) as process:
            assert process.wait() == 0, f"{words} failed on {self.address}"

    def running(self, what: bytes) -> list[int]:
        """Return its processes that have something in their command lines."""
        own = Path(f"/proc/{self.first}/ns/net").readlink()
        found: list[int] = []
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended
                if (place / "ns/net").readlink() == own and what in (place / "cmdline").read_bytes():
                    found.append(int(place.name))
        return found

    def kill(self, what: bytes) -> None:
        """Kill its processes that have something in their command lines."""
        for pid in self.running(what):
            os.kill(pid, signal.SIGKILL)

    def switch_off(self) -> None:
        """Kill all its processes at once; its end of the cable stays, and refuses connections."""
        if self._power.poll() is None:
            os.kill(self.first, signal.SIGKILL)
        self._power.communicate()

    def remove(self) -> None:
        """Switch it off and take its end of the cable away."""
        self.switch_off()
        os.close(self._network)


@contextmanager
def machines() -> Iterator[tuple[Machine, Machine]]:
    """Make two machines and a cable between them."""
    Path("/tmp/ray").mkdir(exist_ok=True)
    with ExitStack() as made:
        head, node = Machine(HEAD), Machine(NODE)
        for machine in (head, node):
            made.callback(machine.remove)
        ends = (CABLE, "netns", str(head.first), "type", "veth", "peer", CABLE, "netns", str(node.first))
        subprocess.run(["ip", "link", "add", *ends], check=True, capture_output=True)
        head.plug_in()
        node.plug_in()
        yield head, node


@contextmanager
def cluster() -> Iterator[tuple[Machine, Machine]]:
    """Make a cluster of two machines with a core each."""
    start = (Path(sys.executable).with_name("ray"), "start", "--num-cpus=1", "--object-store-memory=80000000")
    with machines() as (head, node):
        head.run(*start, "--head", "--port=6379", f"--node-ip-address={HEAD}", "--include-dashboard=false")
        node.run(*start, f"--address={CLUSTER}", f"--node-ip-address={NODE}")
        yield head, node


CASES: dict[str, Callable[[Machine, Machine], None]] = {
    "node": lambda _, node: node.switch_off(),
    "cable": lambda _, node: node.run("ip", "link", "set", CABLE, "down"),
    "worker": lambda _, node: node.kill(WORKER),
    "command": lambda head, _: head.kill(COMMAND),
    "head": lambda head, _: head.switch_off(),
}
"""What happens to the machines. The command runs on the first, but where that is switched off."""


class Strike:
    """Does something to a run once, when some units are done and both machines work on others."""

    def __init__(self, out: Path, both: tuple[Machine, Machine], does: Callable[[Machine, Machine], None]) -> None:
        self._out, self._both, self._does = out, both, does
        self.at_s = 0.0

    def __call__(self) -> None:
        """Look whether it is time."""
        if not self.at_s and done(self._out) >= STRIKE_AFTER and all(one.running(WORKER) for one in self._both):
            self._does(*self._both)
            self.at_s = time.monotonic()


def batch(machine: Machine, inputs: Path, out: Path, look: Callable[[], None] = lambda: None) -> tuple[int, str]:
    """Return the exit code of a batch on the cluster, and the last line that it prints."""
    told = out.with_suffix(".txt")
    with told.open("wb") as errors:
        words = (*MIEN, "batch", inputs, "-r", "--out", out, "--address", CLUSTER)
        code, _ = finish(machine.start(*words, stdout=errors, stderr=errors), look)
    return code, (told.read_text().splitlines() or [""])[-1]


def case(name: str, inputs: Path, expected: str, work: Path) -> None:
    """Print what becomes of a run to which something happens, and of the same command after it."""
    out = work / f"nodes-{name}"
    shutil.rmtree(out, ignore_errors=True)
    with cluster() as both:
        strike = Strike(out, both, CASES[name])
        code, told = batch(both[name == "head"], inputs, out, strike)
        took_s = time.monotonic() - strike.at_s
        assert strike.at_s, "it ended before anything happened to it; give it more --pictures"
        print(f"{name}: exit code {code} after {took_s:.0f} s, {done(out)} units done", flush=True)
        if code == 3:
            print(f"  {told}")
    if code != 1:
        with cluster() as (head, _):
            print(f"  the same command on a new cluster: exit code {batch(head, inputs, out)[0]}")
    print(f"  {'the' if digest(out) == expected else 'NOT THE'} files of an undisturbed run", flush=True)


def obstacle() -> str:
    """Return why there can be no machines here; empty if there can."""
    try:
        with machines():
            return ""
    except (OSError, subprocess.CalledProcessError) as error:
        return str(error)


def main() -> None:
    """Run the cases that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "mien-batch")
    asked = parser.parse_args()
    if why := obstacle():
        print(f"left out, as there can be no machines in namespaces here: {why}")
        return
    os.environ |= {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}  # or it asks for a token of the home
    inputs = make_inputs(asked.work, asked.pictures)
    expected = reference(inputs, asked.work)
    for name in asked.cases:
        case(name, inputs, expected, asked.work)


if __name__ == "__main__":
    main()
