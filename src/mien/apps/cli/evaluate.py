"""``mien evaluate``: the scores of a model file on a prepared split."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class SplitName(StrEnum):
    """The splits that may be scored."""

    valid = "valid"
    test = "test"


class ProtocolName(StrEnum):
    """The protocols of ``mien.core.protocols``, by name, so that ``--help`` needs no numpy."""

    seven = "seven"
    majority = "majority"
    fer = "fer"


def evaluate(
    model: Annotated[Path, typer.Argument(help="The ONNX file to score.")],
    *,
    data: Annotated[Path, typer.Option(help="Folder written by 'mien prepare'.")],
    split: Annotated[
        SplitName, typer.Option(help="valid is PublicTest, test is PrivateTest: once a released model.")
    ] = SplitName.valid,
    protocol: Annotated[
        ProtocolName | None, typer.Option(help="Which faces count, and their true label.", show_default="all three")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the files.", show_default="MODEL.eval, in the working directory")
    ] = None,
    speed: Annotated[bool, typer.Option("--speed", help="Also time the model on this machine.")] = False,
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Also score under blur, noise, occlusion and other harm.")
    ] = False,
) -> None:
    """Score a model: metrics.json, predictions.csv, and pictures of confusion and calibration."""
    from rich.console import Console

    from mien.report.evaluate import evaluate as score
    from mien.report.files import write_report

    console = Console()
    names = tuple(ProtocolName) if protocol is None else (protocol,)
    with console.status(f"scoring {model.name} on {split.value}"):
        protocols = [name.value for name in names]
        report = score(model, data, split.value, protocols, speed=speed, robustness=robustness)
        folder = out or Path(f"{model.stem}.eval")
        written = write_report(report, folder)
    print_scores(console, report.document)
    console.print(f"written to {folder}: {', '.join(written)}", soft_wrap=True)


def print_scores(console: Any, document: dict[str, Any]) -> None:
    """Print the headline figures as a table, the accuracies under corruption as another, and the speed in a line."""
    from rich.table import Table

    from mien.report.files import protocols_of

    table = Table(title=f"{document['model']} on {document['split']}", title_justify="left")
    table.add_column("protocol")
    for column in ("faces", "accuracy, 95 %", "macro F1", "ECE", "JSD"):
        table.add_column(column, justify="right")
    for name, blocks in protocols_of(document).items():
        for kind in ("all", "clean"):
            table.add_row(f"{name}, {kind}", *_cells(blocks[kind]), end_section=kind == "clean")
    console.print(table)
    if "robustness" in document:
        console.print(_robustness_table(document["robustness"]))
    if "speed" in document:
        speed = document["speed"]
        console.print(
            f"{speed['ms_per_face_batch_1']} ms a face alone, {speed['faces_per_s_batch_64']:,} faces a second in "
            f"batches of 64, {speed['threads']} threads, file {speed['file_bytes']:,} bytes"
        )


def _robustness_table(blocks: dict[str, Any]) -> Any:
    """Return a table: a row a corruption, a column a protocol, on all faces."""
    from rich.table import Table

    from mien.report.robustness import score_rows

    table = Table(title="accuracy under corruption, all faces", title_justify="left")
    table.add_column("")
    for name, block in blocks.items():
        table.add_column(f"{name}, {block['n']:,} faces", justify="right")
    for name, *cells in score_rows(blocks):
        table.add_row(name, *cells)
    return table


def _cells(block: dict[str, Any]) -> list[str]:
    """Return one block's figures as text."""
    if not block["n"]:
        return ["0", "", "", "", ""]
    low, high = block["interval"]
    return [
        f"{block['n']:,}",
        f"{100 * block['accuracy']:.1f} % [{100 * low:.1f}, {100 * high:.1f}]",
        f"{block['macro_f1']:.3f}",
        f"{block['ece']:.3f}",
        "" if block["jsd"] is None else f"{block['jsd']:.3f}",
    ]
