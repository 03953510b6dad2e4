"""The page in a browser, as people use it."""

import csv
import io
import json
import re
import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from threading import Thread

import av
import numpy as np
import pytest
from PIL import Image, ImageChops
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from browser import CHROMIUM, Page, browser
from clips import counting, write_clip
from mien.apps.web.app import create_app
from mien.apps.web.site import write_site
from mien.apps.web.tab import RUNTIME
from mien.inference.analyzer import load
from mien.version import __version__
from web_client import running, until, workers

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

PARITY = str(Path(__file__).parents[1] / "js" / "test" / "parity.py")
WITHOUT_RUNTIME = "this build of mien was made without npm"
COLOURS = """(() => {
  const canvas = document.getElementById("ID"), seen = {};
  const bytes = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  for (let k = 0; k < bytes.length; k += 4) if (bytes[k + 3] === 255) {
    const colour = bytes.slice(k, k + 3).join(" ");
    seen[colour] = (seen[colour] ?? 0) + 1;
  }
  return seen;
})()"""
TWO_PEOPLE = "[...document.querySelectorAll('article span')].map((one) => one.innerText.slice(0, 2)).join() === '#1,#2'"
AXE = resources.files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
HAPPINESS, NEUTRAL, FADED_NEUTRAL = "240 228 66", "200 200 200", "233 233 233"


def text(page: Page, selector: str) -> str:
    return page.value(f"document.querySelector('{selector}').innerText")


def has_barriers(page: Page) -> list[str]:
    """Return what axe finds against levels A and AA of WCAG 2.1 in what is shown."""
    page.value(AXE)
    rules = "axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] })"
    return page.value(
        f"{rules}.then(({{ violations }}) => violations.map(({{ id, nodes }}) => id + ': ' + nodes[0].html))"
    )


def said(page: Page, words: str) -> None:
    page.wait(f"document.getElementById('status').innerText.includes({words!r})")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running(create_app(workers(load))) as (_, port):
        yield f"http://localhost:{port}"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("browser"), "--use-fake-device-for-media-stream=device-count=2") as page:
        yield page


@pytest.fixture
def page(chromium: Page, address: str) -> Iterator[Page]:
    chromium.complaints.clear()
    chromium.open(address)
    chromium.wait("document.getElementById('priorsays').textContent")
    yield chromium
    assert chromium.complaints == []


def test_a_picture_is_shown_with_its_faces(page: Page, examples: Path):
    assert has_barriers(page) == []
    page.choose("#file", examples / "astronaut.png")
    said(page, "astronaut.png: 1 face found")
    assert text(page, "article h2") == "happiness"
    assert text(page, "article tr.top").split() == ["happiness", ">99", "%"]
    assert page.value(COLOURS.replace("ID", "marks"))[HAPPINESS] > 1000


def test_a_picture_without_a_face_says_so(page: Page, examples: Path):
    page.choose("#file", examples / "chelsea.png")
    said(page, "chelsea.png: no face found")
    assert text(page, "#faces") == "no face found"


def test_settings_change_what_is_shown(page: Page, examples: Path):
    page.choose("#file", examples / "grace_hopper.jpg")
    said(page, "1 face found")
    page.value("{ const box = document.getElementById('contempt'); box.checked = true; box.onchange(); }")
    page.wait("document.querySelector('article').innerText.includes('contempt')")
    first = text(page, "article table")
    page.value("{ const range = document.getElementById('prior'); range.value = 1; range.onchange(); }")
    page.wait(f"document.querySelector('article table').innerText !== {first!r}")
    assert page.value("document.getElementById('priorsays').textContent") == "as common as the others"


def test_what_the_browser_cannot_show_comes_back_as_a_picture(page: Page, examples: Path, tmp_path: Path):
    with Image.open(examples / "astronaut.png") as picture:
        picture.save(tmp_path / "astronaut.tif")
        picture.rotate(180).save(tmp_path / "moving.gif", save_all=True, append_images=[picture])
    page.choose("#file", tmp_path / "astronaut.tif")
    said(page, "astronaut.tif: 1 face found")
    assert page.value("document.getElementById('still').naturalWidth") == 512
    page.choose("#file", tmp_path / "moving.gif")
    said(page, "1 face found; of its frames the first alone is read")
    page.value("document.getElementById('helplink').click()")
    page.wait("document.getElementById('help').open")
    assert text(page, "footer").startswith(f"mien {__version__}")


