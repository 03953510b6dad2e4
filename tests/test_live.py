import signal
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from io import StringIO
from pathlib import Path
from types import TracebackType

import numpy as np
import pytest
from rich.console import Console

from mien.apps.cli.commands import command
from mien.apps.cli.live import live
from mien.apps.cli.stopping import stoppable, terminable
from mien.apps.live.keys import HELP_LINES, KEYS
from mien.apps.live.loop import NOTE_S, Live, Meter
from mien.apps.live.recorder import Recorder
from mien.apps.live.views import LineView, TerminalView
from mien.apps.live.window import CLOSE_EVENT
from mien.core.arrays import Image
from mien.core.errors import MienError, UsageError, VideoError
from mien.core.frame import Frame
from mien.draw.annotate import draw
from mien.draw.panel import Status, mirrored
from mien.imaging.decode import read
from mien.tracking.tracked_result import TrackedResult
from tracked_results import tracked_result

BOX = np.array([[20, 40, 70, 100]], np.float32)


def picture(number: int, size: tuple[int, int] = (160, 120)) -> Image:
    return np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), np.uint8)


class FakeCapture:
    """Gives frames a tenth of a second apart; with None in their place nothing has come."""

    def __init__(self, images: Sequence[Image | None]) -> None:
        self.left = deque(enumerate(images))
        self.trouble = ""
        self.ended = False

    def newest(self, timeout_s: float) -> Frame | None:
        if not self.left:
            self.ended = True
            return None
        number, image = self.left.popleft()
        return None if image is None else Frame(image, number, 5 + number / 10, "cam")

    def age_s(self, frame: Frame) -> float:
        return 0.02


class FakeView:
    """Presses keys at each turn, and keeps what it is shown."""

    def __init__(self, keys: dict[int, Sequence[str]] | None = None) -> None:
        self.keys = keys or {}
        self.turns = -1
        self.shown: list[tuple[TrackedResult | None, Status]] = []

    def events(self) -> Sequence[str]:
        self.turns += 1
        return self.keys.get(self.turns, ())

    def show(self, result: TrackedResult | None, status: Status) -> None:
        self.shown.append((result, status))


class FakeWriter:
    def __init__(self, path: Path, size: tuple[int, int], fails_at: int = 99) -> None:
        self.path, self.size, self.fails_at = path, size, fails_at
        self.pictures: list[tuple[float, Image]] = []
        self.end = "open"

    def __enter__(self) -> "FakeWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end = "finished" if kind is None else "removed"
        if kind is None:
            self.path.touch()

    def write(self, image: Image, time_s: float) -> None:
        if len(self.pictures) == self.fails_at:
            raise VideoError("the disk is full")
        self.pictures.append((round(time_s, 6), image))


class Films(list[FakeWriter]):
    """Makes films, and keeps them."""

    def __init__(self, fails_at: int = 99) -> None:
        super().__init__()
        self.fails_at = fails_at

    def __call__(self, path: Path, size: tuple[int, int]) -> FakeWriter:
        self.append(FakeWriter(path, size, self.fails_at))
        return self[-1]


def look(frame: Frame) -> TrackedResult:
    found = tracked_result(frame.time_s, {1: "happiness"}, boxes=BOX, image=frame.image)
    return replace(found, frame=frame)


def recorder(folder: Path, films: Films | None = None) -> Recorder:
    return Recorder(folder, lambda: datetime(2026, 11, 23, 4, 5, 6), films if films is not None else Films())


def run(
    folder: Path,
    images: Sequence[Image | None],
    keys: dict[int, Sequence[str]] | None = None,
    films: Films | None = None,
    **options: object,
) -> FakeView:
    view = FakeView(keys)
    with recorder(folder, films) as films_to:
        Live(FakeCapture(images), look, view, films_to, **options).run()  # pyright: ignore[reportArgumentType]
    return view


def test_each_frame_is_shown_mirrored_and_stored_as_the_camera_saw_it(tmp_path: Path):
    images = [picture(number) for number in range(3)]
    stored: list[TrackedResult] = []
    view = run(tmp_path, images, sinks=[stored.append], mirror=True)
    assert [one.frame.index for one in stored] == [0, 1, 2]
    for one, (shown, _), image in zip(stored, view.shown, images, strict=True):
        assert shown is not None
        assert one.frame.image is image
        np.testing.assert_array_equal(one.faces.boxes, BOX)
        np.testing.assert_array_equal(shown.frame.image, image[:, ::-1])
        np.testing.assert_array_equal(shown.faces.boxes, [[90, 40, 140, 100]])
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_person_by_then_is_stored_and_not_shown(tmp_path: Path):
    scores = deque([0.8, 0.8, 0.9, 0.9])
    stored: list[TrackedResult] = []
    view, films = FakeView({0: ["r"]}), Films()

    def doubted(frame: Frame) -> TrackedResult:
        seen = tracked_result(frame.time_s, {1: "fear"}, boxes=BOX, image=frame.image, score=scores.popleft())
        return replace(seen, frame=frame)

    capture = FakeCapture([picture(number) for number in range(4)])
    with recorder(tmp_path, films) as films_to:
        Live(capture, doubted, view, films_to, sinks=[stored.append]).run()  # pyright: ignore[reportArgumentType]
    assert [len(one) for one in stored] == [1, 1, 1, 1]
    assert [len(shown) for shown, _ in view.shown if shown is not None] == [0, 0, 0, 1]
    (film,) = films
    marked = [not np.array_equal(image, picture(number)) for number, (_, image) in enumerate(film.pictures)]
    assert marked == [False, False, False, True]


