"""The card inside every model file: its input, its labels, its calibration, and where it comes from."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from mien.core.crop_spec import CropSpec
from mien.core.errors import ModelError

PRIOR_STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""The priors at which a card says when a face is uncertain."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model file says about itself.

    Attributes:
        name: the model's name.
        version: the version of mien that wrote the file.
        labels: the emotions, in the order of the output's columns.
        crop: how faces are cropped for it.
        temperature: what the logits were divided by, inside the graph.
        class_shares: share of each label in the training faces, in the order of ``labels``; the graph's output is for
            faces with these shares.
        prior: the setting of ``mien.core.priors`` that the file ships with, 0 (as its training faces) to 1 (balanced).
        uncertain_below: the confidence, in the seven-class view, under which a face is uncertain, at each of
            ``PRIOR_STEPS``; above 1 every face is.
        certain_share: share of the validation faces that are not uncertain, at each of ``PRIOR_STEPS``; they count by
            ``mien.core.priors.importance``.
        data_sha256: digest of the training split's arrays.
        metrics: a few headline figures, each with its split and protocol in its name.
        notes: recipe, seed, what the model is for and what it is not for.
    """

    name: str
    version: str
    labels: tuple[str, ...]
    crop: CropSpec
    temperature: float
    class_shares: tuple[float, ...]
    prior: float
    uncertain_below: tuple[float, ...]
    certain_share: tuple[float, ...]
    data_sha256: str
    metrics: dict[str, float] = field(default_factory=dict[str, float])
    notes: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        """Refuse shares, thresholds and a prior with which the prior cannot be applied."""
        shares = self.class_shares
        if len(shares) != len(self.labels) or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-3:
            raise ValueError(f"a card needs a share above 0 for each of {self.labels}, of sum 1; got {shares}")
        if not 0 <= self.prior <= 1:
            raise ValueError(f"a card's prior lies in 0..1; got {self.prior}")
        if not len(self.uncertain_below) == len(self.certain_share) == len(PRIOR_STEPS):
            raise ValueError(
                f"a card needs a threshold and a share at each of {PRIOR_STEPS}; got {self.uncertain_below}"
            )

    def uncertain_at(self, prior: float) -> float:
        """Return the confidence under which a face is uncertain at a prior, 0 to 1; linear between ``PRIOR_STEPS``."""
        return float(np.interp(prior, PRIOR_STEPS, self.uncertain_below))

    def to_json(self) -> str:
        """Return the card as one JSON object."""
        return json.dumps(asdict(self), indent=1)

    @staticmethod
    def from_json(text: str) -> ModelCard:
        """Read a card back.

        Raises:
            ModelError: the text is not a card.
        """
        try:
            values = renamed(json.loads(text))
            for key in ("labels", "class_shares", "uncertain_below", "certain_share"):
                values[key] = tuple(values[key])
            values["crop"] = CropSpec(**values["crop"])
            return ModelCard(**values)
        except (ValueError, TypeError, KeyError) as error:
            raise ModelError(
                f"the model's card cannot be read ({error}); write the file again with 'mien export RUN'"
            ) from error


def renamed(values: dict[str, Any]) -> dict[str, Any]:
    """Return what a card or a ``calibration.json`` holds, by the names that are used today.

    Files of mien before 0.1.0's release call the class shares "prior", and the prior "power".
    """
    if "power" not in values:
        return values
    others = {key: value for key, value in values.items() if key not in {"prior", "power"}}
    return others | {"class_shares": values["prior"], "prior": values["power"]}
