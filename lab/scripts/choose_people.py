"""Measures the limits by which tracks count as people and one face is told from another in its place.

    python lab/scripts/choose_people.py CLIPS... [--out FILE]

CLIPS are videos. Each is searched once; the rest is counted with the limits as they are and with others, on every frame
and on every third. FILE is docs/benchmarks/people.txt. Who is a person in a clip is for the reader to see.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from choose_cuts import settings
from docpage import ROOT, commit, cores
from mien.core.arrays import Floats, Image
from mien.core.frame import Frame
from mien.core.output import write_whole
from mien.detection.close_up import CLOSE_UP_PX, face_score
from mien.imaging.quality import GOOD
from mien.inference.analyzer import Analyzer, load
from mien.tracking import appearance
from mien.tracking.appearance import COLOUR_VALUES
from mien.tracking.person_rule import BETTER_VIEW, CLOSE_UP_SCORE, SURE_S, SURE_SCORE, SURE_SHARE
from mien.tracking.portrait import thumbnail
from mien.tracking.stream import SingleFrame, Stream
from mien.video.reader import open_video

SPLITS_NOTHING = {"SAME_COLOURS": -1.0}
MEMORY_S = 1.0
"""For so long a face is compared with what it looked like."""

MOST_VIEWS = 40
"""Of one person so many views are compared with those of another, evenly spread."""

SCORES, SHARES, SECONDS, CLOSE_UPS = (0.7, 0.78, 0.8, 0.84, 0.88), (0.05, 0.2, 0.4), (0.5, 2.0), (0.75, 0.8, 0.9)
LIKENESS = (0.6, 0.65, 0.7, 0.8, 0.85, 0.9)

AS_THEY_ARE = {"score": SURE_SCORE, "share": SURE_SHARE, "seconds": SURE_S, "close_up": CLOSE_UP_SCORE}


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A frame as it was searched, without its picture, but with a small picture of each face."""

    single: SingleFrame
    views: list[Image | None]
    lasts_s: float


@dataclass(slots=True)
class Track:
    """What is known of one id: for each frame its time, score and for how long it lasts, quality, view and looks."""

    times: list[float] = field(default_factory=list[float])
    scores: list[float] = field(default_factory=list[float])
    lasts: list[float] = field(default_factory=list[float])
    looks: list[Floats] = field(default_factory=list[Floats])
    best: list[Image] = field(default_factory=list[Image])
    merit: tuple[bool, float] = (False, 0.0)
    close_up: float = -1.0

    def closely(self) -> float:
        """Return the best score of its views searched alone, taken as ``PersonEvidence.look`` takes them."""
        if self.close_up < 0:
            self.close_up = max(map(face_score, self.best), default=0.0)
        return self.close_up

    def is_person(self, score: float, share: float, seconds: float, close_up: float) -> bool:
        """Return what ``mien.tracking.person_rule.PersonEvidence.is_person`` says by other limits."""
        sure_s = sum(lasts for one, lasts in zip(self.scores, self.lasts, strict=True) if one >= score)
        often = max(self.scores) >= score and sure_s >= min(seconds, share * sum(self.lasts))
        return often or self.closely() >= close_up


def searched(path: Path, analyzer: Analyzer) -> list[Seen]:
    """Return the frames of a clip."""
    stream, seen = Stream(analyzer), list[Seen]()
    with open_video(path) as video:
        for frame in video:
            single = stream.plan(frame)()
            views = [thumbnail(frame, face, CLOSE_UP_PX) for face in single.analysis]
            small = replace(
                single.analysis, frame=Frame(frame.image[:1, :1].copy(), frame.index, frame.time_s, size=frame.size)
            )
            seen.append(Seen(replace(single, analysis=small), views, 0.0))
        times = [one.single.analysis.frame.time_s for one in seen] + [video.end_s]
    return [replace(one, lasts_s=min(1.0, b - a)) for one, a, b in zip(seen, times[:-1], times[1:], strict=True)]


def tracks(seen: Sequence[Seen], analyzer: Analyzer, limits: dict[str, float], step: int = 1) -> dict[int, Track]:
    """Return id -> what is known of it, by limits of looks and on every so-many-th frame."""
    stream, found = Stream(analyzer), dict[int, Track]()
    with settings(appearance, limits):
        for one in seen[::step]:
            result = stream.follow(one.single)
            for face, view, looks in zip(result, one.views, one.single.looks, strict=True):
                track = found.setdefault(face.id, Track())
                track.times.append(result.frame.time_s)
                track.scores.append(round(face.score, 4))
                track.lasts.append(one.lasts_s * step)
                track.looks.append(looks)
                good, merit = face.quality == GOOD, face.score * float((face.box[2:] - face.box[:2]).max())
                if view is not None and (good, merit) > (track.merit[0], BETTER_VIEW * track.merit[1]):
                    track.merit = good, merit
                    track.best.append(view)
    return found


