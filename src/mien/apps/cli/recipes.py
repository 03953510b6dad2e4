"""``mien recipes``: what ``mien train`` knows by name."""

from __future__ import annotations

from mien.apps.cli import verbosity


def recipes() -> None:
    """List the recipes that 'mien train', 'distill' and 'answer' take by name, with what each is for."""
    from mien.train.recipes import recipe_files, summary

    files = recipe_files()
    width = max(map(len, files), default=0)
    for name, file in files.items():
        verbosity.say(f"{name:{width}}  {summary(file)}")
