import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

import like_for_like
from docpage import ROOT
from mien.core.errors import DataError
from mien.core.metrics import softmax
from mien.data.split import Split, save_split
from mien.inference.classifier import Classifier
from tiny_net import SIZE_PX, biased, tiny_card, tiny_net

FACES_A_CLASS = 12


def faces() -> Split:
    """Grey faces that a tiny net tells apart; of each emotion half choose."""
    shown = np.tile(np.arange(7), FACES_A_CLASS)
    n = len(shown)
    votes = np.zeros((n, 10), np.uint8)
    votes[np.arange(n), shown] = 10
    return Split(
        images=np.broadcast_to((32 * shown + 16).astype(np.uint8)[:, None, None], (n, SIZE_PX, SIZE_PX)),
        votes=votes,
        emotions=shown.astype(np.int8),
        rows=np.arange(n),
        clean=np.arange(n) < n - 7,
        sources=np.full(n, "ferplus"),
        choosing=np.arange(n) < n // 2,
        names=np.arange(n).astype(str),
    )


def in_two_nodes(net: bytes) -> bytes:
    """The same net with its dense layer as a product and a sum, as some exporters write it."""
    model = onnx.load_from_string(net)
    nodes = list(model.graph.node)
    place = [node.op_type for node in nodes].index("Gemm")
    nodes[place : place + 1] = [
        helper.make_node("MatMul", ["column", "slope"], ["product"]),
        helper.make_node("Add", ["product", "shift"], ["logits"]),
    ]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model.SerializeToString()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    save_split(faces(), tmp_path / "valid.npz")
    return tmp_path


@pytest.mark.parametrize("change", [bytes, in_two_nodes])
def test_logits_are_those_before_the_softmax(change):
    net = change(tiny_net(tiny_card(temperature=2.0)))
    images = faces().images
    found = softmax(like_for_like.logits_of(net, images))
    np.testing.assert_allclose(found, Classifier(net)(images[..., None]), atol=1e-6)


def test_biases_are_corrected_on_the_faces_that_choose(data: Path):
    good = tiny_net(tiny_card())
    nets = {"bad": biased(good, 3, by=6.0), "good": good}
    document = like_for_like.like_for_like(nets, data)
    bad = document["runs"][0]
    assert bad["accuracy_by_correction"]["none"]["reported"] < 0.9
    assert bad["reported"]["accuracy"] == bad["accuracy_by_correction"]["choosing"]["reported"] == 1
    assert np.argmin(bad["offsets"]) == 3
    assert (bad["reported"]["n"], bad["clean"]["n"], bad["all"]["n"]) == (42, 35, 84)
    assert document["pairs"] == [{"before": "bad", "after": "good", **document["pairs"][0]}]
    assert document["pairs"][0]["reported"]["p"] == 1


def test_what_is_reported_chooses_nothing(data: Path):
    nets = {"one": biased(tiny_net(tiny_card()), 3, by=6.0)}
    before = like_for_like.like_for_like(nets, data)["runs"][0]
    split = faces()
    votes = np.where(split.choosing[:, None], split.votes, np.eye(10, dtype=np.uint8)[0] * 10)
    save_split(replace(split, votes=votes), data / "valid.npz")
    after = like_for_like.like_for_like(nets, data)["runs"][0]
    assert after["offsets"] == before["offsets"]
    assert after["reported"]["accuracy"] == pytest.approx(1 / 7, abs=1e-6)


def test_a_net_that_learnt_no_votes_over_eight_is_left_as_it_is(data: Path):
    labels = tiny_card().labels[:7]
    run = like_for_like.like_for_like({"seven": tiny_net(tiny_card(labels))}, data)["runs"][0]
    assert run["offsets"] == [0.0] * 7
    assert run["all"]["accuracy"] == 1


def test_the_command_writes_neighbours_and_the_whole_way(data: Path, monkeypatch: pytest.MonkeyPatch):
    file, out = data / "net.onnx", data / "found.json"
    file.write_bytes(tiny_net(tiny_card()))
    words = [f"{name}={file}" for name in ("a", "b", "c")]
    monkeypatch.setattr(sys, "argv", ["like_for_like.py", str(data), *words, "--out", str(out)])
    like_for_like.main()
    document = json.loads(out.read_text())
    assert [(pair["before"], pair["after"]) for pair in document["pairs"]] == [("a", "b"), ("b", "c"), ("a", "c")]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a clone")
def test_a_net_may_be_in_the_history_of_git():
    assert like_for_like.read_net("HEAD:LICENSE").startswith(b"MIT")


def test_a_net_that_is_nowhere_is_refused():
    with pytest.raises(DataError, match=r"no net at nowhere\.onnx: expected an ONNX file, or REVISION:PATH"):
        like_for_like.read_net("nowhere.onnx")


def test_data_without_votes_are_refused(tmp_path: Path):
    save_split(replace(faces(), sources=np.full(84, "mine")), tmp_path / "valid.npz")
    with pytest.raises(DataError, match="lacks PublicTest"):
        like_for_like.public_test(tmp_path)
