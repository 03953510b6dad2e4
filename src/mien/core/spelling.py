"""Spelling: suggestions for misspelt names, and file names that are not valid UTF-8."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

SHORTEST_NAME = 4
"""Letters of the shortest names that are compared: in shorter ones, one other letter makes another word."""


def near(word: str, known: Iterable[str]) -> list[str]:
    """Return the known names that differ from a word by one typing error, in their order.

    An error is a letter too many, missing or wrong, or two that are swapped, but never the first letter: "hapiness" is
    near "happiness", while neither "Angst" is near "anger" nor "mad" near "sad". Large and small letters are alike.
    """
    return [name for name in known if _one_slip(word.casefold(), name.casefold())]


def did_you_mean(names: Iterable[str]) -> str:
    """Return "did you mean ...?" for some names, to end a message with; empty without names."""
    listed = " or ".join(f"'{name}'" for name in names)
    return f"did you mean {listed}?" if listed else ""


def _one_slip(word: str, name: str) -> bool:
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(word, name, strict=False)))
    if not same or min(len(word), len(name)) < SHORTEST_NAME:
        return False
    rest, wanted = word[same:], name[same:]
    swapped = rest[1:2] + rest[:1] + rest[2:]
    return wanted in (rest[1:], swapped) or wanted[1:] in (rest, rest[1:])


def spelled(text: str) -> str:
    r"""Return a text that holds names, with bytes that are not UTF-8 spelled out, so that any file can hold it.

    Python keeps such bytes as lone surrogates: "caf\udce9.mp4" has its accent in Latin-1.
    """
    return text.encode("utf-8", "backslashreplace").decode()