def test_a_file_that_is_no_picture_is_named(page: Page, tmp_path: Path):
    file = tmp_path / "notes.txt"
    file.write_text("hello, here is no picture")
    page.choose("#file", file)
    said(page, "not a picture: notes.txt")
    page.complaints.clear()  # the browser notes each answer of 422


def test_the_faces_of_a_film_are_followed(page: Page, examples: Path, tmp_path: Path):
    page.choose("#file", examples / "heads.mp4")
    page.wait("document.querySelectorAll('article').length === 2")
    page.wait("document.getElementById('pace').innerText.endsWith('ms behind')")
    page.wait(TWO_PEOPLE)
    first = json.loads(save(page, "json", tmp_path).splitlines()[0])
    assert first["time_s"] == 0.0
    seen = COLOURS.replace("ID", "lanes")
    page.wait(f"({seen}['{NEUTRAL}'] ?? 0) + ({seen}['{FADED_NEUTRAL}'] ?? 0) > 100")
    page.value("document.getElementById('film').pause()")
    page.value("document.getElementById('film').currentTime = 0.5")
    page.wait("document.querySelectorAll('article').length === 2 && document.getElementById('film').paused")
    # What is set anew holds for all of it.
    page.value("{ const range = document.getElementById('prior'); range.value = 0; range.onchange(); }")
    page.wait("document.getElementById('film').currentTime > 0.6 || document.getElementById('film').currentTime < 0.4")
    page.wait(TWO_PEOPLE)
    page.value("localStorage.clear()")
    assert has_barriers(page) == []


def test_several_files_are_read_one_after_the_other_and_saved_together(page: Page, examples: Path, tmp_path: Path):
    (tmp_path / "notes.txt").write_text("hello, here is no picture")
    names = ("astronaut.png", "chelsea.png")
    page.choose("#file", *(examples / name for name in names), tmp_path / "notes.txt")
    page.wait("document.getElementById('pace').innerText === '3 of 3 done'")
    states = page.value("[...document.querySelectorAll('#gallery small')].map((one) => one.innerText)")
    assert states == ["1 face", "no face", "failed"]
    page.value("document.querySelectorAll('#gallery button')[1].click()")
    said(page, "chelsea.png: no face found")
    page.value("document.querySelectorAll('#gallery button')[2].click()")
    said(page, "not a picture: notes.txt")
    page.value("document.querySelectorAll('#gallery button')[0].click()")
    said(page, "astronaut.png: 1 face found")
    page.value("for (const one of document.querySelectorAll('details')) one.open = true")
    assert has_barriers(page) == []
    saved = {form: save(page, form, tmp_path) for form in ("json", "csv", "png")}
    document = json.loads(saved["json"])
    assert [image["path"] for image in document["images"]] == list(names)
    assert [failure["path"] for failure in document["failures"]] == ["notes.txt"]
    [row] = csv.DictReader(io.StringIO(saved["csv"].decode()))
    assert (row["path"], row["emotion"], row["uncertain"]) == ("astronaut.png", "happiness", "False")
    with Image.open(io.BytesIO(saved["png"])) as marked, Image.open(examples / "astronaut.png") as plain:
        assert marked.size == plain.size
        assert ImageChops.difference(marked.convert("RGB"), plain.convert("RGB")).getbbox() is not None
    page.complaints.clear()  # the browser notes each answer of 422


def save(page: Page, form: str, folder: Path) -> bytes:
    """Press a button below the faces; returns the file that comes of it."""
    page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    there = set(folder.iterdir())
    page.value(f"document.querySelector('#save [value={form}]').click()")
    made: list[Path] = []

    def came() -> bool:
        made[:] = [one for one in set(folder.iterdir()) - there if re.search(rf"\.mien\.{form}l?$", one.name)]
        return bool(made)

    until(came)
    return made[0].read_bytes()


def test_faces_and_their_cards_point_at_each_other(page: Page, examples: Path):
    page.choose("#file", examples / "heads.mp4")
    page.wait("document.querySelectorAll('article').length === 2")
    page.value("document.getElementById('film').pause()")
    page.call("Emulation.setFocusEmulationEnabled", enabled=True)
    page.value("document.querySelectorAll('#spots button')[1].focus()")
    assert page.value("document.querySelector('article.pointed h2 + span').innerText").startswith("#2")
    label = page.value("document.querySelectorAll('#spots button')[1].getAttribute('aria-label')")
    assert re.fullmatch(r"face 2 of 2: \w+, >?\d+ %(, uncertain)?", label)
    page.value("document.querySelector('article').focus()")
    assert page.value("document.querySelectorAll('article.pointed').length") == 1
    assert page.value("document.querySelector('article').className").split()[-1] == "pointed"


