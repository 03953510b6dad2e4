"""The keys of the window of ``mien live``, for the loop that hears them and the help that names them."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """One thing to do, and the keys that do it.

    Attributes:
        action: the name of what is done.
        names: of the keys, as pygame calls them.
        shown: the keys as people know them.
        does: what they do, as the window's help says it.
        brief: keys and deed, as the help of the command says them.
    """

    action: str
    names: tuple[str, ...]
    shown: str
    does: str
    brief: str


KEYS = (
    Key("quit", ("q", "escape"), "q, Esc", "quit", "q or Esc quit"),
    Key("pause", ("space",), "space", "pause, or go on", "space pauses"),
    Key("save", ("s",), "s", "save this picture", "s saves the picture"),
    Key("record", ("r",), "r", "record, or stop recording", "r records"),
    Key("mirror", ("m",), "m", "mirror, or not", "m mirrors"),
    Key("help", ("h",), "h", "show or hide this", "h helps"),
)
"""All of them, in the order in which help names them."""

KEYS_SENTENCE = f"Keys in the window: {', '.join(key.brief for key in KEYS)}."

HELP_LINES = (*((key.shown, key.does) for key in KEYS), ("?", "uncertain, and hatched below"))
"""What the window shows where help is asked for: keys and what they do, and what is not said elsewhere."""

HELP_HINT = next(f"{key.shown}: help" for key in KEYS if key.action == "help")
"""What the window always shows."""
