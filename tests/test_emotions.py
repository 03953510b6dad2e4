"""The emotions: colours for the labels of any model."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mien.core.emotions import COLOURS, EIGHT, colours_of


def test_the_eight_keep_their_colours():
    assert colours_of(EIGHT) == COLOURS


def test_labels_of_ones_own_take_colours_that_are_free():
    colours = colours_of(("calm", "fear", "tense"))
    assert colours["fear"] == COLOURS["fear"]
    assert len(set(colours.values())) == 3


@given(st.lists(st.sampled_from([*EIGHT, "calm", "tense", "bored", "awed"]), unique=True))
def test_up_to_eight_labels_differ_and_more_have_colours_too(labels: list[str]):
    colours = colours_of(labels)
    assert list(colours) == labels
    assert len(set(colours.values())) == min(len(labels), len(COLOURS))
