"""Scores nets of different times in one way, and tests each against the one before it on the same faces.

    python lab/scripts/like_for_like.py DATA [NAME=NET ...] [--out FILE]

DATA is a folder of ``mien prepare`` with FER+'s votes. A NET is an ONNX file, or REVISION:PATH for one in the history
of git; without any, those of the road are taken, as they were committed. FILE is docs/runs/like_for_like.json.

Cards, priors and corrections differ from net to net, so none of them is used. The logits are read out of the graph. A
net that learnt the votes over eight emotions has its biases corrected as ``mien train`` does it at its end, on the half
of PublicTest that chooses. All is scored under ``seven`` at prior 0, on the half that is reported.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from docpage import ROOT
from mien.core import metrics
from mien.core.emotions import EIGHT, SEVEN, to_seven
from mien.core.errors import DataError
from mien.core.output import write_whole
from mien.core.protocols import PROTOCOLS, UNCOUNTED, Labels
from mien.data.samples import FERPLUS
from mien.data.split import Split, load_split
from mien.evaluation.paired import paired
from mien.evaluation.scores import per_class, rounded
from mien.inference.classifier import BATCH_SIZE, INPUT_NAME

OUT = ROOT / "docs" / "runs" / "like_for_like.json"
PACKAGED = "src/mien/weights/mien.onnx"
ROAD = {
    "5-compact": "5a34d11",
    "6-robust": "89dd559",
    "7-again": "4d02929",
    "12-patient": "7d63448",
    "16-photos": "8227ace",
    "17-photos": "3d8cf89",
}
"""Net of the road -> the commit that packaged it: ``5-compact`` in float, ``12-patient`` before it was corrected."""

Logits = NDArray[np.floating[Any]]


def read_net(place: str) -> bytes:
    """Return a net's file, from the disk or as "REVISION:PATH" from git's history.

    Raises:
        DataError: it is in neither.
    """
    if Path(place).is_file():
        return Path(place).read_bytes()
    done = subprocess.run(["git", "show", place], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise DataError(
            f"no net at {place}: expected an ONNX file, or REVISION:PATH in a clone with its whole history "
            f"({done.stderr.decode(errors='replace').strip()})"
        )
    return done.stdout


def logits_of(net: bytes, images: NDArray[np.uint8]) -> Logits:
    """Return what a net's last dense layer gives for faces (N, S, S), (N, K): before temperature and softmax."""
    model = onnx.load_from_string(net)
    dense = [node for node in model.graph.node if node.op_type in {"Gemm", "MatMul"}][-1].output[0]
    behind = [node for node in model.graph.node if dense in node.input]
    output = behind[0].output[0] if [node.op_type for node in behind] == ["Add"] else dense
    model.graph.output.append(onnx.ValueInfoProto(name=output))
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    batches = range(0, len(images), BATCH_SIZE)
    return np.concatenate(
        [np.asarray(session.run([output], {INPUT_NAME: images[at : at + BATCH_SIZE, ..., None]})[0]) for at in batches]
    )


def public_test(data: Path) -> tuple[Split, Labels]:
    """Return the PublicTest faces that count under ``seven``, and their labels (N,)."""
    valid = load_split(data, "valid")
    labels = PROTOCOLS["seven"](valid.votes, valid.emotions)
    counted = (valid.sources == FERPLUS) & (labels != UNCOUNTED)
    if not (counted & valid.choosing).any() or not (counted & ~valid.choosing).any():
        raise DataError(f"{data} lacks PublicTest with FER+'s votes; run 'mien prepare fer2013.csv fer2013new.csv'")
    return valid.take(counted), labels[counted]


