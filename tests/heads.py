"""Heads that are turned, as a detector's landmarks show them."""

import numpy as np

from mien.core.pose import HEAD_MODEL


def turned_head(yaw: float = 0, pitch: float = 0, roll: float = 0) -> np.ndarray:
    """The landmarks of a head that looks to the right, up, and leans over clockwise, by so many degrees."""
    a, b, c = np.radians([-yaw, -pitch, roll])
    sideways = [[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]]
    upwards = [[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]]
    over = [[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]]
    points = HEAD_MODEL @ (np.array(over) @ upwards @ sideways).T
    return (points[:, :2] * 60 + 300).astype(np.float32)[None]
