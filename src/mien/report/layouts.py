"""The tables of ``mien video --layout``: a row a face a frame in the columns of py-feat or of OpenFace.

Only columns that mien can fill are there, and three empty ones without which py-feat reads no pose; neither has action
units. Where a face is uncertain the cells of its emotions are empty, as the readers of these tables take every number
for a finding.

Sources: ``feat.utils`` and ``feat.detector`` of py-feat 2.1, which measures angles in radians, upwards, to the
subject's right and leaning there; https://github.com/TadasBaltrusaitis/OpenFace/wiki/Output-Format, whose axes point
right, down and away from the camera.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Container, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from mien.core.output import whole_file
from mien.core.spelling import spelled
from mien.imaging.quality import GOOD
from mien.results.document import FaceEntry, PictureEntry
from mien.results.rows import Row
from mien.results.sinks import csv_line, csv_name

SPOOLED_BYTES = 1 << 20
"""So much of a table is in memory until its end, when it is known who is a person; the rest waits on disk."""

EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""Those of py-feat, in its order."""

POSE = ("Pitch", "Roll", "Yaw", "X", "Y", "Z")
"""The columns of a head's pose, all of which py-feat's ``Fex.poses`` picks; mien knows no place of the head."""


def columns(layout: str, labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns of a layout for these emotions, in order."""
    if layout == "openface":
        head = "frame", "face_id", "timestamp", "confidence", "success", "pose_Rx", "pose_Ry", "pose_Rz"
        return *head, *(f"p_{label}" for label in labels)
    box = "FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore"
    emotions = (emotion for emotion in EMOTIONS if emotion in labels)
    return "frame", *box, *POSE, *emotions, "input", "Identity"


def py_feat(entry: PictureEntry, face: FaceEntry, name: str, labels: tuple[str, ...]) -> Row:
    """Return a row as py-feat writes it; X, Y and Z, the place of the head, are empty."""
    x1, y1, x2, y2 = face["box"]
    yaw, pitch, roll = _radians(face)
    return {
        "frame": _frame(entry),
        "FaceRectX": x1,
        "FaceRectY": y1,
        "FaceRectWidth": round(x2 - x1, 2),
        "FaceRectHeight": round(y2 - y1, 2),
        "FaceScore": face["score"],
        "Pitch": pitch,
        "Roll": _negative(roll),
        "Yaw": _negative(yaw),
        **dict.fromkeys("XYZ"),
        **{emotion: _share(face, emotion) for emotion in EMOTIONS if emotion in labels},
        "input": spelled(entry["path"]),
        "Identity": csv_name(name) or f"Person_{face.get('id', -1)}",
    }


def openface(entry: PictureEntry, face: FaceEntry, name: str, labels: tuple[str, ...]) -> Row:
    """Return a row as OpenFace writes it, with our probabilities behind, which it does not have."""
    yaw, pitch, roll = _radians(face)
    return {
        "frame": _frame(entry) + 1,
        "face_id": face.get("id", -1),
        "timestamp": entry.get("time_s", 0.0),
        "confidence": face["score"],
        "success": int(face["quality"] == GOOD),
        "pose_Rx": _negative(pitch),
        "pose_Ry": _negative(yaw),
        "pose_Rz": roll,
        **{f"p_{label}": _share(face, label) for label in labels},
    }


LAYOUTS: dict[str, Callable[[PictureEntry, FaceEntry, str, tuple[str, ...]], Row]] = {
    "py-feat": py_feat,
    "openface": openface,
}
"""The row that the layout of a name has."""


class LayoutTable:
    """Takes the entries of a clip's frames and writes those of people at the end.

    Args:
        layout: one of ``LAYOUTS``.
        labels: the emotions.
        names: id -> what a person called it.
    """

    def __init__(self, layout: str, labels: tuple[str, ...], names: Mapping[int, str] = MappingProxyType({})) -> None:
        self._layout, self._row, self._labels, self._names = layout, LAYOUTS[layout], labels, names
        self._waiting = tempfile.SpooledTemporaryFile(SPOOLED_BYTES, "w+b")  # noqa: SIM115, closed with the table

    def add(self, entry: PictureEntry) -> None:
        """Keep the faces of the next frame; those that could not be followed are nobody's."""
        for face in entry["faces"]:
            if (key := face.get("id", -1)) >= 0:
                row = self._row(entry, face, self._names.get(key, ""), self._labels)
                self._waiting.write(json.dumps([key, row]).encode() + b"\n")

    def write(self, path: Path, without: Container[int] = ()) -> None:
        """Write the table as CSV, but for ids that are not counted as people.

        Raises:
            OSError: it cannot be written.
        """
        with self._waiting, whole_file(path) as file:
            file.write(csv_line(columns(self._layout, self._labels)))
            for row in self._rows(without):
                file.write(csv_line(row.values()))

    def _rows(self, without: Container[int]) -> Iterator[Row]:
        self._waiting.seek(0)
        for line in self._waiting:
            key, row = json.loads(line)
            if key not in without:
                yield row


def _frame(entry: PictureEntry) -> int:
    """Return the place of a frame in its file, or where that is not known, among those that were taken."""
    return entry.get("source_frame", entry.get("frame", 0))


def _radians(face: FaceEntry) -> tuple[float | None, float | None, float | None]:
    """Return yaw, pitch and roll; None without landmarks."""
    if "pose" not in face:
        return None, None, None
    pose = face["pose"]
    yaw, pitch, roll = (round(math.radians(pose[angle]), 4) for angle in ("yaw_deg", "pitch_deg", "roll_deg"))
    return yaw, pitch, roll


def _negative(angle: float | None) -> float | None:
    return None if angle is None else 0.0 - angle


def _share(face: FaceEntry, emotion: str) -> float | None:
    return None if face["uncertain"] else face["probabilities"].get(emotion)
