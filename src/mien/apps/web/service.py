"""What all parts of the service share."""

from __future__ import annotations

from dataclasses import dataclass, field

from mien.apps.web.bodies import Bodies
from mien.apps.web.settings import Analyzers
from mien.apps.web.sockets import Sockets
from mien.apps.web.workers import Workers


@dataclass(frozen=True)
class Service:
    """What requests are answered with.

    Attributes:
        analyzers: find and name the faces, as each request asks.
        workers: do what takes long.
        bodies: of requests, that are held.
        sockets: that are open.
    """

    analyzers: Analyzers
    workers: Workers
    bodies: Bodies = field(default_factory=Bodies)
    sockets: Sockets = field(default_factory=Sockets)