def key(page: Page, name: str, code: int) -> None:
    for kind in ("keyDown", "keyUp"):
        text = {"text": "\r"} if (name, kind) == ("Enter", "keyDown") else {}
        page.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code, **text)


def test_all_of_it_is_reached_by_the_keyboard(page: Page, examples: Path):
    page.call("Emulation.setFocusEmulationEnabled", enabled=True)
    page.choose("#file", examples / "astronaut.png")
    said(page, "1 face found")
    page.value("document.activeElement.blur()")
    reached: list[str] = []
    for _ in range(12):
        key(page, "Tab", 9)
        reached.append(
            page.value("((at) => at.id || at.value || at.ariaLabel || at.innerText)(document.activeElement)")
        )
        if reached[-1].startswith("face 1 of 1") and len(reached) < 6:
            key(page, "Enter", 13)
            assert page.value("document.activeElement.localName") == "article"
    assert reached[:4] == ["choose", "camera", "server", "face 1 of 1: happiness, >99 %"]
    assert reached[4:] == ["json", "csv", "png", "Settings", "What the figures mean", "Help", "helplink", "api"]


def test_a_phone_shows_all_without_scrolling_sideways(page: Page, examples: Path, tmp_path: Path):
    named = tmp_path / f"{'a_long_name_' * 9}.png"
    named.write_bytes((examples / "astronaut.png").read_bytes())
    page.choose("#file", named, *(examples / name for name in ("grace_hopper.jpg", "chelsea.png", "coffee.png")))
    page.wait("document.getElementById('pace').innerText === '4 of 4 done'")
    page.picture(320, 640)
    assert page.value("document.documentElement.scrollWidth") <= 320
    light = page.value("getComputedStyle(document.body).backgroundColor")
    page.picture(1280, 800, dark=True)
    assert page.value("getComputedStyle(document.body).backgroundColor") != light
    page.picture(1280, 800)


def test_a_link_that_is_dropped_is_told_why_not(page: Page):
    page.value("""{
      const data = new DataTransfer();
      data.setData("text/uri-list", "https://elsewhere.example/face.jpg");
      document.dispatchEvent(new DragEvent("drop", { dataTransfer: data, cancelable: true }));
    }""")
    said(page, "the page loads nothing from elsewhere")


def test_settings_survive_a_reload(chromium: Page, address: str):
    chromium.open(address)
    chromium.wait("document.getElementById('priorsays').textContent")
    chromium.value("{ const range = document.getElementById('prior'); range.value = 0.25; range.onchange(); }")
    chromium.open(address)
    chromium.wait("document.getElementById('priorsays').textContent.startsWith('25 %')")
    chromium.value("localStorage.clear()")


STRIP = """(async () => {
  const { Lanes } = await import(document.querySelector("script[type=module]").src.replace("page.js", "lanes.js"));
  const canvas = document.body.appendChild(document.createElement("canvas")), lanes = new Lanes();
  canvas.id = "strip";
  canvas.style.width = "630px";
  for (let time_s = 0; time_s < 30; time_s += 0.1)
    lanes.add({ time_s, faces: [{ id: 1, probabilities: { happiness: 1 }, uncertain: time_s > 15 }] });
  lanes.draw(canvas, { happiness: "rgb(240 228 66)" });
})()"""


def test_what_is_uncertain_is_hatched_in_the_strip(page: Page):
    page.value(STRIP)
    fine = page.value("document.getElementById('strip').width / 630")
    # 15 seconds of happiness, 300 wide and 30 high, and as many that are faded and hatched.
    seen = page.value(COLOURS.replace("ID", "strip"))
    assert seen[HAPPINESS] == pytest.approx(300 * 30 * fine**2, rel=0.05)
    page.value("document.getElementById('strip').remove()")


PEOPLE = """(async () => {
  const { people } = await import(document.querySelector("script[type=module]").src.replace("page.js", "marks.js"));
  return [{ not_people: [2] }, {}].map((told) => people({ ...told, faces: [{ id: 1 }, { id: 2 }] }).faces.length);
})()"""


