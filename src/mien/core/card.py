"""The card that every model file carries: how to feed it, what it answers, where it comes from."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from mien.core.errors import ModelError


@dataclass(frozen=True, slots=True)
class CropSpec:
    """How a face is cut for a net.

    Attributes:
        size_px: side of the square crop.
        channels: 1 for grey, 3 for RGB.
        margin: side of the square around the face, as a multiple of the longer side of its box; 1 is the box itself.
        align: whether the square turns with the line between the eyes.
    """

    size_px: int = 48
    channels: int = 1
    margin: float = 1.0
    align: bool = False

    def __post_init__(self) -> None:
        """Refuse what no face can be cut to."""
        if self.size_px < 1 or self.channels not in (1, 3) or not 0 < self.margin < float("inf"):
            raise ValueError(f"a crop needs size_px >= 1, 1 or 3 channels and a margin above 0; got {self}")


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model file says of itself.

    Attributes:
        name: the model's name.
        version: the version of mien that wrote the file.
        labels: the emotions, in the order of the output's columns.
        crop: how to cut the faces that it takes.
        temperature: what the logits were divided by, inside the graph.
        data_sha256: digest of the training split's arrays.
        metrics: a few headline figures, each with its split and protocol in its name.
        notes: recipe, seed, what the model is for and what it is not for.
    """

    name: str
    version: str
    labels: tuple[str, ...]
    crop: CropSpec
    temperature: float
    data_sha256: str
    metrics: dict[str, float] = field(default_factory=dict[str, float])
    notes: dict[str, str] = field(default_factory=dict[str, str])

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
            values: dict[str, Any] = json.loads(text)
            values["labels"] = tuple(values["labels"])
            values["crop"] = CropSpec(**values["crop"])
            return ModelCard(**values)
        except (ValueError, TypeError, KeyError) as error:
            raise ModelError(
                f"the model's card cannot be read ({error}); write the file again with 'mien export RUN'"
            ) from error
