"""``mien train``, ``distill``, ``soft-labels``, ``export`` and ``recipes``: from prepared faces to a model file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mien.apps.cli import verbosity
from mien.apps.cli.options import Force
from mien.apps.cli.stopping import end, whole_or_nothing
from mien.core.errors import UsageError
from mien.core.packaged import PACKAGED_NAMES

if TYPE_CHECKING:
    from mien.train.recipe import Recipe

SYNTHETIC = "synthetic"

RESULTS = (
    *("best.npz", "model.keras", "model.onnx", "model.int8.onnx", "predictions.csv", "metrics.json", "confusion.png"),
    *("reliability.png", "prior.png", "coverage.png", "curves.png", "report.html"),
    *("log.csv", "tensorboard"),  # written by the callbacks CSVLogger and TensorBoard
)
"""The files and folders that a run writes into its own after its first epoch."""

A_NET = f"a completed run folder, a file of 'mien export --int8', or a packaged net, {PACKAGED_NAMES}"


RecipeName = Annotated[
    Path | None, typer.Argument(help="A recipe of 'mien recipes', or a TOML file.", show_default="5-compact")
]
Teachers = Annotated[
    list[Path],
    typer.Option("--teacher", metavar="NET", help=f"{A_NET[0].upper()}{A_NET[1:]}; once a teacher."),
]
Changes = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What a net learns from, what is changed in its recipe, and where it is kept."""

    data: Annotated[str, typer.Option(help="A folder of 'mien prepare', or 'synthetic': drawn faces.")]
    run: Annotated[
        Path | None, typer.Option(help="The run folder; runs/NAME (runs/NAME-N with --limit) without it.")
    ] = None
    start: Annotated[
        Path | None,
        typer.Option("--from", metavar="NET", help=f"What to start from, in place of the recipe's: {A_NET}."),
    ] = None
    limit: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Learn from N faces only, spread over the data: for a first try."),
    ] = None
    force: Annotated[bool, typer.Option("--force", help="Start over if the folder holds a run.")] = False
    changes: Changes = None


def train(
    recipe: RecipeName = None,
    *,
    options: RunOptions,
) -> None:
    """Train a net, export and score it; the same command resumes a run that was stopped.

    With more epochs (--set epochs=N) a run that was stopped or finished is extended. From there on its learning rate is
    that of a run of N epochs: after a finished cosine schedule it first rises again.
    """
    _run_recipe(recipe, options)


def distill(
    recipe: RecipeName = None,
    *,
    teachers: Teachers,
    options: RunOptions,
) -> None:
    """Train a net on soft labels of trained ones and on votes, export and score it; resumes as 'mien train' does."""
    _run_recipe(recipe, options, teachers)


@whole_or_nothing()
def soft_labels(
    recipe: Annotated[
        Path,
        typer.Argument(help="How the faces are augmented: one of 'mien recipes', or a file.", show_default=False),
    ],
    *,
    teachers: Teachers,
    data: Annotated[Path, typer.Option(help="A folder of 'mien prepare'.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The folder to write, which 'mien train' takes.", show_default=False)],
    views: Annotated[int, typer.Option(min=1, help="How many augmented views of each face.")] = 20,
    force: Force = False,
    changes: Changes = None,
) -> None:
    """Label augmented faces with the probabilities of trained nets, for small nets to learn from."""
    from rich.progress import track

    from mien.core.output import output_folder, whole_files
    from mien.data.prepare import FILES
    from mien.data.split import join_splits, load_split, save_split
    from mien.train.backend import load_backend
    from mien.train.recipe import override
    from mien.train.recipe_files import choose_recipe

    console = verbosity.console()
    chosen = override(choose_recipe(recipe), changes or [])
    split, valid = load_split(data, "train"), load_split(data, "valid")
    load_backend()
    from mien.train.soft_labels import DESCRIPTION, describe_soft_labels, label_views

    with output_folder(out, FILES, force=force):
        description = json.dumps(describe_soft_labels(chosen, split, teachers, views), indent=1) + "\n"
        labelled = track(label_views(chosen, split, teachers, views), "labelling", views, console=console)
        joined = join_splits(list(labelled))
        with whole_files(out, FILES) as beside:
            (beside / DESCRIPTION).write_text(description, encoding="utf-8")
            save_split(joined, beside / "train.npz")
            save_split(valid, beside / "valid.npz")
    console.print(f"wrote {out / 'train.npz'}; learn from it with 'mien train RECIPE --data {out}'", markup=False)