@pytest.mark.parametrize("key", ["q", "escape", CLOSE_EVENT])
def test_keys_and_the_windows_button_quit(tmp_path: Path, key: str):
    view = run(tmp_path, [picture(0)] * 9, {2: ["x", key, "s"]})
    assert len(view.shown) == 2


def test_it_ends_when_it_is_asked_to(tmp_path: Path):
    view = FakeView()
    live = Live(
        FakeCapture([picture(0)] * 9),  # pyright: ignore[reportArgumentType]
        look,
        view,
        recorder(tmp_path),
        stopped=lambda: len(view.shown) == 4,
    )
    live.run()
    assert (live.frames, live.end_s) == (4, 5.3)


def test_a_pause_holds_the_picture_and_takes_no_frames(tmp_path: Path):
    rests: list[float] = []
    view = run(tmp_path, [picture(0), picture(1), None], {1: ["space"], 4: ["space"]}, rest=rests.append)
    indices = [shown.frame.index for shown, _ in view.shown if shown]
    assert indices == [0, 0, 0, 0, 1, 1]
    assert [status.paused for _, status in view.shown] == [False, True, True, True, False, False]
    assert len(rests) == 3


def test_a_source_that_ends_in_a_pause_stays_on_the_screen(tmp_path: Path):
    view = run(tmp_path, [picture(0)], {1: ["space"], 6: ["q"]}, rest=lambda seconds: None)
    assert len(view.shown) == 6


def test_mirror_and_help_are_turned_on_and_off(tmp_path: Path):
    image = picture(0)
    view = run(tmp_path, [image, None, None, None], {1: ["m", "h"], 2: ["m"], 3: ["h"]})
    turned = [bool((shown.frame.image != image).any()) for shown, _ in view.shown if shown]
    assert turned == [False, True, False, False]
    assert [status.help for _, status in view.shown] == [(), HELP_LINES, HELP_LINES, ()]


def test_the_guide_names_every_key():
    guide = (Path(__file__).parents[1] / "docs" / "how-to" / "live.md").read_text()
    table = guide.partition("|---|---|\n")[2].partition("\n\n")[0]
    assert [row.split(" | ")[0].removeprefix("| ") for row in table.splitlines()] == [key.shown for key in KEYS]


