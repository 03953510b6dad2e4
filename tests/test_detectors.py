from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

import mien
import mien.detection.yunet as module
import mien.detection.yunet_net as net
from mien.core import boxes
from mien.core.errors import DetectorError, UsageError
from mien.core.faces import NO_FACES, Faces, join_faces
from mien.detection.detectors import DETECTORS, Detector, FaceFilter, WholeImage, load_detector
from mien.detection.yunet import YuNet
from mien.detection.yunet_net import shrink

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
PUBLISHED_MIN_SCORE = 0.7


def photo(name: str) -> np.ndarray:
    with Pillow.open(EXAMPLES / name) as picture:
        return np.array(picture.convert("RGB"))


def crowd() -> np.ndarray:
    """Five faces at known places: the astronaut's at four sizes, and the admiral's."""
    canvas = np.full((480, 900, 3), 90, np.uint8)
    face = photo("astronaut.png")[:256, 96:352]
    for left, top, side in ((0, 0, 256), (280, 10, 180), (480, 40, 128), (640, 100, 64)):
        canvas[top : top + side, left : left + side] = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    canvas[260:460, 700:860] = cv2.resize(photo("grace_hopper.jpg")[60:460, 110:430], (160, 200))
    return canvas


CASCADES = hasattr(cv2, "CascadeClassifier")

PICTURES = {
    "astronaut": lambda: photo("astronaut.png"),
    "grace_hopper": lambda: photo("grace_hopper.jpg"),
    "crowd": crowd,
}


@pytest.fixture(scope="module", params=sorted(name for name in DETECTORS if CASCADES or name != "haar"))
def detector(request: pytest.FixtureRequest) -> Detector:
    return load_detector(request.param)


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (700, 1), (31, 33), (64, 64), (200, 1500), (1500, 200)])
def test_any_size_gives_faces_of_the_right_shape(detector: Detector, shape: tuple[int, int]):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    before = image.copy()
    check(detector(image))
    np.testing.assert_array_equal(image, before)


def test_a_view_of_a_picture_is_a_picture(detector: Detector):
    turned = photo("astronaut.png")[::2, ::-2]
    found = detector(turned)
    check(found)
    np.testing.assert_array_equal(found.boxes, detector(np.ascontiguousarray(turned)).boxes)


def test_faces_come_from_left_to_right(detector: Detector):
    found = detector(crowd())
    check(found)
    assert (np.diff(found.boxes[:, 0] + found.boxes[:, 2]) >= 0).all()


def test_threads_may_share_a_detector(detector: Detector):
    pictures = [photo("astronaut.png"), crowd(), photo("chelsea.png")] * 4
    alone = [detector(picture).boxes for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        for found, expected in zip(pool.map(detector, pictures), alone, strict=True):
            np.testing.assert_array_equal(found.boxes, expected)


def check(found: Faces) -> None:
    assert (found.boxes.dtype, found.landmarks.dtype, found.scores.dtype) == (np.float32,) * 3
    assert np.isfinite(found.boxes).all()
    assert (boxes.area(found.boxes) > 0).all()
    assert ((found.scores >= 0) & (found.scores <= 1)).all()


@pytest.mark.parametrize("side_px", [320, 640])
@pytest.mark.parametrize("picture", sorted(PICTURES))
def test_our_decoding_is_opencvs(picture: str, side_px: int):
    image = shrink(PICTURES[picture](), side_px)
    height, width = image.shape[:2]
    reference = cv2.FaceDetectorYN.create(
        str(ROOT / "src/mien/weights/yunet.onnx"), "", (width, height), PUBLISHED_MIN_SCORE, net.NMS_IOU
    )
    rows = reference.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1]
    rows = rows[np.argsort(rows[:, 0] + rows[:, 2] / 2)]
    found = YuNet(min_score=PUBLISHED_MIN_SCORE)(image)
    assert len(found) == len(rows)
    np.testing.assert_allclose(found.boxes, np.hstack([rows[:, :2], rows[:, :2] + rows[:, 2:4]]), atol=1)
    np.testing.assert_allclose(found.landmarks, rows[:, 4:14].reshape(-1, 5, 2), atol=1)
    np.testing.assert_allclose(found.scores, rows[:, 14], atol=0.01)


