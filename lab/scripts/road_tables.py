"""The tables of docs/ROAD.md, from run folders and from like_for_like.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from docpage import table
from mien.core.significance import TOLD_APART
from mien.evaluation.document import Metrics, Scores, protocols_of
from mien.report.plots import History, best_epoch

CLAIMS = {
    "1-baseline": {"accuracy": "57.5 %"},
    "2-deeper": {"step": "+14"},
    "3-augmented": {"step": "+7"},
    "4-regularised": {"accuracy": "84 %", "f1": "0.80"},
}
"""Run -> accuracy, points over the step before and F1, as the published project claims them."""

Alike = Mapping[str, Any]
"""The content of like_for_like.json."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder as it was read.

    Attributes:
        name: the folder's.
        epochs: how many its recipe asks for.
        history: a row an epoch.
        metrics: the content of ``metrics.json``.
        env: the content of ``env.json``.
        recipe: the content of ``recipe.toml``, with which it was run.
    """

    name: str
    epochs: int
    history: History
    metrics: Metrics
    env: dict[str, Any]
    recipe: dict[str, Any]

    def block(self, protocol: str) -> Scores:
        """Return the scores under a protocol, on all faces."""
        return protocols_of(self.metrics)[protocol]["all"]


def rungs(runs: Sequence[Run]) -> str:
    """Return the table of the published project's steps, beside what it claims for them."""
    head = ["run", "claimed", "`seven`", "step (claimed)", "F1, macro / weighted (claimed)", "`fer`"]
    rows: list[list[str]] = []
    for before, run in zip([None, *runs], runs, strict=False):
        seven, claims = run.block("seven"), CLAIMS.get(run.name, {})
        step = _signed(seven["accuracy"] - before.block("seven")["accuracy"]) if before else ""
        rows.append(
            [
                f"`{run.name}`",
                claims.get("accuracy", ""),
                f"**{_percent(seven['accuracy'])}** {_within(seven['interval'])}",
                _beside(step, claims.get("step")),
                _beside(f"{seven['macro_f1']:.2f} / {seven['weighted_f1']:.2f}", claims.get("f1")),
                _percent(run.block("fer")["accuracy"]),
            ]
        )
    return table(head, rows)


def steps(alike: Alike) -> str:
    """Return the table of nets scored like for like, each beside the one before it, and the last beside the first."""
    pairs = {(pair["before"], pair["after"]): pair["reported"] for pair in alike["pairs"]}
    rows: list[list[str]] = []
    for before, run in zip([None, *alike["runs"]], alike["runs"], strict=False):
        scores = run["reported"]
        pair = pairs[before["name"], run["name"]] if before else None
        rows.append(
            [
                f"`{run['name']}`",
                f"**{_percent(scores['accuracy'])}** {_within(scores['interval'])}",
                *(_step(pair, "accuracy"), _verdict(pair)),
                f"{_percent(scores['balanced_accuracy'])} / {scores['macro_f1']:.2f}",
                _step(pair, "balanced_accuracy"),
            ]
        )
    ends = (alike["runs"][0]["name"], alike["runs"][-1]["name"])
    if len(alike["runs"]) > 2:
        way = pairs[ends]
        name = f"from `{ends[0]}` to `{ends[1]}`"
        rows.append([name, "", _step(way, "accuracy"), _verdict(way), "", _step(way, "balanced_accuracy")])
    return table(["run", "accuracy", "step", "told apart?", "mean recall / macro-F1", "step in recall"], rows)


def choice(alike: Alike) -> str:
    """Return the table of accuracies by the faces on which the biases were corrected."""
    shown = {
        "reported half, not corrected": ("none", "reported"),
        "corrected on the other half": ("choosing", "reported"),
        "half that chooses, not corrected": ("none", "choosing"),
        "corrected on itself": ("choosing", "choosing"),
        "all of PublicTest, corrected on all of it": ("all", "all"),
    }
    rows = {
        f"`{run['name']}`": [run["accuracy_by_correction"][by][half] for by, half in shown.values()]
        for run in alike["runs"]
    }
    rows["mean"] = [mean(column) for column in zip(*rows.values(), strict=True)]
    return table(["run", *shown], [[name, *map(_percent, row)] for name, row in rows.items()])