def test_who_does_not_count_as_a_person_is_not_shown(page: Page):
    assert page.value(PEOPLE) == [1, 2]


def test_the_strip_of_a_film_shows_all_of_it(page: Page):
    hour = STRIP.replace("new Lanes()", "new Lanes(3600)").replace(
        "time_s < 30; time_s += 0.1", "time_s < 1800; time_s++"
    )
    page.value(hour.replace("time_s > 15", "false"))
    fine = page.value("document.getElementById('strip').width / 630")
    # Half an hour of happiness, which is half of an hour's strip.
    seen = page.value(COLOURS.replace("ID", "strip"))
    assert seen[HAPPINESS] == pytest.approx(300 * 30 * fine**2, rel=0.05)
    page.value("document.getElementById('strip').remove()")


def press(page: Page, selector: str) -> None:
    page.value(f"document.querySelector('{selector}').click()")


def follows(page: Page) -> None:
    page.wait("document.getElementById('pace').innerText.endsWith('ms behind')")


def test_one_of_several_cameras_is_followed_until_it_is_pressed_again(page: Page, tmp_path: Path):
    press(page, "#camera")
    page.wait("document.getElementById('faces').innerText === 'no face found'")
    follows(page)
    assert page.value("document.getElementById('view').className") == "mirrored"
    page.wait("document.querySelectorAll('#cameras option').length === 2")
    page.value("{ const list = document.getElementById('cameras'); list.selectedIndex = 1; list.onchange(); }")
    used = "document.getElementById('film').srcObject?.getVideoTracks()[0].getSettings().deviceId"
    page.wait(f"{used} === document.querySelectorAll('#cameras option')[1]?.value")
    follows(page)
    assert has_barriers(page) == []
    press(page, "#camera")
    said(page, "the camera is off; what it saw can be saved")
    assert page.value("document.getElementById('film').srcObject === null")
    assert page.value("document.getElementById('still').naturalWidth") > 0
    lines = [json.loads(line) for line in save(page, "json", tmp_path).splitlines()]
    assert [line["path"] for line in lines] == ["camera"] * len(lines) != []
    page.value("localStorage.clear()")


def test_a_camera_that_is_refused_or_lost_is_told(page: Page):
    page.value("navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))")
    press(page, "#camera")
    said(page, "this page may not use the camera")
    assert page.value("document.getElementById('view').hidden")
    page.value("navigator.mediaDevices.getUserMedia = () => new Promise(() => {})")
    press(page, "#camera")
    said(page, "opening the camera; allow it, if the browser asks")
    press(page, "#camera")
    page.wait("!document.getElementById('invitation').hidden")
    page.value("delete navigator.mediaDevices.getUserMedia")
    press(page, "#camera")
    follows(page)
    page.value("document.getElementById('film').srcObject.getTracks()[0].dispatchEvent(new Event('mute'))")
    page.value("document.getElementById('film').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))")
    said(page, "the camera was disconnected")
    assert page.value("document.getElementById('camera').ariaPressed") == "false"
    press(page, "#camera")
    follows(page)


def test_the_marked_picture_is_recorded(page: Page, examples: Path, tmp_path: Path):
    page.choose("#file", examples / "heads.mp4")
    page.wait(TWO_PEOPLE)
    press(page, "#save [value=webm]")
    page.wait("document.getElementById('film').currentTime > 1")
    film = tmp_path / "film.webm"
    film.write_bytes(save(page, "webm", tmp_path))
    with av.open(str(film)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) > 2
    with av.open(str(examples / "heads.mp4")) as container:
        plain = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert frames[0].shape == plain.shape
    assert np.abs(frames[0].astype(int) - plain).max() > 100


def test_a_film_that_the_browser_cannot_decode_is_told(page: Page, examples: Path, tmp_path: Path):
    clip = write_clip(tmp_path / "phone.mp4", counting(2), codec="mpeg2video")
    page.choose("#file", clip)
    said(page, "the browser cannot decode phone.mp4 (it may be HEVC, as from an iPhone); use 'mien video' instead")
    page.choose("#file", clip, examples / "astronaut.png")
    page.wait("document.querySelector('#gallery small').innerText === 'failed'")
    assert page.value("document.getElementById('view').hidden")


