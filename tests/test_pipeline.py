import threading
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mien
from mien.core.errors import ImageError
from mien.imaging.decode import Picture, read_picture
from mien.inference.ordered_map import HELD_PER_THREAD, unordered_map
from mien.inference.pipeline import pipeline


@pytest.fixture(scope="module")
def analyzer() -> mien.Analyzer:
    return mien.load(detector="none")


def tiny(path: Path) -> Picture:
    """A picture whose brightness is the number in its name."""
    return Picture(np.full((8, 8, 3), int(path.name) % 256, np.uint8), 8, 8)


def test_outcomes_come_in_the_order_of_the_paths(analyzer: mien.Analyzer):
    second_done = threading.Event()

    def late(path: Path) -> Picture:
        if path.name == "0":
            assert second_done.wait(10)
        if path.name == "1":
            second_done.set()
        return tiny(path)

    outcomes = list(pipeline(analyzer, map(str, range(20)), late, threads=2))
    assert [outcome.path for outcome in outcomes] == [str(number) for number in range(20)]
    assert [outcome.result.frame.image[0, 0, 0] for outcome in outcomes if outcome.result] == list(range(20))
    assert not any(outcome.error for outcome in outcomes)


def test_a_bad_picture_stops_nothing(analyzer: mien.Analyzer, tmp_path: Path, examples: Path):
    (tmp_path / "text.jpg").write_text("no picture")
    Image.new("L", (9, 9)).save(tmp_path / "two.gif", save_all=True, append_images=[Image.new("L", (9, 9), 9)])
    paths = [tmp_path / "none.png", examples / "astronaut.png", tmp_path / "text.jpg", tmp_path / "two.gif"]
    gone, good, text, moving = pipeline(analyzer, paths)
    assert (gone.result, gone.error) == (None, f"no such file: {paths[0]}")
    assert text.result is None
    assert "got text" in text.error
    assert good.result is not None
    assert (good.path, good.result.frame.path, good.error, good.note) == (str(paths[1]), str(paths[1]), "", "")
    assert moving.result is not None
    assert moving.note == "animated: first of 2 frames"


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (ImageError("damaged"), "damaged"),
        (MemoryError(), "not enough memory for 1; make the picture smaller"),
        (PermissionError(13, "Permission denied"), "cannot read 1: Permission denied"),
    ],
)
def test_what_a_picture_fails_by_is_in_its_outcome(analyzer: mien.Analyzer, failure: Exception, message: str):
    def read(path: Path) -> Picture:
        if path.name == "1":
            raise failure
        return tiny(path)

    outcomes = list(pipeline(analyzer, map(str, range(3)), read))
    assert [outcome.error for outcome in outcomes] == ["", message, ""]
    assert [outcome.result is None for outcome in outcomes] == [False, True, False]


def test_a_mistake_in_a_detector_is_not_taken_for_a_bad_picture(analyzer: mien.Analyzer):
    def broken(image: np.ndarray) -> mien.Faces:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(pipeline(mien.Analyzer(broken, analyzer.classifier), ["1"], tiny))


def test_no_more_pictures_are_taken_than_are_held(analyzer: mien.Analyzer):
    taken: list[int] = []

    def paths():
        for number in count():
            taken.append(number)
            yield str(number)

    outcomes = pipeline(analyzer, paths(), tiny, threads=2)
    for number in range(30):
        assert next(outcomes).path == str(number)
        assert len(taken) == number + 2 * HELD_PER_THREAD
    outcomes.close()
    assert len(taken) == 29 + 2 * HELD_PER_THREAD


def test_stopping_early_ends_the_threads(analyzer: mien.Analyzer):
    before = set(threading.enumerate())
    outcomes = pipeline(analyzer, map(str, count()), tiny, threads=3)
    next(outcomes)
    assert set(threading.enumerate()) - before
    outcomes.close()
    assert set(threading.enumerate()) == before


def test_a_slow_thing_holds_up_no_other_where_order_is_no_matter():
    last_done = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert last_done.wait(10)
        if number == 9:
            last_done.set()
        return number

    assert sorted(unordered_map(work, range(10), 2)) == list(range(10))


def test_few_things_are_held_where_order_is_no_matter():
    taken = iter(range(100))
    results = unordered_map(abs, taken, 3)
    next(results)
    assert next(taken) <= HELD_PER_THREAD * 3
    results.close()


def test_an_interrupt_ends_the_threads_and_goes_on(analyzer: mien.Analyzer):
    before = set(threading.enumerate())

    def paths():
        yield from ("0", "1", "2")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(pipeline(analyzer, paths(), tiny, threads=4))
    assert set(threading.enumerate()) == before


def test_a_large_picture_is_read_reduced_and_its_faces_are_in_full_pixels(tmp_path: Path, analyzer: mien.Analyzer):
    Image.new("L", (5601, 30)).save(tmp_path / "wide.jpg")
    (outcome,) = pipeline(analyzer, [tmp_path / "wide.jpg"])
    assert outcome.result is not None
    assert outcome.result.frame.size == (5601, 30)
    assert outcome.result.frame.image.shape == (15, 2801, 3)
    assert outcome.result[0].box.tolist() == [0, 0, 5602, 30]
    assert outcome.result.to_dict()["width"] == 5601
    assert outcome.note == read_picture(tmp_path / "wide.jpg").note == "read at 1/2 of its size"
    drawn = np.asarray(outcome.result.draw())
    assert drawn.shape == (15, 2801, 3)
    assert drawn[5:10, -1].any(), "the box ends where the reduced picture does"


def test_no_paths_and_no_threads(analyzer: mien.Analyzer):
    assert list(pipeline(analyzer, [])) == []
    with pytest.raises(ValueError, match="max_workers"):
        pipeline(analyzer, [], threads=0)