@pytest.mark.parametrize(
    ("picture", "count"), [("astronaut.png", 1), ("grace_hopper.jpg", 1), ("chelsea.png", 0), ("coffee.png", 0)]
)
def test_faces_in_the_photos(picture: str, count: int):
    assert len(YuNet()(photo(picture))) == count


def test_where_the_astronauts_face_is():
    found = YuNet()(photo("astronaut.png"))
    np.testing.assert_allclose(found.boxes[0], [178, 63, 268, 176], atol=3)
    right_eye, left_eye, nose, right_mouth, left_mouth = found.landmarks[0]
    np.testing.assert_allclose(right_eye, [200, 102], atol=3)  # her right, on the left of the picture
    np.testing.assert_allclose(left_eye, [247, 103], atol=3)
    assert right_mouth[0] < nose[0] < left_mouth[0]
    assert nose[1] < right_mouth[1]


def test_a_crowd_of_several_sizes():
    assert len(YuNet()(crowd())) == 5


@pytest.mark.parametrize("scale", [2, 4])
def test_a_large_face_is_found_where_it_is(scale: int):
    image = photo("grace_hopper.jpg")
    large = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    small, found = YuNet()(image), YuNet()(large)
    assert len(found) == 1
    np.testing.assert_allclose(found.boxes / scale, small.boxes, atol=8)
    np.testing.assert_allclose(found.landmarks / scale, small.landmarks, atol=8)


def test_nothing_found_is_no_rows():
    found = YuNet()(np.zeros((40, 40, 3), np.uint8))
    assert (found.boxes.shape, found.landmarks.shape, found.scores.shape) == ((0, 4), (0, 5, 2), (0,))


def test_a_higher_threshold_drops_faces():
    found = YuNet(min_score=0)(photo("astronaut.png"))
    check(found)
    assert len(found) > 1
    assert len(YuNet(min_score=1)(photo("astronaut.png"))) == 0


def test_missing_weights_are_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(net.resources, "files", lambda _: tmp_path)
    with pytest.raises(DetectorError, match=r"weights are missing: expected .*yunet.onnx.*pip install"):
        YuNet()


def test_the_whole_picture_is_the_face():
    found = WholeImage()(np.zeros((20, 30, 3), np.uint8))
    np.testing.assert_array_equal(found.boxes, [[0, 0, 30, 20]])
    assert np.isnan(found.landmarks).all()
    np.testing.assert_array_equal(found.scores, [1])


@pytest.mark.skipif(not CASCADES, reason="OpenCV 5 has no cascades, .ci/run tests with OpenCV 4 as well")
def test_haar_finds_the_astronaut():
    found = load_detector("haar")(photo("astronaut.png"))
    assert boxes.iou(found.boxes, YuNet()(photo("astronaut.png")).boxes).max() > 0.4


