"""``Stream``: an analyzer for the successive frames of one video, camera or socket."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mien.core.arrays import Floats, Image
from mien.core.errors import UsageError
from mien.core.faces import Faces
from mien.core.frame import Frame
from mien.detection.roi import RoiDetector
from mien.inference.analyzer import Analyzer, load
from mien.inference.ordered_map import ordered_map
from mien.results.analysis import Analysis, analysis_from_dict
from mien.results.document import PictureEntry
from mien.tracking.appearance import looks
from mien.tracking.person_rule import SURE_SCORE
from mien.tracking.smoothing import SMOOTH_S, Hysteresis, Smoother
from mien.tracking.tracked_result import TrackedResult
from mien.tracking.tracker import MAX_GAP_S, Tracker
from mien.video.shots import ShotDetector, thumbnail

if TYPE_CHECKING:
    from mien.video.reader import Video


@dataclass(frozen=True, slots=True, eq=False)
class SingleFrame:
    """The result of one frame by itself, and what is compared with other frames.

    Attributes:
        analysis: the result, rounded as in documents.
        thumbnail: of the frame, to find cuts to another shot.
        looks: (N, D) float32, what its faces look like.
    """

    analysis: Analysis
    thumbnail: Image
    looks: Floats


class Stream:
    """Names what the faces of successive frames show, and who is who among them.

    A face keeps its id while it is in view and for ``max_gap_s`` after. Its probabilities are averaged over the frames,
    and the emotion to show changes only when another clearly leads. After a cut all faces are new.

    Args:
        analyzer: finds and names the faces of one frame; streams may share it.
        smooth_s: time constant of the average in seconds; 0 takes each frame by itself.
        detect_every: search every N-th frame whole, and those in between only around the faces of the frame before; if
            one of them is not found, the whole frame.
        max_gap_s: for how many seconds a face that is not found keeps its id; 0 gives it another when it comes back.

    Raises:
        UsageError: detect_every is less than 1, or smooth_s or max_gap_s negative.
    """

    def __init__(
        self, analyzer: Analyzer, smooth_s: float = SMOOTH_S, detect_every: int = 1, max_gap_s: float = MAX_GAP_S
    ) -> None:
        if detect_every < 1:
            raise UsageError(
                f"detect_every must be 1 (search each frame whole) or more (every N-th); got {detect_every}"
            )
        if not 0 <= smooth_s < np.inf:
            raise UsageError(f"smooth_s, the time constant of smoothing, must be 0 or more seconds; got {smooth_s}")
        if not 0 <= max_gap_s < np.inf:
            raise UsageError(
                f"max_gap_s, for how long an unseen face keeps its id, must be 0 or more seconds; got {max_gap_s}"
            )
        self.analyzer = analyzer
        self._every = 1 if analyzer.takes_all else detect_every
        self._track, self._smooth = Tracker(max_gap_s), Smoother(smooth_s)
        self._hysteresis, self._new_shot = Hysteresis(max_gap_s=max_gap_s), ShotDetector()
        self._key: Future[Floats] = Future()
        self._planned = 0

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for a copy.

        Raises:
            UsageError: a frame is being worked on.
        """
        if self._planned and not self._key.done():
            raise UsageError("a stream cannot be copied while it works on a frame; wait for the result of the frame")
        return self.__dict__ | {"_key": self._key.result() if self._planned else None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state of a copy."""
        self.__dict__ |= state
        self._key = Future()
        if self._planned:
            self._key.set_result(state["_key"])

    def __call__(self, frame: Frame) -> TrackedResult:
        """Return what the faces of the next frame show; its ``time_s`` must be later than that of the one before."""
        return self.follow(self.plan(frame)())

    def plan(self, frame: Frame, entry: PictureEntry | None = None) -> Callable[[], SingleFrame]:
        """Return the job that detects and classifies the faces of the next frame by itself.

        Call ``plan`` for the frames in order, and ``follow`` with their results in the same order. The jobs may run in
        several threads at once, as long as they are started in that order.

        Args:
            frame: the frame.
            entry: of the frame in a log (``docs/SCHEMA.md``); the result is read from it, and nothing is detected.
        """
        if self._planned % self._every == 0:
            self._key = Future()
            job = partial(self._detect_whole, frame, entry, self._key)
        else:
            job = partial(self._detect_near_known, frame, entry, self._key)
        self._planned += 1
        return job

    def _detect_whole(self, frame: Frame, entry: PictureEntry | None, key: Future[Floats]) -> SingleFrame:
        """Search a whole frame, and pass the boxes of its faces (N, 4) to the frames that wait for them."""
        try:
            analysis = self._read_back(frame, entry) if entry else _whole(self.analyzer, frame)
        except BaseException as error:
            key.set_exception(error)
            raise
        single = _single(analysis)
        key.set_result(single.analysis.faces.boxes)
        return single

    def _detect_near_known(self, frame: Frame, entry: PictureEntry | None, key: Future[Floats]) -> SingleFrame:
        """Search around the faces of an earlier frame, and everywhere if one of them is not found there."""
        known = key.result()
        if entry:
            analysis = self._read_back(frame, entry)
        else:
            analysis = self.analyzer.analyze_with(
                RoiDetector(self.analyzer.detector, known / np.float32(frame.scale)), frame
            )
            if len(analysis) < len(known):
                analysis = _whole(self.analyzer, frame)
        return _single(analysis)

    def _read_back(self, frame: Frame, entry: PictureEntry) -> Analysis:
        return analysis_from_dict(entry, frame, self.analyzer.labels, self.analyzer.model)

    def follow(self, single: SingleFrame) -> TrackedResult:
        """Return the tracked and smoothed result of a frame, given those before it."""
        analysis, time_s = single.analysis, single.analysis.frame.time_s
        if self._new_shot(single.thumbnail):
            self._track.cut()
        faces = analysis.faces
        ids = self._track(faces.boxes, time_s, single.looks, faces.scores >= np.float32(SURE_SCORE))
        probs = self._smooth(ids, analysis.probs, time_s)
        shown = self._hysteresis(ids, probs, time_s)
        return TrackedResult(
            frame=analysis.frame,
            faces=faces,
            ids=ids,
            probs=probs,
            labels=analysis.labels,
            uncertain=self.analyzer.uncertain(probs[np.arange(len(probs)), shown], analysis.quality),
            quality=analysis.quality,
            model=analysis.model,
            raw=analysis.probs,
            shown=tuple(analysis.labels[column] for column in shown),
        )


def single_frame(analyzer: Analyzer, frame: Frame) -> SingleFrame:
    """Return the result of a whole frame by itself: what the first job of a ``Stream`` returns, for its ``follow``."""
    return _single(_whole(analyzer, frame))


def _whole(analyzer: Analyzer, frame: Frame) -> Analysis:
    # Without turned searches: a tilted head would be found upright in some frames and turned in others.
    return analyzer.analyze_with(analyzer.find_faces, frame)


def _single(analysis: Analysis) -> SingleFrame:
    analysis, frame = rounded(analysis), analysis.frame
    seen = looks(frame.image, analysis.faces.boxes / np.float32(frame.scale))
    return SingleFrame(analysis, thumbnail(frame.image), seen)


def rounded(analysis: Analysis) -> Analysis:
    """Return an analysis rounded as in documents, so that one read back leads to the same ids and averages."""
    faces = analysis.faces
    places = Faces(_round(faces.boxes, 2), _round(faces.landmarks, 2), _round(faces.scores, 4))
    return replace(analysis, faces=places, probs=_round(analysis.probs, 4))


def _round(values: Floats, digits: int) -> Floats:
    return np.round(values.astype(np.float64), digits).astype(np.float32)


def tracked_results(
    frames: Iterable[Frame], stream: Stream, recorded: Iterable[PictureEntry] = (), threads: int | None = None
) -> Generator[TrackedResult]:
    """Yield the results of frames in order; several frames are worked on at once.

    Args:
        frames: of one video.
        stream: has seen none of them.
        recorded: entries of the first of the frames (``docs/SCHEMA.md``), which are not analysed again.
        threads: None takes one a core.

    Raises:
        UsageError: an entry differs from the frame's result, as other settings made it.
    """
    entries = iter(recorded)
    jobs = (((entry := next(entries, None)), stream.plan(frame, entry)) for frame in frames)
    for entry, single in ordered_map(lambda job: (job[0], job[1]()), jobs, threads):
        result = stream.follow(single)
        if entry is not None and not _same(result.entry(), entry):
            raise UsageError(
                f"cannot resume the results of {result.frame.path}: at {result.frame.time_s:.2f} s they differ "
                "from what the present settings give; use those of the first run, or write elsewhere"
            )
        yield result


class VideoResults(Iterator[TrackedResult]):
    """The results of a video's frames, in their order: what ``mien.stream`` returns, an iterator of ``TrackedResult``.

    The file is closed after the last one.
    """

    def __init__(self, video: Video, follow: Stream) -> None:
        self._video = video
        self._results = self._follow(follow)

    def __next__(self) -> TrackedResult:
        """Return the result of the next frame.

        Raises:
            VideoError: the video holds no frame.
        """
        return next(self._results)

    @property
    def notes(self) -> list[str]:
        """Notes about the file, as far as it was read, such as that it was cut off; a sentence each."""
        return self._video.notes

    def close(self) -> None:
        """Close the file before the end."""
        self._results.close()
        self._video.close()

    def _follow(self, follow: Stream) -> Generator[TrackedResult]:
        with self._video:
            yield from tracked_results(self._video, follow)


def stream(
    source: str | Path,
    analyzer: Analyzer | None = None,
    *,
    smooth_s: float = SMOOTH_S,
    detect_every: int = 1,
    max_gap_s: float = MAX_GAP_S,
    start_s: float = 0.0,
    end_s: float | None = None,
    fps: float | None = None,
) -> VideoResults:
    """Return what the faces of each frame of a video show, with times and ids, one frame after the other.

    Args:
        source: a file that FFmpeg reads.
        analyzer: None is ``mien.load()``.
        smooth_s: time constant of the smoothing in seconds; 0 takes each frame by itself.
        detect_every: search every N-th frame whole, and those in between only around known faces.
        max_gap_s: for how many seconds a face that is not found keeps its id.
        start_s: where to begin, in seconds.
        end_s: where to end; None is the end.
        fps: take so many frames a second at most; None takes all.

    Raises:
        MissingExtra: PyAV or SciPy is not installed.
        UsageError: a setting is out of its range.
        VideoError: the file cannot be read.
    """
    from mien.video.reader import open_video

    follow = Stream(analyzer or load(), smooth_s, detect_every, max_gap_s)
    return VideoResults(open_video(source, start_s, end_s, fps), follow)


def _same(entry: PictureEntry, recorded: PictureEntry) -> bool:
    """Return whether a frame comes to what was recorded; what an earlier mien did not record is not compared."""
    return all(recorded.get(key, value) == value for key, value in entry.items())
