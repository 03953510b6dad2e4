"""A window that shows pictures and reads keys, by pygame-ce (SDL)."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from mien.core.arrays import Image
from mien.core.emotions import COLOURS
from mien.core.errors import MienError, MissingExtra
from mien.core.spelling import spelled

CLOSE_EVENT = "close"
"""What ``events`` returns when the window is closed, or the system asks the program to end."""

WINDOW_SIZE = (1280, 720)
"""Size of the window at the start, in pixels, if the screen is large enough."""

OFFSCREEN_DRIVERS = ("offscreen", "dummy")
"""Drivers without a screen, which SDL chooses if it finds none."""

_PROMPT = "PYGAME_HIDE_SUPPORT_PROMPT"
_STDERR = 2


class Window:
    """A window that can be resized; a context manager. To be used in the main thread only.

    Args:
        title: in its frame.
        size: width and height at the start in pixels; less where the screen is smaller.

    Raises:
        MissingExtra: pygame-ce is not installed.
        MienError: no screen can be reached.
    """

    def __init__(self, title: str, size: tuple[int, int] = WINDOW_SIZE) -> None:
        self._pygame = pygame = _pygame()
        asked = os.environ.get("SDL_VIDEODRIVER", "")
        try:
            with _hushed():
                pygame.display.init()
                driver = pygame.display.get_driver()
                if driver in OFFSCREEN_DRIVERS and driver not in asked:
                    raise pygame.error("there is no screen")
                wide, high = pygame.display.get_desktop_sizes()[0]
                pygame.display.set_caption(spelled(title))
                pygame.display.set_icon(_icon(pygame))
                # Some room is left for the frame and the system's bars.
                fitting = min(size[0], int(0.9 * wide)), min(size[1], int(0.85 * high))
                pygame.display.set_mode(fitting, pygame.RESIZABLE)
        except pygame.error as error:
            pygame.display.quit()
            raise MienError(
                f"no window can be opened ({error}); run it on a desktop, or with --no-window to read the emotions here"
            ) from error

    def __enter__(self) -> Window:
        """Return the window."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self._pygame.display.quit()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures that fill it, in pixels."""
        return self._pygame.display.get_surface().get_size()

    def show(self, image: Image) -> None:
        """Show a picture (H, W, 3) uint8 RGB in the top left corner; what does not fit is cut off."""
        height, width = image.shape[:2]
        picture = self._pygame.image.frombuffer(image.tobytes(), (width, height), "RGB")
        self._pygame.display.get_surface().blit(picture, (0, 0))
        self._pygame.display.flip()

    def events(self) -> list[str]:
        """Return the keys pressed since the last call, as "a", "space" or "escape", and ``CLOSE_EVENT``."""
        pygame = self._pygame
        return [
            CLOSE_EVENT if event.type == pygame.QUIT else pygame.key.name(event.key)
            for event in pygame.event.get()
            if event.type in (pygame.QUIT, pygame.KEYDOWN)
        ]


def _pygame() -> Any:
    try:
        with _no_prompt():
            import pygame
    except ImportError as error:
        raise MissingExtra(
            "a window needs pygame-ce, which is not installed; run: pip install 'mien[window]', or use --no-window"
        ) from error
    return pygame


@contextmanager
def _no_prompt() -> Generator[None]:
    """Keep pygame from printing its greeting on import."""
    before = os.environ.get(_PROMPT)
    os.environ[_PROMPT] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_PROMPT]
        else:
            os.environ[_PROMPT] = before


@contextmanager
def _hushed() -> Generator[None]:
    """Hide what SDL's libraries print while they look for a screen; errors are raised."""
    try:
        kept = os.dup(_STDERR)
    except OSError:  # there is none
        yield
        return
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), _STDERR)
    try:
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)


def _icon(pygame: Any) -> Any:
    """Return a small smiling face, instead of pygame's snake."""
    icon = pygame.Surface((64, 64), pygame.SRCALPHA)
    pygame.draw.circle(icon, COLOURS["happiness"], (32, 32), 30)
    for x in (22, 42):
        pygame.draw.circle(icon, (20, 22, 26), (x, 25), 5)
    pygame.draw.arc(icon, (20, 22, 26), (14, 14, 36, 36), 3.5, 5.92, 4)
    return icon