def test_snapshots_hold_what_is_shown_and_overwrite_nothing(tmp_path: Path):
    image = picture(3)
    view = run(tmp_path, [None, image, None, None], {1: ["s"], 2: ["s", "s"]}, mirror=True)
    names = ["mien-live-20261123-040506-2.png", "mien-live-20261123-040506.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    expected = draw(mirrored(look(Frame(image, 1, 5.1, "cam"))))
    for name in names:
        np.testing.assert_array_equal(read(tmp_path / name), expected)
    assert view.shown[2][1].note == f"wrote {tmp_path / names[0]}"


def test_a_note_goes_after_a_while(tmp_path: Path):
    now = [0.0]

    class Later(FakeView):
        def show(self, result: TrackedResult | None, status: Status) -> None:
            super().show(result, status)
            now[0] += NOTE_S / 2 + 0.1

    view = Later({1: ["s"]})
    Live(
        FakeCapture([picture(0), None, None, None]),  # pyright: ignore[reportArgumentType]
        look,
        view,
        recorder(tmp_path),
        clock=lambda: now[0],
    ).run()
    assert [bool(status.note) for _, status in view.shown] == [False, True, True, False]


def test_a_key_begins_a_film_and_ends_it(tmp_path: Path):
    films, images = Films(), [picture(number) for number in range(6)]
    view = run(tmp_path, images, {2: ["r"], 4: ["r"], 5: ["r"]}, films)
    assert [(film.path.name, film.size, film.end) for film in films] == [
        ("mien-live-20261123-040506.mp4", (160, 120), "finished"),
        ("mien-live-20261123-040506-2.mp4", (160, 120), "finished"),
    ]
    assert [time_s for time_s, _ in films[0].pictures] == [0.0, 0.1]
    for number, (_, image) in zip((2, 3), films[0].pictures, strict=True):
        np.testing.assert_array_equal(image, draw(look(Frame(images[number], number, 0.0, "cam"))))
    lengths = [status.recorded_s for _, status in view.shown]
    assert lengths == [None, None, 0.0, pytest.approx(0.1), None, 0.0]


def test_a_film_begun_before_the_first_picture_takes_them_all_and_a_pause_leaves_its_time(tmp_path: Path):
    films = Films()
    with recorder(tmp_path, films) as store:
        store.start(tmp_path / "mine.mp4")
        view = FakeView({1: ["space"], 3: ["space"]})
        Live(
            FakeCapture([picture(0), picture(1)]),  # pyright: ignore[reportArgumentType]
            look,
            view,
            store,
            rest=lambda seconds: None,
        ).run()
    assert (films[0].path.name, films[0].end, store.files) == ("mine.mp4", "finished", [tmp_path / "mine.mp4"])
    assert [time_s for time_s, _ in films[0].pictures] == [0.0, 0.1]


def test_a_camera_that_comes_back_with_another_size_begins_another_film(tmp_path: Path):
    films = Films()
    run(tmp_path, [picture(0), picture(1), picture(2, (80, 60))], {0: ["r"]}, films)
    assert [(film.size, film.end, len(film.pictures)) for film in films] == [
        ((160, 120), "finished", 2),
        ((80, 60), "finished", 1),
    ]


def test_a_full_disk_ends_the_film_and_not_the_run(tmp_path: Path):
    films = Films(fails_at=1)
    view = run(tmp_path, [picture(number) for number in range(4)], {0: ["r"]}, films)
    assert [film.end for film in films] == ["removed"]
    assert len(view.shown) == 4
    assert [status.note for _, status in view.shown] == ["", *["the disk is full"] * 3]
    assert view.shown[-1][1].recorded_s is None


def test_what_was_filmed_is_kept_whatever_ends_the_run(tmp_path: Path):
    films = Films()

    def sink(one: TrackedResult) -> None:
        if one.frame.index == 2:
            raise VideoError("no more room for rows")

    with pytest.raises(VideoError, match="no more room"):
        run(tmp_path, [picture(number) for number in range(4)], {0: ["r"]}, films, sinks=[sink])
    assert [(film.end, len(film.pictures)) for film in films] == [("finished", 2)]


def test_without_pictures_it_says_why(tmp_path: Path):
    capture = FakeCapture([None, None, picture(0)])

    class Away(FakeView):
        def show(self, result: TrackedResult | None, status: Status) -> None:
            super().show(result, status)
            capture.trouble = "camera 0 is away" if len(self.shown) == 1 else ""

    view = Away()
    Live(capture, look, view, recorder(tmp_path)).run()  # pyright: ignore[reportArgumentType]
    troubles = [status.trouble for _, status in view.shown]
    assert troubles == ["", "camera 0 is away", ""]


def test_frames_a_second_and_delay_are_those_of_the_last_second():
    now = [0.0]
    meter = Meter(lambda: now[0])
    assert meter.read() == (0.0, 0.0)
    for step in range(40):
        now[0] = step / 10
        meter.add(0.5 if step < 20 else 0.03)
    assert meter.read() == pytest.approx((10.0, 30.0))
    now[0] = 9.0
    assert meter.read() == (0.0, 0.0)


def test_lines_for_other_programs_come_once_a_second_and_trouble_once():
    said: list[str] = []
    warned: list[str] = []
    view = LineView(said.append, warned.append)
    view.show(None, Status(trouble="away"))
    view.show(None, Status(trouble="away"))
    for step in range(25):
        people = {} if step < 10 else {3: "fear", 4: "anger"}
        view.show(tracked_result(step / 10, people, quality="small"), Status(note="wrote x" if step == 5 else ""))
    assert said == [
        "0.00\tno face found",
        *(f"{second}.00\t{who}\t0.800\tsmall" for second in (1, 2) for who in ("3\tfear", "4\tanger")),
    ]
    assert warned == ["away", "wrote x"]


def test_a_terminal_too_narrow_for_the_table_shows_each_figure_whole():
    text = StringIO()
    console = Console(file=text, force_terminal=True, width=40, color_system=None)
    with TerminalView(console) as view:
        view.show(tracked_result(0, {12: "surprise?", 3: "happiness"}), Status())
        view._screen.refresh()
        view.show(tracked_result(0, {}), Status())
    shown = text.getvalue()
    assert "\n#12 surprise 80% uncertain" in shown[shown.index("#3 happiness 80%") :]
    assert "no face in view" in shown
    assert "…" not in shown


def test_a_terminal_shows_faces_figures_and_trouble():
    text = StringIO()
    console = Console(file=text, force_terminal=True, width=80, color_system=None)
    with TerminalView(console) as view:
        view.show(None, Status(trouble="camera 0 is away"))
        view._screen.refresh()
        view.show(tracked_result(0, {3: "fear"}), Status(29.7, 12.3, recorded_s=4.2))
        view._screen.refresh()
        view.show(tracked_result(0, {}), Status())
        assert view.events() == ()
    shown = text.getvalue()
    for part in (
        "camera 0 is away",
        "#3  fear",
        "80%",
        "neutral 3%",
        "recording 4 s; 30 fps, 12 ms",
        "no face in view",
    ):
        assert part in shown


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_ctrl_c_asks_and_the_second_interrupts(number: signal.Signals):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with stoppable() as stopped:
        assert not stopped()
        signal.raise_signal(number)
        assert stopped()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_that_comes_out_as_another_error_ends_alike(number: signal.Signals):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), terminable():
            interrupted_import(number)
    finally:
        signal.signal(signal.SIGINT, before[0])
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    with pytest.raises(ImportError), terminable():
        raise ImportError


