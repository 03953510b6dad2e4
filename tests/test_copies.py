"""Analyzers, streams and results in copies and in other processes."""

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import mien
from mien.core.errors import ModelError, UsageError
from mien.core.frame import Frame
from mien.core.packaged import default_model
from mien.imaging.decode import read
from mien.inference.classifier import Classifier
from mien.tracking.stream import Stream


@pytest.fixture(scope="module")
def analyzer() -> mien.Analyzer:
    return mien.load("mien-s", prior=0.5, view="eight", min_score=0.6, largest=True)


def same(one: mien.Analysis, other: mien.Analysis) -> bool:
    return one.to_dict() == other.to_dict()


def pickled(whole: mien.Analyzer) -> mien.Analyzer:
    return pickle.loads(pickle.dumps(whole))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])
def test_a_copy_predicts_as_the_first_does(
    analyzer: mien.Analyzer, examples: Path, copied: Callable[[mien.Analyzer], mien.Analyzer]
):
    photo = read(examples / "astronaut.png")
    assert same(copied(analyzer)(photo), analyzer(photo))


def test_a_pickle_holds_settings_and_no_nets(analyzer: mien.Analyzer):
    assert len(pickle.dumps(analyzer)) < 5_000


def test_another_process_loads_it_again(analyzer: mien.Analyzer, examples: Path, tmp_path: Path):
    (tmp_path / "analyzer").write_bytes(pickle.dumps(analyzer))
    program = "import pickle, sys; print(len(pickle.load(open(sys.argv[1], 'rb'))(sys.argv[2])))"
    command = [sys.executable, "-c", program, tmp_path / "analyzer", examples / "astronaut.png"]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "1\n"


def test_a_model_from_bytes_or_a_file_goes_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    content = default_model().read_bytes()
    crops = np.zeros((1, 48, 48, 1), np.uint8)
    (tmp_path / "own.onnx").write_bytes(content)
    monkeypatch.chdir(tmp_path)
    kept = [pickle.dumps(Classifier(source, threads=1)) for source in (content, Path("own.onnx"))]
    monkeypatch.chdir("/")
    first, second = (pickle.loads(one)(crops) for one in kept)
    np.testing.assert_array_equal(first, second)
    (tmp_path / "own.onnx").write_bytes((default_model().parent / "mien-s.onnx").read_bytes())
    with pytest.raises(ModelError, match=r"has changed: expected sha256 .* in .*own.onnx; load it again"):
        pickle.loads(kept[1])


def test_results_and_their_faces_can_be_kept(analyzer: mien.Analyzer, examples: Path):
    result = analyzer(examples / "astronaut.png")
    kept = pickle.loads(pickle.dumps(result))
    assert same(kept, result)
    np.testing.assert_array_equal(kept.frame.image, result.frame.image)
    assert pickle.loads(pickle.dumps(result[0])).probabilities == result[0].probabilities


def test_a_copied_stream_goes_on_where_the_first_was(examples: Path):
    photo = read(examples / "astronaut.png")
    stream = Stream(mien.load(), detect_every=3)
    fresh = pickle.loads(pickle.dumps(stream))
    stream(Frame(photo, 0, 0.0))
    kept = pickle.loads(pickle.dumps(stream))
    following = Frame(np.roll(photo, 5, axis=1), 1, 0.04)
    assert same(kept(following), stream(following))
    assert fresh(Frame(photo))[0].id == 1


def test_a_stream_that_is_at_work_is_not_copied(examples: Path):
    stream = Stream(mien.load())
    stream.plan(Frame(np.zeros((9, 9, 3), np.uint8)))
    with pytest.raises(UsageError, match="cannot be copied while it works on a frame"):
        pickle.dumps(stream)
