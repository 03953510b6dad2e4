"""One self-contained page that argues how good models are: ``mien report``."""

from __future__ import annotations

from collections.abc import Sequence

from mien.core.spelling import spelled
from mien.evaluation.evidence import ModelEvidence
from mien.report import evidence_errors as errors
from mien.report import evidence_scores as scores
from mien.report import evidence_trials as trials
from mien.report.doubtful import Doubtful
from mien.report.markup import page, pairs, section
from mien.version import __version__


def evidence_page(models: Sequence[ModelEvidence], found: Sequence[Doubtful], file: str, *, with_faces: bool) -> str:
    """Return the page as HTML.

    Args:
        models: what is known of each, on the same data; the page is about the first, and sets the others beside it.
        found: the faces of which the first predicts something else than the label.
        file: the name of the table that holds them.
        with_faces: whether their pictures are in the page.
    """
    first = models[0]
    parts = [
        scores.in_short(models),
        scores.scores(models),
        scores.seeds(models),
        scores.leaks(models),
        scores.beside(models),
        errors.emotions(first),
        errors.sureness(first),
        errors.groups(first),
        errors.where_people_disagree(first),
        errors.mistakes(found, file, with_faces),
        trials.corruptions(first),
        trials.explained(first, with_faces),
        scores.costs(models),
        section("How this was made", pairs(_made(models))),
    ]
    faces = sum(one.row["n"] for one in first.sets)
    title = f"How well {first.name} names emotions"
    summary = (
        f"{faces:,} faces of {', '.join(one.row['source'] for one in first.sets)}, on none of which its thresholds "
        "were chosen"
    )
    return spelled(page(title, summary, parts))


def _made(models: Sequence[ModelEvidence]) -> dict[str, object]:
    halves = {one.row["half"] for one in models[0].sets}
    return {
        "by": f"mien {__version__}, command mien report, seed 0",
        "scored": "protocol seven (docs/PROTOCOL.md), "
        + ("the half of valid that chose nothing" if halves == {"reported"} else "the whole split"),
        **{f"model {one.name}": f"sha256 {one.heading['sha256']}, prior {one.heading['prior']:g}" for one in models},
    }
