"""The sections of a report on models that tell scores: beside people, other programs, each other, seeds and leaks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mien.core.protocols import Labels
from mien.evaluation.compare import Predictions, SetComparison, compare_predictions
from mien.evaluation.compare_words import HEADS, compared_rows, verdict
from mien.evaluation.document import Gap, GroupTable
from mien.evaluation.evidence import ModelEvidence, SetEvidence
from mien.evaluation.group_words import gap_sentence
from mien.evaluation.peers import Peer
from mien.evaluation.seeds import mean_and_spread, same_recipe, seed_of
from mien.imaging.corruptions import STRENGTHS
from mien.report.evidence_plots import Point, accuracy_figure, drawn
from mien.report.headline import percent
from mien.report.markup import section, table
from mien.report.sections import figures


def in_short(models: Sequence[ModelEvidence]) -> str:
    """Return the main findings on the first model, in sentences."""
    first = models[0]
    items = [_of_set(one) for one in first.sets]
    items += [escape(gap_sentence(gap, f"{one['source']}, by {one['column']}: ")) for one, gap in _real(first)]
    if first.corrupted:
        items.append(_worst_corruption(first))
    listed = "".join(f"<li>{item}</li>" for item in items).replace(" %", "&nbsp;%")
    return section("In short", f"<ul>{listed}</ul>")


def _of_set(one: SetEvidence) -> str:
    row, block = one.row, one.block
    low, high = row["interval"]
    said = (
        f"On {row['n']:,} faces of <b>{escape(row['source'])}</b> it is right in <b>{percent(row['accuracy'])}</b> of "
        f"cases [{100 * low:.1f}, {100 * high:.1f}]"
    )
    if one.people:
        said += (
            f"; one person is in {percent(one.people.one)}, a fresh panel of ten in "
            f"{100 * one.people.panel[0]:.0f} to {100 * one.people.panel[1]:.0f} %"
        )
    if block["kept"] is not None and block["accuracy"] is not None:
        said += f". On the {percent(block['kept'])} where it is certain, it is right in {percent(block['accuracy'])}"
    return f"{said}."


def _real(first: ModelEvidence) -> list[tuple[GroupTable, Gap]]:
    """Return the gaps between groups that are real, with the tables that they are in."""
    return [(one, gap) for one in first.groups for gap in one["gaps"] if gap["real"]]


def _worst_corruption(first: ModelEvidence) -> str:
    assert first.corrupted is not None
    last = {name: list(series.items())[-1] for name, series in first.corrupted.strengths.items()}
    name, (strength, accuracy) = min(last.items(), key=lambda one: one[1][1])
    return (
        f"Of the corruptions <b>{name}</b> costs it most: at its strongest ({STRENGTHS[name][0]}: {strength}) it is "
        f"right in {percent(accuracy)} instead of {percent(first.corrupted.untouched)}."
    )


def scores(models: Sequence[ModelEvidence]) -> str:
    """Return the headline figures of all models and programs, by data set, and a picture of the accuracies."""
    rows: list[list[str]] = []
    points: list[Point] = []
    for of_models in zip(*(model.sets for model in models), strict=True):
        for model, one in zip(models, of_models, strict=True):
            rows += [
                [f"{escape(one.row['source'])}, {kind}", escape(model.name), *figures(block, ("ece", "jsd"))]
                for kind, block in (("all", one.row), ("clean", one.row["clean"]))
            ]
            points.append(Point(_line(one, model.name), one.row["accuracy"], one.row["interval"], one.people))
        first = of_models[0]
        rows += [_peer_row(first, peer) for peer in first.peers]
        points += [Point(_line(first, peer.name), peer.accuracy, peer.interval, first.people) for peer in first.peers]
    picture = drawn(accuracy_figure(points), "accuracies with their intervals, and what people come to")
    known = any(one.people for one in models[0].sets)
    about = (
        "What people come to is told where each face has ten votes: one tagger against the other nine, and, by a model "
        "of the votes, a fresh panel of ten against another and the best that any predictor can."
        if known
        else "The votes of these faces do not say what one person comes to."
    )
    head = ["data set, faces", "model", "n", "accuracy", "95 %", "macro F1", "mean recall", "ECE", "JSD"]
    return section(
        "How often it is right",
        "<p>Right is the emotion, of seven, that most votes of a face are for. Counted are faces of each data set that "
        "no threshold of the model was chosen on. Clean faces have no near-duplicate in training.</p>"
        f"{table(head, rows)}{picture}<p class=note>{about} ECE: how far confidence and accuracy differ. JSD: distance "
        "to the votes, in nats.</p>",
    )


def _line(one: SetEvidence, name: str) -> str:
    return f"{one.row['source']}, {name}"


def _peer_row(one: SetEvidence, peer: Peer) -> list[str]:
    low, high = peer.interval
    return [
        f"{escape(one.row['source'])}, all",
        escape(peer.name),
        f"{one.row['n']:,}",
        f"<b>{percent(peer.accuracy)}</b>",
        f"{100 * low:.1f} to {100 * high:.1f}",
        f"{peer.macro_f1:.3f}",
        percent(peer.balanced_accuracy),
        "",
        "",
    ]


def seeds(models: Sequence[ModelEvidence]) -> str:
    """Return mean and spread of the runs of one recipe with other seeds; nothing where there are none."""
    rows: list[list[str]] = []
    for places in same_recipe([model.card for model in models]):
        runs = [models[place] for place in places]
        numbers = ", ".join(str(seed_of(run.card)) for run in runs)
        for of_runs in zip(*(run.sets for run in runs), strict=True):
            found = [
                mean_and_spread([one.row[key] for one in of_runs])
                for key in ("accuracy", "macro_f1", "balanced_accuracy")
            ]
            (right, off), (macro, macro_off), (recall, recall_off) = found
            rows.append(
                [
                    escape(runs[0].card.name),
                    numbers,
                    escape(of_runs[0].row["source"]),
                    f"{100 * right:.1f} ± {100 * off:.1f} %",
                    f"{macro:.3f} ± {macro_off:.3f}",
                    f"{100 * recall:.1f} ± {100 * recall_off:.1f} %",
                ]
            )
    head = ["recipe", "seeds", "data set", "accuracy", "macro F1", "mean recall"]
    text = "<p>Models here that differ by nothing but the seed: mean and standard deviation of the runs.</p>"
    return section("By seed", text + table(head, rows)) if rows else ""


def leaks(models: Sequence[ModelEvidence]) -> str:
    """Return what faces with a near-duplicate in training add, by model and data set; nothing where there are none."""
    rows: list[list[str]] = []
    for model in models:
        for one in model.sets:
            if one.leaks:
                low, high = one.leaks.interval
                rows.append(
                    [
                        f"{escape(one.row['source'])}, {escape(model.name)}",
                        f"{one.leaks.leaked:,}",
                        percent(one.leaks.right_leaked),
                        percent(one.leaks.right_clean),
                        f"{100 * one.leaks.added:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]",
                    ]
                )
    head = ["data set, model", "leaked faces", "right on them", "right on the others", "leaks add, points"]
    text = (
        "<p>Faces with a near-duplicate in <code>train</code> may be known by heart. The last column is what they add "
        "to the accuracy on all faces, with its 95 % interval.</p>"
    )
    return section("What leaks add", text + table(head, rows)) if rows else ""


def beside(models: Sequence[ModelEvidence]) -> str:
    """Return whether other models and programs differ from the first by more than luck; nothing if there are none."""
    first, parts = models[0], list[str]()
    for other in models[1:]:
        for one, same in zip(first.sets, other.sets, strict=True):
            parts.append(_compared(first.name, other.name, one, same.view.probs.argmax(axis=1)))
    for one in first.sets:
        parts += [_compared(first.name, peer.name, one, peer.predicted) for peer in one.peers]
    note = (
        "<p class=note>A is the first model, B the other. Differences are in points of accuracy, with 95 % intervals; "
        '"only" counts the faces that one alone gets right. p is McNemar\'s, corrected for the emotions, and for the '
        "groups (Holm); of groups those stand here that differ.</p>"
    )
    return section("Which is better", "".join(parts) + note) if parts else ""


def _compared(name: str, other: str, one: SetEvidence, predicted: Labels) -> str:
    predictions = Predictions(one.view.truth, one.view.probs.argmax(axis=1), predicted, one.view.classes, one.groups)
    row = one.row
    found: SetComparison = {
        "data": row["data"],
        "source": row["source"],
        "half": row["half"],
        **compare_predictions(predictions),
    }
    looks = [found["all"], *found["emotions"], *(look for look in found["groups"] if look["real"])]
    rows = [[escape(line[0]), *line[1:]] for line in compared_rows(looks)]
    return f"<p>{escape(verdict(found, name, other))}</p>{table(list(HEADS), rows)}"


def costs(models: Sequence[ModelEvidence]) -> str:
    """Return size and speed beside accuracy."""
    rows = [
        [
            escape(model.name),
            f"{model.heading['file_bytes'] / 1e6:.2f} MB",
            f"{model.speed[0]['ms_per_face_batch_1']:.2f} ms",
            f"{model.speed[-1]['faces_per_s_batch_64']:,.0f}",
            *(percent(one.row["accuracy"]) for one in model.sets),
        ]
        for model in models
    ]
    sets = [f"right, {escape(one.row['source'])}" for one in models[0].sets]
    head = ["model", "file", "a face, one thread", f"faces a second, {models[0].speed[-1]['threads']} threads", *sets]
    text = "<p>Time of the net alone on this machine, without finding and cutting faces.</p>"
    return section("What it costs", text + table(head, rows))
