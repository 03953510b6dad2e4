"""``Analyzer``: pictures in, the emotions of their faces out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast, overload

import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Flags, Floats, Image
from mien.core.emotions import EIGHT, SEVEN
from mien.core.errors import UsageError
from mien.core.faces import Faces
from mien.core.frame import Frame
from mien.core.model_card import ModelCard
from mien.core.priors import parse_prior, shown_at
from mien.core.result import Face
from mien.detection.detectors import EVERY_FACE, Detector, FaceFilter, WholeImage, load_detector
from mien.detection.rotations import Turning
from mien.imaging.convert import Source, to_frame
from mien.imaging.crop import Crops, crop_faces
from mien.imaging.quality import GOOD, quality
from mien.inference.classifier import BATCH_SIZE, Classifier, model_file
from mien.results.analysis import Analysis
from mien.results.document import model_entry

if TYPE_CHECKING:
    from mien.inference.explain import Explanation

VIEWS = {"seven": SEVEN, "eight": EIGHT}
"""The ways to show FER+'s eight emotions: with contempt counted as neutral, or apart."""


class FaceClassifier(Protocol):
    """Crops (N, S, S, C) uint8 -> probabilities (N, K) float32 in the order of the card's labels; rows sum to 1."""

    card: ModelCard
    sha256: str

    def __call__(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the probabilities of each crop."""
        ...


class Analyzer:
    """Finds the faces of pictures and names what they show.

    It keeps nothing between pictures, so any number of threads may share one. Pickled or copied, it carries its
    settings and loads its nets again.

    Args:
        detector: (H, W, 3) uint8 RGB -> Faces.
        classifier: crops -> probabilities; its card says how faces are cropped for it.
        prior: how far rare emotions are raised, 0 or "ferplus" (as common as in FER+) to 1 or "balanced" (all equally
            common); None is the card's.
        view: "seven", in which contempt counts as neutral, or "eight" to show it apart; a model of other emotions than
            FER+'s shows its own.
        keep: which of the faces found are kept.

    Attributes:
        detector, classifier, keep: as given.
        prior: the prior in use, 0 to 1.
        labels: the emotions of its results, in order.
        model: the entry of the model in every document (``docs/SCHEMA.md``).
        crop: how faces are cropped: as the model's card says; if the pictures are faces already, without a margin.
        takes_all: whether the detector takes whole pictures for faces.

    Raises:
        UsageError: the prior is none of these, or the model does not tell contempt apart.
    """

    def __init__(
        self,
        detector: Detector,
        classifier: FaceClassifier,
        prior: float | str | None = None,
        view: str = "seven",
        keep: FaceFilter = EVERY_FACE,
    ) -> None:
        card = classifier.card
        self.detector = detector
        self.classifier = classifier
        self.keep = keep
        self.prior = card.prior if prior is None else parse_prior(prior)
        self.labels = _labels(card, view)
        self.model = model_entry(card, classifier.sha256, self.prior)
        # A picture that is a face already is the crop; only detected boxes need the margin.
        self.takes_all = isinstance(detector, WholeImage)
        self._search_turned = detector.turned if isinstance(detector, Turning) else detector
        self.crop = replace(card.crop, margin=1.0) if self.takes_all else card.crop

    @overload
    def __call__(self, source: Source) -> Analysis: ...

    @overload
    def __call__(self, source: Sequence[Source]) -> list[Analysis]: ...

    def __call__(self, source: Source | Sequence[Source]) -> Analysis | list[Analysis]:
        """Return what the faces of a picture show; for a list of pictures, a list.

        The faces of all pictures go through the net together, and the results hold the pictures. The detector "yunet"
        turns a picture by 90, 180 or 270 degrees if only then a face in it is upright (``Faces.turn``). For thousands
        of files use ``mien.pipeline``, which holds a few at a time and goes on after one that cannot be read.

        Args:
            source: a path, the bytes of a file, an array (H, W, 3) RGB or (H, W) grey uint8, a PIL image, a Frame, or
                a list of any of these.

        Raises:
            ImageError: a picture cannot be read.
        """
        if isinstance(source, str | bytes | bytearray | memoryview) or not isinstance(source, Sequence):
            return self._analyze([to_frame(cast("Source", source))], self._find_turned)[0]
        return self._analyze([to_frame(one) for one in source], self._find_turned)

    def analyze_with(self, detector: Detector, frame: Frame) -> Analysis:
        """Return the result of one frame, for all faces that the given detector finds in it."""
        return self._analyze([frame], detector)[0]

    def find_faces(self, image: Image) -> Faces:
        """Return the faces of image (H, W, 3) uint8 RGB that are kept, without turning the picture."""
        return self.keep(self.detector(image))

    def _find_turned(self, image: Image) -> Faces:
        """Return the faces of image (H, W, 3) that are kept; if none is upright, the detector may turn the picture."""
        return self.keep(self._search_turned(image))

    def probabilities(self, crops: Crops) -> Floats:
        """Return the probabilities (N, K) of ``labels`` for faces that are cut already, crops (N, S, S, C) uint8."""
        return shown_at(self.classifier(crops), self.classifier.card.class_shares, self.labels, self.prior)

    def explain_crop(self, crop: Crops, face: Face, emotions: int) -> Explanation:
        """Return what ``Face.explain`` does, of a face whose crop (S, S, C) the net saw."""
        # explain needs an analyzer, so it cannot be imported above.
        from mien.inference.explain import explain_crop

        return explain_crop(face, crop, self, emotions)

    def certain_from(self) -> float:
        """Return the confidence from which a face of good quality is certain, at the prior in use."""
        return self.classifier.card.uncertain_at(self.prior)

    def uncertain(self, confidence: Floats, quality: Sequence[str]) -> Flags:
        """Return which of N faces are uncertain: the one rule for pictures and videos (docs/UNCERTAINTY.md).

        A face is uncertain if the probability of its emotion is under the model's threshold, or if it is small, turned
        or blurred: the threshold was fitted on faces of good quality.

        Args:
            confidence: (N,) the probability of the emotion that is shown.
            quality: N of "good", "small", "turned" and "blurred".
        """
        return (confidence < self.certain_from()) | np.array([one != GOOD for one in quality], np.bool_)

    def _analyze(self, frames: list[Frame], detector: Detector) -> list[Analysis]:
        found = [self._find(frame, detector) for frame in frames]
        probs = self._judge([one.crops for one in found])
        results: list[Analysis] = []
        start = 0
        for frame, one in zip(frames, found, strict=True):
            end = start + len(one.faces)
            ids = np.full(len(one.faces), -1, np.int64)
            shares = probs[start:end]
            unsure = self.uncertain(shares.max(axis=1), one.quality)
            asked = tuple(partial(self.explain_crop, crop) for crop in one.crops)
            fields = (frame, one.faces, ids, shares, self.labels, unsure, one.quality, self.model)
            results.append(Analysis(*fields, explainers=asked))
            start = end
        return results

    def _find(self, frame: Frame, detector: Detector) -> _Found:
        seen = detector(frame.image)
        crops = crop_faces(frame.image, seen, self.crop)
        faces = seen.scaled(np.full(2, frame.scale, np.float32))
        # In pixels of the picture as it was read, which may be reduced: the net saw no more.
        return _Found(faces, crops, quality(seen, crops))

    def _judge(self, crops: list[Crops]) -> Floats:
        """Return the probabilities (N, K) of the faces of all pictures."""
        spec = self.crop
        none = np.zeros((0, spec.size_px, spec.size_px, spec.channels), np.uint8)
        return self.probabilities(np.concatenate([none, *crops]))


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """The N faces of a picture, ready for the net."""

    faces: Faces
    crops: Crops
    quality: tuple[str, ...]


def _labels(card: ModelCard, view: str) -> tuple[str, ...]:
    """Return the emotions of the results; a model of other emotions than FER+'s keeps its own."""
    if view not in VIEWS:
        raise UsageError(f"unknown view '{view}'; expected {' or '.join(VIEWS)}")
    if card.labels == EIGHT:
        return VIEWS[view]
    if view == "eight":
        raise UsageError(f"the model knows {', '.join(card.labels)}, so contempt cannot be shown apart; use 'seven'")
    return card.labels


def load(
    model: str | Path | None = None,
    detector: str | Detector = "yunet",
    prior: float | str | None = None,
    *,
    view: str = "seven",
    device: str = "cpu",
    threads: int | None = None,
    batch_size: int = BATCH_SIZE,
    small_faces: bool = False,
    min_face_px: float = 0.0,
    min_score: float | None = None,
    largest: bool = False,
) -> Analyzer:
    """Return an analyzer; load it once and share it between calls and threads, as loading takes as long as ten faces.

    Args:
        model: a file of ``mien export``; "mien-s", the packaged model that is smaller and faster; None is the default.
        detector: "yunet"; "haar"; "none", for which the whole picture is the face; or any callable that takes an
            image (H, W, 3) uint8 RGB and returns ``Faces``.
        prior: how common emotions are taken to be, "ferplus" (0) to "balanced" (1) or a number between them; None is
            the model's.
        view: "seven", in which contempt counts as neutral, or "eight" to show it apart; a model of other emotions than
            FER+'s shows its own.
        device: on which the net that names emotions runs: "cpu", "cuda", "coreml" or "openvino", as far as the
            installed ONNX Runtime has it.
        threads: processor threads that one call of a net uses; None is one a core, and two for the search of faces.
        batch_size: faces that go through the net at once, at most.
        small_faces: also search large pictures for faces that are small in them, which takes longer.
        min_face_px: faces with a shorter longer side are left out, in pixels of the picture as it is read; where that
            is a reduction, the boxes of results are larger by its scale (``Frame.scale``).
        min_score: faces of which the detector is less sure are left out, 0 to 1; None is the detector's own.
        largest: keep only the largest face of each picture.

    Raises:
        ModelError: the file is no model of mien, or does not start on the device.
        DetectorError: the installed OpenCV cannot provide the detector.
        UsageError: an unknown detector, view, device or prior; a device that the installed ONNX Runtime lacks; a view
            that the model cannot show; a size that is no number of pixels; or an option that the detector lacks.
        ValueError: threads or batch_size is less than 1.
    """
    keep = FaceFilter(min_face_px, largest)
    if isinstance(detector, str):
        find = load_detector(
            detector,
            min_score=min_score,
            small_faces=small_faces,
            threads=threads,
        )
    elif small_faces or min_score is not None:
        raise UsageError("small_faces and min_score are for mien's own detectors; set them on your own detector")
    else:
        find = detector
    net = Classifier(model_file(model), threads, device, batch_size)
    return Analyzer(find, net, prior, view, keep)


@overload
def classify(crop: Source) -> Face: ...


@overload
def classify(crop: Sequence[Source]) -> list[Face]: ...


def classify(crop: Source | Sequence[Source]) -> Face | list[Face]:
    """Return the emotions of a face that you have cropped yourself, by the packaged model.

    ``mien.load(model, detector="none")`` does the same with another model or other settings.

    Args:
        crop: the face from chin to forehead, of any size and form, as any of the pictures that an ``Analyzer`` takes;
            or a list of them, which go through the net together. The longer side is scaled to the net's input, and
            the shorter one is padded with its edge pixels.

    Returns:
        A face, whose box is the whole crop; for a list, a list.

    Raises:
        ImageError: a crop cannot be read.
    """
    results = _for_crops()(crop)
    return results[0] if isinstance(results, Analysis) else [result[0] for result in results]


@cache
def _for_crops() -> Analyzer:
    # Kept, as loading takes longer than one crop, and most callers have crops one by one.
    return load(detector="none")
