"""Batches from S3 into S3: moto's server, on this machine."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyarrow.fs import FileSelector, S3FileSystem

from command import Command
from dying import dying

OPTIONS = ("--recursive", "--detector=none")


@pytest.fixture(scope="module")
def store() -> Iterator[S3FileSystem]:
    """A bucket with pictures in folders, one of them broken."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    given = {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret", "REGION": "us-east-1"}
    with pytest.MonkeyPatch.context() as environ:
        for name, value in {**given, "ENDPOINT_URL": f"http://{host}:{port}"}.items():
            environ.setenv(f"AWS_{name}", value)
        store = S3FileSystem(endpoint_override=f"http://{host}:{port}", allow_bucket_creation=True)
        for bucket in ("photos", "results"):
            store.create_dir(bucket)
        for name in ("1.png", "sub/2-broken.png", "sub/.hidden/3.png", "sub/4.png", "notes.txt"):
            with store.open_output_stream(f"photos/{name}") as stream:
                stream.write(name.encode())
        yield store
    server.stop()


def content(store: S3FileSystem, out: str) -> dict[str, bytes]:
    """Return the files below a folder of the results but the page, which tells the time, by their names in it."""
    found = store.get_file_info(FileSelector(f"results/{out}", recursive=True))
    files = [file.path for file in found if file.is_file and file.extension != "html"]
    return {path.removeprefix(f"results/{out}/"): store.open_input_stream(path).read() for path in files}


@pytest.fixture
def whole(mien: Command, store: S3FileSystem, stand_in: None, small_units: None) -> dict[str, bytes]:
    """The files of an undisturbed run."""
    assert mien("batch", "s3://photos", "--out", "s3://results/whole", "--force", *OPTIONS).code == 1
    return content(store, "whole")


def test_a_data_set_is_written_to_a_bucket(whole: dict[str, bytes], store: S3FileSystem):
    totals = json.loads(whole["manifest.json"])["totals"]
    assert (totals["pictures"], totals["faces"], totals["failed"]) == (3, 0, 1)
    failures = pq.read_table("results/whole/failures", filesystem=store)
    assert failures["path"].to_pylist() == ["s3://photos/sub/2-broken.png"]


@pytest.mark.parametrize("after", [3, *(pytest.param(number, marks=pytest.mark.slow) for number in (1, 2, 4, 5, 6))])
def test_a_batch_that_is_killed_between_buckets_is_gone_on_with(
    after: int, mien: Command, whole: dict[str, bytes], store: S3FileSystem
):
    out = f"s3://results/killed-{after}"
    assert dying(after, "s3://photos", "--out", out, *OPTIONS) == -signal.SIGKILL
    assert len(content(store, f"killed-{after}")) == min(after, len(whole))
    assert mien("batch", "s3://photos", "--out", out, *OPTIONS).code == 1
    assert content(store, f"killed-{after}") == whole


@pytest.mark.usefixtures("stand_in")
def test_pictures_of_a_bucket_are_fetched_whole(mien: Command, store: S3FileSystem, tmp_path: Path):
    assert mien("batch", "s3://photos/sub/*.png", "s3://photos/1.png", "--out", "one.jsonl").code == 1
    lines = map(json.loads, (tmp_path / "one.jsonl").read_text().splitlines())
    assert {line["path"]: line["width"] for line in lines if "width" in line} == {
        "s3://photos/sub/4.png": len("sub/4.png"),
        "s3://photos/1.png": len("1.png"),
    }
