"""Small results and a run over a few pictures, for the tests of tables and sinks."""

from collections.abc import Iterable

import numpy as np

from mien.core.emotions import SEVEN
from mien.core.faces import Faces
from mien.core.frame import Frame
from mien.core.result import Result
from mien.results.document import Setting
from mien.results.provenance import Made
from mien.results.sinks import Sink

PROBS = np.array([[0.05, 0.91, 0.00004, 0.03996, 0, 0, 0], [0.4, 0.3, 0.3, 0, 0, 0, 0]], np.float32)
LANDMARKS = np.stack([np.arange(10, dtype=np.float32).reshape(5, 2) / 3, np.full((5, 2), np.nan, np.float32)])


def result_of(
    probs: np.ndarray,
    labels: tuple[str, ...] = SEVEN,
    boxes: np.ndarray | None = None,
    landmarks: np.ndarray | None = None,
) -> Result:
    n = len(probs)
    faces = Faces(
        np.tile(np.array([1, 2, 30.456, 40], np.float32), (n, 1)) if boxes is None else boxes,
        np.full((n, 5, 2), np.nan, np.float32) if landmarks is None else landmarks,
        np.full(n, 0.93216, np.float32),
    )
    uncertain = probs.max(axis=1, initial=0) < 0.5
    frame = Frame(np.zeros((48, 64, 3), np.uint8))
    return Result(frame, faces, np.full(n, -1, np.int64), probs, labels, uncertain, quality=("good", "small")[:n])


MODEL = {"name": "tiny", "version": "0.0.0", "sha256": "0123456789abcdef", "prior": 0.3}
SETTINGS: dict[str, Setting] = {"detector": "yunet", "min-score": None, "min-face": 0.0, "largest": False}
MADE = Made(MODEL, SEVEN, SETTINGS)
NAME = "tiny 0.0.0 0123456789ab prior 0.3"

NONE, ONE, TWO = (result_of(PROBS[:n]) for n in range(3))
PICTURES: list[tuple[str, Result | str]] = [
    ("a.jpg", TWO),
    ("empty,room.png", NONE),
    ("bad.gif", "not a picture: bad.gif"),
    ('the "boss".jpg', ONE),
    ("Ærø\n2.jpg", TWO),
    ("last.png", NONE),
]


def put(sink: Sink, pictures: Iterable[tuple[str, Result | str]]) -> None:
    for path, outcome in pictures:
        if isinstance(outcome, str):
            sink.fail(path, outcome)
        else:
            sink.write(path, outcome)
