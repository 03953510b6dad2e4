"""How many sockets are open."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mien.apps.web.limits import SOCKETS
from mien.apps.web.workers import busy


class Sockets:
    """Counts the sockets that are open."""

    def __init__(self) -> None:
        self.open = 0

    @asynccontextmanager
    async def one(self) -> AsyncGenerator[None]:
        """Count one more.

        Raises:
            HTTPException: too many are open.
        """
        if self.open >= SOCKETS:
            raise busy()
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1
