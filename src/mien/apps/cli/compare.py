"""``mien compare``: which of two models is better, and whether that is more than luck."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from mien.apps.cli import verbosity
from mien.apps.cli.options import Force, GroupTables, NetOptions, Prior, SplitName
from mien.apps.cli.stopping import whole_or_nothing
from mien.apps.cli.tables import print_table
from mien.core.packaged import PACKAGED_NAMES


def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help=f"An ONNX file, or a packaged one, {PACKAGED_NAMES}.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="The file that is compared with it.")],
    *,
    data: Annotated[
        list[Path], typer.Option(help="Folder written by 'mien prepare'. May be given again: each data set apart.")
    ],
    split: Annotated[
        SplitName, typer.Option(help="Of valid the half is compared that chose nothing.")
    ] = SplitName.valid,
    prior: Prior = None,
    groups: GroupTables = None,
    out: Annotated[Path | None, typer.Option(help="Also write all figures to this JSON file.")] = None,
    force: Force = False,
    net: NetOptions,
) -> None:
    """Test which of two models is better, on the same faces: overall, by emotion and by group."""
    from mien.core.output import folder_for, refuse_existing, write_whole
    from mien.evaluation.compare import compare as found
    from mien.evaluation.compare_words import HEADS, compared_rows, names, verdicts
    from mien.inference.classifier import model_file

    console = verbosity.console()
    if out is not None:
        refuse_existing([out], force=force)
    files = model_file(first), model_file(second)
    with whole_or_nothing(), folder_for(out.parent) if out else nullcontext():
        with console.status(f"comparing {first} and {second} on {split.value}"):
            document = found(*files, data, split.value, groups=groups, prior=prior, **net.arguments())
        if out is not None:
            write_whole(out, (json.dumps(document, indent=1) + "\n").encode())
    one, other = names(document)
    for of_set in document["sets"]:
        rows = [look for part in ([of_set["all"]], of_set["emotions"], of_set["groups"]) for look in part]
        title = f"{of_set['source']}: A is {one}, B is {other}; points of accuracy, faces that only one gets right"
        print_table(console, title, list(HEADS), compared_rows(rows))
    for sentence in verdicts(document):
        console.print(sentence, markup=False, highlight=False)
    if out is not None:
        console.print(f"written to {out}", soft_wrap=True, markup=False, highlight=False)
