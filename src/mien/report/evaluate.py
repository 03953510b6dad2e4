"""Scores of the ONNX file that ships, never of the Keras model it came from."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mien.core import metrics
from mien.core.emotions import EIGHT, SEVEN, to_seven
from mien.core.errors import DataError, ModelError, UsageError
from mien.core.protocols import CLASSES, PROTOCOLS, UNCOUNTED, Labels
from mien.data.split import Split, load_split
from mien.infer.classify import Classifier
from mien.report.robustness import Robustness, measure_robustness

Probs = NDArray[np.float64]

SCORES = ("accuracy", "interval", "macro_f1", "weighted_f1", "balanced_accuracy", "ece", "ece_raw", "jsd")
"""The headline figures of a block, beside ``n``, ``per_class`` and ``confusion``."""

DIGITS = 6
"""Decimals in the document: enough for any comparison, few enough to hide the last bits of a sum."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The faces of a split under one protocol.

    Attributes:
        classes: the K emotions that the protocol tells apart.
        truth: (N,) int64, index into classes, ``UNCOUNTED`` where the protocol leaves the face out.
        probs: (N, K) float64, what the model answers.
        raw: (N, K) float64, what it would answer at temperature 1.
    """

    classes: tuple[str, ...]
    truth: Labels
    probs: Probs
    raw: Probs


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What ``evaluate`` found.

    Attributes:
        document: the content of ``metrics.json``.
        views: protocol -> its view of the N faces.
        split: the N faces.
        labels: the model's K emotions.
        probs: (N, K) float64, the model's answers over its own labels.
    """

    document: dict[str, Any]
    views: dict[str, View]
    split: Split
    labels: tuple[str, ...]
    probs: Probs


def evaluate(
    model: Path,
    data: Path,
    split: str = "valid",
    protocols: Sequence[str] = tuple(PROTOCOLS),
    *,
    speed: bool = False,
    robustness: bool = False,
) -> Report:
    """Score a model file on a split, under each protocol, on all faces and on the clean ones.

    Args:
        model: the ONNX file.
        data: folder of a prepared data set.
        split: "valid" (PublicTest) or "test" (PrivateTest); "train" tells how well the model remembers.
        protocols: names in ``mien.core.protocols.PROTOCOLS``. With one, the document is flat; with several, each has
            its place under "protocols".
        speed: also time the model. Off, the same files give the same document everywhere.
        robustness: also score under each corruption of ``mien.vision.corrupt``: ten times the work.

    Raises:
        UsageError: an unknown protocol, or none.
        DataError: the split cannot be read, or has no face that counts under a protocol.
        ModelError: the model cannot be read, or has labels other than the seven or the eight.
    """
    _check_protocols(protocols)
    classifier = _scorable(model)
    labels = classifier.card.labels
    faces = load_split(data, split)
    probs = normalised(classifier(crops(faces, classifier)))
    views = {name: _view(name, faces, probs, labels, classifier.card.temperature) for name in protocols}
    distance = _distance(faces, probs, labels)
    blocks = {name: _protocol(name, view, distance, faces.clean) for name, view in views.items()}
    document: dict[str, Any] = {
        "model": model.name,
        "sha256": classifier.sha256,
        "temperature": classifier.card.temperature,
        "split": split,
        "split_sha256": faces.sha256(),
    }
    if len(protocols) == 1:
        document |= {"protocol": protocols[0], **blocks[protocols[0]]}
    else:
        document["protocols"] = blocks
    if speed:
        document["speed"] = measure_speed(model, crops(faces, classifier))
    if robustness:
        document["robustness"] = _robustness(faces, views, classifier)
    return Report(document, views, faces, labels, probs)


def _check_protocols(protocols: Sequence[str]) -> None:
    """Raise UsageError unless there is a protocol and each is known."""
    unknown = [name for name in protocols if name not in PROTOCOLS]
    if unknown or not protocols:
        wrong = f"unknown protocol '{unknown[0]}'" if unknown else "no protocol was named"
        raise UsageError(f"{wrong}; expected one or more of {', '.join(PROTOCOLS)}")


def _scorable(model: Path) -> Classifier:
    """Return the model, unless it has labels of its own."""
    classifier = Classifier(model)
    labels = classifier.card.labels
    if labels not in (SEVEN, EIGHT):
        raise ModelError(f"{model} has the labels {labels}; the protocols score {SEVEN} or {EIGHT}")
    return classifier


def crops(faces: Split, classifier: Classifier) -> NDArray[np.uint8]:
    """Return the faces (N, S, S, C) uint8 as the model takes them.

    Raises:
        DataError: they have another size.
    """
    spec = classifier.card.crop
    if faces.images.shape[1:] != (spec.size_px, spec.size_px):
        raise DataError(
            f"the split's faces are {faces.images.shape[1:]} px, the model takes {spec.size_px} px; "
            "prepare the data at the model's size"
        )
    return np.repeat(faces.images[..., None], spec.channels, axis=3)


def normalised(rows: NDArray[Any]) -> Probs:
    """Return rows (N, K) of numbers of 0 or more as float64 distributions; a row of zeros becomes NaN."""
    sums = rows.sum(axis=1, keepdims=True, dtype=np.float64)
    return np.divide(rows, sums, out=np.full(rows.shape, np.nan), where=sums > 0)