def interrupted_import(number: signal.Signals) -> None:
    """Fail as the import of a module in C does, which a signal interrupts."""
    try:
        signal.raise_signal(number)
    except KeyboardInterrupt as error:
        raise ImportError("initialization failed") from error


# The command


@pytest.fixture
def clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clip of a fifth of a second, in an empty working directory."""
    film = pytest.importorskip("mien.video.writer")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "clip.mp4"
    with Recorder() as store:
        store.start(path)
        for number in range(5):
            store.write(np.full((120, 160, 3), 40 * number, np.uint8), number / 25)
    assert film.VideoWriter
    return path


def run_live(**given: object) -> None:
    command(live)(quiet=False, verbose=False, **given)


def test_a_clip_is_followed_filmed_and_written_down(clip: Path, capsys: pytest.CaptureFixture[str]):
    from mien.results.log import read_log
    from mien.video.reader import open_video

    run_live(source=str(clip), window=False, out=Path("rows.jsonl"), record=Path("film.mp4"))
    out, err = capsys.readouterr()
    assert out.startswith("0.00\tno face found\n")
    count = int(err.split()[1])
    assert 1 <= count <= 5
    assert err == f"mien: {count} frame{'s' * (count > 1)} of {clip}; wrote rows.jsonl, film.mp4\n"
    with open_video("film.mp4") as film:
        filmed = list(film)
    rows = list(read_log(Path("rows.jsonl")))
    assert len(filmed) == count
    assert len(rows) >= count
    assert [frame.time_s - filmed[0].time_s for frame in filmed] == pytest.approx(
        [row["time_s"] for row in rows[:count]], abs=1e-3
    )


def test_a_run_that_is_stopped_before_the_first_frame_names_no_table(
    clip: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(Live, "run", lambda self: None)
    run_live(source=str(clip), window=False, out=Path("rows.csv"))
    assert capsys.readouterr().err == f"mien: 0 frames of {clip}\n"
    assert not Path("rows.csv").exists()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("film.avi", "ends in .mp4"),
        ("clip.mp4", "is there already"),
        ("nowhere/film.mp4", "there is no folder nowhere"),
    ],
)
def test_a_film_that_cannot_be_written_is_refused_before_it_begins(clip: Path, name: str, why: str):

    with pytest.raises(UsageError, match=why):
        run_live(source=str(clip), window=False, record=Path(name))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no folder here into which not even root can write")
def test_a_film_that_cannot_be_written_fails_the_run_when_all_is_shown(clip: Path, capsys: pytest.CaptureFixture[str]):

    with pytest.raises(MienError, match=r"cannot write /proc/film\.mp4"):
        run_live(source=str(clip), window=False, out=Path("rows.csv"), record=Path("/proc/film.mp4"))
    assert capsys.readouterr().err.splitlines()[-1].endswith("wrote rows.csv")


def test_the_window_takes_keys(clip: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    pygame = pytest.importorskip("pygame")
    capsys.readouterr()  # the greeting, if this was the first import of all
    from mien.apps.live import views

    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    shown = views.WindowView.show

    def show(self: views.WindowView, result: TrackedResult | None, status: Status) -> None:
        shown(self, result, status)
        for key in (pygame.K_h, pygame.K_s, pygame.K_q) if result is not None else ():
            pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key))

    monkeypatch.setattr(views.WindowView, "show", show)
    run_live(source=str(clip))
    assert not pygame.display.get_init()
    (snapshot,) = Path().glob("mien-live-*.png")
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"mien: 1 frame of {clip}; wrote {snapshot}\n")
    assert read(snapshot).shape == (120, 160, 3)
