"""``mien people``: who is who in a clip, said afterwards, and all that is written of it made anew from its log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from mien.apps.cli import verbosity
from mien.apps.cli.clip_options import DataForm, Output
from mien.core.errors import UsageError


def people(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="CLIP|DATA", help="A clip, or what 'mien video --data' wrote of it.", show_default=False
        ),
    ],
    *,
    merge: Annotated[
        list[str] | None,
        typer.Option(metavar="ID=ID", help="3=1: face 3 is person 1; 3=3 takes that back. Repeatable."),
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(metavar="ID=NAME", help="1=Anna; 1= takes the name away. Repeatable.")
    ] = None,
    output: Output,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The folder for all but --summary.", show_default="that of the data"),
    ] = None,
) -> None:
    """Say who is who in a clip that 'mien video' went through: list its people, join ids, give names.

    The data of a clip is looked for beside it and in the working directory. What is said stays in its log, whose ids
    stay as they are. What --film, --data, --page and the like ask for
    is made anew from the log, without finding faces again.
    """
    from mien.apps.cli._clip_data import find_data, refuse_other
    from mien.apps.cli._identities import told
    from mien.apps.cli._remake import remake
    from mien.core.locks import locked
    from mien.core.output import refuse_existing
    from mien.results.clip_log import read_clip_log
    from mien.results.identities import people_entry
    from mien.results.log import explained
    from mien.results.sinks import TABLES, log_of

    if output.data == DataForm.jsonl:
        raise UsageError("--data jsonl is the log, which keeps its ids; take --data csv or parquet")
    data = find_data(source)
    if not log_of(data).is_file():
        raise UsageError(f"no such file: {log_of(data)}; name what 'mien video --data' wrote of a clip")
    table = data.with_suffix("") if data.with_suffix("").suffix in TABLES else data
    wanted = output.wanted(table.parent if out is None else out)
    files = wanted.files(table.stem.removesuffix(".mien"))
    refuse_existing([*files.values(), *([wanted.summary] if wanted.summary else [])], force=output.force)
    with locked(table, if_writable=True):
        log = read_clip_log(log_of(data))
        refuse_other(log, source)
        wanted = replace(wanted, parts=replace(wanted.parts, start_clock=log.start_clock))
        who = told(log, merge or [], name or [])
        if who != log.who:
            with explained(log.path, resumable=False):
                log.say(people_entry(log.clip, who))
            if not files:
                verbosity.note("files of before do not know it yet; --page, --data and the like, with --force, do")
        if not remake(log, who, files, wanted):
            raise typer.Exit(1)