@pytest.mark.skipif(not RUNTIME.is_file(), reason=WITHOUT_RUNTIME)
def test_the_tab_answers_as_python_does(page: Page, examples: Path):
    differences = runpy.run_path(PARITY)["differences"]
    found = list(differences(page, [examples / name for name in ("astronaut.png", "grace_hopper.jpg", "coffee.png")]))
    assert [one.faces for one in found] == [1, 1, 0]
    assert all(one.is_small for one in found), found


@pytest.mark.skipif(not RUNTIME.is_file(), reason=WITHOUT_RUNTIME)
def test_the_tab_tells_who_is_who_and_who_is_no_person_as_python_does(page: Page, examples: Path):
    who_is_who = runpy.run_path(PARITY)["who_is_who"]
    told = list(who_is_who(page, examples / "classroom.mp4", min_score=0.1, fps=5, most=4))
    assert all(expected == found for expected, found in told), told
    assert all(0 < len(not_people) < len(ids) for (ids, not_people), _ in told)


@pytest.mark.skipif(not RUNTIME.is_file(), reason=WITHOUT_RUNTIME)
def test_the_tab_reads_on_when_the_server_is_gone(chromium: Page, examples: Path):
    with running(create_app(workers(load))) as (_, port):
        chromium.open(f"http://localhost:{port}")
        chromium.wait("document.getElementById('priorsays').textContent")
        chromium.value("document.querySelector('#where [value=tab]').click()")
        chromium.wait("document.getElementById('wheresays').innerText ?.startsWith('ready, also offline')")
    chromium.complaints.clear()
    chromium.choose("#file", examples / "astronaut.png")
    said(chromium, "astronaut.png: 1 face found")
    assert text(chromium, "article h2") == "happiness"
    chromium.choose("#file", examples / "heads.mp4")
    chromium.wait(TWO_PEOPLE)
    press(chromium, "#camera")
    follows(chromium)
    assert chromium.complaints == []


@contextmanager
def shown(folder: Path) -> Iterator[str]:
    """Serve the files of a folder, and nothing else; yields the address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


@pytest.mark.skipif(not RUNTIME.is_file(), reason=WITHOUT_RUNTIME)
def test_a_site_works_without_a_network_after_the_first_visit(chromium: Page, examples: Path, tmp_path: Path):
    write_site(load("mien-s"), tmp_path, force=False)
    ready = "document.getElementById('wheresays').innerText ?.startsWith('ready, also offline')"
    with shown(tmp_path) as address:
        chromium.open(address)
        chromium.wait(ready)
        chromium.wait("navigator.serviceWorker.controller !== null")
    chromium.complaints.clear()
    chromium.open(address)
    chromium.wait(ready)
    chromium.choose("#file", examples / "astronaut.png")
    said(chromium, "astronaut.png: 1 face found")
    assert text(chromium, "article h2") == "happiness"
    assert chromium.value("crossOriginIsolated")
    assert chromium.complaints == []


def test_a_server_that_is_gone_is_named_and_the_page_goes_on_when_it_is_back(
    chromium: Page, examples: Path, tmp_path: Path
):
    app = create_app(workers(load))
    with running(app) as (_, port):
        chromium.open(f"http://localhost:{port}")
        chromium.wait("document.getElementById('priorsays').textContent")
    chromium.choose("#file", examples / "astronaut.png")
    said(chromium, "the server is gone")
    with running(app, port):
        said(chromium, "astronaut.png: 1 face found")
        press(chromium, "#camera")
        follows(chromium)
    said(chromium, "the server is gone")
    with running(app, port):
        follows(chromium)
        press(chromium, "#camera")
        said(chromium, "the camera is off")
    lines = [json.loads(line) for line in save(chromium, "json", tmp_path).splitlines()]
    assert [line["frame"] for line in lines] == [*range(len(lines))]


def test_a_server_that_is_busy_is_asked_again(chromium: Page, examples: Path):
    app, ready = create_app(workers(load)), set[str]()

    async def busy_once(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path in {"/v1/model", "/v1/images"} - ready:
            ready.add(path)
            await JSONResponse({"detail": "too much at once"}, 503)(scope, receive, send)
        else:
            await app(scope, receive, send)

    with running(busy_once) as (_, port):
        chromium.open(f"http://localhost:{port}")
        said(chromium, "too much at once; trying again")
        assert chromium.value("document.getElementById('camera').disabled")
        chromium.wait("!document.getElementById('camera').disabled")
        chromium.choose("#file", examples / "astronaut.png")
        said(chromium, "too much at once")
        said(chromium, "astronaut.png: 1 face found")
