"""The models that come with the package."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

PACKAGED = ("mien", "mien-s")
"""Their names, the default first; the second is half as wide, a quarter of the size and twice as fast."""

PACKAGED_NAMES = " or ".join(f"'{name}'" for name in PACKAGED)
"""The names as help and messages say them."""


def default_model() -> Path:
    """Return the path of the default model."""
    return packaged_model(PACKAGED[0])


def packaged_model(name: str) -> Path:
    """Return the path of a model that comes with the package, by its name in ``PACKAGED``."""
    return Path(str(resources.files("mien") / "weights" / f"{name}.onnx"))


def packaged_name(sha256: str) -> str | None:
    """Return the name of the packaged model with this digest; None if there is none."""
    files = {name: packaged_model(name) for name in PACKAGED}
    digests = {hashlib.sha256(file.read_bytes()).hexdigest(): name for name, file in files.items() if file.is_file()}
    return digests.get(sha256)