def test_opencv_without_cascades_is_explained(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(cv2, "CascadeClassifier", raising=False)
    with pytest.raises(DetectorError, match=r"has no Haar cascades.*opencv-python-headless<5.*yunet"):
        load_detector("haar")


def test_an_unknown_detector_names_the_known_ones():
    with pytest.raises(UsageError, match="unknown detector 'retina'; expected one of yunet, haar, none"):
        load_detector("retina")


@pytest.mark.parametrize(
    ("picture", "rows", "columns", "side_px"),
    [
        ("astronaut.png", slice(54, 184), slice(158, 288), 24),
        ("grace_hopper.jpg", slice(120, 332), slice(161, 373), 900),
    ],
)
def test_a_face_that_fills_its_picture_takes_a_second_search(picture: str, rows: slice, columns: slice, side_px: int):
    close = cv2.resize(photo(picture)[rows, columns], (side_px, side_px), interpolation=cv2.INTER_CUBIC)
    yunet = YuNet()
    assert len(yunet.once(close)) == 0
    found = yunet(close)
    assert len(found) == 1
    np.testing.assert_allclose(found.boxes[0] / side_px, [0.12, 0.03, 0.88, 0.97], atol=0.1)


@pytest.mark.parametrize("side_px", [14, 18])
def test_a_small_face_in_a_small_picture_takes_a_second_search(side_px: int):
    image = np.full((200, 200, 3), 128, np.uint8)
    face = cv2.resize(photo("grace_hopper.jpg")[120:332, 161:373], (side_px, side_px), interpolation=cv2.INTER_AREA)
    image[80 : 80 + side_px, 60 : 60 + side_px] = face
    yunet = YuNet()
    assert len(yunet.once(image)) == 0
    (box,) = yunet(image).boxes
    np.testing.assert_allclose(box, [60, 80, 60 + side_px, 80 + side_px], atol=side_px / 4)


class Given:
    """A detector that always sees the same."""

    def __init__(self, *found: tuple[float, float, float, float]) -> None:
        n = len(found)
        marks = np.arange(n * 10, dtype=np.float32).reshape(n, 5, 2)
        self.faces = Faces(np.array(found, np.float32).reshape(n, 4), marks, np.linspace(0.9, 0.5, n, dtype=np.float32))

    def __call__(self, image: np.ndarray) -> Faces:
        return self.faces


THREE = Given((0, 0, 20, 30), (30, 30, 60, 60), (70, 0, 80, 10))


def small_face(side_px: int) -> np.ndarray:
    """The astronaut's face, cut at its box, in the middle of 320 px of grey."""
    picture = np.full((320, 320, 3), 128, np.uint8)
    face = cv2.resize(photo("astronaut.png")[68:172, 173:277], (side_px, side_px), interpolation=cv2.INTER_AREA)
    picture[100 : 100 + side_px, 100 : 100 + side_px] = face
    return picture


def test_a_face_that_no_search_finds_is_found_by_a_recheck(monkeypatch: pytest.MonkeyPatch):
    picture, yunet = small_face(12), YuNet()
    (box,) = yunet(picture).boxes
    assert boxes.iou(box[None], np.array([[101, 101, 111, 111]], np.float32)) > 0.5
    assert len(yunet.once(picture)) == 0
    monkeypatch.setattr(module, "MOST_RECHECKS", 0)
    assert len(yunet(picture)) == 0


BLACK = np.zeros((90, 90, 3), np.uint8)


@pytest.mark.parametrize(
    ("min_score", "first", "closer", "kept"),
    [
        (None, (0.25, 0.5), 0.75, [0.5, 0.625]),
        (None, (0.25, 0.5), 0.5, [0.5]),
        (None, (0.25, 0.5), 0.25, []),
        (None, (0.25, 0.75), 1.0, [0.75]),
        (0.6, (0.25, 0.5), 0.75, [0.625]),
        (0.7, (0.25, 0.5), 0.75, []),
    ],
)
def test_doubtful_faces_count_where_none_is_sure_and_a_recheck_finds_them(
    min_score: float | None,
    first: tuple[float, float],
    closer: float,
    kept: list[float],
    monkeypatch: pytest.MonkeyPatch,
):
    places = np.array([[10, 10, 30, 30], [40, 40, 80, 80]], np.float32)
    landmarks = places[:, None, :2] + np.float32(5) * np.ones((2, 5, 2), np.float32)

    def search(image: np.ndarray, small: np.ndarray, least: float, faint: float = 0) -> Faces:
        if image is BLACK:
            return Faces(places, landmarks, np.array(first, np.float32))
        assert small.shape == (module.RECHECK_PX, module.RECHECK_PX, 3)
        around, moved_px = {22: (1, 0), 44: (2, 4)}[len(image)]
        box = np.array([around, around, 21 * around, 21 * around], np.float32)
        marks = np.full((5, 2), around + 5 + moved_px, np.float32)
        return Faces(np.stack([box, box]), np.stack([marks, marks + 9]), np.array([closer, 1], np.float32))

    yunet = YuNet(min_score)
    monkeypatch.setattr(yunet._net, "search", search)
    monkeypatch.setattr(module, "any_face", lambda *given: True)
    found = yunet(BLACK)
    np.testing.assert_array_equal(found.scores, np.array(kept, np.float32))
    if len(kept) == 2:
        np.testing.assert_array_equal(found.boxes, places)
        np.testing.assert_array_equal(found.landmarks[1], landmarks[1] + 4)


@pytest.mark.parametrize(
    ("min_score", "seen", "kept"),
    [
        (None, [0.65, 0.9], [0.9]),
        (0.7, [0.75, 0.9], [0.75, 0.9]),
    ],
)
def test_doubtful_faces_do_not_count_beside_a_sure_one(
    min_score: float | None, seen: list[float], kept: list[float], monkeypatch: pytest.MonkeyPatch
):
    scores = np.array(seen, np.float32)
    faces = Faces(np.ones((len(seen), 4), np.float32), np.ones((len(seen), 5, 2), np.float32), scores)
    yunet = YuNet(min_score)
    monkeypatch.setattr(yunet._net, "search", lambda image, small, least, faint=0: faces.take(scores >= least))
    np.testing.assert_array_equal(yunet(BLACK).scores, np.array(kept, np.float32))
    np.testing.assert_array_equal(yunet.once(BLACK).scores, scores[scores >= 0.7])


def test_a_doubtful_face_beyond_the_picture_is_left_out(monkeypatch: pytest.MonkeyPatch):
    beyond = Faces(np.array([[95, 95, 120, 120]], np.float32), np.ones((1, 5, 2), np.float32), np.ones(1, np.float32))
    yunet = YuNet(min_score=1.0)
    seen = Faces(beyond.boxes, beyond.landmarks, beyond.scores / 2)
    monkeypatch.setattr(yunet._net, "search", lambda image, small, least, faint=0: seen)
    monkeypatch.setattr(module, "any_face", lambda *given: True)
    assert len(yunet(BLACK)) == 0


def test_where_no_place_looks_like_a_face_the_picture_is_not_searched_again(monkeypatch: pytest.MonkeyPatch):
    yunet, sides = YuNet(), list[int]()

    def search(image: np.ndarray, small: np.ndarray, least: float, faint: float = 0) -> Faces:
        sides.append(max(small.shape[:2]))
        return NO_FACES

    monkeypatch.setattr(yunet._net, "search", search)
    plain = np.full((480, 600, 3), 90, np.uint8)
    for image, looks in (
        (plain, [600]),
        (photo("astronaut.png"), [512, 224, 640]),  # what fills a picture passes the precheck of the whole
        (plain[:200, :300], [300, 224, 640]),
    ):
        sides.clear()
        assert len(yunet(image)) == 0
        assert sides == looks


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ({"min_face_px": 0}, [0, 1, 2]),
        ({"min_face_px": 30}, [0, 1]),
        ({"min_face_px": 31}, []),
        ({"largest": True}, [1]),
        ({"min_face_px": 99, "largest": True}, []),
    ],
)
def test_small_faces_are_left_out_and_the_largest_is_chosen(options: dict[str, object], rows: list[int]):
    found = FaceFilter(**options)(THREE.faces)  # type: ignore[arg-type]
    np.testing.assert_array_equal(found.boxes, THREE.faces.boxes[rows])
    np.testing.assert_array_equal(found.landmarks, THREE.faces.landmarks[rows])
    np.testing.assert_array_equal(found.scores, THREE.faces.scores[rows])


