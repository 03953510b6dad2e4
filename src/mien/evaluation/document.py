"""The keys of ``metrics.json``: what ``mien evaluate`` writes, and pages, plots and tables read.

Scores are 0 to 1, rounded to ``mien.evaluation.scores.DIGITS`` decimals.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict, TypeGuard


class ClassRow(TypedDict):
    """The scores of one emotion; support is its number of faces."""

    precision: float
    recall: float
    f1: float
    support: int


class Scores(TypedDict):
    """All scores of n faces under one protocol; the rows of ``confusion`` are the true emotions."""

    n: int
    accuracy: float
    interval: list[float]
    macro_f1: float
    weighted_f1: float
    balanced_accuracy: float
    ece: float
    ece_weighted: float
    ece_raw: float | None
    jsd: float | None
    jsd_shown: float | None
    per_class: dict[str, ClassRow]
    confusion: list[list[int]]


class NoScores(TypedDict):
    """The same keys where no face counts: n is 0 and all else null."""

    n: int
    accuracy: None
    interval: None
    macro_f1: None
    weighted_f1: None
    balanced_accuracy: None
    ece: None
    ece_weighted: None
    ece_raw: None
    jsd: None
    jsd_shown: None
    per_class: None
    confusion: None


class ProtocolBlocks(TypedDict):
    """The scores of all faces that count under a protocol, and of those without a near-duplicate in training."""

    all: Scores
    clean: Scores | NoScores


class SetRow(Scores):
    """The scores of one data set, or of a half of it; ``kept`` is the share of faces that are not uncertain.

    ``clean`` are the scores of those of its faces without a near-duplicate in training.
    """

    data: str
    source: str
    half: str
    kept: float | None
    accuracy_kept: float | None
    clean: Scores | NoScores


class GroupFigure(TypedDict):
    """A figure of a group, its 95 % bootstrap interval, and the number of faces behind it."""

    value: float
    interval: list[float]
    faces: int


class GroupRow(TypedDict):
    """A group: its number of faces and its figures by name; a figure that none of its faces has is left out."""

    group: str
    n: int
    figures: dict[str, GroupFigure]


class Gap(TypedDict):
    """How far the two groups lie apart that differ most in a figure for their size, and whether that is more than luck.

    ``p`` is of a permutation test, ``p_holm`` that corrected for all looks of the document, ``real`` whether it is
    under 0.05. ``detectable`` is the smallest gap between the two that would have been called real in 80 % of samples
    of as many faces.
    """

    figure: str
    low: str
    high: str
    gap: float
    p: float
    p_holm: float
    real: bool
    detectable: float


class GroupTable(TypedDict):
    """The groups of one column among the n faces of a data set that chose nothing; others are in no group."""

    data: str
    source: str
    half: str
    column: str
    n: int
    ungrouped: int
    groups: list[GroupRow]
    gaps: list[Gap]


class CoveragePoint(TypedDict):
    """The accuracy of the faces of at least this confidence, and their share."""

    kept: float
    accuracy: float
    confidence: float


class CoverageBlock(TypedDict):
    """The faces that are not uncertain, and the curve over all thresholds; null where a model has no threshold."""

    uncertain_below: float | None
    kept: float | None
    accuracy: float | None
    kept_weighted: float | None
    accuracy_weighted: float | None
    curve: list[CoveragePoint]


class SweepScores(TypedDict):
    """The scores that differ by prior."""

    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    ece_weighted: float


class SweepRow(SweepScores):
    """Those at one prior."""

    prior: float


class PriorSweep(TypedDict):
    """The scores by prior; ``shipped`` is that of the model's card, null if several models differ."""

    shipped: float | None
    rows: list[SweepRow]


class SpeedRow(TypedDict):
    """The speed with a number of threads."""

    threads: int
    ms_per_face_batch_1: float
    faces_per_s_batch_64: float


class RobustnessBlock(TypedDict):
    """The accuracies under corruption; ``share`` is their mean over the accuracy without, null if that is 0."""

    n: int
    accuracy: float
    corruptions: dict[str, float]
    mean: float
    share: float | None


class PhotoScores(TypedDict):
    """The scores of detector, crop and net together on labelled photos."""

    accuracy: float
    interval: list[float]
    macro_f1: float
    balanced_accuracy: float
    called_neutral: float
    per_class: dict[str, ClassRow]
    confusion: list[list[int]]


class PhotoRow(TypedDict):
    """Some of them at one prior."""

    prior: float
    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    called_neutral: float


class PhotosBlock(PhotoScores):
    """Those of n faces, of which the detector found some, at the prior of the document and at others."""

    n: int
    found: int
    labels_sha256: str
    prior_sweep: list[PhotoRow]


class ModelFile(TypedDict):
    """A scored file."""

    model: str
    sha256: str | None
    temperature: float | None


class Heading(ModelFile):
    """What was scored, and how; ``members`` are the files of an ensemble, which has no digest and temperature."""

    members: NotRequired[list[ModelFile]]
    file_bytes: int
    prior: float
    flip: bool


class Metrics(Heading):
    """The whole file. With one protocol it is ``protocol``, ``all`` and ``clean``; with several ``protocols``."""

    split: str
    sources: list[str]
    split_sha256: str
    protocol: NotRequired[str]
    all: NotRequired[Scores]
    clean: NotRequired[Scores | NoScores]
    protocols: NotRequired[dict[str, ProtocolBlocks]]
    prior_sweep: NotRequired[PriorSweep]
    coverage: NotRequired[CoverageBlock]
    sets: NotRequired[list[SetRow]]
    groups: NotRequired[list[GroupTable]]
    speed: NotRequired[list[SpeedRow]]
    robustness: NotRequired[dict[str, RobustnessBlock]]
    photos: NotRequired[PhotosBlock]


def any_face(block: Scores | NoScores) -> TypeGuard[Scores]:
    """Return whether a face counted, so that there are scores."""
    return block["n"] > 0


def protocols_of(document: Metrics) -> dict[str, ProtocolBlocks]:
    """Return protocol -> its blocks, for a document of one protocol or of several."""
    if "protocols" in document:
        return document["protocols"]
    assert "protocol" in document
    assert "all" in document
    assert "clean" in document
    return {document["protocol"]: {"all": document["all"], "clean": document["clean"]}}
