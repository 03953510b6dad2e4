"""What people write in Python: every kind of picture in, every form of result out."""

import base64
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mien
from mien.core.errors import ImageError, MissingExtra
from mien.core.frame import Frame
from mien.imaging.decode import read
from mien.inference.classifier import Classifier
from mien.results.rows import columns


@pytest.fixture(scope="module")
def analyzer() -> mien.Analyzer:
    return mien.load()


@pytest.fixture
def astronaut(examples: Path) -> Path:
    return examples / "astronaut.png"


def test_every_kind_of_picture_gives_the_same(analyzer: mien.Analyzer, astronaut: Path):
    array = read(astronaut)
    data = astronaut.read_bytes()
    sources = [str(astronaut), astronaut, data, bytearray(data), memoryview(data)]
    sources += [array, Image.open(astronaut), Frame(array)]
    results = [analyzer(source) for source in sources]
    for result in (*results, *analyzer(sources)):
        np.testing.assert_array_equal(result.faces.boxes, results[0].faces.boxes)
        np.testing.assert_allclose(result.probs, results[0].probs, atol=1e-6)
    assert [result.frame.path for result in results] == [str(astronaut)] * 2 + [""] * 6
    (face,) = results[0]
    assert face.emotion == "happiness"
    assert face.probabilities["happiness"] == face.confidence > 0.9


def test_grey_pictures(analyzer: mien.Analyzer, astronaut: Path):
    grey = Image.open(astronaut).convert("L")
    first, second = analyzer([grey, np.asarray(grey)])
    np.testing.assert_array_equal(first.frame.image, second.frame.image)
    assert first[0].emotion == "happiness"


def test_a_pil_image_is_turned_upright_and_laid_on_white(analyzer: mien.Analyzer):
    lying = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(2, 4, 3))
    lying.getexif()[0x0112] = 6
    assert analyzer(lying).frame.image.shape == (4, 2, 3)
    assert analyzer(Image.new("RGBA", (4, 4), (0, 0, 0, 0))).frame.image.min() == 255


@pytest.mark.parametrize(
    ("source", "what"),
    [
        (np.zeros((4, 4, 3)), r"an array \(4, 4, 3\) float64"),
        (np.zeros((4, 4, 4), np.uint8), r"an array \(4, 4, 4\) uint8"),
        (np.zeros((2, 4, 4, 3), np.uint8), "pictures in a list, one by one"),
        (np.zeros((0, 4, 3), np.uint8), "at least one pixel"),
        (b"text", "not a picture: 4 bytes"),
        ("none.jpg", "no such file: none.jpg"),
        ("http://a:b@x/y.png", "http://x/y.png is an address, and pictures are read from files; download it first"),
    ],
)
def test_what_is_no_picture_is_explained(analyzer: mien.Analyzer, source: mien.Analyzer, what: str):
    with pytest.raises(ImageError, match=what):
        analyzer(source)
    with pytest.raises(ImageError, match=what):
        analyzer([source])


@pytest.mark.parametrize(
    ("before", "part"), [("", "decode it first"), ("data:image/png;base64,", "decode what follows its comma first")]
)
def test_a_picture_in_base64_is_told_and_not_echoed(analyzer: mien.Analyzer, astronaut: Path, before: str, part: str):
    text = before + base64.b64encode(astronaut.read_bytes()).decode()
    with pytest.raises(ImageError, match=rf"a string of {len(text):,} characters that looks like base64") as caught:
        analyzer(text)
    assert part in str(caught.value)
    assert "pass the bytes: base64.b64decode" in str(caught.value)
    assert len(str(caught.value)) < 250
    with pytest.raises(ImageError, match=r"a picture in (base64|a data URL): decode"):
        analyzer(text.encode())


def test_a_file_with_a_name_like_base64_is_read(analyzer: mien.Analyzer, astronaut: Path, tmp_path: Path):
    path = tmp_path / ("a" * 120)
    path.write_bytes(astronaut.read_bytes())
    assert len(analyzer(str(path))) == 1


def test_a_damaged_pil_image_is_explained(analyzer: mien.Analyzer, astronaut: Path):
    with pytest.raises(ImageError, match=r"damaged picture: a PIL image of \(512, 512\) pixels"):
        analyzer(Image.open(BytesIO(astronaut.read_bytes()[:90_000])))


