"""``mien evaluate``: the scores of a model file on a prepared split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.apps.cli import verbosity
from mien.apps.cli.options import Force, GroupTables, NetOptions, Prior, SplitName
from mien.apps.cli.stopping import whole_or_nothing
from mien.apps.cli.tables import print_table
from mien.core.packaged import PACKAGED_NAMES

if TYPE_CHECKING:
    from rich.console import Console

    from mien.evaluation.document import GroupTable, Metrics, NoScores, Scores


class ProtocolName(StrEnum):
    """The protocols of ``mien.core.protocols``, by name, so that ``--help`` needs no numpy."""

    seven = "seven"
    majority = "majority"
    fer = "fer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What is measured beside the scores, and how."""

    flip: Annotated[bool, typer.Option("--flip", help="Average each face with its mirror image: twice the time.")] = (
        False
    )
    speed: Annotated[bool, typer.Option("--speed", help="Also time the model on this machine.")] = False
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Also score faces under blur, noise, occlusion and other corruptions.")
    ] = False
    photos: Annotated[
        Path | None, typer.Option(help="Also score photos: a folder with labels.csv (file, emotion, x1, y1, x2, y2).")
    ] = None
    groups: GroupTables = None


@whole_or_nothing()
def evaluate(
    models: Annotated[
        list[Path],
        typer.Argument(
            metavar="MODEL",
            help=f"The ONNX file to score, or a packaged one, {PACKAGED_NAMES}; several are scored as one ensemble.",
        ),
    ],
    *,
    data: Annotated[
        list[Path], typer.Option(help="Folder written by 'mien prepare'; several times: a row for each data set.")
    ],
    split: Annotated[
        SplitName, typer.Option(help="FER2013: valid is PublicTest, test is PrivateTest, to be scored once a release.")
    ] = SplitName.valid,
    protocol: Annotated[
        ProtocolName | None, typer.Option(help="Which faces count, and their true label.", show_default="all that fit")
    ] = None,
    prior: Prior = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the files.", show_default="MODEL.eval, in the working directory")
    ] = None,
    force: Force = False,
    measures: Measures,
    net: NetOptions,
) -> None:
    """Score a model: metrics.json, predictions.csv, and pictures of all that was measured."""
    from mien.core.output import output_folder
    from mien.evaluation.evaluate import evaluate as score
    from mien.inference.classifier import model_file
    from mien.report.files import REPORT_FILES, write_report

    console, models = verbosity.console(), [model_file(model) for model in models]
    folder = out or Path(f"{models[0].stem if len(models) == 1 else 'ensemble'}.eval")
    with output_folder(folder, REPORT_FILES, force=force):
        with console.status(f"scoring {', '.join(model.name for model in models)} on {split.value}"):
            report = score(
                models,
                data,
                split.value,
                None if protocol is None else [protocol.value],
                prior=prior,
                **asdict(measures),
                **net.arguments(),
            )
        # First, as writing the files may fail.
        print_scores(console, report.document)
        with console.status(f"drawing what goes into {folder}"):
            written = write_report(report, folder)
    console.print(f"written to {folder}: {', '.join(written)}", soft_wrap=True, markup=False, highlight=False)


def print_scores(console: Console, document: Metrics) -> None:
    """Print what ``metrics.json`` holds: a table for each part that was measured, the one of headline figures last."""
    from mien.evaluation.data_sets import HEADS, sets_table
    from mien.evaluation.document import protocols_of
    from mien.evaluation.photos import photo_rows
    from mien.evaluation.robustness import score_rows
    from mien.report.headline import headline, scored_on

    rows = [
        [f"{name}, {kind}", *_cells(block)]
        for name, both in protocols_of(document).items()
        for kind, block in (("all", both["all"]), ("clean", both["clean"]))
    ]
    heads = ["protocol", "faces", "accuracy, 95 %", "macro F1", "ECE", "JSD"]
    print_table(console, "by protocol", heads, rows)
    if "sets" in document and len(document["sets"]) > 1:
        print_table(
            console, "by data set under seven, in %, ± of 95 % intervals", list(HEADS), sets_table(document["sets"])
        )
    if "groups" in document:
        _print_groups(console, document["groups"])
    if "robustness" in document:
        heads = [f"{name}, {block['n']:,}" for name, block in document["robustness"].items()]
        print_table(console, "accuracy under corruption, all faces", ["", *heads], score_rows(document["robustness"]))
    if "photos" in document:
        heads = ["prior", "accuracy", "balanced", "macro F1", "called neutral"]
        print_table(console, "photos, by prior", heads, photo_rows(document["photos"]))
    mirrored = ", each face averaged with its mirror image" if document["flip"] else ""
    title = f"{document['model']} on {scored_on(document)}, prior {document['prior']:g}{mirrored}"
    print_table(
        console, title, ["", "", "on what, or how to get it"], [list(row) for row in headline(document)], last="left"
    )


def _print_groups(console: Console, tables: Sequence[GroupTable]) -> None:
    """Print a table a column of groups, and which gaps are real."""
    from mien.evaluation.group_words import HEADS, gap_sentences, group_rows, group_title

    for table in tables:
        title = f"{group_title(table)}, in %, accuracy with its 95 % interval"
        print_table(console, title, list(HEADS), group_rows(table, ("accuracy",)))
    for sentence in gap_sentences(tables):
        console.print(sentence, markup=False, highlight=False)
    console.print()


def _cells(block: Scores | NoScores) -> list[str]:
    """Return one block's figures as text."""
    from mien.evaluation.document import any_face

    if not any_face(block):
        return ["0", "", "", "", ""]
    low, high = block["interval"]
    return [
        f"{block['n']:,}",
        f"{100 * block['accuracy']:.1f} % [{100 * low:.1f}, {100 * high:.1f}]",
        f"{block['macro_f1']:.3f}",
        f"{block['ece']:.3f}",
        "" if block["jsd"] is None else f"{block['jsd']:.3f}",
    ]
