"""Names of files as text: they are bytes, of which not all are text."""

from __future__ import annotations


def spelled(text: str) -> str:
    r"""Return a text that holds names, with bytes that are not UTF-8 spelled out, so that any file can hold it.

    Python keeps such bytes as lone surrogates: "caf\udce9.mp4" has its accent in Latin-1.
    """
    return text.encode("utf-8", "backslashreplace").decode()