def test_faces_are_joined_in_their_order_and_no_part_has_none():
    joined = join_faces(iter([THREE.faces, NO_FACES, THREE.faces.take(np.array([1]))]))
    np.testing.assert_array_equal(joined.boxes, THREE.faces.boxes[[0, 1, 2, 1]])
    np.testing.assert_array_equal(joined.landmarks, THREE.faces.landmarks[[0, 1, 2, 1]])
    np.testing.assert_array_equal(joined.scores, THREE.faces.scores[[0, 1, 2, 1]])
    assert {array.dtype for array in (joined.boxes, joined.landmarks, joined.scores)} == {np.dtype(np.float32)}
    assert len(join_faces([])) == 0


def test_without_faces_none_is_the_largest():
    assert len(FaceFilter(min_face_px=5, largest=True)(Given().faces)) == 0


def test_options_reach_the_detector():
    picture = crowd()
    assert len(load_detector("yunet", min_score=1)(picture)) == 0
    assert len(mien.load(min_score=1)(picture)) == 0


def test_an_entry_of_the_registry_is_called_with_the_options_that_it_takes(monkeypatch: pytest.MonkeyPatch):
    class Sized(WholeImage):
        def __init__(self, min_score: float = 0.25, threads: int = 1) -> None:
            self.settings = min_score, threads

    monkeypatch.setitem(DETECTORS, "sized", Sized)
    made = [load_detector("sized"), load_detector("sized", min_score=0.5, threads=3)]
    assert [detector.settings for detector in made] == [(0.25, 1), (0.5, 3)]
    assert isinstance(load_detector("none", threads=3), WholeImage)
    with pytest.raises(UsageError, match="'sized' has no option small_faces"):
        load_detector("sized", small_faces=True)
    monkeypatch.setitem(DETECTORS, "yunet", Sized)
    assert load_detector("yunet").settings == (0.25, 1)


