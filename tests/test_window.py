import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from mien.apps.live.window import CLOSE_EVENT, Window
from mien.core.errors import MissingExtra

pygame = pytest.importorskip("pygame")


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with Window("test", (320, 200)) as opened:
        yield opened


def press(key: int) -> None:
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key))


def test_pictures_stand_in_the_top_left_corner_and_too_large_ones_are_cut(window: Window):
    assert window.size == (320, 200)
    surface = pygame.display.get_surface()
    window.show(np.full((200, 320, 3), (10, 20, 30), np.uint8))
    assert tuple(surface.get_at((319, 199)))[:3] == (10, 20, 30)
    image = np.zeros((300, 400, 3), np.uint8)
    image[5, 300] = 200, 100, 50
    window.show(image)
    assert tuple(surface.get_at((300, 5)))[:3] == (200, 100, 50)
    assert tuple(surface.get_at((5, 5)))[:3] == (0, 0, 0)


def test_keys_have_names_and_are_told_once(window: Window):
    window.events()
    for key in (pygame.K_q, pygame.K_ESCAPE, pygame.K_SPACE):
        press(key)
    pygame.event.post(pygame.event.Event(pygame.KEYUP, key=pygame.K_q))
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    assert window.events() == ["q", "escape", "space", CLOSE_EVENT]
    assert window.events() == []


def test_a_window_may_be_resized(window: Window):
    pygame.display.set_mode((400, 300), pygame.RESIZABLE)
    assert window.size == (400, 300)
    assert pygame.display.get_surface().get_flags() & pygame.RESIZABLE


def test_its_title_may_hold_any_name(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with Window(os.fsdecode(b"caf\xe9.mp4")):
        assert pygame.display.get_caption()[0] == r"caf\udce9.mp4"


def test_it_is_closed_whatever_happens(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with pytest.raises(KeyboardInterrupt, match="test"), Window("test"):
        raise KeyboardInterrupt(pygame.display.get_caption()[0])
    assert not pygame.display.get_init()


def test_without_pygame_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pygame", None)
    with pytest.raises(MissingExtra, match=r"pip install 'mien\[window\]', or use --no-window"):
        Window("test")


def child(code: str, **changes: str) -> subprocess.CompletedProcess[str]:
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    kept = {key: value for key, value in os.environ.items() if key not in screens}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=kept | changes, timeout=60
    )


OPEN = """
import os
from mien.apps.live.window import Window
from mien.core.errors import MienError
try:
    with Window("test", (320, 200)) as window:
        import numpy, pygame
        window.show(numpy.full((200, 320, 3), (10, 20, 30), numpy.uint8))
        print(pygame.display.get_driver(), window.size, "PYGAME_HIDE_SUPPORT_PROMPT" in os.environ)
except MienError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a screen")
@pytest.mark.parametrize("folder", ["/nowhere", ""])
def test_without_a_screen_it_says_so_and_shows_nothing_in_secret(folder: str):
    done = child(OPEN, XDG_RUNTIME_DIR=folder)
    assert done.stderr == "", "of Wayland, which complains of a folder that is missing"
    assert done.stdout == (
        "no window can be opened (there is no screen); "
        "run it on a desktop, or with --no-window to read the emotions here\n"
    )


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="no Xvfb")
def test_it_opens_on_an_x_server_and_greets_nobody():
    read, write = os.pipe()
    with subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "800x600x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    ) as server:
        os.close(write)
        try:
            with os.fdopen(read) as pipe:
                number = pipe.readline().strip()
            done = child(OPEN, DISPLAY=f":{number}")
        finally:
            server.terminate()
    assert done.stdout == "x11 (320, 200) False\n"
