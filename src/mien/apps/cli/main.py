"""The command ``mien``: its subcommands, and the exit codes of errors and of closed outputs."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Callable
from io import TextIOWrapper
from typing import Annotated, TextIO

import typer

from mien.apps.cli import verbosity
from mien.apps.cli.batch import batch
from mien.apps.cli.commands import command
from mien.apps.cli.compare import compare
from mien.apps.cli.evaluate import evaluate
from mien.apps.cli.examples import shown
from mien.apps.cli.explain import explain
from mien.apps.cli.image import image
from mien.apps.cli.live import live
from mien.apps.cli.parsing import Command, Group
from mien.apps.cli.people import people
from mien.apps.cli.prepare import prepare
from mien.apps.cli.report import report
from mien.apps.cli.stopping import STOPPED, terminable
from mien.apps.cli.train import distill, export, recipes, soft_labels, train
from mien.apps.cli.video import video
from mien.apps.cli.web import web
from mien.core.errors import MienError, UsageError
from mien.core.output import DISK_FULL
from mien.version import __version__

REFUSALS = DISK_FULL | {errno.EIO, errno.EPIPE, errno.EBADF}
"""The system's errors for an output that cannot be written any more."""

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
    ("Recognition", (image, video, people, live, web, batch, explain)),
    ("Training", (prepare, recipes, train, distill, soft_labels, export, evaluate, compare, report)),
):
    for one in commands:
        app.command(cls=Command, rich_help_panel=panel, epilog=shown(one.__name__.replace("_", "-")))(command(one))


def _show_version(wanted: bool) -> None:
    if wanted:
        verbosity.output(f"mien {__version__}")
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
    # Pillow warns about damaged metadata even if it can read the picture.
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
    except SystemExit as end:  # how Typer ends in any case
        return end.code if isinstance(end.code, int) else 0
    return 0


def with_streams(run: Callable[[], int]) -> int:
    """Run a function that writes to standard output and standard error; return its exit code, or 1 if one failed.

    A failure of standard output is reported on standard error, unless its reader has closed it. Both are flushed, so
    that Python has nothing left to fail on at exit.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # file names need not be valid text
    try:
        code = run()
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError as error:
        broken = [stream for stream in (sys.stdout, sys.stderr) if _is_broken(stream)]
        # Errors of opening a file hold its name, errors of writing do not.
        if not broken and (error.filename is not None or error.errno not in REFUSALS):
            raise
        for stream in broken:
            _discard(stream)
        if error.errno != errno.EPIPE:
            room = "make room, or " if error.errno in DISK_FULL else ""
            verbosity.complain(f"cannot write: {error.strerror}; {room}send it elsewhere")
        return 1
    return code


def _is_broken(stream: TextIO | None) -> bool:
    """Return whether a stream cannot be flushed; its buffer is kept."""
    try:
        if stream is not None:
            stream.flush()
    except OSError:
        return True
    return False


def _discard(stream: TextIO) -> None:
    """Discard what a stream has buffered and what is still written to it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
