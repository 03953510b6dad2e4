"""Recipes: all settings of a training run, as one flat TOML file."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from mien.core.errors import UsageError
from mien.core.spelling import did_you_mean, near
from mien.train.named_callbacks import parse_callbacks
from mien.train.sampling import parse_shares

CHOICES = {
    "model": ("baseline", "deeper", "regularised", "compact", "residual", "dlib", "facenet"),
    "target": ("fer", "seven", "seven-votes", "eight-votes"),
    "loss": ("categorical", "binary"),
    "optimizer": ("adam", "adamw", "sgd"),
    "schedule": ("constant", "cosine"),
    "keep": ("last", "best"),
    "precision": ("auto", "float32", "bfloat16", "float16"),
}
"""Key -> its possible values, for keys with a fixed choice."""


RANGES: dict[str, tuple[float, float]] = {
    # Epochs and seeds go into the seeds of the backends, which have 32 bits (``train.epochs.begin_epoch``).
    "epochs": (1, 2_000),
    "seed": (0, 400_000),
    "batch_size": (1, 16_384),
    "width": (1, 1_024),
    "stem_stride": (1, 8),
    "learning_rate": (0, 10),
    "warmup_epochs": (0, 2_000),
    "early_stopping": (0, 2_000),
    "weight_decay": (0, 1),
    "teacher_temperature": (0.01, 100),
    "sharpening": (0.1, 10),
    "rotation_deg": (0, 180),
    "gamma": (0, 8),
    **dict.fromkeys(("teacher_share", "rarity", "mix", "shift", "large_shift", "light", "erase", "degrade"), (0, 1)),
    # A share of 1 would leave nothing to learn from, or divide by zero.
    **dict.fromkeys(("average", "smoothing", "dropout"), (0, 0.9999)),
    "zoom": (0, 0.9),
}
"""Key -> its least and largest value, for numbers."""

OTHER_NAMES = {
    "lr": "learning_rate",
    "rate": "learning_rate",
    "bs": "batch_size",
    "wd": "weight_decay",
    "decay": "weight_decay",
    "ema": "average",
    "label_smoothing": "smoothing",
    "mixup": "mix",
    "scheduler": "schedule",
    "warmup": "warmup_epochs",
    "patience": "early_stopping",
}
"""Other common name -> key, for suggestions."""

RENAMED_KEYS = {"stray": "large_shift"}
"""Earlier name -> key, as it is in older recipe files and models."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """All settings of a training run.

    Attributes:
        name: the recipe's name; its run lands in ``runs/NAME``.
        model: a name of ``train.nets.models.MODELS``. ``dlib`` and ``facenet`` start from pretrained weights, the
            others from ``start``, or from random ones.
        target: what a face is trained on: the original label (``fer``), the seven-class label (``seven``), votes / 10
            over seven classes (``seven-votes``), or the distribution of the votes over eight (``eight-votes``).
        start: what ``mien train`` starts from unless ``--from`` names another: a packaged net, "mien" or "mien-s", or a
            completed run; "" is off.
        loss: cross-entropy over the softmax (``categorical``), or over each of its classes apart (``binary``).
        epochs: passes over the training split.
        batch_size: faces a step.
        optimizer: ``adam``, ``sgd`` (Nesterov momentum 0.9), or ``adamw``: what ``adam`` is with a ``weight_decay``,
            which must be named with it.
        learning_rate: the peak.
        schedule: ``constant``, or ``cosine`` down to zero.
        warmup_epochs: epochs of linear rise to the peak, for ``cosine``; at most half of the run.
        weight_decay: decoupled: a step subtracts this times the learning rate times the kernel; 0 is off. As momentum
            does not amplify it, 5e-3 here is like 5e-4 where decay is added to the gradient of SGD.
        average: momentum of the exponential moving average of the weights, which is what is kept; 0 is off.
        keep: the epoch whose weights are kept: the ``last``, or the one with the ``best`` validation accuracy.
        early_stopping: training ends behind so many epochs in a row without a better validation accuracy, or, if the
            last epoch is kept, without a lower validation loss; 0 is off. A ``cosine`` stays planned for all epochs.
        width: filters of the first stage of ``compact`` and ``residual``.
        stem_stride: stride of their first convolution; 2 quarters the cost.
        squeeze: whether they have squeeze-and-excitation.
        dropout: their highest dropout rate.
        smoothing: share of the target that goes to the mean target of the split.
        sharpening: for ``eight-votes``: exponent of the shares of the votes, 1 as the taggers gave them; at 2 a face
            with 6 votes of 10 for neutral and 4 for surprise counts 0.69 and 0.31.
        teacher_share: for ``mien distill``: share of the teachers' mean prediction in the target; the votes are the
            rest.
        teacher_temperature: for ``mien distill``: the teachers' logits are divided by it. At 1 they are as sharp as the
            votes that they learnt from; the temperature in their cards is fitted to the taggers' majority instead.
        rarity: how much more often faces of rare emotions are drawn, 0 to 1 (``train.sampling``).
        sources: how often faces of a data set are drawn, as "ferplus=0.7 expw=2"; 1 where it is not named.
        mix: share of the faces that are blended with another one, or get its lower half (``train.augment.mix``).
        flip: whether faces are mirrored at random.
        rotation_deg: largest rotation either way, in degrees.
        zoom: largest change of scale either way, as a share.
        shift: largest shift either way, as a share of the side.
        large_shift: share of the faces that are shifted by up to half a side instead.
        light: largest change of brightness (as a share of the range) and of contrast (as a share).
        gamma: largest change of the exponent of brightness either way, in powers of two.
        erase: probability that a rectangle is erased.
        degrade: probability of each of these: blur or low resolution, noise, JPEG artefacts.
        callbacks: Keras callbacks that watch the training, as "CSVLogger mine:Logger" (``train.named_callbacks``). What
            they remember is not kept when a run is resumed.
        precision: the type in which layers compute; ``auto`` is bfloat16 where it pays. Weights are always float32.
        seed: of the initial weights, the order and all random numbers.
        owes: other data or weights that the net depends on, for its card.
    """

    name: str
    model: str
    target: str
    start: str = ""
    loss: str = "categorical"
    epochs: int = 40
    batch_size: int = 128
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    schedule: str = "constant"
    warmup_epochs: float = 0.0
    weight_decay: float = 0.0
    average: float = 0.0
    keep: str = "last"
    early_stopping: int = 0
    width: int = 32
    stem_stride: int = 1
    squeeze: bool = False
    dropout: float = 0.3
    smoothing: float = 0.0
    sharpening: float = 1.0
    teacher_share: float = 0.7
    teacher_temperature: float = 1.0
    rarity: float = 0.0
    sources: str = ""
    mix: float = 0.0
    flip: bool = False
    rotation_deg: float = 0.0
    zoom: float = 0.0
    shift: float = 0.0
    large_shift: float = 0.0
    light: float = 0.0
    gamma: float = 0.0
    erase: float = 0.0
    degrade: float = 0.0
    callbacks: str = ""
    precision: str = "auto"
    seed: int = 0
    owes: str = ""

    def __post_init__(self) -> None:
        """Refuse values that are out of range."""
        for key, known in CHOICES.items():
            if getattr(self, key) not in known:
                raise UsageError(f"recipe key '{key}' is {getattr(self, key)!r}; expected one of {', '.join(known)}")
        for key, (least, most) in RANGES.items():
            if not least <= getattr(self, key) <= most:  # which no NaN is
                raise UsageError(f"recipe key '{key}' is {getattr(self, key)}; expected {least:,g} to {most:,g}")
        if self.learning_rate == 0:
            raise UsageError("recipe key 'learning_rate' is 0, at which nothing is learnt; expected more, up to 10")
        if self.optimizer == "adamw" and self.weight_decay == 0:
            raise UsageError(
                "recipe key 'optimizer' is 'adamw', which decays weights, but 'weight_decay' is 0; "
                "expected a decay such as 0.01, or 'adam'"
            )
        parse_shares(self.sources)
        parse_callbacks(self.callbacks)
        if not re.fullmatch(r"\w[\w .+-]{0,99}", self.name):
            raise UsageError(
                f"recipe key 'name' is {self.name[:120]!r}; expected the name of a folder: of letters, digits and .+-_"
            )

    def to_toml(self) -> str:
        """Return the recipe as TOML, with every key."""
        return "".join(f"{key} = {json.dumps(value)}\n" for key, value in asdict(self).items())


def read_recipe(path: Path) -> Recipe:
    """Read a recipe file.

    Raises:
        UsageError: no such file, or as for ``parse_recipe``.
    """
    if not path.is_file():
        raise UsageError(f"no such recipe: {path}; expected a TOML file such as recipes/road/5-compact.toml")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path} as a recipe, which is a text in UTF-8: {error}") from error
    return parse_recipe(text, str(path))


def parse_recipe(text: str, name: str) -> Recipe:
    """Return the recipe in a TOML text; errors call it ``name``.

    Raises:
        UsageError: not TOML, an unknown key (with similar ones named), a missing one or a value out of range.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name} is not TOML: {error}") from error
    values = {RENAMED_KEYS.get(key, key): value for key, value in values.items()}
    for key in values:
        _check_key(key)
    missing = {"name", "model", "target"} - values.keys()
    if missing:
        raise UsageError(f"{name} lacks the recipe keys {', '.join(sorted(missing))}")
    return Recipe(**{key: _convert(key, value) for key, value in values.items()})


