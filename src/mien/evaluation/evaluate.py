"""Scores of exported ONNX files, never of the Keras model that they were made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.core import metrics
from mien.core.emotions import SEVEN
from mien.core.errors import DataError, UsageError
from mien.core.priors import shown_at
from mien.core.protocols import PROTOCOLS, UNCOUNTED, Labels
from mien.data.split import Split, load_split
from mien.detection.yunet import YuNet
from mien.evaluation.coverage import coverage_block
from mien.evaluation.data_sets import Predicted, score_sets, viewer
from mien.evaluation.document import (
    Heading,
    Metrics,
    ModelFile,
    PhotosBlock,
    PriorSweep,
    ProtocolBlocks,
    RobustnessBlock,
    SweepScores,
)
from mien.evaluation.ensemble import Probs, Scorer, crops_of, load_scorer
from mien.evaluation.groups import score_groups
from mien.evaluation.photos import photos_block, read_photos
from mien.evaluation.robustness import measure_robustness, robustness_block
from mien.evaluation.scores import View, protocol_blocks, rounded
from mien.evaluation.speed import measure_speed
from mien.inference.classifier import BATCH_SIZE

SWEEP = tuple(step / 10 for step in range(11))
"""The priors at which the sweep takes the scores."""


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """The result of ``evaluate``.

    Attributes:
        document: the content of ``metrics.json``.
        views: protocol -> the N faces under it.
        split: the N faces.
        labels: the model's K emotions.
        probs: (N, K) float64, the model's probabilities over its own labels.
    """

    document: Metrics
    views: dict[str, View]
    split: Split
    labels: tuple[str, ...]
    probs: Probs


def evaluate(
    models: Path | Sequence[Path],
    data: Path | Sequence[Path],
    split: str = "valid",
    protocols: Sequence[str] | None = None,
    *,
    prior: float | str | None = None,
    flip: bool = False,
    speed: bool = False,
    robustness: bool = False,
    photos: Path | None = None,
    groups: Sequence[Path] | None = None,
    device: str = "cpu",
    threads: int | None = None,
    batch_size: int = BATCH_SIZE,
) -> Report:
    """Score a model file on a split under each protocol, on all faces and on the clean ones.

    Args:
        models: the ONNX file, or several, whose probabilities are averaged.
        data: the folder that ``mien prepare`` wrote, or several. Each data set has a row under "sets"; all else is
            about the first, usually FER2013.
        split: "valid" (PublicTest) or "test" (PrivateTest); "train" shows how much is memorised.
        protocols: names in ``mien.core.protocols.PROTOCOLS``; None is all under which a face of the first data set
            counts. With one, the document is flat; with several, each has an entry under "protocols". The prior
            sweep, coverage and sets need "seven" among them.
        prior: of all scores: 0 or "ferplus" to 1 or "balanced"; None is the model's own.
        flip: average each face with its mirror image.
        speed: also time the model. Without it the same files give the same document on every machine.
        robustness: also score under each corruption of ``mien.imaging.corruptions``: ten times the work.
        photos: a folder of photos with labelled faces, on which detector, crop and model are scored together.
        groups: tables of groups, one line a face, by which every figure under ``seven`` is told too, as
            ``mien.data.groups_table.read_groups`` takes them; ``picture`` is by what the pictures are like.
        device: on which the nets run, as in ``mien.load``. Speed is always that of the processor.
        threads: processor threads that a net uses; None is one a core.
        batch_size: faces that go through a net at once, at most.

    Raises:
        UsageError: an unknown protocol, or none; groups without ``seven``; no prior given for models that differ in
            it.
        DataError: the split or the photos' labels cannot be read, or no face counts under a protocol.
        ImageError: a photo cannot be read.
        ModelError: a model cannot be read, has labels other than the seven or the eight, or does not fit the others.
    """
    _check_protocols(tuple(PROTOCOLS) if protocols is None else protocols)
    if groups and protocols is not None and "seven" not in protocols:
        raise UsageError(f"groups are scored under the protocol 'seven'; got {', '.join(protocols)}")
    scorer = load_scorer([models] if isinstance(models, Path) else models, flip, threads, device, batch_size)
    at = scorer.prior(prior)
    folders = [data] if isinstance(data, Path) else data
    predicted = [predict_split(folder, split, scorer) for folder in folders]
    first = predicted[0].of_source(predicted[0].faces.sources[0])
    faces, view = first.faces, viewer(first, scorer)
    card = None if scorer.single is None else scorer.single.card
    protocols = _counting(faces) if protocols is None else protocols
    views = {name: view(name, at) for name in protocols}
    distance = view.distance(at)
    document = _document(
        heading(scorer, at),
        split,
        faces,
        {name: protocol_blocks(seen, distance, faces.clean) for name, seen in views.items()},
    )
    if "seven" in views:
        document["prior_sweep"] = prior_sweep(lambda other: view("seven", other), scorer.shipped_prior)
        document["coverage"] = coverage_block(views["seven"], None if card is None else card.uncertain_at(at))
        document["sets"] = score_sets(predicted, split, scorer, at)
        if groups:
            document["groups"] = score_groups(predicted, groups, split, scorer, at)
    if speed:
        document["speed"] = measure_speed(scorer, crops_of(faces, scorer.crop))
    if robustness:
        document["robustness"] = _robustness(faces, scorer, at, views)
    if photos:
        document["photos"] = _photos(photos, scorer, at)
    return Report(document, views, faces, scorer.labels, view.probs_at(at))


def predict_split(folder: Path, split: str, scorer: Scorer) -> Predicted:
    """Return the faces of a split with what a model says of them.

    Raises:
        DataError: the split cannot be read, holds no face, or faces of another size than the model takes.
    """
    faces = load_split(folder, split)
    if not len(faces):
        raise DataError(f"the split '{split}' of {folder} holds no face; prepare the data again")
    return Predicted(folder.resolve().name, faces, scorer(crops_of(faces, scorer.crop)))


def _counting(faces: Split) -> list[str]:
    """Return the protocols under which a face counts; all of them if none does, for the error message."""
    counting = [name for name, label in PROTOCOLS.items() if (label(faces.votes, faces.emotions) != UNCOUNTED).any()]
    return counting or list(PROTOCOLS)


def _check_protocols(protocols: Sequence[str]) -> None:
    """Raise UsageError unless there is a protocol and each is known."""
    unknown = [name for name in protocols if name not in PROTOCOLS]
    if unknown or not protocols:
        wrong = f"unknown protocol '{unknown[0]}'" if unknown else "no protocol was named"
        raise UsageError(f"{wrong}; expected one or more of {', '.join(PROTOCOLS)}")


def heading(scorer: Scorer, prior: float) -> Heading:
    """Return which files were scored, and how."""
    files: list[ModelFile] = [
        {"model": model.name, "sha256": net.sha256, "temperature": net.card.temperature}
        for model, net in zip(scorer.models, scorer.classifiers, strict=True)
    ]
    size = scorer.file_bytes
    if len(files) == 1:
        return {**files[0], "file_bytes": size, "prior": prior, "flip": scorer.flip}
    whole: ModelFile = {"model": scorer.name, "sha256": None, "temperature": None}
    return {**whole, "members": files, "file_bytes": size, "prior": prior, "flip": scorer.flip}


def _document(heading: Heading, split: str, faces: Split, blocks: dict[str, ProtocolBlocks]) -> Metrics:
    """Return the document of these scores by protocol, flat where there is one protocol."""
    sources = sorted(set(faces.sources.tolist()))
    document: Metrics = {**heading, "split": split, "sources": sources, "split_sha256": faces.sha256()}
    if len(blocks) == 1:
        ((protocol, block),) = blocks.items()
        return {**document, "protocol": protocol, **block}
    return {**document, "protocols": blocks}


def _robustness(faces: Split, scorer: Scorer, prior: float, views: dict[str, View]) -> dict[str, RobustnessBlock]:
    """Return the block "robustness": the accuracies under corruption, by protocol."""

    def predict(images: NDArray[np.uint8]) -> dict[str, Labels]:
        probs = scorer(crops_of(replace(faces, images=images), scorer.crop))
        shares = scorer.class_shares
        return {name: shown_at(probs, shares, view.classes, prior).argmax(axis=1) for name, view in views.items()}

    truth = {name: view.truth for name, view in views.items()}
    return robustness_block(measure_robustness(faces.images, truth, predict))


def _photos(folder: Path, scorer: Scorer, prior: float) -> PhotosBlock:
    """Return the block "photos": all scores at the document's prior, and some at 0, a half and 1."""
    found = read_photos(folder, [scorer.crop], YuNet())
    probs = scorer(found.crops[0])
    priors = sorted({0.0, 0.5, 1.0, prior})
    at_priors = {one: shown_at(probs, scorer.class_shares, SEVEN, one) for one in priors}
    return photos_block(found, at_priors, prior)


def prior_sweep(view_at: Callable[[float], View], shipped: float | None) -> PriorSweep:
    """Return the block "prior_sweep" of ``metrics.json``: scores of the counted faces by prior.

    Args:
        view_at: prior -> the faces at it.
        shipped: the prior in the card, which has a row of its own; None if files differ.
    """
    priors = sorted({*SWEEP} if shipped is None else {*SWEEP, shipped})
    return {"shipped": shipped, "rows": [{"prior": prior, **_sweep_row(view_at(prior))} for prior in priors]}


def _sweep_row(view: View) -> SweepScores:
    """Return the scores at one prior."""
    truth, probs = view.truth[view.counted], view.probs[view.counted]
    predicted = probs.argmax(axis=1)
    scores = metrics.class_scores(metrics.confusion_matrix(truth, predicted, len(view.classes)))
    error = metrics.calibration(truth, probs, weights=view.weights[view.counted]).error
    return {
        "accuracy": rounded(metrics.accuracy(truth, predicted)),
        "balanced_accuracy": rounded(scores.balanced_accuracy),
        "macro_f1": rounded(scores.macro_f1),
        "ece_weighted": rounded(error),
    }
