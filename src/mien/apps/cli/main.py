"""The command ``mien``: its subcommands, and how errors become exit codes."""

from __future__ import annotations

import sys
import warnings
from typing import Annotated

import typer

from mien.apps.cli import verbosity
from mien.apps.cli.batch import batch
from mien.apps.cli.commands import command
from mien.apps.cli.evaluate import evaluate
from mien.apps.cli.examples import shown
from mien.apps.cli.image import image
from mien.apps.cli.live import live
from mien.apps.cli.parsing import Command, Group
from mien.apps.cli.prepare import prepare
from mien.apps.cli.stopping import STOPPED, terminable
from mien.apps.cli.streams import with_streams
from mien.apps.cli.train import distill, export, recipes, soft_labels, train
from mien.apps.cli.video import video
from mien.apps.cli.web import web
from mien.core.errors import MienError, UsageError
from mien.version import __version__

app = typer.Typer(
    name="mien",
    cls=Group,
    help="Recognise the emotion on each face.",
    epilog=shown("mien"),
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
for panel, commands in (
    ("Recognition", (image, video, live, web, batch)),
    ("Training", (prepare, recipes, train, distill, soft_labels, export, evaluate)),
):
    for one in commands:
        app.command(cls=Command, rich_help_panel=panel, epilog=shown(one.__name__.replace("_", "-")))(command(one))


def _show_version(wanted: bool) -> None:
    if wanted:
        verbosity.answer(f"mien {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Recognise the emotion on each face."""


def run() -> None:
    """Run the command line; exit with 0 when done, 1 when something failed, 2 on wrong usage, 130 when stopped."""
    # Pillow warns about damaged metadata of pictures that it reads all the same.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    sys.exit(with_streams(_run))


def _run() -> int:
    try:
        with terminable():
            app(prog_name="mien")
    except KeyboardInterrupt:
        return STOPPED
    except MienError as error:
        verbosity.complain(str(error))
        return 2 if isinstance(error, UsageError) else 1
    except OSError as error:
        if error.filename is None:
            raise
        verbosity.complain(f"cannot use {error.filename}: {error.strerror}; fix that, or choose another place")
        return 1
    except SystemExit as end:  # as Typer ends, whatever came of it
        return end.code if isinstance(end.code, int) else 0
    return 0