def seen_as(probs: Probs, classes: tuple[str, ...]) -> Probs:
    """Return distributions over the seven or the eight as distributions over the others.

    Eight labels become seven by counting contempt as neutral; seven become eight by giving contempt the probability
    0, so that such a model misses each face of contempt under ``majority``.
    """
    if probs.shape[1] == len(classes):
        return probs
    if len(classes) == len(SEVEN):
        return to_seven(probs)
    return np.pad(probs, ((0, 0), (0, 1)))


def _view(protocol: str, faces: Split, probs: Probs, labels: tuple[str, ...], temperature: float) -> View:
    """Return the faces under one protocol.

    The temperature T is inside the graph: p = softmax(z / T), so p**T is softmax(z) up to the row's sum.
    """
    classes = CLASSES[protocol]
    truth = PROTOCOLS[protocol](faces.votes, faces.emotions)
    if not (truth != UNCOUNTED).any():
        raise DataError(f"no face of the split counts under the protocol '{protocol}'; check the votes and labels")
    raw = normalised(probs**temperature)
    return View(classes, truth, seen_as(probs, classes), seen_as(raw, classes))


def _distance(faces: Split, probs: Probs, labels: tuple[str, ...]) -> Probs:
    """Return (N,) the Jensen-Shannon divergence in nats between the model's answer and the votes, over its own labels.

    Votes for "unknown" and "not a face" are set aside; NaN where no others are left.
    """
    votes = faces.votes[:, : len(EIGHT)].astype(np.float64)
    return metrics.jensen_shannon(probs, normalised(seen_as(votes, labels)))


def _protocol(name: str, view: View, distance: Probs, clean: NDArray[np.bool_]) -> dict[str, Any]:
    """Return the two blocks of one protocol."""
    counted = view.truth != UNCOUNTED
    return {"all": _block(view, distance, counted), "clean": _block(view, distance, counted & clean)}


def _block(view: View, distance: Probs, chosen: NDArray[np.bool_]) -> dict[str, Any]:
    """Return every score over the chosen faces (N,) bool; null where there are none."""
    names = view.classes
    if not chosen.any():
        return {"n": 0, **dict.fromkeys(SCORES), "per_class": None, "confusion": None}
    truth, probs = view.truth[chosen], view.probs[chosen]
    predicted = probs.argmax(axis=1)
    confusion = metrics.confusion_matrix(truth, predicted, len(names))
    scores = metrics.class_scores(confusion)
    known = distance[chosen][~np.isnan(distance[chosen])]
    headline = {
        "accuracy": _rounded(metrics.accuracy(truth, predicted)),
        "interval": [_rounded(bound) for bound in metrics.accuracy_interval(truth, predicted)],
        "macro_f1": _rounded(scores.macro_f1),
        "weighted_f1": _rounded(scores.weighted_f1),
        "balanced_accuracy": _rounded(scores.balanced_accuracy),
        "ece": _rounded(metrics.calibration(truth, probs).error),
        "ece_raw": _rounded(metrics.calibration(truth, view.raw[chosen]).error),
        "jsd": _rounded(known.mean()) if len(known) else None,
    }
    columns = zip(names, scores.precision, scores.recall, scores.f1, scores.support, strict=True)
    return {
        "n": len(truth),
        **headline,
        "per_class": {
            label: {"precision": _rounded(p), "recall": _rounded(r), "f1": _rounded(f1), "support": int(n)}
            for label, p, r, f1, n in columns
        },
        "confusion": confusion.tolist(),
    }


def _robustness(faces: Split, views: dict[str, View], classifier: Classifier) -> dict[str, Any]:
    """Return protocol -> accuracy on all faces as they are, under each corruption, their mean and its share."""

    def predict(images: NDArray[np.uint8]) -> dict[str, Labels]:
        probs = normalised(classifier(crops(replace(faces, images=images), classifier)))
        return {name: seen_as(probs, view.classes).argmax(axis=1) for name, view in views.items()}

    def block(found: Robustness) -> dict[str, Any]:
        return {
            "n": found.n,
            "accuracy": _rounded(found.accuracy),
            "corruptions": {name: _rounded(score) for name, score in found.corruptions.items()},
            "mean": _rounded(found.mean),
            "share": None if found.share is None else _rounded(found.share),
        }

    truth = {name: view.truth for name, view in views.items()}
    return {name: block(found) for name, found in measure_robustness(faces.images, truth, predict).items()}


def _rounded(score: float) -> float:
    """Return a score as it stands in the document."""
    return round(float(score), DIGITS)


def measure_speed(model: Path, faces: NDArray[np.uint8]) -> dict[str, Any]:
    """Time a model on this machine: median of repeated runs, with a thread for each core."""
    threads = os.cpu_count() or 1
    classifier = Classifier(model, threads)
    return {
        "ms_per_face_batch_1": round(1e3 * _median_s(classifier, faces[:1], runs=100), 3),
        "faces_per_s_batch_64": round(64 / _median_s(classifier, np.resize(faces, (64, *faces.shape[1:])), runs=15), 1),
        "threads": threads,
        "file_bytes": model.stat().st_size,
    }


def _median_s(classify: Callable[[NDArray[np.uint8]], object], faces: NDArray[np.uint8], runs: int) -> float:
    """Return the median time of a call in seconds; the first calls warm the session up and do not count."""
    times: list[float] = []
    for _ in range(runs + 3):
        start = time.perf_counter()
        classify(faces)
        times.append(time.perf_counter() - start)
    return float(np.median(times[3:]))
