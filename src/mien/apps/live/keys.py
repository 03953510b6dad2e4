"""The keys of the window of ``mien live``, for the loop that reads them and the help that lists them."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """An action and its keys.

    Attributes:
        action: the name of the action.
        names: of the keys, as pygame calls them.
        shown: the keys as people know them.
        does: what they do, as the window's help says it.
        brief: keys and action, as the help of the command says them.
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
"""The window's help: keys and what they do, and the meaning of the question mark."""

HELP_HINT = next(f"{key.shown}: help" for key in KEYS if key.action == "help")
"""What the window always shows."""
