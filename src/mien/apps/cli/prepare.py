"""``mien prepare``: published data sets to one file a split, with an audit."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.apps.cli import verbosity
from mien.apps.cli.options import Force
from mien.apps.cli.stopping import whole_or_nothing

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from mien.data.audit import Audit, Table


class SplitName(StrEnum):
    """The splits, by name."""

    train = "train"
    valid = "valid"
    test = "test"


def prepare(
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="fer2013.csv and fer2013new.csv; and folders: photos with a votes.csv, a folder a class, or FER+'s "
            "folders of PNG files. Several are joined and keep their names. "
            "Each may be packed: .csv.gz, .zip, .tar.gz.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the splits.")] = Path("data"),
    detector: Annotated[
        str,
        typer.Option(help="Finds the face in photos without a box: yunet, haar, or none (pictures are faces)."),
    ] = "yunet",
    split: Annotated[
        SplitName | None,
        typer.Option(help="Where faces go whose split nothing names.", show_default="drawn at random, 80:10:10"),
    ] = None,
    force: Force = False,
) -> None:
    """Turn FER2013 and FER+, folders of pictures, or all of these into one file a split, and print an audit."""
    from mien.core.output import output_folder
    from mien.data.prepare import FILES
    from mien.data.prepare import prepare as write
    from mien.data.sources import read_source
    from mien.detection.detectors import load_detector

    console = verbosity.console()
    with whole_or_nothing():
        find = None if detector == "none" else load_detector(detector)
        with output_folder(out, FILES, force=force):
            with console.status("reading"):
                samples = read_source(sources, find, split.value if split else "")
            with console.status(f"comparing {len(samples):,} faces"):
                found = write(samples, out)
    for table in tables(found):
        console.print(table)
    console.print(
        f"{', '.join(f'{name}.npz' for name in found.kept)}, audit.json and montage.png are in {out}", markup=False
    )


def tables(found: Audit) -> list[RichTable]:
    """Return the audit as tables for the terminal."""
    clean = {name: n for name, n in found.clean.items() if name != "train"}
    drops: Table = {"read": found.read, **found.drop_counts(), "kept": found.kept, "of these clean": clean}
    parts = [_counts("Faces", drops)]
    for protocol, splits in found.balance.items():
        labels = next(iter(splits.values()))
        by_label = {label: {name: counts[label] for name, counts in splits.items()} for label in labels}
        parts.append(_counts(f"Labels under '{protocol}'", by_label))
    if found.agreement:
        shares: dict[str, dict[str, str]] = {}
        for name, figures in found.agreement.items():
            for figure, share in figures.items():
                shares.setdefault(figure, {})[name] = f"{100 * share:.1f} %"
        parts.append(_table("Agreement of the taggers", shares))
    for title, duplicates in (("Exact duplicates", found.pixel_twins), ("Near-duplicates", found.near_twins)):
        parts.append(_counts(f"{title} (faces of the row with one in the column)", duplicates))
    if found.notes:
        parts.append(_counts("Also", {note: {"pictures": count} for note, count in found.notes.items()}))
    return parts


def _counts(title: str, rows: Table) -> RichTable:
    return _table(title, {row: {column: f"{n:,}" for column, n in cells.items()} for row, cells in rows.items()})


def _table(title: str, rows: dict[str, dict[str, str]]) -> RichTable:
    from rich import box
    from rich.table import Table as RichTable

    table = RichTable(title=title, title_justify="left", box=box.SIMPLE_HEAD, min_width=len(title))
    columns = list(dict.fromkeys(column for cells in rows.values() for column in cells))
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    for row, cells in rows.items():
        table.add_row(row, *(cells.get(column, "") for column in columns))
    return table
