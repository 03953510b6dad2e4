"""One or more model files as one classifier: a net or an ensemble, perhaps averaged over mirror images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mien.core.crop_spec import CropSpec
from mien.core.emotions import EIGHT, SEVEN
from mien.core.errors import DataError, ModelError, UsageError
from mien.core.priors import parse_prior
from mien.data.split import Split
from mien.inference.classifier import BATCH_SIZE, Classifier

Probs = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """Crops (N, S, S, C) uint8 -> probabilities (N, K) float64 at prior 0.

    Attributes:
        models: the files.
        classifiers: their nets, with the same labels and crop; their probabilities are averaged.
        flip: whether the probabilities of a face and its mirror image are averaged.
    """

    models: tuple[Path, ...]
    classifiers: tuple[Classifier, ...]
    flip: bool

    def __call__(self, crops: NDArray[np.uint8]) -> Probs:
        """Return the probabilities of each crop; rows sum to 1."""
        views = [crops, crops[:, :, ::-1]] if self.flip else [crops]
        predicted = [classify(view).astype(np.float64) for classify in self.classifiers for view in views]
        return normalised(np.mean(predicted, axis=0))

    def prior(self, given: float | str | None) -> float:
        """Return the prior to score at: the given one, or that in the cards of the files.

        Raises:
            UsageError: none is given and the files differ, or it is not a prior.
        """
        if given is not None:
            return parse_prior(given)
        if self.shipped_prior is None:
            raise UsageError(f"{self.name} ship with different priors; give a prior: ferplus, balanced or 0 to 1")
        return self.shipped_prior

    @property
    def shipped_prior(self) -> float | None:
        """The prior in the cards of the files; None if they differ."""
        priors = {classifier.card.prior for classifier in self.classifiers}
        return priors.pop() if len(priors) == 1 else None

    @property
    def name(self) -> str:
        """The name of the file; of several with their folders, as every run calls its file model.onnx."""
        if len(self.models) == 1:
            return self.models[0].name
        return " + ".join(f"{model.resolve().parent.name}/{model.name}" for model in self.models)

    @property
    def labels(self) -> tuple[str, ...]:
        """The K emotions."""
        return self.classifiers[0].card.labels

    @property
    def crop(self) -> CropSpec:
        """How the faces are cut."""
        return self.classifiers[0].card.crop

    @property
    def class_shares(self) -> Probs:
        """Share (K,) of each label in the training faces, averaged over the nets."""
        return np.mean([classifier.card.class_shares for classifier in self.classifiers], axis=0)

    @property
    def single(self) -> Classifier | None:
        """The only net, if nothing is averaged."""
        return self.classifiers[0] if len(self.classifiers) == 1 and not self.flip else None

    @property
    def file_bytes(self) -> int:
        """Total size of the files in bytes."""
        return sum(model.stat().st_size for model in self.models)


def load_scorer(
    models: Sequence[Path],
    flip: bool = False,
    threads: int | None = None,
    device: str = "cpu",
    batch_size: int = BATCH_SIZE,
) -> Scorer:
    """Return the scorer of one or more model files; see ``Classifier`` for the settings of their nets.

    Raises:
        ModelError: a file cannot be read, has labels other than the seven or the eight, or does not fit the first.
        UsageError: no file.
    """
    if not models:
        raise UsageError("no model was named; expected one ONNX file or more")
    classifiers = tuple(Classifier(model, threads, device, batch_size) for model in models)
    first = classifiers[0].card
    for model, card in zip(models, (classifier.card for classifier in classifiers), strict=True):
        if card.labels not in (SEVEN, EIGHT):
            raise ModelError(f"{model} has the labels {card.labels}; the protocols score {SEVEN} or {EIGHT}")
        if (card.labels, card.crop) != (first.labels, first.crop):
            raise ModelError(
                f"{model} does not fit {models[0]}: an ensemble needs one set of labels and one crop, got "
                f"{len(card.labels)} labels, {card.crop} and {len(first.labels)} labels, {first.crop}; "
                "score them one by one"
            )
    return Scorer(tuple(models), classifiers, flip)


def normalised(rows: NDArray[np.number]) -> Probs:
    """Return rows (N, K) of numbers of 0 or more as float64 distributions; a row of zeros becomes NaN."""
    sums = rows.sum(axis=1, keepdims=True, dtype=np.float64)
    return np.divide(rows, sums, out=np.full(rows.shape, np.nan), where=sums > 0)


def crops_of(faces: Split, crop: CropSpec) -> NDArray[np.uint8]:
    """Return the faces of a split as the crops (N, S, S, C) uint8 that a model takes.

    Raises:
        DataError: they have another size.
    """
    if faces.images.shape[1:] != (crop.size_px, crop.size_px):
        raise DataError(
            f"the split's faces are {faces.images.shape[1:]} px, the model takes {crop.size_px} px; "
            "prepare the data at the model's size"
        )
    return np.repeat(faces.images[..., None], crop.channels, axis=3)