def test_which_faces_an_analyzer_keeps():
    picture = crowd()
    everyone, large = mien.load()(picture), mien.load(min_face_px=60)(picture)
    assert 0 < len(large) < len(everyone)
    assert (large.faces.boxes[:, 2:] - large.faces.boxes[:, :2]).max(axis=1).min() >= 60
    assert len(mien.load(largest=True)(picture)) == 1
    whole = mien.load(detector="none", largest=True)
    assert (len(whole(picture)), whole.crop.margin) == (1, 1)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("yunet", {"min_score": 1.5}, "min_score must be a number from 0 to 1; got 1.5"),
        ("yunet", {"min_score": float("nan")}, "min_score must"),
        ("none", {"small_faces": True}, "'none' has no option small_faces.*the detector 'yunet'"),
        ("haar", {"min_score": 0.5}, "'haar' has no option min_score.*the detector 'yunet'"),
    ],
)
def test_options_that_mean_nothing_are_refused(name: str, options: dict[str, object], message: str):
    with pytest.raises(UsageError, match=message):
        load_detector(name, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [-1, np.inf, np.nan])
def test_a_size_that_is_none_is_refused(size: float):
    with pytest.raises(UsageError, match="min_face_px must be a number of pixels, 0 or more; got"):
        mien.load(min_face_px=size)


def test_small_faces_are_found_and_none_is_lost():
    picture = np.full((500, 1200, 3), 90, np.uint8)
    face = photo("astronaut.png")[:256, 96:352]
    for left, side in ((20, 48), (300, 60), (700, 256)):
        picture[100 : 100 + side, left : left + side] = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    plain, fine = load_detector("yunet")(picture), load_detector("yunet", small_faces=True)(picture)
    assert len(plain) < 3
    assert len(fine) == 3
    np.testing.assert_allclose(fine.boxes.reshape(3, 2, 2).mean(axis=1)[:, 0], [43, 329, 822], atol=12)
    assert boxes.iou(plain.boxes, fine.boxes).max(axis=1).min() > 0.5
