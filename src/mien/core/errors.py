"""The errors that mien raises, with messages for the person at the keyboard.

Every message says what happened, what was found, what was expected and what to do next.

    MienError
    ├── UsageError      an argument, an option or a recipe key that is not allowed, alone or with others (exit code 2)
    ├── ImageError      a picture that cannot be read or written
    ├── VideoError      a video or a camera that cannot be read, or a film that cannot be written
    ├── DataError       a data set or split file that breaks its layout
    ├── ModelError      a model file that mien cannot run
    ├── TrainingError   a net whose loss is no longer a number
    ├── DetectorError   a face detector that the installed libraries cannot provide
    └── MissingExtra    a feature whose packages are not installed
"""

from __future__ import annotations


class MienError(Exception):
    """Any failure that mien explains."""


class UsageError(MienError):
    """An argument, an option or a recipe key that is not allowed, alone or with others."""


class ImageError(MienError):
    """A picture that cannot be read or written."""


class VideoError(MienError):
    """A video or a camera that cannot be read, or a film that cannot be written."""


class DataError(MienError):
    """A data set or split file that breaks its layout; the message names the file and the row."""


class ModelError(MienError):
    """A model file that mien cannot run."""


class TrainingError(MienError):
    """A net whose loss is no longer a number."""


class DetectorError(MienError):
    """A face detector that the installed libraries cannot provide."""


class MissingExtra(MienError):  # noqa: N818, named for what the user lacks
    """A feature whose packages are not installed."""
