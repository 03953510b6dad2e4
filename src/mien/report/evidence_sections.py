"""The sections of a report on models, in the order in which they argue."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from mien.core import metrics
from mien.core.emotions import EIGHT, to_seven
from mien.evaluation.compare import Answers, SetComparison, compare_answers
from mien.evaluation.compare_words import HEADS, compared_rows, verdict
from mien.evaluation.ensemble import normalised
from mien.evaluation.evidence import ModelEvidence, SetEvidence
from mien.imaging.corruptions import STRENGTHS
from mien.report.doubtful import Doubtful, face_png
from mien.report.evidence_plots import Point, accuracy_figure, strengths_figure
from mien.report.files import confusion_title, reliability_lines
from mien.report.headline import percent
from mien.report.markup import picture, section, table
from mien.report.plots import Figure, confusion_figure, reliability_figure, to_png
from mien.report.sections import class_table, figures
from mien.report.tradeoffs import coverage_figure

SHOWN = 18
"""Faces shown of each kind that is doubtful."""

VOTE_BOUNDS = (0.9, 0.7, 0.5, 0.0)
"""Shares of the votes for the label at which the rows of ``where_people_disagree`` begin."""

FIGURE_DPI = 80


def in_short(models: Sequence[ModelEvidence]) -> str:
    """Return the main findings on the first model, in sentences."""
    first = models[0]
    items = [_of_set(one) for one in first.sets]
    if first.strengths:
        items.append(_worst_harm(first))
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


def _worst_harm(first: ModelEvidence) -> str:
    untouched, _ = first.untouched
    last = {name: list(series.items())[-1] for name, series in first.strengths.items()}
    name, (strength, accuracy) = min(last.items(), key=lambda one: one[1][1])
    return (
        f"What harms it most is <b>{name}</b>: at {strength} ({STRENGTHS[name][0]}) {percent(accuracy)} are right "
        f"instead of {percent(untouched)}."
    )


def scores(models: Sequence[ModelEvidence]) -> str:
    """Return the headline figures of all models, a row a data set, and a picture of the accuracies."""
    rows = [
        [f"{escape(one.row['source'])}, {kind}", escape(model.name), *figures(block, ("ece", "jsd"))]
        for of_models in zip(*(model.sets for model in models), strict=True)
        for model, one in zip(models, of_models, strict=True)
        for kind, block in (("all", one.row), ("clean", one.row["clean"]))
    ]
    points = [
        Point(f"{one.row['source']}, {model.name}", one.row["accuracy"], one.row["interval"], one.people)
        for of_models in zip(*(model.sets for model in models), strict=True)
        for model, one in zip(models, of_models, strict=True)
    ]
    known = any(one.people for one in models[0].sets)
    drawn = _drawn(accuracy_figure(points), "accuracies with their intervals, and what people come to")
    about = (
        "What people come to is told where each face has ten votes: one tagger against the other nine, and, by a model "
        "of the votes, a fresh panel of ten against another and the best that any predictor can."
        if known
        else "The votes of these faces do not say what one person comes to."
    )
    head = ["data set, faces", "model", "n", "accuracy", "95 %", "macro F1", "mean recall", "ECE", "JSD"]
    return section(
        "How often it is right",
        f"<p>The seven emotions that most votes are for; faces of each data set that chose nothing of the model. Clean "
        f"faces have no near-duplicate in training, so the difference between the two rows is what leaks would add.</p>"
        f"{table(head, rows)}{drawn}<p class=note>{about}</p>",
    )


def emotions(first: ModelEvidence) -> str:
    """Return the confusion in shares and in counts, and the scores of each emotion, by data set."""
    parts: list[str] = []
    for one in first.sets:
        matrix, names = np.array(one.row["confusion"]), list(one.row["per_class"])
        title = confusion_title(one.row["source"], one.row)
        drawn = _drawn(confusion_figure({title: (matrix, names)}), f"confusion on {one.row['source']}")
        counts = table(
            ["true, faces called", *names],
            [[label, *(f"{count:,}" for count in line)] for label, line in zip(names, matrix.tolist(), strict=True)],
        )
        parts.append(f"<div class=pair>{drawn}{class_table(one.row)}</div><h3>In faces</h3>{counts}")
    return section("Which emotions it takes for which", "".join(parts))


def sureness(first: ModelEvidence) -> str:
    """Return reliability and coverage, by data set."""
    prior, parts = first.heading["prior"], list[str]()
    for one in first.sets:
        lines = reliability_figure({one.row["source"]: reliability_lines(one.view, prior)})
        kept = coverage_figure(one.curve, one.block)
        says = one.row["source"]
        parts.append(
            f"<div class='pair two'>{_drawn(lines, f'claimed and true accuracy on {says}')}"
            f"{_drawn(kept, f'accuracy over the share kept on {says}')}</div>"
        )
    text = "How often it is right where it claims to be, and what setting unsure faces aside gains."
    return section("Whether it knows when it is wrong", f"<p>{text}</p>{''.join(parts)}")


def where_people_disagree(first: ModelEvidence) -> str:
    """Return accuracy and divergence from the votes by how far people agreed, by data set."""
    rows: list[list[str]] = []
    for one in first.sets:
        shares = normalised(to_seven(one.faces.votes[:, : len(EIGHT)].astype(np.float64)))
        top = shares[np.arange(len(shares)), one.view.truth]
        high = np.inf
        for low in VOTE_BOUNDS:
            here = (top >= low) & (top < high)
            if here.any():
                rows.append(
                    [f"{one.row['source']}, {_range(low, high)}", *_agreement(one, here, float(top[here].mean()))]
                )
            high = low
    head = ["votes for the label", "faces", "mean share of votes", "right", "mean share it gives the label", "JSD"]
    return section(
        "Where people disagree",
        "<p>A model that does as people do gives the label about the share of the votes that it has.</p>"
        + table(head, rows),
    )


def _range(low: float, high: float) -> str:
    return f"{100 * low:.0f} % and more" if high == np.inf else f"{100 * low:.0f} to {100 * high:.0f} %"


def _agreement(one: SetEvidence, here: np.ndarray, votes: float) -> list[str]:
    truth, probs = one.view.truth[here], one.view.probs[here]
    distance = one.view.distance[here]
    return [
        f"{here.sum():,}",
        percent(votes),
        percent(metrics.accuracy(truth, probs.argmax(axis=1))),
        percent(float(probs[np.arange(len(truth)), truth].mean())),
        "" if np.isnan(distance).all() else f"{np.nanmean(distance):.3f}",
    ]


def mistakes(found: Sequence[Doubtful], file: str, with_faces: bool) -> str:
    """Return the surest wrong answers, and the labels that look wrong, as pictures; ``file`` holds all of them."""
    kinds = {
        "People agree, and it says something else": [one for one in found if not one.doubts_label],
        "People are divided, and it is sure: labels that look wrong": [one for one in found if one.doubts_label],
    }
    parts = [
        f"<h3>{title} ({len(faces):,})</h3>{_faces(faces) if with_faces else _named(faces)}"
        for title, faces in kinds.items()
        if faces
    ]
    text = (
        "Under each face stand its label, with the share of the votes for it, and in bold the answer. The surest come "
        f"first; all {len(found):,} stand in <code>{escape(file)}</code>, to be looked at and relabelled."
    )
    return section("What it gets most wrong", f"<p>{text}</p>{''.join(parts)}")


def _faces(found: Sequence[Doubtful]) -> str:
    shown = [f"<figure>{picture(face_png(one), one.name)}{_caption(one)}</figure>" for one in found[:SHOWN]]
    return f"<div class=faces>{''.join(shown)}</div>"


def _caption(one: Doubtful) -> str:
    label, answer = (f"{100 * share:.0f}&nbsp;%" for share in (one.votes_for_label, one.share))
    return f"<figcaption>{one.label} {label}<br><b>{one.answer} {answer}</b></figcaption>"


def _named(found: Sequence[Doubtful]) -> str:
    rows = [[escape(f"{one.source} {one.name}"), one.label, one.answer, percent(one.share)] for one in found[:SHOWN]]
    return table(["face", "label", "answer", "its share"], rows)


def harm(first: ModelEvidence) -> str:
    """Return what corruptions and hidden regions do, on the first data set; nothing if that was not measured."""
    if not first.strengths:
        return ""
    untouched, n = first.untouched
    whats = {corruption: what for corruption, (what, _) in STRENGTHS.items()}
    drawn = _drawn(strengths_figure(first.strengths, whats, untouched), "accuracy at five strengths of each harm")
    rows = [[part, percent(right), f"{100 * (right - untouched):+.1f}"] for part, right in first.regions.items()]
    return section(
        "What harms it",
        f"<p>The first {n:,} faces of {escape(first.sets[0].row['source'])}, changed; dotted, as they are "
        f"({percent(untouched)}).</p><div class=wide>{drawn}</div>"
        f"<h3>With a third hidden</h3>{table(['hidden', 'right', 'points'], rows)}",
    )


def explained(first: ModelEvidence) -> str:
    """Return how well maps of evidence explain the model; nothing if that was not measured."""
    if first.explained is None:
        return ""
    deletion, insertion = first.explained
    return section(
        "Why it says so",
        "<p><code>mien explain</code> shows which places of a face an emotion is read from. On the first faces here: "
        f"with the places of most evidence hidden first, the answer keeps a mean share of {deletion:.2f}; with those "
        f"shown first and the rest hidden, it has {insertion:.2f}. A map that explained nothing would give the same "
        "twice.</p>",
    )


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
    sets = [escape(one.row["source"]) for one in models[0].sets]
    head = ["model", "file", "a face, one thread", f"faces a second, {models[0].speed[-1]['threads']} threads", *sets]
    return section("What it costs", f"<p>On this machine, the net alone.</p>{table(head, rows)}")


def beside(models: Sequence[ModelEvidence]) -> str:
    """Return whether the other models differ from the first by more than luck; nothing if there is one."""
    parts: list[str] = []
    for other in models[1:]:
        for one, same in zip(models[0].sets, other.sets, strict=True):
            found = _compared(one, same)
            said = verdict(found, models[0].name, other.name)
            rows = [[escape(row[0]), *row[1:]] for row in compared_rows([found["all"], *found["emotions"]])]
            parts.append(f"<p>{escape(said)}</p>{table(list(HEADS), rows)}")
    note = (
        '<p class=note>A is the first model, B the other; "only" counts the faces that one alone gets right. '
        "McNemar's test, corrected for the emotions (Holm).</p>"
    )
    return section("Which is better", "".join(parts) + note) if parts else ""


def _compared(one: SetEvidence, same: SetEvidence) -> SetComparison:
    answers = Answers(
        one.view.truth, one.view.probs.argmax(axis=1), same.view.probs.argmax(axis=1), one.view.classes, {}
    )
    row = one.row
    return {"data": row["data"], "source": row["source"], "half": row["half"], **compare_answers(answers)}


def _drawn(figure: Figure, says: str) -> str:
    return picture(to_png(figure, FIGURE_DPI), says)
