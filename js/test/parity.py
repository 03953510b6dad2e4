"""Says how far the answers of a page's tab are from Python's: ``python js/test/parity.py FILES``.

A file is read on both sides as it is, so that decoding counts too. Boxes that are 2 pixels apart or more, or
probabilities that differ by 0.02 or more, end it with exit code 1.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from PIL import Image

from mien.detection.detectors import load_detector
from mien.inference.analyzer import load
from mien.tracking.people_in_view import PeopleInView
from mien.tracking.stream import Stream

if TYPE_CHECKING:
    from browser import Page

TESTS = Path(__file__).parents[2] / "tests"
MOST_PX, MOST_PROBABILITY = 2.0, 0.02

LOAD = """(async () => {
  const { Tab } = await import(new URL("static/tab.js", document.baseURI));
  self.tab = new Tab({});
  await self.tab.ready;
})()"""
READ = """(async () => {
  const bytes = Uint8Array.from(atob("BYTES"), (one) => one.charCodeAt(0));
  return JSON.stringify(await self.tab.picture(new File([bytes], "picture"), {}));
})()"""
OPEN = """(async () => {
  const at = (name) => new URL(name, document.baseURI).href;
  const ort = await import(at("static/ort/ort.wasm.min.mjs")), { loadWith } = await import(at("static/mien/load.js"));
  ort.env.wasm.wasmPaths = at("static/ort/");
  const [yunet, model] = ["yunet", "model"].map((name) => at(`weights/${name}.onnx`));
  self.stream = (await loadWith(ort, yunet, model, { min_score: MIN_SCORE })).stream();
})()"""
NEXT = """(async () => {
  const bytes = Uint8Array.from(atob("BYTES"), (one) => one.charCodeAt(0));
  return JSON.stringify(await self.stream.next(new Blob([bytes]), TIME));
})()"""


class Difference(NamedTuple):
    """How far the answers to a picture are apart: its faces, and pixels and probability, infinite if not as many."""

    name: str
    faces: int
    px: float
    probability: float

    @property
    def is_small(self) -> bool:
        """Whether the answers count as the same."""
        return self.px < MOST_PX and self.probability < MOST_PROBABILITY


def differences(page: Page, files: Iterable[Path]) -> Iterator[Difference]:
    """Yield how far Python and a page of ``mien web`` are apart, a file after the other."""
    page.value(LOAD)
    analyzer = load()
    for file in files:
        data = file.read_bytes()
        in_tab = json.loads(page.value(READ.replace("BYTES", base64.b64encode(data).decode())))
        yield difference(file.name, analyzer(data).to_dict(), in_tab)


def difference(name: str, expected: Any, found: Any) -> Difference:
    """Return how far two documents of a picture are apart."""
    pairs = list(zip(expected["faces"], found["faces"], strict=False))
    if len(expected["faces"]) != len(found["faces"]) or expected.get("turned") != found.get("turned"):
        return Difference(name, len(expected["faces"]), float("inf"), float("inf"))
    px = [abs(a - b) for one, other in pairs for a, b in zip(one["box"], other["box"], strict=True)]
    shares = [
        abs(p - other["probabilities"][label]) for one, other in pairs for label, p in one["probabilities"].items()
    ]
    return Difference(name, len(pairs), max(px, default=0.0), max(shares, default=0.0))


def who_is_who(page: Page, clip: Path, min_score: float, fps: float, most: int) -> Iterator[tuple[Any, Any]]:
    """Yield what Python and a page say of frames of a clip: the ids, and which of them do not count as people.

    Args:
        page: of ``mien web``.
        clip: a video file.
        min_score: of the detector; a low one takes much for faces that is none.
        fps: so many frames a second.
        most: of the first so many frames.
    """
    from mien.video.reader import open_video

    page.value(OPEN.replace("MIN_SCORE", str(min_score)))
    stream = Stream(load(detector=load_detector("yunet", min_score=min_score)))
    people = PeopleInView()
    with open_video(clip, fps=fps) as video:
        for frame in islice(video, most):
            people.add(result := stream(frame))
            ids = result.ids.tolist()
            Image.fromarray(frame.image).save(file := BytesIO(), "PNG")
            data = base64.b64encode(file.getvalue()).decode()
            entry = json.loads(page.value(NEXT.replace("BYTES", data).replace("TIME", str(frame.time_s))))
            expected = ids, [key for key in ids if not people.counts(key)]
            yield expected, ([face["id"] for face in entry["faces"]], entry["not_people"])


def main(files: list[Path]) -> int:
    """Print a line a picture and the largest differences; return the exit code."""
    sys.path.insert(0, str(TESTS))
    from browser import browser
    from serving import served

    with served() as (_, address), browser(Path(tempfile.mkdtemp())) as page:
        page.open(address)
        found = list(differences(page, files))
    for one in found:
        print(f"{one.name:40} {one.faces:3} faces  {one.px:6.2f} px  {one.probability:.4f}")
    print(
        f"{len(found)} pictures, {sum(one.faces for one in found)} faces: boxes within "
        f"{max(one.px for one in found):.2f} px, probabilities within {max(one.probability for one in found):.4f}"
    )
    return 0 if all(one.is_small for one in found) else 1


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]]))
