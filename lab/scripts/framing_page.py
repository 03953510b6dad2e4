"""The tables and the picture of lab/framing/framing.md; ``framing.py`` measures what they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from docpage import table
from mien.core.faces import LANDMARKS
from pasted import SIZES_PX, Grey

NAMES = ("box x1", "box y1", "box x2", "box y2", *(f"{name} {axis}" for name in LANDMARKS for axis in "xy"))
"""What is measured in a frame, in the order of YuNet's answer."""

TARGET_POINTS = 1.5
"""How many points of accuracy the whole path may lose against the bare crops."""

SHIPPED = 5
"""How many of the scenes, the first ones, show the path as it ships; the first of them is the one to explain."""


def averages_figure(panels: Sequence[tuple[str, Grey, Mapping[str, Sequence[float]]]]) -> Figure:
    """Draw average faces side by side with their landmarks.

    Args:
        panels: title, faces (N, S, S) uint8, quartiles by name. A cross spans the middle half of a landmark's places;
            the rectangle is the median box.
    """
    figure = Figure(figsize=(5.4 * len(panels), 5.9), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, (title, faces, quartiles) in zip(axes, panels, strict=True):
        side_px = faces.shape[1]
        axis.imshow(faces.mean(axis=0), cmap="gray", extent=(0, side_px, side_px, 0), interpolation="bicubic")
        x1, y1, x2, y2 = (quartiles[name][1] for name in NAMES[:4])
        axis.plot([x1, x2, x2, x1, x1], [y1, y1, y2, y2, y1], color="#56b4e9", linewidth=2, linestyle="--")
        for name in LANDMARKS:
            (left, x, right), (top, y, bottom) = quartiles[f"{name} x"], quartiles[f"{name} y"]
            axis.plot([left, right], [y, y], color="#e69f00", linewidth=2.5)
            axis.plot([x, x], [top, bottom], color="#e69f00", linewidth=2.5)
        axis.set(xlim=(-2, side_px + 2), ylim=(side_px + 4, -3), xlabel="pixels of the crop")
        axis.set_title(title, loc="left", weight="bold")
    return figure


def landmark_table(frame: Mapping[str, Any]) -> str:
    """Return the quartiles of FER2013's frames beside those of our crops, and how far the medians are apart."""
    theirs, ours = frame["fer2013"]["quartiles"], frame["photos"]["quartiles"]
    rows = [
        [
            name.replace("_", " "),
            *(f"{value:.1f}" for value in (*theirs[name], *ours[name])),
            f"{ours[name][1] - theirs[name][1]:+.1f}",
        ]
        for name in NAMES
    ]
    return table(["px", "FER2013 25 %", "median", "75 %", "our crops 25 %", "median", "75 %", "difference"], rows)


def scale(frame: Mapping[str, Any]) -> str:
    """Return how large faces are in our crops against FER2013's, by the way from the eyes to the mouth."""

    def eyes_to_mouth(quartiles: Mapping[str, Sequence[float]]) -> float:
        eyes, mouth = (
            sum(quartiles[f"{side}_{part} y"][1] for side in ("right", "left")) / 2 for part in ("eye", "mouth")
        )
        return mouth - eyes

    theirs, ours = (eyes_to_mouth(frame[key]["quartiles"]) for key in ("fer2013", "photos"))
    return f"From the eyes to the mouth: {theirs:.1f} px in FER2013, {ours:.1f} px in our crops ({ours / theirs:.2f})."


def path_table(path: Mapping[str, Any], shown: Sequence[str]) -> str:
    """Return accuracy, points against the bare crops and share found, a row a scene and a column a size."""
    rows = [[name, *(_cell(path["scenes"][name][str(size)], path["bare"]) for size in SIZES_PX)] for name in shown]
    return table(["scene", *(f"{size} px" for size in SIZES_PX)], rows)


def reached(path: Mapping[str, Any], shown: Sequence[str]) -> str:
    """Return how many of the cells of ``path_table`` are within the target."""
    losses = [_points(path["scenes"][name][str(size)], path["bare"]) for name in shown for size in SIZES_PX]
    within = sum(points >= -TARGET_POINTS for points in losses)
    return f"Within {TARGET_POINTS} points of that: {within} of {len(losses)} cells."


def _cell(scores: Mapping[str, float], bare: float) -> str:
    """Return one cell; bold where the loss is within the target."""
    points = _points(scores, bare)
    text = f"{100 * scores['accuracy']:.1f} ({points:+.1f})"
    return f"{f'**{text}**' if points >= -TARGET_POINTS else text}; {100 * scores['found']:.0f} %"


def _points(scores: Mapping[str, float], bare: float) -> float:
    """Return the points of accuracy over the bare crops, as they are printed."""
    return round(100 * (scores["accuracy"] - bare), 1)


def found_table(path: Mapping[str, Any], scene: str) -> str:
    """Return, of the faces that one scene finds, the accuracy there and bare, by size."""

    def row(name: str, key: str) -> list[str]:
        values = [path["scenes"][scene][str(size)][key] for size in SIZES_PX]
        return [name, *("" if value is None else f"{100 * value:.1f}" for value in values)]

    rows = [row("whole path", "accuracy_of_found"), row("bare crops", "bare_of_found")]
    return table([f"of the found faces, {scene}", *(f"{size} px" for size in SIZES_PX)], rows)


def parts(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the tables of the page, by their marks, from the content of ``framing.json``."""
    path, names = document["path"], list(document["path"]["scenes"])
    bare = f"Bare crops: {100 * path['bare']:.1f} % of the same {path['faces']:,} faces."
    return {
        "framing-landmarks": f"{landmark_table(document['frame'])}\n\n{scale(document['frame'])}",
        "framing-path": f"{bare} {reached(path, names[:SHIPPED])}\n\n{path_table(path, names[:SHIPPED])}",
        "framing-why": f"{path_table(path, [names[0], *names[SHIPPED:]])}\n\n{found_table(path, names[0])}",
        "framing-made": made_by(document),
    }


def made_by(document: Mapping[str, Any]) -> str:
    """Return where the figures come from."""
    made, frame, photos = document["made_by"], document["frame"], document["photos"]
    crop = ", ".join(f"{key} {value}" for key, value in made["crop"].items())
    return "\n".join(
        [
            f"- `{made['command']}`, commit {made['commit']}, {made['cores']} cores",
            f"- model sha256 `{made['model_sha256'][:16]}`, crop: {crop}",
            f"- landmarks: {_found(frame['fer2013'])} Training faces, {_found(frame['photos'])} of our crops",
            f"- photos: the detector as it ships finds {photos['found']:,} of {photos['faces']:,} labelled faces",
        ]
    )


def _found(frames: Mapping[str, Any]) -> str:
    """Return how many of how many frames show a face."""
    return f"{frames['found']:,} of {frames['frames']:,}"