def override(recipe: Recipe, overrides: Iterable[str]) -> Recipe:
    """Return the recipe with ``key=value`` overrides applied.

    Raises:
        UsageError: an unknown key (with similar ones named) or a value out of range.
    """
    changes: dict[str, object] = {}
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--set takes key=value; got {text!r}")
        key = RENAMED_KEYS.get(key.strip(), key.strip())
        _check_key(key)
        changes[key] = _convert(key, value.strip())
    return replace(recipe, **changes)


def _check_key(key: str) -> None:
    known = [field.name for field in fields(Recipe)]
    if key not in known:
        meant = [OTHER_NAMES[key]] if key in OTHER_NAMES else near(key, known)
        told = did_you_mean(meant) or f"expected one of {', '.join(known)}"
        raise UsageError(f"unknown recipe key {key[:120]!r}; {told}")


def _convert(key: str, value: object) -> object:
    """Return a TOML value or the text of an override as the key's type."""
    kind = {field.name: field.type for field in fields(Recipe)}[key]
    try:
        if kind == "bool":
            return {"true": True, "false": False}[str(value).lower()]
        if kind == "int":
            return int(str(value))
        return float(str(value)) if kind == "float" else str(value)
    except (KeyError, ValueError) as error:
        raise UsageError(f"recipe key '{key}' is {str(value)[:120]!r}; expected a value of type {kind}") from error


FIRST_TRY = Recipe(
    name="first-try",
    model="compact",
    target="eight-votes",
    epochs=6,
    batch_size=64,
    optimizer="adam",
    learning_rate=3e-3,
    schedule="cosine",
    width=8,
    dropout=0.1,
    flip=True,
)
"""Learns the faces of ``data.synthetic`` in under a minute, for a first try without data."""
