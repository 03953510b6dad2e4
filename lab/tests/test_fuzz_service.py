import subprocess
import sys

import pytest

import fuzz_service
from docpage import ROOT


def test_forty_requests_and_ten_messages():
    command = [sys.executable, "lab/scripts/fuzz_service.py", "--requests", "40", "--messages", "10", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "40 requests, 10 messages, seed 1" in done.stdout


def test_the_same_number_is_the_same_request_and_every_kind_comes():
    one, other = fuzz_service.Fuzz(5), fuzz_service.Fuzz(6)
    made = [one(number) for number in range(80)]
    assert made == [fuzz_service.Fuzz(5)(number) for number in range(80)]
    assert made != [other(number) for number in range(80)]
    assert {sent.kind for sent in made} == {
        "picture", "form", "JSON", "options", "route", "head", "noise", "unfinished", "video",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "due", "outcome"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nyes", True, "200"),
        (b"HTTP/1.1 400 Bad\r\ncontent-type: application/problem+json\r\n\r\n{}", True, "400"),
        (b"HTTP/1.1 400 Bad\r\n\r\nno document", True, "!400"),
        (b"HTTP/1.1 500 No\r\ncontent-type: application/problem+json\r\n\r\n{}", True, "!500"),
        (b"HTTP/1.1 503 Busy\r\nretry-after: 2\r\n\r\n", True, "503"),
        (b"HTTP/1.1 503 Busy\r\n\r\n", True, "!503"),
        (b"", True, "!closed"),
        (b"", False, "closed"),
        (b"noise", False, "!closed"),
    ],
)
def test_what_should_not_come_back_is_marked(answer: bytes, due: bool, outcome: str):
    assert fuzz_service.told(answer, due) == outcome
