"""``~`` and ``~user`` at the start of paths, which shells leave alone in ``--out=~/faces.csv``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mien.core.errors import UsageError


def at_home(value: Any) -> Any:
    """Return what an option or an argument was given, with ``~`` at the start of its paths written out.

    Raises:
        UsageError: one path is in the home of a user whom this machine does not know. Of a list, such paths stay as
            they are, for whoever reads their files to name.
    """
    if isinstance(value, list):
        return [_expanded(one) for one in value]
    expanded = _expanded(value)
    home, below, _ = str(value).partition("/")
    # A file may be called ~draft.csv, and there may be a folder ~old.
    if home.startswith("~") and below and expanded == value and not os.path.lexists(home):
        raise UsageError(
            f"there is no user '{home[1:]}', in whose home {value} is; for a folder of that name put ./ before it"
        )
    return expanded


def _expanded(value: Any) -> Any:
    if isinstance(value, str | Path) and str(value).startswith("~"):
        return type(value)(os.path.expanduser(value))  # noqa: PTH111, as Path's own fails on unknown users
    return value
