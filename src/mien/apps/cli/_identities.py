"""What ``mien people`` is told: --merge and --name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from mien.core.errors import UsageError
from mien.report.lanes import clock
from mien.results.clip_log import ClipLog, seen_together
from mien.results.identities import Identities

MOST_NAMED = 3
"""Times in which two are seen together, of which so many are named."""

RESERVED = re.compile(r"events( \d+)?|person \d+")
"""Names that something else in annotations has."""


def told(log: ClipLog, merges: Sequence[str], names: Sequence[str]) -> Identities:
    """Return who is who in a clip, as it was said before and is said now.

    Raises:
        UsageError: what is said now cannot be so.
    """
    merged = dict(log.who.merged)
    for key, text in _pairs(log, "merge", merges):
        other = _known(log, "merge", text)
        merged.pop(key, None)
        if other != key:
            merged[key] = other
        _refuse_circle(key, merged)
    who = Identities(merged)
    called = _names(who, log.who.names) | {who.of(key): _printable(text) for key, text in _pairs(log, "name", names)}
    who = Identities(merged, {key: name for key, name in called.items() if name})
    _refuse_likeness(who)
    _refuse_company(log, who)
    return who


def _pairs(log: ClipLog, option: str, values: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield id and what it is said to be."""
    for value in values:
        key, sign, text = value.partition("=")
        if not sign:
            raise UsageError(
                f"--{option} {value} says nothing of an id; expected as in 3={'1' if option == 'merge' else 'Anna'}"
            )
        yield _known(log, option, key), text


def _known(log: ClipLog, option: str, text: str) -> int:
    """Return an id of the clip."""
    key = int(text) if text.strip().isdecimal() else -1
    if key not in log.ids:
        ids = ", ".join(map(str, sorted(log.ids))) or "none"
        raise UsageError(f"--{option} names id '{text}', which is not in {log.path}; it has {ids}")
    return key


def _printable(name: str) -> str:
    """Return a name on one line, without what no file can hold."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())


def _names(who: Identities, names: Mapping[int, str]) -> dict[int, str]:
    """Return the names of people: their own, or that of the first who was merged with them."""
    found: dict[int, str] = {}
    for key in sorted(names, key=lambda key: (who.of(key) != key, key)):
        found.setdefault(who.of(key), names[key])
    return found


def _refuse_circle(key: int, merged: dict[int, int]) -> None:
    passed, at = {key}, key
    while at in merged:
        at = merged[at]
        if at in passed:
            raise UsageError(f"{key} and {merged[key]} are merged already, the other way round; leave one --merge out")
        passed.add(at)


def _refuse_likeness(who: Identities) -> None:
    """Refuse two people of one name, and names that something else has."""
    ids: dict[str, int] = {}
    for key, name in who.names.items():
        if RESERVED.fullmatch(name):
            raise UsageError(f"--name {key}={name}: mien calls others so; give another name")
        if name in ids:
            raise UsageError(
                f"{ids[name]} and {key} would both be {name}; if they are one person, --merge {key}={ids[name]}"
            )
        ids[name] = key


def _refuse_company(log: ClipLog, who: Identities) -> None:
    """Refuse to make one person of two who are seen in one frame."""
    for (one, other), spans in seen_together(log.entries(), who).items() if who.merged else ():
        times = [clock(low, 1) if low == high else f"{clock(low, 1)} to {clock(high, 1)}" for low, high in spans]
        more = f" and {len(times) - MOST_NAMED} more times" if len(times) > MOST_NAMED else ""
        raise UsageError(
            f"{one} and {other} cannot be one person: both are seen at {', '.join(times[:MOST_NAMED])}{more}; "
            "merge others"
        )
