"""The command ``mien``: its subcommands, and how errors become exit codes."""

from __future__ import annotations

import sys
import warnings
from typing import Annotated

import typer

from mien.apps.cli.batch import batch
from mien.apps.cli.evaluate import evaluate
from mien.apps.cli.image import image
from mien.apps.cli.live import live
from mien.apps.cli.prepare import prepare
from mien.apps.cli.train import answer, distill, export, train
from mien.apps.cli.video import video
from mien.apps.cli.web import web
from mien.core.errors import MienError, UsageError
from mien.version import __version__

app = typer.Typer(
    name="mien",
    help="Recognise the emotion on each face.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (image, video, live, web, batch, prepare, train, distill, answer, export, evaluate):
    app.command()(command)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mien {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Recognise the emotion on each face."""


def run() -> None:
    """Run the command line; exit with 0 when done, 1 when some inputs failed, 2 on wrong usage."""
    # Pillow warns about damaged metadata of pictures that it reads all the same.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    try:
        app()
    except MienError as error:
        typer.echo(f"mien: {error}", err=True)
        sys.exit(2 if isinstance(error, UsageError) else 1)
