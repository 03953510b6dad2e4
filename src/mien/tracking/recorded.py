"""The results of a video from its log, as they were, without a detector and a net."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from mien.core.errors import UsageError
from mien.core.frame import Frame
from mien.results.analysis import analysis_from_dict
from mien.results.document import ModelEntry, PictureEntry
from mien.tracking.tracked_result import TrackedResult

NO_PICTURE = np.zeros((0, 0, 3), np.uint8)


def recorded_results(
    entries: Iterable[PictureEntry], labels: tuple[str, ...], model: ModelEntry, frames: Iterable[Frame] | None = None
) -> Iterator[TrackedResult]:
    """Yield the results of a video's frames.

    Args:
        entries: of the frames, as its log has them (docs/SCHEMA.md).
        labels: the emotions.
        model: what saw the faces.
        frames: of the video; None where it is gone, and then the frames have no pixels.

    Raises:
        UsageError: the frames are those of another video.
    """
    pictures = None if frames is None else iter(frames)
    for entry in entries:
        frame = _without_pixels(entry) if pictures is None else _same_moment(next(pictures, None), entry)
        yield _result(entry, frame, labels, model)


def _without_pixels(entry: PictureEntry) -> Frame:
    size = entry["width"], entry["height"]
    number = entry.get("source_frame", -1)
    return Frame(NO_PICTURE, entry.get("frame", 0), entry.get("time_s", 0.0), entry["path"], size, number)


def _same_moment(frame: Frame | None, entry: PictureEntry) -> Frame:
    here = None if frame is None else (frame.size, round(frame.time_s, 6))
    if frame is None or here != ((entry["width"], entry["height"]), entry.get("time_s")):
        raise UsageError(
            f"{entry['path']} is not the clip that its log is of: frame {entry.get('frame', 0)} at "
            f"{entry.get('time_s', 0.0):.2f} s is not in it; put the clip of the first run back, or move this one away"
        )
    return frame


def _result(entry: PictureEntry, frame: Frame, labels: tuple[str, ...], model: ModelEntry) -> TrackedResult:
    alone, faces = analysis_from_dict(entry, frame, labels, model), entry["faces"]
    probs = [[face["probabilities"][name] for name in labels] for face in faces]
    return TrackedResult(
        frame=frame,
        faces=alone.faces,
        ids=np.array([face.get("id", -1) for face in faces], np.int64),
        probs=np.array(probs, np.float32).reshape(len(faces), len(labels)),
        labels=labels,
        uncertain=np.array([face["uncertain"] for face in faces], np.bool_),
        quality=alone.quality,
        model=model,
        raw=alone.probs,
        shown=tuple(face["emotion"] for face in faces),
    )
