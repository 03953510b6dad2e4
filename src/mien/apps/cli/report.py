"""``mien report``: one page that argues how good models are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mien.apps.cli import verbosity
from mien.apps.cli.options import Force, GroupTables, Prior, SplitName
from mien.apps.cli.stopping import whole_or_nothing
from mien.core.packaged import PACKAGED_NAMES


@whole_or_nothing()
def report(
    models: Annotated[
        list[Path],
        typer.Argument(
            metavar="MODEL",
            help=f"An ONNX file, or a packaged one, {PACKAGED_NAMES}; others are set beside the first.",
        ),
    ],
    *,
    data: Annotated[
        list[Path], typer.Option(help="Folder written by 'mien prepare'. May be given again: each data set apart.")
    ],
    split: Annotated[SplitName, typer.Option(help="Of valid the half is scored that chose nothing.")] = SplitName.valid,
    prior: Prior = None,
    groups: GroupTables = None,
    peers: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Also score other programs: a table (file, perhaps source, a column a program) of what they predict.",
            show_default=False,
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out corruptions and maps of evidence, which take a minute or more.")
    ] = False,
    no_faces: Annotated[bool, typer.Option("--no-faces", help="Show no face: name the doubtful ones instead.")] = False,
    out: Annotated[Path, typer.Option(metavar="FILE.html", help="The page.")] = Path("report.html"),
    force: Force = False,
) -> None:
    """Write a page on how good models are: how often right, sure and wrong, on whom, beside people and each other.

    The page holds all that it shows and needs no network. Faces on which the model and the labels disagree are also
    written beside it, to FILE.relabel.csv.
    """
    from mien.core.output import folder_for, refuse_existing, write_whole
    from mien.evaluation.evidence import ModelEvidence, Tables, collect
    from mien.inference.classifier import model_file
    from mien.report.doubtful import doubtful, relabel_table
    from mien.report.evidence_page import evidence_page

    console, table = verbosity.console(), out.with_suffix(".relabel.csv")
    refuse_existing([out, table], force=force)
    given = Tables(groups or (), peers or ())
    known: list[ModelEvidence] = []
    with folder_for(out.parent):
        for place, model in enumerate(models):
            with console.status(f"scoring {model} on {split.value}"):
                known.append(
                    collect(
                        model_file(model), data, split.value, prior=prior, tables=given, beside=place > 0, quick=quick
                    )
                )
        found = sorted((face for one in known[0].sets for face in doubtful(one)), key=lambda face: -face.confidence)
        page = evidence_page(known, found, table.name, with_faces=not no_faces)
        write_whole(table, relabel_table(found).encode())
        write_whole(out, page.encode())
    console.print(f"written to {out} and {table}", soft_wrap=True, markup=False, highlight=False)
