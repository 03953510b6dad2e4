"""The tracker: gives faces ids that stay the same from frame to frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mien.core.arrays import Flags, Floats, Ids
from mien.core.boxes import FARTHEST_PX, area, iou
from mien.core.errors import MissingExtra
from mien.tracking._clock import Clock
from mien.tracking.appearance import APPEARANCE_VALUES, alike

States = NDArray[np.float64]
"""(N, 4): centre x and y in pixels, logarithms of width and height."""

MAX_GAP_S = 1.0
"""For how long a face that is not found keeps its id and its shown emotion, by default."""

VELOCITY_S = 0.15
"""Time constant of a face's averaged velocity; shorter follows turns, longer outlasts a detector's jitter."""

DAMPING_S = 0.4
"""Time constant with which a face that is not seen is taken to slow down."""

BUFFER, BUFFER_PER_S, MOST_BUFFER = 0.2, 4.0, 1.2
"""By how much of its width and height a box is grown on every side before overlaps are taken: at once, more a
second since the face was seen, and at most."""

LEAST_OVERLAP = 0.2
"""Grown boxes that overlap less are not of one face.

This and those above are chosen on simulated faces of known identity (docs/benchmarks/tracking.txt, by
lab/scripts/choose_tracking.py): plain overlap loses many times as many ids, and a larger growth from the start gives
the ids of lost faces to others.
"""

ABSENCE_COST = 0.1
"""Taken off the overlap of a face that was unseen for the whole gap, so that a face in view is preferred."""


class Tracker:
    """Gives each face an id that it keeps while in view, and for a short time after.

    Each known face is expected where its velocity carries it, and the boxes found are assigned so that they overlap
    most with those expected, in all. Boxes are grown before, the more the longer a face was not seen, so that fast
    faces at low frame rates still overlap (buffered IoU: F. Yang et al., Hard to track objects with irregular motions
    and similar appearances? Make it easier by buffering the matching space, WACV 2023; there in two steps, here by
    time).

    A face found in the frame before is known however long ago that was; one that was missed, for ``max_gap_s``. A face
    that takes another's place does not take its id where it looks different (``mien.tracking.appearance``).

    Args:
        max_gap_s: for how long a face that is not found is remembered.

    Raises:
        MissingExtra: SciPy is not installed.
        ValueError: max_gap_s is negative or not finite.
    """

    def __init__(self, max_gap_s: float = MAX_GAP_S) -> None:
        if not 0 <= max_gap_s < np.inf:
            raise ValueError(f"max_gap_s must be a number of seconds, 0 or more; got {max_gap_s!r}")
        try:
            from scipy.optimize import linear_sum_assignment
        except ImportError as error:
            raise MissingExtra(
                "following faces needs SciPy, which is not installed; run: pip install 'mien[video]'"
            ) from error
        self._assign = linear_sum_assignment
        self._max_gap_s = max_gap_s
        self._elapsed_s = Clock()
        self._next = 1
        self.cut()

    def cut(self) -> None:
        """Forget all faces: a new scene begins, and new ids with it; none is given twice."""
        self._ids: Ids = np.zeros(0, np.int64)
        self._states: States = np.zeros((0, 4))
        self._velocities: States = np.zeros((0, 4))
        self._unseen_s: NDArray[np.float64] = np.zeros(0)
        self._in_view: Flags = np.zeros(0, np.bool_)
        self._latest: Floats = np.zeros((0, APPEARANCE_VALUES), np.float32)
        self._latest_sure: Floats = np.zeros((0, APPEARANCE_VALUES), np.float32)

    def __call__(self, boxes: Floats, time_s: float, looks: Floats | None = None, sure: Flags | None = None) -> Ids:
        """Return the ids of the faces of the next frame.

        Args:
            boxes: (N, 4) float32, x1, y1, x2, y2 in pixels; N may be 0.
            time_s: of the frame. One that is not later than that of the call before counts as the same time.
            looks: (N, D) float32, what they look like (``mien.tracking.appearance.looks``); None compares places alone.
            sure: (N,) bool, which of them surely are faces; None takes all for such. Who was surely seen is
                remembered by that, whatever a hand or a passer-by showed since.

        Returns:
            (N,) int64, from 1, no two alike; -1 for a box that cannot be followed: without area, with a coordinate
            that is not a number or beyond a million.
        """
        self._unseen_s += self._elapsed_s(time_s)
        self._keep(self._in_view | (self._unseen_s <= self._max_gap_s))
        ids = np.full(len(boxes), -1, np.int64)
        sound = np.flatnonzero(np.all(np.abs(boxes) <= FARTHEST_PX, axis=1))
        sound = sound[area(boxes[sound]) > 0]
        states = _states(boxes[sound])
        seen = (np.zeros((len(boxes), APPEARANCE_VALUES), np.float32) if looks is None else looks)[sound]
        certain = (np.ones(len(boxes), np.bool_) if sure is None else sure)[sound]
        faces, rows = self._match(states, seen)
        self._see(faces, states[rows], seen[rows], certain[rows])
        self._meet(np.delete(states, rows, axis=0), np.delete(seen, rows, axis=0))
        fresh = np.delete(np.arange(len(sound)), rows)
        ids[sound[rows]] = self._ids[faces]
        ids[sound[fresh]] = self._ids[len(self._ids) - len(fresh) :]
        return ids

    def _keep(self, known: Flags) -> None:
        self._ids, self._states, self._velocities = self._ids[known], self._states[known], self._velocities[known]
        self._unseen_s, self._in_view = self._unseen_s[known], self._in_view[known]
        self._latest, self._latest_sure = self._latest[known], self._latest_sure[known]

    def _match(self, found: States, looks: Floats) -> tuple[Ids, Ids]:
        """Return the rows of known faces and, beside them, the rows of found ones that are the same."""
        reach_s = DAMPING_S * (1 - np.exp(-self._unseen_s / DAMPING_S))
        expected = self._states + self._velocities * reach_s[:, None]
        expected[:, 2:] = expected[:, 2:].clip(max=np.log(FARTHEST_PX))
        buffers = np.minimum(BUFFER + BUFFER_PER_S * self._unseen_s, MOST_BUFFER)
        overlap = np.zeros((len(expected), len(found)))
        for buffer in np.unique(buffers).tolist():  # few: those in view share theirs
            same = buffers == buffer
            overlap[same] = iou(_grown(expected[same], buffer), _grown(found, buffer))
        overlap[~(alike(self._latest, looks) | alike(self._latest_sure, looks))] = 0
        absent = np.minimum(self._unseen_s / max(self._max_gap_s, 1e-9), 1)
        # One added to each: two pairs that fit are better than one that fits well.
        merit = np.where(overlap >= LEAST_OVERLAP, 1 + overlap - ABSENCE_COST * absent[:, None], 0)
        faces, rows = self._assign(merit, maximize=True)
        fit = overlap[faces, rows] >= LEAST_OVERLAP
        return faces[fit], rows[fit]

    def _see(self, faces: Ids, states: States, looks: Floats, sure: Flags) -> None:
        """Take places and looks of known faces (M,) from this frame, states (M, 4); no other is in view."""
        unseen_s = self._unseen_s[faces][:, None]
        gain = -np.expm1(-unseen_s / VELOCITY_S)
        # Divided first: between times that are nearly equal the velocity seen overflows, its share does not.
        rate = np.divide(gain, unseen_s, out=np.zeros_like(gain), where=unseen_s > 0)
        slowed = self._velocities[faces] * np.exp(-unseen_s / DAMPING_S)
        self._velocities[faces] = (1 - gain) * slowed + rate * (states - self._states[faces])
        self._states[faces] = states
        self._unseen_s[faces] = 0
        self._in_view[:] = False
        self._in_view[faces] = True
        self._latest[faces] = looks
        self._latest_sure[faces[sure]] = looks[sure]

    def _meet(self, states: States, looks: Floats) -> None:
        """Know new faces, states (M, 4) and looks (M, D), which stand still so far."""
        n = len(states)
        self._ids = np.append(self._ids, np.arange(self._next, self._next + n))
        self._next += n
        self._states = np.vstack([self._states, states])
        self._velocities = np.vstack([self._velocities, np.zeros((n, 4))])
        self._unseen_s = np.append(self._unseen_s, np.zeros(n))
        self._in_view = np.append(self._in_view, np.ones(n, np.bool_))
        self._latest = np.vstack([self._latest, looks])
        self._latest_sure = np.vstack([self._latest_sure, looks])


def _states(boxes: Floats) -> States:
    """Return the states of boxes (N, 4) that have area."""
    corners = boxes.astype(np.float64)
    return np.hstack([(corners[:, :2] + corners[:, 2:]) / 2, np.log(corners[:, 2:] - corners[:, :2])])


def _grown(states: States, buffer: float) -> Floats:
    """Return the boxes (N, 4) of states, grown on every side by so much of their width and height."""
    half = np.exp(states[:, 2:]) * (0.5 + buffer)
    return np.hstack([states[:, :2] - half, states[:, :2] + half]).astype(np.float32)
