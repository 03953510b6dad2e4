"""How many of a kind may be open at once."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mien.apps.web.workers import busy


class Slots:
    """Counts what is open.

    Args:
        most: how many may be.
    """

    def __init__(self, most: int) -> None:
        self.most, self.taken = most, 0

    @asynccontextmanager
    async def one(self) -> AsyncGenerator[None]:
        """Count one more.

        Raises:
            HTTPException: too many are open.
        """
        if self.taken >= self.most:
            raise busy()
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1