def trained(runs: Sequence[Run]) -> str:
    """Return the table of how long each run took, and which of its epochs was kept."""
    rows = [
        [
            f"`{run.name}`",
            f"{len(run.history)} of {run.epochs}",
            f"the best, {best_epoch(run.history)['epoch']:.0f}" if run.recipe.get("keep") == "best" else "the last",
            # Some epochs were paused for hours.
            f"{len(run.history) * median(row['seconds'] for row in run.history) / 3600:.1f}",
            f"{run.env['cores']} cores, {run.env['backend']}",
        ]
        for run in runs
    ]
    return table(["run", "epochs", "kept", "hours", "machine"], rows)


def fit(runs: Sequence[Run]) -> str:
    """Return the table that tells overfitting: how far the last epoch is from the best one, and from training."""
    head = ["run", "training accuracy", "validation accuracy", "best (epoch)", "validation loss", "least (epoch)"]
    rows: list[list[str]] = []
    for run in runs:
        last = run.history[-1]
        best = best_epoch(run.history)
        least = min(run.history, key=lambda row: row["val_loss"])
        rows.append(
            [
                f"`{run.name}`",
                _percent(last["accuracy"]),
                _percent(last["val_accuracy"]),
                f"{_percent(best['val_accuracy'])} ({best['epoch']:.0f})",
                f"{last['val_loss']:.3f}",
                f"{least['val_loss']:.3f} ({least['epoch']:.0f})",
            ]
        )
    return table(head, rows)


def f1(runs: Sequence[Run], alike: Alike) -> str:
    """Return the table of F1 a class under ``seven`` on all faces, the rarest class first, a row a run."""
    scored = {run.name: run.block("seven")["per_class"] for run in runs}
    scored |= {run["name"]: run["all"]["per_class"] for run in alike["runs"]}
    first = next(iter(scored.values()))
    classes = sorted(first, key=lambda name: first[name]["support"])
    rows = [[f"`{run}`", *(f"{scores[name]['f1']:.2f}" for name in classes)] for run, scores in scored.items()]
    return table(["run", *(f"{name} ({first[name]['support']:,})" for name in classes)], rows)


def made(runs: Sequence[Run], alike: Alike, packaged_sha256: str) -> str:
    """Return where the figures come from: which files, and whether the last one is the packaged one."""
    reported, last = alike["runs"][0]["reported"]["n"], alike["runs"][-1]
    same = "the packaged file" if last["sha256"] == packaged_sha256 else "not the packaged file"
    digests = {run.name: str(run.metrics["sha256"]) for run in runs} | {
        run["name"]: run["sha256"] for run in alike["runs"]
    }
    return "\n".join(
        [
            f"PublicTest, faces under `seven`: {alike['runs'][0]['all']['n']:,}, of which {reported:,} are reported.",
            "Written by `python lab/scripts/road.py` from the run folders in `docs/runs` and `like_for_like.json`",
            "there, which `python lab/scripts/like_for_like.py DATA` writes. The models:",
            "",
            *(f"- `{name}`: sha256 `{digest[:16]}`" for name, digest in digests.items() if name != last["name"]),
            f"- `{last['name']}`: sha256 `{last['sha256'][:16]}`, {same} (`{packaged_sha256[:16]}`)",
        ]
    )


def _beside(measured: str, claimed: str | None) -> str:
    return measured if claimed is None else f"{measured} ({claimed})".strip()


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _signed(share: float) -> str:
    return f"{round(100 * share, 1) + 0.0:+.1f}"  # 0.0 takes the sign off a zero


def _within(interval: Sequence[float]) -> str:
    return f"[{', '.join(_percent(bound) for bound in interval)}]"


def _step(pair: dict[str, Any] | None, measure: str) -> str:
    """Return the points gained over the net before, with their interval; nothing for the first net."""
    if pair is None:
        return ""
    low, high = (_signed(bound) for bound in pair[measure]["interval"])
    return f"{_signed(pair[measure]['difference'])} [{low}, {high}]"


def _verdict(pair: dict[str, Any] | None) -> str:
    """Return whether two nets are told apart, and how surely."""
    if pair is None:
        return ""
    return f"{'yes' if pair['p'] < TOLD_APART else 'no'}, p = {pair['p']:.2g}"
