"""What all parts of the service share."""

from __future__ import annotations

from dataclasses import dataclass, field

from mien.apps.web.bodies import Bodies
from mien.apps.web.limits import SOCKETS, VIDEOS
from mien.apps.web.slots import Slots
from mien.apps.web.workers import Workers


@dataclass(frozen=True)
class Service:
    """What requests are answered with.

    Attributes:
        workers: do what takes long, as each request asks.
        bodies: of requests, that are held.
        sockets: that are open.
        videos: that are analysed.
    """

    workers: Workers
    bodies: Bodies = field(default_factory=Bodies)
    sockets: Slots = field(default_factory=lambda: Slots(SOCKETS))
    videos: Slots = field(default_factory=lambda: Slots(VIDEOS))