def offsets(logits: Logits, votes: NDArray[np.uint8], choosing: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return what ``mien train`` would add to the biases (K,): zeros for a net that has not learnt votes over eight."""
    if logits.shape[1] != len(EIGHT):
        return np.zeros(logits.shape[1])
    return metrics.fit_offsets(logits[choosing], votes[choosing, : len(EIGHT)].argmax(axis=1))


def predict(logits: Logits) -> Labels:
    """Return the emotion of the seven (N,) that logits (N, K) call the likeliest at prior 0."""
    probs = metrics.softmax(logits.astype(np.float64))
    return (to_seven(probs) if probs.shape[1] == len(EIGHT) else probs).argmax(axis=1)


def score(truth: Labels, predicted: Labels) -> dict[str, Any]:
    """Return the scores of N faces."""
    confusion = metrics.confusion_matrix(truth, predicted, len(SEVEN))
    scores = metrics.class_scores(confusion)
    return {
        "n": len(truth),
        "accuracy": rounded(metrics.accuracy(truth, predicted)),
        "interval": [rounded(bound) for bound in metrics.accuracy_interval(truth, predicted)],
        "balanced_accuracy": rounded(scores.balanced_accuracy),
        "macro_f1": rounded(scores.macro_f1),
        "per_class": per_class(SEVEN, scores),
        "confusion": confusion.tolist(),
    }


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a net calls N faces, by the faces on which its biases were corrected.

    Attributes:
        offsets: (K,) what was added to the biases for ``choosing``.
        none: (N,) the answers without a correction.
        choosing: (N,) corrected on the half that chooses.
        all: (N,) corrected on all N.
    """

    offsets: NDArray[np.float64]
    none: Labels
    choosing: Labels
    all: Labels


def answer(net: bytes, faces: Split) -> Answers:
    """Return what a net calls the faces."""
    logits = logits_of(net, faces.images)
    half = offsets(logits, faces.votes, faces.choosing)
    whole = offsets(logits, faces.votes, np.ones(len(faces), np.bool_))
    return Answers(half, predict(logits), predict(logits + half), predict(logits + whole))


def run_block(answers: Answers, truth: Labels, faces: Split) -> dict[str, Any]:
    """Return the scores of one net, corrected on the half that chooses; and its accuracies by correction and faces."""
    reported, every = ~faces.choosing, np.ones(len(faces), np.bool_)
    by_correction = {
        by: {
            name: rounded(metrics.accuracy(truth[rows], getattr(answers, by)[rows]))
            for name, rows in (("choosing", faces.choosing), ("reported", reported), ("all", every))
        }
        for by in ("none", "choosing", "all")
    }
    shown = {"reported": reported, "clean": reported & faces.clean, "all": every}
    return {
        "offsets": [round(float(offset), 4) for offset in answers.offsets],
        **{name: score(truth[rows], answers.choosing[rows]) for name, rows in shown.items()},
        "accuracy_by_correction": by_correction,
    }


def like_for_like(nets: Mapping[str, bytes], data: Path) -> dict[str, Any]:
    """Return the content of ``like_for_like.json``: the scores of each net, and of pairs of them.

    ``runs`` have the blocks ``reported``, ``clean`` (the clean faces of that half) and ``all``, of the net corrected on
    the half that chooses. ``pairs`` are neighbours, and the first and the last, on ``reported`` and on ``all`` faces.
    """
    faces, truth = public_test(data)
    answers = {name: answer(net, faces) for name, net in nets.items()}
    names = list(nets)
    pairs = [*pairwise(names), *([(names[0], names[-1])] if len(names) > 2 else [])]
    parts = {"reported": ~faces.choosing, "all": np.ones(len(faces), np.bool_)}
    return {
        "split": "valid",
        "split_sha256": faces.sha256(),
        "protocol": "seven",
        "prior": 0.0,
        "runs": [
            {"name": name, "sha256": hashlib.sha256(net).hexdigest(), **run_block(answers[name], truth, faces)}
            for name, net in nets.items()
        ],
        "pairs": [
            {
                "before": before,
                "after": after,
                **{
                    part: paired(truth[rows], answers[before].choosing[rows], answers[after].choosing[rows])
                    for part, rows in parts.items()
                },
            }
            for before, after in pairs
        ],
    }


def named(words: Sequence[str]) -> dict[str, bytes]:
    """Return name -> net of words "NAME=NET", or of the road where there are none."""
    places = dict(word.split("=", 1) for word in words) or {name: f"{one}:{PACKAGED}" for name, one in ROAD.items()}
    return {name: read_net(place) for name, place in places.items()}


def main() -> None:
    """Score the nets and write the document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("nets", nargs="*", metavar="NAME=NET")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    document = like_for_like(named(given.nets), given.data)
    write_whole(given.out, (json.dumps(document, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
