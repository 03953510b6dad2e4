"""Runs of one recipe with other seeds: how far luck alone takes their scores apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mien.core.model_card import ModelCard


def same_recipe(cards: Sequence[ModelCard | None]) -> list[list[int]]:
    """Return the places of the models that differ by nothing but their seed, in groups of two seeds or more.

    Args:
        cards: of the models; None for one that has no card of its own.
    """
    groups: dict[str, dict[int, int]] = {}
    for place, card in enumerate(cards):
        if card is not None and "recipe" in card.notes:
            groups.setdefault(_made_of(card), {}).setdefault(seed_of(card), place)
    return [list(places.values()) for places in groups.values() if len(places) > 1]


def seed_of(card: ModelCard) -> int:
    """Return the seed in the recipe of a card, 0 where it names none."""
    return int(next((line.split("=")[1] for line in card.notes["recipe"].splitlines() if _is_seed(line)), "0"))


def _made_of(card: ModelCard) -> str:
    lines = [line for line in card.notes["recipe"].splitlines() if not _is_seed(line)]
    return "\n".join([*lines, card.data_sha256, card.notes.get("precision", "")])


def _is_seed(line: str) -> bool:
    return line.startswith("seed =")


def mean_and_spread(scores: Sequence[float]) -> tuple[float, float]:
    """Return the mean of two scores or more and the standard deviation of which they are a sample."""
    return float(np.mean(scores)), float(np.std(scores, ddof=1))
