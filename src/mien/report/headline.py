"""The headline table of a model: each figure, what it was measured on, and how to get the missing ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from mien.data.samples import FER2013, FERPLUS
from mien.evaluation.document import CoverageBlock, Metrics, ProtocolBlocks, Scores, protocols_of

FER2013_SPLITS = {"train": "Training", "valid": "PublicTest", "test": "PrivateTest"}
"""What FER2013 calls the splits."""

_PUBLISHED = {FER2013, FERPLUS}

MAIN = ("majority", "seven")
"""The protocols whose accuracies are told where both were scored."""

Key = Literal["macro_f1", "balanced_accuracy", "ece", "ece_weighted", "jsd", "jsd_shown"]
"""A score that the table tells."""


class Row(NamedTuple):
    """One figure in words; if it was not measured, value is empty and ``on`` says how to get it."""

    measure: str
    value: str
    on: str


def is_published(document: Metrics) -> bool:
    """Return whether all faces that were scored are FER2013's; older documents, which do not say so, are of these."""
    return _PUBLISHED.issuperset(document.get("sources", _PUBLISHED))


def scored_on(document: Metrics) -> str:
    """Return what the scored split is called: by FER2013, or with the data sets that its faces are from."""
    split = document["split"]
    return FER2013_SPLITS[split] if is_published(document) else f"{split} of {', '.join(document['sources'])}"


def headline(document: Metrics) -> list[Row]:
    """Return the rows of the table from the content of ``metrics.json``.

    Figures are under ``seven``, or under the protocol that was chosen; what that has not, has no row.
    """
    protocols, prior = protocols_of(document), document["prior"]
    name = "seven" if "seven" in protocols else next(iter(protocols))
    scores = protocols[name]["all"]
    return [
        _size(document),
        _time(document),
        _accuracy(protocols, "all"),
        _accuracy(protocols, "clean"),
        _figures("macro F1 / balanced accuracy", name, scores, "macro_f1", "balanced_accuracy"),
        _figures("calibration error (ECE)", name, scores, "ece"),
        *([_figures(f"ECE, weighted for prior {prior:g}", name, scores, "ece_weighted")] if prior else []),
        _divergence(name, scores),
        *([_certain(document["coverage"])] if "coverage" in document else []),
        _robustness(document, name),
        _photos(document),
    ]


def _size(document: Metrics) -> Row:
    """Return the size of the file, or of the files together."""
    files = len(document.get("members", ())) or 1
    return Row("file size", f"{document['file_bytes'] / 1e6:.2f} MB", "one file" if files == 1 else f"{files} files")


def _time(document: Metrics) -> Row:
    """Return the time of one face on one thread."""
    measure = "time a face, one thread"
    if "speed" not in document:
        return Row(measure, "", "with --speed")
    one = document["speed"][0]
    return Row(measure, f"{one['ms_per_face_batch_1']:.2f} ms", "one at a time, this machine")


def _accuracy(protocols: Mapping[str, ProtocolBlocks], kind: Literal["all", "clean"]) -> Row:
    """Return the accuracies under the two main protocols or the chosen one, on all faces or on the clean ones."""
    blocks = {name: protocols[name][kind] for name in MAIN if name in protocols} or {
        name: both[kind] for name, both in protocols.items()
    }
    value = " / ".join(percent(block["accuracy"]) for block in blocks.values())
    on = " / ".join(f"{name} {block['n']:,}" for name, block in blocks.items())
    return Row(f"accuracy, {kind} faces", value, on)


def _figures(measure: str, name: str, scores: Scores, *keys: Key) -> Row:
    """Return figures under a protocol, all faces."""
    value = " / ".join("none" if scores[key] is None else f"{scores[key]:.3f}" for key in keys)
    return Row(measure, value, f"{name}, {scores['n']:,} faces")


def _divergence(name: str, scores: Scores) -> Row:
    """Return the divergence from the votes; some documents in docs/runs hold that over the model's labels alone."""
    keys: list[Key] = [key for key in ("jsd", "jsd_shown") if key in scores]
    row = _figures("JSD to the votes, nats", name, scores, *keys)
    return row._replace(on=f"over its labels / as {name}, {scores['n']:,} faces")


def _certain(block: CoverageBlock) -> Row:
    """Return the share of certain faces, and the accuracy on them."""
    measure = "share certain / accuracy on it"
    if block["uncertain_below"] is None:
        return Row(measure, "none", "an average has no threshold")
    value = f"{percent(block['kept'])} / {percent(block['accuracy'])}"
    return Row(measure, value, f"seven, unweighted, confidence from {block['uncertain_below']:.3f}")


def _robustness(document: Metrics, name: str) -> Row:
    """Return the mean accuracy under corruption as a share of that on the faces as they are."""
    measure = "accuracy left under corruption"
    if "robustness" not in document:
        return Row(measure, "", "with --robustness")
    block = document["robustness"][name]
    value = "none" if block["share"] is None else f"{block['share']:.3f} of it"
    return Row(measure, value, f"{name}, mean of {len(block['corruptions'])} corruptions")


def _photos(document: Metrics) -> Row:
    """Return the scores of detector, crop and net on photos."""
    measure = "photos accuracy / macro F1"
    if "photos" not in document:
        return Row(measure, "", "with --photos FOLDER")
    block = document["photos"]
    value = f"{percent(block['accuracy'])} / {block['macro_f1']:.3f}"
    return Row(measure, value, f"{block['found']:,} of {block['n']:,} faces found")


def percent(share: float | None) -> str:
    """Return a share as text."""
    return "none" if share is None else f"{100 * share:.1f} %"