@whole_or_nothing()
def export(
    run: Annotated[Path, typer.Argument(help="A run folder of 'mien train'.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(help="The file to write, .onnx or .tflite; RUN/model.onnx or RUN/model.int8.onnx without it."),
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="In 8 bits: a quarter of the size, about three times faster.")
    ] = False,
    data: Annotated[Path | None, typer.Option(help="With --int8: the folder of 'mien prepare'.")] = None,
    force: Force = False,
) -> None:
    """Write the ONNX or LiteRT file of a completed run, its card inside."""
    if out and out.suffix not in (".onnx", ".tflite"):
        raise UsageError(f"--out takes a name that ends in .onnx or .tflite; got {out}")
    if int8 and out and out.suffix == ".tflite":
        raise UsageError(f"--int8 writes ONNX files; got --out {out}; leave --int8 out, or name a .onnx file")
    if int8 != (data is not None):
        raise UsageError(
            "--int8 and --data DIR go together: 8 bits are fitted to training faces; "
            + ("add --data DIR, a folder of 'mien prepare'" if int8 else "add --int8, or leave --data out")
        )
    from mien.core.locks import locked
    from mien.core.output import folder_for, refuse_existing
    from mien.train.backend import load_backend

    target = out or run / ("model.int8.onnx" if int8 else "model.onnx")
    with folder_for(target.parent), locked(target):
        refuse_existing([target], force=force)
        load_backend()
        from mien.train.export import export as export_run
        from mien.train.quantize_int8 import export_int8

        verbosity.say(f"wrote {export_int8(run, data, target) if data else export_run(run, target)}")


def _run_recipe(recipe: Path | None, options: RunOptions, teachers: Sequence[Path] = ()) -> None:
    from mien.apps.cli._run_folder import EPOCHS, run_folder
    from mien.data.split import load_split
    from mien.train.backend import load_backend
    from mien.train.recipe import FIRST_TRY, override
    from mien.train.recipe_files import DEFAULT_RECIPE, choose_recipe

    data, limit = options.data, options.limit
    chosen = FIRST_TRY if recipe is None and data == SYNTHETIC else choose_recipe(recipe or DEFAULT_RECIPE)
    chosen = override(chosen, options.changes or [])
    run_dir = options.run or Path("runs") / (chosen.name if limit is None else f"{chosen.name}-{limit}")
    if data != SYNTHETIC:
        for name in ("train", "valid"):  # errors in them come before the backend loads, which takes seconds
            load_split(Path(data), name)
    load_backend()
    from mien.train.init.warm_start import describe_runs

    start = options.start or (Path(chosen.start) if chosen.start else None)
    sources = [*teachers, *([start] if start else [])]
    if options.force:
        describe_runs(sources, chosen, "net")  # checked before --force deletes anything
    try:
        with run_folder(run_dir, RESULTS, force=options.force, sources=sources):
            folder = _drawn_faces(run_dir) if data == SYNTHETIC else Path(data)
            _train(chosen, folder, run_dir, teachers=teachers, start=start, limit=limit)
    except KeyboardInterrupt:
        kept = any((run_dir / name).exists() for name in EPOCHS)
        raise end(
            f"finished epochs are kept in {run_dir}; run the same command to go on"
            if kept
            else "no epoch was finished, and nothing is kept"
        ) from None


def _train(
    recipe: Recipe, folder: Path, run_dir: Path, *, teachers: Sequence[Path], start: Path | None, limit: int | None
) -> None:
    from mien.apps.cli.evaluate import print_scores
    from mien.core.protocols import PROTOCOLS
    from mien.data.split import load_split
    from mien.evaluation.evaluate import evaluate
    from mien.report.files import write_report
    from mien.report.page import write_page
    from mien.train.callbacks import ProgressBar
    from mien.train.export import export as export_run
    from mien.train.loop import train as fit
    from mien.train.soft_labels import read_teachers

    console = verbosity.console()
    splits = load_split(folder, "train"), load_split(folder, "valid")
    verbosity.detail(
        f"{recipe}; {len(splits[0]):,} faces to learn from and {len(splits[1]):,} to check by, in {folder}"
    )
    with ProgressBar(console) as bar:
        fit(
            *(recipe, *splits, run_dir, [bar]),
            teachers=teachers,
            start=start,
            labelled_by=read_teachers(folder),
            limit=limit,
            say=verbosity.note,
        )
    model = export_run(run_dir)
    report = evaluate(model, folder, "valid", list(PROTOCOLS))
    write_report(report, run_dir)
    print_scores(console, report.document)
    console.print(f"wrote {model} and {write_page(run_dir)}", markup=False, highlight=False)


def _drawn_faces(run_dir: Path) -> Path:
    """Write the drawn faces into the run folder, as a prepared folder, and return it."""
    from mien.data.split import save_split
    from mien.data.synthetic import synthetic

    folder = run_dir / "data"
    folder.mkdir(parents=True, exist_ok=True)
    save_split(synthetic(3000, seed=0), folder / "train.npz")
    save_split(synthetic(500, seed=1), folder / "valid.npz")
    return folder


def recipes() -> None:
    """List the recipes that 'mien train', 'distill' and 'soft-labels' take by name, with what each is for."""
    from mien.train.recipe_files import recipe_files, summary

    files = recipe_files()
    width = max(map(len, files), default=0)
    for name, file in files.items():
        verbosity.output(f"{name:{width}}  {summary(file)}")