def test_what_cannot_be_meant_as_a_picture(analyzer: mien.Analyzer):
    with pytest.raises(TypeError, match="got NoneType"):
        analyzer(None)


def test_a_result_is_drawn(analyzer: mien.Analyzer, astronaut: Path, tmp_path: Path):
    result = analyzer(astronaut)
    result.draw().save(tmp_path / "team.mien.jpg")
    assert read(tmp_path / "team.mien.jpg").shape == (512, 512, 3)
    changed = np.any(np.asarray(result.draw()) != result.frame.image, axis=2)
    x1, y1, _, _ = result[0].box.astype(int)
    assert changed[y1 - 2 : y1 + 2].any()
    assert changed[:, x1 - 2 : x1 + 2].any()


def test_a_dict_is_the_line_of_a_log(analyzer: mien.Analyzer, astronaut: Path):
    entry = json.loads(json.dumps(analyzer(str(astronaut)).to_dict()))
    assert list(entry) == ["path", "width", "height", "faces", "schema", "model"]
    assert (entry["path"], entry["width"], entry["schema"]) == (str(astronaut), 512, 2)
    assert entry["faces"][0]["emotion"] == "happiness"
    classifier = analyzer.classifier
    assert entry["model"] == {
        "name": classifier.card.name,
        "version": classifier.card.version,
        "sha256": classifier.sha256,
        "prior": analyzer.prior,
    }


def test_a_dataframe_has_the_columns_of_the_table(analyzer: mien.Analyzer, astronaut: Path):
    pandas = pytest.importorskip("pandas")
    full, empty = (result.to_dataframe() for result in analyzer([astronaut, np.zeros((9, 9), np.uint8)]))
    assert list(full.columns) == list(empty.columns) == list(columns(analyzer.labels))
    assert full.loc[0, "emotion"] == "happiness"
    assert [len(full), len(empty)] == [1, 0]
    assert (full.dtypes == empty.dtypes).all()
    assert pandas.concat([full, empty]).dtypes.equals(full.dtypes)


def test_a_dataframe_of_faces_without_landmarks_has_gaps(astronaut: Path):
    pytest.importorskip("pandas")
    table = mien.load(detector="none")(astronaut).to_dataframe()
    assert table["lm0_x"].isna().all()
    assert table["lm0_x"].dtype == np.float64


def test_without_pandas_the_need_is_named(analyzer: mien.Analyzer, astronaut: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match="pip install pandas"):
        analyzer(astronaut).to_dataframe()


def test_results_and_faces_are_frozen(analyzer: mien.Analyzer, astronaut: Path):
    result = analyzer(astronaut)
    for value, name in ((result, "labels"), (result[0], "score"), (result.frame, "path"), (result.faces, "boxes")):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, None)


def test_threads_may_share_an_analyzer(analyzer: mien.Analyzer, examples: Path):
    pictures = [read(examples / name) for name in ("astronaut.png", "grace_hopper.jpg", "chelsea.png")] * 6
    alone = [analyzer(picture).to_dict() for picture in pictures]
    with ThreadPoolExecutor(6) as pool:
        assert [result.to_dict() for result in pool.map(analyzer, pictures)] == alone


def test_crops_of_ones_own_detector(analyzer: mien.Analyzer, astronaut: Path):
    image = read(astronaut)
    x1, y1, x2, y2 = analyzer(astronaut)[0].box.astype(int)
    face = mien.classify(image[y1:y2, x1:x2])
    assert face.emotion == "happiness"
    assert face.box.tolist() == [0, 0, x2 - x1, y2 - y1]
    crops = [image[y1:y2, x1:x2], image[:40, :30], np.zeros((1, 1), np.uint8)]
    faces = mien.classify(crops)
    assert faces[0].probabilities == pytest.approx(face.probabilities, abs=1e-6)
    assert [face.box.tolist()[2:] for face in faces[1:]] == [[30, 40], [1, 1]]
    assert mien.classify([]) == []


def test_a_crop_of_the_nets_size_reaches_it_as_it_is():
    crop = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    classifier = mien.load().classifier
    assert isinstance(classifier, Classifier)
    probs = mien.load(view="eight", detector="none", prior=0)(crop).probs
    np.testing.assert_allclose(probs, classifier(crop[None, :, :, None]), atol=1e-6)
