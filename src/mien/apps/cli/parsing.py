"""Parsing of the command line: help in panels, and suggestions for misspelt names."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

from typer.core import TyperCommand, TyperGroup

from mien.apps.cli import verbosity
from mien.core.spelling import did_you_mean, near

PANELS = {
    "Input": (
        *(
            "--recursive",
            "--column",
            "--max-megapixels",
            "--time-limit",
            "--source",
            "--start",
            "--end",
            "--fps",
            "--start-clock",
        ),
        *(
            "evaluate --data",
            "compare --data",
            "report --data",
            "train --data",
            "distill --data",
            "soft-labels --data",
            "export --data",
        ),
        *("--split", "--protocol", "--photos", "--limit"),
    ),
    "Output": (
        *("--json", "--out", "--resume", "--force", "--dry-run", "--annotate", "--crops", "--blur", "--film"),
        *("--data", "--page", "--static", "--no-faces"),
        *(
            "--merge",
            "--name",
            "--timeline",
            "--captions",
            "--annotations",
            "--layout",
            "--rate",
            "--summary",
            "--events",
            "--baseline",
            "--record",
            "--run",
            "--int8",
        ),
    ),
    "Window": ("--window", "--mirror"),
    "Server": ("--host", "--port", "--root-path", "--certfile", "--keyfile", "web --concurrency"),
    "Access": ("--token", "--insecure", "--allow-host", "--allow-origin"),
    "Cluster": ("--address", "--concurrency", "--num-gpus"),
    "Faces": ("--detector", "--small-faces", "--min-face", "--min-score", "--largest", "--detect-every"),
    "Emotions": ("--view", "--prior", "--model", "--smooth", "--flip", "--emotions"),
    "Training": ("--from", "--teacher", "--set", "--views"),
    "Net": ("--device", "--threads", "--batch-size"),
    "Measurements": ("--speed", "--robustness", "--groups", "--peers", "--quick"),
    "Everywhere": ("--version", "--quiet", "--verbose", "--install-completion", "--show-completion", "--help"),
}
"""Panel of the help -> its options; an option that is in another panel for one command has its name before it."""


RENAMED = {"--labels": "--view", "--workers": "--concurrency"}
"""Old name of an option -> its name."""

RENAMED_COMMANDS = {"answer": "soft-labels"}
"""Old name of a command -> its name."""


class Command(TyperCommand):
    """A command with panels in its help and suggestions for misspelt options."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return its parameters, the options in the order of their panels."""
        return in_panels(self.name or "", super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments."""
        with _suggesting(self.get_params(ctx)):
            return super().parse_args(ctx, [_renamed(arg) for arg in args])


class Group(TyperGroup):
    """The group of all commands, with suggestions for misspelt ones."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters that stand before the command."""
        return in_panels("", super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments before the command."""
        with _suggesting(self.get_params(ctx)):
            return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the first argument names, with its name and the rest."""
        name = args[0]
        if name in RENAMED_COMMANDS and not ctx.resilient_parsing:
            verbosity.note(f"'mien {name}' is called 'mien {RENAMED_COMMANDS[name]}' now")
            name = RENAMED_COMMANDS[name]
        if name not in self.commands and not name.startswith("-") and not ctx.resilient_parsing:
            question = did_you_mean(meant(name, self.commands)).capitalize()
            ctx.fail(f"No such command '{verbosity.shortened(name)}'. {question}")
        return super().resolve_command(ctx, [name, *args[1:]])


def in_panels(command: str, params: list[Any]) -> list[Any]:
    """Put the options among a command's parameters into panels, and return all in the order of these."""
    places = {panel: place for place, panel in enumerate(PANELS)}
    panels = {option: panel for panel, options in PANELS.items() for option in options}
    for param in params:
        if param.param_type_name == "option":
            names = [f"{command} {param.opts[0]}", *param.opts]
            param.rich_help_panel = next((panels[name] for name in names if name in panels), None)
            if param.is_flag:
                param.metavar = ""  # there is nothing to give
    return sorted(params, key=lambda param: places.get(getattr(param, "rich_help_panel", None) or "", -1))


def meant(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names that a misspelt one may mean: one typing error away, or one begins with the other."""
    word, bare = name.strip("-"), {one.strip("-"): one for one in known}
    starts = [one for one in bare if len(word) >= 3 and (one.startswith(word) or word.startswith(one))]
    return [bare[one] for one in near(word, bare) or starts]


def _renamed(argument: str) -> str:
    """Return an argument with the current name of its option."""
    name, equals, value = argument.partition("=")
    return RENAMED.get(name, name) + equals + value


@contextmanager
def _suggesting(params: list[Any]) -> Generator[None]:
    """Let an error about an unknown option suggest the nearest ones alone, and one about a value say what it is."""
    try:
        yield
    except Exception as error:
        if unknown := getattr(error, "option_name", None):  # Typer does not export the class of this error
            options = [
                option for param in params if not param.hidden for option in [*param.opts, *param.secondary_opts]
            ]
            error.possibilities = meant(unknown, [option for option in options if option.startswith("--")])  # type: ignore[attr-defined]
        if isinstance(message := getattr(error, "message", None), str):
            error.message = message.removeprefix("Value error, ")  # type: ignore[attr-defined]
        raise