def told(clips: dict[str, dict[int, Track]]) -> Iterator[str]:
    """Yield a line a track, and whether it counts as a person."""
    yield f"{'clip':24}{'id':>4}{'frames':>8}{'best score':>12}{'share sure':>12}{'close-up':>10}  person"
    for name, found in clips.items():
        for key, track in found.items():
            sure_s = sum(s for score, s in zip(track.scores, track.lasts, strict=True) if score >= SURE_SCORE)
            person = track.is_person(**AS_THEY_ARE)
            yield (
                f"{name[:22]:24}{key:4}{len(track.times):8}{max(track.scores):12.2f}{sure_s / sum(track.lasts):12.2f}"
                f"{track.closely():10.2f}  {'yes' if person else 'no'}"
            )


def people(found: dict[int, Track], **limits: float) -> list[Track]:
    """Return the tracks that count as people, by the limits as they are but for those given."""
    return [track for track in found.values() if track.is_person(**(AS_THEY_ARE | limits))]


def counted(clips: dict[str, dict[int, Track]]) -> Iterator[str]:
    """Yield how many people each clip has by other limits."""
    others = {"score": SCORES, "share": SHARES, "seconds": SECONDS, "close_up": CLOSE_UPS}
    yield f"{'people by limits':24}" + "".join(f"{name[:14]:>16}" for name in clips)
    for words, limits in [
        ("as they are", AS_THEY_ARE),
        *((f"{name} {value:g}", AS_THEY_ARE | {name: value}) for name, values in others.items() for value in values),
        ("score alone", AS_THEY_ARE | {"close_up": 9.0}),
        ("close-up alone", AS_THEY_ARE | {"score": 9.0}),
    ]:
        yield f"{words:24}" + "".join(f"{len(people(found, **limits)):16}" for found in clips.values())


def agreement(views: Floats, others: Floats) -> tuple[Floats, Floats]:
    """Return how far N views agree with M others, by colours and by shading, each (N, M)."""
    split = COLOUR_VALUES
    return views[:, :split] @ others[:, :split].T, views[:, split:] @ others[:, split:].T


def own(found: Iterable[Track]) -> tuple[float, float]:
    """Return the least agreement of a face with itself in the second before, by colours and by shading."""
    colours, shading = [1.0], [1.0]
    for track in found:
        times, looks = np.array(track.times), np.array(track.looks)
        for row in range(1, len(times)):
            before = looks[:row][times[:row] >= times[row] - MEMORY_S]
            if len(before):
                by_colours, by_shading = agreement(looks[row : row + 1], before)
                colours.append(float(by_colours.min()))
                shading.append(float(by_shading.min()))
    return min(colours), min(shading)


def mistaken(found: Sequence[Track]) -> str:
    """Return the share of the views of two people that agree by the limits as they are."""
    looks = [np.array(track.looks)[:: max(1, len(track.looks) // MOST_VIEWS)] for track in found]
    alike = [appearance.alike(a, b).mean() for place, a in enumerate(looks) for b in looks[:place]]
    return f"{100 * float(np.mean(alike)):.0f} %" if alike else "-"


def apart(clips: dict[str, list[Seen]], analyzer: Analyzer) -> Iterator[str]:
    """Yield how far faces agree with themselves and with others, and how many people each clip has by other limits."""
    yield f"{'clip':24}{'own, colours':>14}{'own, shading':>14}{'two people alike':>18}"
    for name, seen in clips.items():
        found = people(tracks(seen, analyzer, SPLITS_NOTHING))
        colours, shading = own(found)
        yield f"{name[:22]:24}{colours:14.2f}{shading:14.2f}{mistaken(found):>18}"
    yield ""
    yield f"{'people, each frame / 3rd':24}" + "".join(f"{name[:14]:>16}" for name in clips)
    rows: list[tuple[str, dict[str, float]]] = [("as they are", {}), ("by place alone", SPLITS_NOTHING)]
    rows += [(f"colours {limit:g}", {"SAME_COLOURS": limit}) for limit in LIKENESS]
    rows += [(f"shading {limit:g}", {"SAME_SHADING": limit}) for limit in LIKENESS]
    for words, limits in rows:
        counts = [[len(people(tracks(seen, analyzer, limits, step))) for step in (1, 3)] for seen in clips.values()]
        yield f"{words:24}" + "".join(f"{f'{every} / {third}':>16}" for every, third in counts)


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/benchmarks/people.txt")
    wanted = parser.parse_args()
    analyzer = load()
    seen = {path.name: searched(path, analyzer) for path in wanted.clips}
    found = {name: tracks(frames, analyzer, {}) for name, frames in seen.items()}
    head = ["$ python lab/scripts/choose_people.py CLIPS", f"commit {commit()}, {cores()} cores", ""]
    lines = [*head, *told(found), "", *counted(found), "", *apart(seen, analyzer)]
    write_whole(wanted.out, "\n".join([*lines, ""]).encode())
    print("\n".join(lines))


if __name__ == "__main__":
    main()
