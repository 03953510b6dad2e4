"""Suggestions are close in spelling and meaning, or there are none."""

import pytest

from mien.core.spelling import did_you_mean, near

CLASSES = ["neutral", "happiness", "happy", "surprise", "sadness", "sad", "anger", "disgust", "fear", "contempt"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("hapiness", "happiness"),
        ("happinesss", "happiness"),
        ("happimess", "happiness"),
        ("hapipness", "happiness"),
        ("HAPPYY", "happy"),
        ("surpris", "surprise"),
        ("feer", "fear"),
        ("fera", "fear"),
    ],
)
def test_one_slip_of_the_finger(word: str, meant: str):
    assert near(word, CLASSES) == [meant]


@pytest.mark.parametrize("word", ["Angst", "mad", "bad", "tear", "unhappy", "content", "contento", "fearless", "s", ""])
def test_another_word_is_no_slip(word: str):
    assert near(word, CLASSES) == []


def test_the_question():
    assert did_you_mean(["yunet", "haar"]) == "did you mean 'yunet' or 'haar'?"
    assert did_you_mean([]) == ""
