"""Clips of each kind, from certain throughout to uncertain throughout, and what is told of them everywhere."""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from rich.console import Console

import mien as package
from clips import EXAMPLES, moving_portrait, write_clip
from command import Command, Outcome
from mien.apps.cli.clip_screen import table
from mien.core.arrays import Image
from mien.core.emotions import SEVEN
from mien.core.model_card import PRIOR_STEPS
from mien.core.packaged import packaged_model
from mien.draw.history import History
from mien.imaging.decode import read
from mien.report.timeline_plot import timeline_figure
from mien.tracking.timeline import Timeline
from test_timeline_page import Page
from tracked_results import summary

N, FPS = 20, 25


def blurred(image: Image, sigma_px: float = 4) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.uint8)


def portraits(
    head_px: int = 120, change: Callable[[Image], Image] = lambda image: image, begins: int = 0
) -> list[Image]:
    """A head that goes a little to the right, changed from a frame on."""
    images = [image for image, _ in moving_portrait(N, head_px=head_px, begin=0.3, end=0.5)]
    return [change(image) if number >= begins else image for number, image in enumerate(images)]


KINDS = {
    "certain": (portraits(), 0.0),
    "small": (portraits(head_px=48), 1.0),
    "blurred": (portraits(change=blurred), 1.0),
    "unsure": (portraits(), 1.0),
    "half": (portraits(change=blurred, begins=N // 2), 0.5),
}
"""Pictures of a clip, and the share of its time in which its one face is uncertain."""


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def clip(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp(kind) / "clip.mp4", KINDS[kind][0], fps=FPS)


@pytest.fixture
def model(kind: str, tmp_path: Path) -> list[str]:
    """Options for a model that is certain of nothing, where the kind asks for one."""
    if kind != "unsure":
        return []
    return ["--model", str(sure_from(1.001, tmp_path / "doubtful.onnx"))]


def test_each_kind_is_told_as_what_it_is_in_page_captions_and_terminal(
    mien: Command, kind: str, clip: Path, model: list[str]
):
    outcome = mien("video", clip, *model, "--page", "--captions", "srt")
    assert (outcome.code, outcome.err) == (0, "")
    told, page = outcome.out.split("\t"), Page(Path("clip.mien.html").read_text(encoding="utf-8"))
    captions = Path("clip.mien.srt").read_text(encoding="utf-8").split("\n")[2::4]
    rects = [one for one in page.all("rect") if "x" in one]
    bands = [(float(one["x"].rstrip("%")), float(one["width"].rstrip("%"))) for one in rects]
    data = json.loads(page.scripts[0])
    found = data["people"][0]["doubt"]
    uncertain, reasons = [doubt >= 0 for doubt in found], {data["doubts"][doubt] for doubt in found if doubt >= 0}
    why = {"unsure": "not sure", "half": "blurred"}.get(kind, kind)
    assert reasons == ({why} if KINDS[kind][1] else set())
    match KINDS[kind][1]:
        case 0.0:
            assert [cell.strip() for cell in told[5:]] == ["uncertain 0.000", "happiness 1.000"]
            assert "person 1 mostly happiness" in page.text
            assert "happiness 100 %" in page.text
            assert (captions, bands, uncertain) == (["happiness"], [], [False] * 8)
        case 1.0:
            assert [cell.strip() for cell in told[5:]] == ["uncertain 1.000"]
            assert "person 1 uncertain throughout" in page.text
            assert "mostly" not in page.text
            assert f"uncertain 100 %: {why}" in page.text
            assert (captions, bands, uncertain) == (["uncertain"], [(0, 100)], [True] * 8)
        case _:
            assert [cell.strip() for cell in told[5:]] == ["uncertain 0.500", "happiness 1.000"]
            assert "person 1 mostly happiness" in page.text
            words = "uncertain 50 %: blurred certain for 0:00.4, of which share mean first happiness 100 %"
            assert words in page.text
            assert captions == ["happiness"], "what is left is too short to be shown"
            assert (bands, uncertain) == ([(50, 50)], [False] * 4 + [True] * 4)


def test_each_kind_is_drawn_as_what_it_is_in_the_picture_and_in_the_window(clip: Path, kind: str, model: list[str]):
    analyzer = package.load(model[1] if model else None)
    timeline, history = Timeline(analyzer.labels), History()
    for result in package.stream(clip, analyzer):
        timeline.add(result)
        history.add(result)
    share = KINDS[kind][1]
    axis = timeline_figure(timeline.close(N / FPS)).axes[0]
    hatched = [one for one in axis.collections if one.get_hatch()]
    found = sum(path.get_extents().width for bands in hatched for path in bands.get_paths())
    assert found == pytest.approx(share * N / FPS)
    (points,) = history.stretches(1)
    assert np.mean([unsure for _, _, unsure in points]) == pytest.approx(share)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One who is there throughout and goes out of focus twice, and one who comes later and turns into another."""
    left = read(EXAMPLES / "astronaut.png")[0:260, 100:360]
    right = read(EXAMPLES / "grace_hopper.jpg")[20:380, 80:440]
    images: list[Image] = []
    for number in range(40):
        image = np.full((180, 400, 3), 127, np.uint8)
        one = cv2.resize(left, (150, 150), interpolation=cv2.INTER_AREA)
        image[20:170, 20 + number : 170 + number] = blurred(one, 5) if 8 <= number < 14 or number >= 33 else one
        if number >= 10:
            share = float(np.clip((number - 16) / 10, 0, 1))
            other = cv2.addWeighted(cv2.resize(right, (140, 140)), 1 - share, cv2.resize(left, (140, 140)), share, 0)
            image[20:160, 240:380] = blurred(other, 5) if number % 10 > 6 else other
        images.append(image)
    return write_clip(tmp_path_factory.mktemp("crowd") / "crowd.mp4", images, fps=FPS)


REASONS = "not sure", "small", "turned", "blurred"


@dataclass
class Counted:
    """What the rows of a table say of one person."""

    first_s: float = np.inf
    last_s: float = 0.0
    uncertain_s: float = 0.0
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(SEVEN, 0.0))
    certain: list[str] = field(default_factory=list[str])
    bins: dict[int, np.ndarray] = field(default_factory=dict[int, np.ndarray])
    """Sums of probability times seconds, the uncertain seconds by reason, all seconds."""
    doubts: dict[str, float] = field(default_factory=lambda: dict.fromkeys(REASONS, 0.0))
    onsets: dict[str, float] = field(default_factory=dict[str, float])
    sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys((*SEVEN, "valence"), 0.0))
    """Of probability and valence times seconds, over what is certain."""

    @property
    def changes(self) -> dict[str, int]:
        pairs = [f"{a} → {b}" for a, b in zip(self.certain, self.certain[1:], strict=False) if a != b]
        return {pair: pairs.count(pair) for pair in pairs}


def counted(rows_of: Path, end_s: float, bin_s: float) -> dict[str, Counted]:
    """Sum up a table of ``mien video``, in which each frame counts until the next."""
    with rows_of.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    times = sorted({float(row["time_s"]) for row in rows})
    until = dict(zip(times, [*times[1:], end_s], strict=True))
    people: dict[str, Counted] = {}
    for row in rows:
        one, start_s = people.setdefault(row["id"], Counted()), float(row["time_s"])
        length_s, unsure = until[start_s] - start_s, row["uncertain"] == "True"
        one.first_s, one.last_s = min(one.first_s, start_s), until[start_s]
        reason = row["quality"].replace("good", "not sure")
        probs = {label: float(row[f"p_{label}"]) for label in SEVEN}
        if unsure:
            one.uncertain_s += length_s
            one.doubts[reason] += length_s
        else:
            one.seconds[row["emotion"]] += length_s
            one.certain.append(row["emotion"])
            one.onsets.setdefault(row["emotion"], start_s)
            for name, value in {**probs, "valence": float(row["valence"])}.items():
                one.sums[name] += value * length_s
        shares = np.array([*probs.values(), *(unsure and reason == name for name in REASONS), 1.0])
        for place, part_s in pieces(start_s, until[start_s], bin_s):
            one.bins[place] = one.bins.get(place, 0) + part_s * shares
    return people


def pieces(start_s: float, end_s: float, bin_s: float) -> Iterator[tuple[int, float]]:
    for place in range(int(end_s / bin_s) + 1):
        part_s = min(end_s, (place + 1) * bin_s) - max(start_s, place * bin_s)
        if part_s > 1e-9:
            yield place, part_s


def percent(share: float) -> str:
    return "<1 %" if 0 < share < 0.01 else ">99 %" if 0.99 < share < 1 - 1e-6 else f"{100 * share:.0f} %"


def expected(key: str, one: Counted, end_s: float) -> str:
    """What the page says of a person."""
    certain_s = sum(one.seconds.values())
    seen_s = certain_s + one.uncertain_s
    ranked = sorted(((s, label) for label, s in one.seconds.items() if s), key=lambda pair: -pair[0])
    head = (
        "uncertain throughout"
        if not ranked
        else "mostly uncertain"
        if one.uncertain_s > certain_s
        else f"{'mostly' if ranked[0][0] > certain_s / 2 else 'most often'} {ranked[0][1]}"
    )
    words = [f"person {key} {head} in view 0:{seen_s:04.1f} ({percent(seen_s / end_s)})"]
    words += [f"0:{one.first_s:04.1f} to 0:{one.last_s:04.1f} figures"]
    reasons = {reason: seconds for reason, seconds in one.doubts.items() if seconds}
    parts = [f"{reason} {percent(seconds / seen_s)}" for reason, seconds in reasons.items()]
    if one.uncertain_s:
        words += [f"uncertain {percent(one.uncertain_s / seen_s)}: {', '.join(parts if len(parts) > 1 else reasons)}"]
    if one.uncertain_s and ranked:
        words += [f"certain for 0:{certain_s:04.1f}, of which"]
    if not ranked:
        return " ".join(words)
    means = {name: total / certain_s for name, total in one.sums.items()}
    rows = [f"{label} {percent(s / certain_s)} {means[label]:.2f} 0:{one.onsets[label]:04.1f}" for s, label in ranked]
    return " ".join([*words, "share mean first", *rows, f"mean valence {means['valence']:+.2f}"])


def sure_from(confidence: float, path: Path) -> Path:
    """Write the packaged net with another threshold; near the usual one a face goes with the threads of the encoder."""
    graph = onnx.load(packaged_model("mien"))
    (prop,) = [one for one in graph.metadata_props if one.key == "mien"]
    prop.value = json.dumps(json.loads(prop.value) | {"uncertain_below": [confidence] * len(PRIOR_STEPS)})
    onnx.save(graph, path)
    return path


def test_every_number_of_the_page_and_the_terminal_comes_from_the_table(mien: Command, crowd: Path):
    model = sure_from(0.7, Path("sure.onnx"))
    outcome: Outcome = mien("video", crowd, "--model", model, "--prior", "ferplus", "--data", "csv", "--page")
    page = Page(Path("crowd.mien.html").read_text(encoding="utf-8"))
    data = json.loads(page.scripts[0])
    end_s = json.loads(Path("crowd.mien.csv.jsonl").read_bytes().splitlines()[-1])["end_s"]
    people = counted(Path("crowd.mien.csv"), end_s, data["bin_s"])
    assert sum(0 < one.uncertain_s < sum(one.seconds.values()) for one in people.values()) >= 2
    assert any(one.changes for one in people.values())
    assert f"0:{end_s:04.1f} long · {len(people)} people · 40 frames analysed" in page.text
    assert (data["start_s"], data["end_s"]) == (0, pytest.approx(end_s))
    lines = {cells[1]: cells[2:] for cells in (line.split("\t") for line in outcome.out.splitlines())}
    for shown in data["people"]:
        key = shown["name"].removeprefix("person ")
        one = people[key]
        assert expected(key, one, end_s) in page.text
        changes = sum(one.changes.values())
        assert f"{changes} change{'' if changes == 1 else 's'}:" in page.text if changes else True
        assert all(change in page.text for change in one.changes)
        assert shown["bins"] == sorted(one.bins)
        sums = np.array([one.bins[place] for place in shown["bins"]])
        np.testing.assert_allclose(shown["thousandths"], 1000 * sums[:, :7] / sums[:, -1:], atol=0.6)
        unsure = sums[:, 7:-1].sum(axis=1) >= sums[:, -1] / 2 - 1e-9
        assert shown["doubt"] == np.where(unsure, sums[:, 7:-1].argmax(axis=1), -1).tolist()
        certain_s = sum(one.seconds.values())
        seen_s = certain_s + one.uncertain_s
        ranked = sorted(((s, label) for label, s in one.seconds.items() if s), key=lambda pair: -pair[0])[:3]
        assert lines[key] == [f"{value:.2f}" for value in (one.first_s, one.last_s, seen_s)] + [
            f"uncertain {one.uncertain_s / seen_s:.3f}", *(f"{label} {s / certain_s:.3f}" for s, label in ranked),
        ]  # fmt: skip


def test_a_still_picture_of_a_small_face_asks_too(mien: Command, tmp_path: Path):
    small = portraits(head_px=48)[0]
    cv2.imwrite(str(tmp_path / "small.png"), small[:, :, ::-1])
    (line,) = mien("image", "small.png").out.splitlines()
    assert line.split("\t")[-2:] == ["uncertain", "small"]
    (face,) = json.loads(mien("image", "small.png", "--json").out)["images"][0]["faces"]
    assert (face["uncertain"], face["quality"]) == (True, "small")
    assert mien("image", EXAMPLES / "astronaut.png").out.split("\t")[2:] == ["happiness", "1.000\n"]


def test_a_terminal_has_a_column_for_what_is_uncertain():
    frames = [(t / 10, {1: "fear" if t < 5 else "fear?", 2: "anger?", 3: "sadness"}) for t in range(20)]
    console = Console(width=80)
    with console.capture() as captured:
        console.print(table(Path("clip.mp4"), summary(frames, 2.0)))
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in captured.get().splitlines() if "│" in line]
    assert [row[4:] for row in rows] == [
        ["75%", "██▌", "fear 100%"],
        ["100%", "", "never"],
        ["0%", 10 * "█", "sadness 100%"],
    ]
