"""What results are made with: model, emotions and settings, which must be the same throughout a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mien.core.output import Places
from mien.core.packaged import packaged_name
from mien.core.priors import PRIORS
from mien.results.document import SCHEMA, MadeEntry, ModelEntry, Setting
from mien.results.rows import model_name


@dataclass(frozen=True, slots=True)
class Made:
    """What results are made with.

    Attributes:
        model: the entry of the model.
        labels: the emotions.
        settings: the value of each option that changes a result, by its name without dashes.
        clip: the path of the video whose frames the results are; None for those of pictures.
    """

    model: ModelEntry
    labels: tuple[str, ...]
    settings: Mapping[str, Setting]
    clip: str | None = None

    @property
    def start_clock(self) -> Setting:
        """What a clock showed at the beginning of the video; None where nobody said."""
        return self.settings.get("start-clock")

    @property
    def entry(self) -> MadeEntry:
        """Return what every line of a log says of it."""
        return {"schema": SCHEMA, "model": self.model, "settings": dict(self.settings)}

    def objection(self, entry: Mapping[str, Any], place: Places) -> str:
        """Return why an entry of a log cannot stand in one file with these results; empty where it can.

        Raises:
            KeyError, TypeError, AttributeError: the entry is none of mien's.
        """
        if not isinstance(entry["path"], str):
            raise TypeError("a path is text")
        return next(self._objections(entry, place), "")

    def _objections(self, entry: Mapping[str, Any], place: Places) -> Iterator[str]:
        """Yield what is against an entry; what comes after the first may not be there to be compared."""
        if entry["schema"] != SCHEMA:
            yield f"its schema is {entry['schema']}, and this version of mien writes schema {SCHEMA}"
        if _net(entry["model"]) != _net(self.model):
            yield f"it was made by {_named(entry['model'])}, and this run would use {_named(self.model)}"
        if "faces" in entry and ("time_s" in entry) != (self.clip is not None):
            yield f"it holds {'pictures' if self.clip else 'the frames of a video'}, and this run has the other"
        if "settings" not in entry:
            yield "an earlier mien made it, which did not note its settings"
        prior = {"prior": entry["model"]["prior"]}
        if different := differences(entry["settings"] | prior, {**self.settings, "prior": self.model["prior"]}):
            yield different
        if self.clip is not None and place(entry["path"]) != place(self.clip):
            yield f"it is of {entry['path']}, and this run is of {self.clip}"
        for face in entry.get("faces", ()):
            if tuple(face["probabilities"]) != self.labels:
                shown = ", ".join(face["probabilities"])
                yield f"its emotions are {shown}, and this run would write {', '.join(self.labels)}"


def differences(made: Mapping[str, Setting], now: Mapping[str, Setting]) -> str:
    """Say which options of a file are not those of now; empty where all agree.

    An option that a file does not know, as it came with a later mien, was not given.
    """
    told: list[str] = []
    for name in dict.fromkeys([*made, *now]):
        before, after = made.get(name), now.get(name)
        if (before or None) != (after or None):
            told.append(f"it was made {_before(name, before)}, this run has {_now(name, after)}")
    return "; ".join(told)


def _before(name: str, value: Setting) -> str:
    if value is None or value is False:
        return f"without --{name}"
    return f"with --{name}" if value is True else f"with --{name} {_text(name, value)}"


def _now(name: str, value: Setting) -> str:
    if value is None or value is False:
        return "none"
    return "it" if value is True else _text(name, value)


def _text(name: str, value: Setting) -> str:
    number = f"{value:g}" if isinstance(value, float) else str(value)
    known = {prior: word for word, prior in PRIORS.items()} if name == "prior" else {}
    return f"{number} ({known[value]})" if value in known else number


def _named(model: ModelEntry) -> str:
    """Return a model in words, a packaged one by the name that ``--model`` takes: the cards of all say "mien"."""
    return model_name({**model, "name": packaged_name(model["sha256"]) or model["name"]})


def _net(model: ModelEntry) -> dict[str, object]:
    """Return the entry of a model without its setting, which is told as an option."""
    return dict(model) | {"prior": None}
