import numpy as np
import pytest

from mien.core.emotions import EIGHT
from mien.core.errors import DataError
from mien.data.audit import LEFT_OUT, agreement, audit, balance, load_audit, one_against_the_rest
from mien.data.montage import montage
from mien.data.near_duplicates import find_duplicates, near_duplicates, thumbnails
from mien.data.prepare import kept_splits, reasons
from mien.data.synthetic import synthetic
from small_data import HAPPY, faces, samples

TRAIN, VALID, TEST = 0, 1, 2


def twins_of(face: np.ndarray, like: np.ndarray) -> tuple[bool, bool]:
    """Whether a face of valid has an exact duplicate and a near-duplicate in train."""
    found = find_duplicates(samples(np.array([like, face]), ["train", "valid"]))
    assert found.near[0, VALID] == found.near[1, TRAIN]
    return bool(found.exact[1, TRAIN]), bool(found.near[1, TRAIN])


class TestDuplicates:
    face = faces(1)[0]

    def test_itself(self):
        assert twins_of(self.face, self.face) == (True, True)

    @pytest.mark.parametrize(
        "change",
        [
            lambda face: face + 20,
            lambda face: (face * 0.6).astype(np.uint8),
            lambda face: face[:, ::-1],
            lambda face: face[:, ::-1] + 9,
            lambda face: 255 - (255 - face) // 2,
        ],
        ids=["brighter", "less contrast", "mirrored", "mirrored and brighter", "paler"],
    )
    def test_near_duplicates(self, change):
        assert twins_of(change(self.face), self.face) == (False, True)

    @pytest.mark.parametrize(
        "change", [lambda face: face[::-1], lambda face: 255 - face], ids=["upside down", "inverse"]
    )
    def test_strangers(self, change):
        assert twins_of(change(self.face), self.face) == (False, False)

    def test_even_grey_is_a_pixel_duplicate_of_the_same_grey_alone(self):
        assert twins_of(np.full((48, 48), 7, np.uint8), np.full((48, 48), 7, np.uint8)) == (True, True)
        assert twins_of(np.full((48, 48), 7, np.uint8), np.full((48, 48), 8, np.uint8)) == (False, False)

    def test_a_face_is_no_duplicate_of_itself_even_if_it_is_its_own_mirror_image(self):
        even = np.hstack([self.face[:, :24], self.face[:, 23::-1]])
        assert not find_duplicates(samples(even[None], ["train"])).near.any()

    def test_as_a_plain_comparison_of_all_pairs_finds_them(self):
        images = np.concatenate([faces(650), faces(40)[::-1] // 2 + 60, faces(30)[:, :, ::-1] + 5])
        blend = (0.5 * images[:200].astype(float) + 0.5 * images[200:400]).astype(np.uint8)
        images = np.concatenate([images, blend, (0.2 * blend + 0.8 * images[:200]).astype(np.uint8)])
        thumbs = thumbnails(images)
        mirror = thumbs.reshape(-1, 12, 12)[:, :, ::-1].reshape(-1, 144)
        alike = np.maximum(thumbs @ thumbs.T, mirror @ thumbs.T)
        np.fill_diagonal(alike, 0)
        splits = np.arange(len(images)).astype(np.int8) % 3
        expected = np.stack([(alike[:, splits == k] > 0.98).any(axis=1) for k in range(3)], axis=1)
        assert 100 < expected.any(axis=1).sum() < 900
        near, first = near_duplicates(thumbs, splits)
        np.testing.assert_array_equal(near, expected)
        ties = (alike > 0.98) & (splits[:, None] == splits) & (splits[:, None] > 0)
        of_group = np.arange(len(images))
        for _ in range(len(images)):
            of_group = np.minimum(of_group, np.where(ties, of_group, len(images)).min(axis=1))
        np.testing.assert_array_equal(first, of_group)
        assert (first < np.arange(len(images)))[splits > 0].sum() > 20

    def test_nothing_to_compare(self):
        assert find_duplicates(samples(faces(0), [])).near.shape == (0, 3)


class TestAgreement:
    def test_golden(self):
        votes = np.array([[8, 2, 0, 0, 0, 0, 0, 0, 0, 0], [0, 5, 5, 0, 0, 0, 0, 0, 0, 0]], np.uint8)
        got = agreement(votes)
        assert got["top share"] == pytest.approx(0.65)
        assert got["majority"] == pytest.approx(0.5)
        # First face: each of the 8 is confirmed by 7 against 2. Second: whoever is taken away joins the smaller half.
        assert got["one against the rest, seven"] == pytest.approx(8 / 20)
        assert got["one against the rest, majority"] == pytest.approx(8 / 10)

    def test_contempt_agrees_with_neutral_under_seven(self):
        votes = np.array([[5, 0, 0, 0, 0, 0, 0, 5, 0, 0]], np.uint8)
        assert one_against_the_rest(votes, "seven") == (10, 10)

    def test_a_vote_for_unknown_is_a_wrong_one(self):
        votes = np.array([[8, 0, 0, 0, 0, 0, 0, 0, 2, 0]], np.uint8)
        assert one_against_the_rest(votes, "seven") == (8, 10)

    def test_one_label_a_face_says_nothing(self):
        assert agreement(np.array([HAPPY] * 3, np.uint8)) == {}

    def test_faces_that_no_protocol_counts(self):
        assert set(agreement(np.array([[0, 3, 0, 0, 0, 0, 0, 0, 7, 0]], np.uint8))) == {"top share", "majority"}


def test_balance_counts_what_a_protocol_leaves_out():
    split = synthetic(16, seed=0)
    assert balance(split, "majority") == {**dict.fromkeys(EIGHT, 2), LEFT_OUT: 0}
    assert balance(split, "seven")["neutral"] == 4
    assert balance(split, "fer")[LEFT_OUT] == 2


def test_golden_audit():
    some = faces(6)
    images = np.concatenate([some, some[:1], some[1:2] + 30, some[5:6]])
    data = samples(
        images,
        ["train"] * 6 + ["valid", "test", "train"],
        [HAPPY] * 4 + [(0,) * 9 + (10,)] + [HAPPY] * 4,
    )
    duplicates = find_duplicates(data)
    why = reasons(data, duplicates)
    found = audit(data, kept_splits(data, duplicates, why), duplicates, why)
    assert found.read == {"train": 7, "valid": 1, "test": 1}
    assert found.kept == {"train": 5, "valid": 1, "test": 1}
    assert found.drop_counts() == {"pixel for pixel in valid or test": {"train": 1}, "not a face": {"train": 1}}
    assert [drop.name for drop in found.drops] == ["0", "4"]
    assert found.pixel_twins == {
        "train": {"train": 2, "valid": 1, "test": 0},
        "valid": {"train": 1, "valid": 0, "test": 0},
        "test": {"train": 0, "valid": 0, "test": 0},
    }
    assert found.near_twins["train"] == {"train": 2, "valid": 1, "test": 1}
    assert found.clean == {"train": 5, "valid": 0, "test": 0}
    assert found.balance["seven"]["train"]["happiness"] == 5
    assert found.agreement == {}


def test_an_audit_that_is_not_there_or_none(tmp_path):
    with pytest.raises(DataError, match=r"audit.json is not an audit of mien"):
        load_audit(tmp_path)
    (tmp_path / "audit.json").write_text("[]")
    with pytest.raises(DataError, match=r"audit.json is not an audit of mien"):
        load_audit(tmp_path)


def test_the_montage_is_the_same_each_time_and_shows_each_emotion():
    split = synthetic(40, seed=0)
    canvas = montage(split, columns=3)
    assert canvas.shape == (804, 434, 3)
    np.testing.assert_array_equal(canvas, montage(split, columns=3))
    assert (canvas != montage(split, columns=3, seed=1)).any()
    for row in range(8):
        assert canvas[4 + 100 * row : 100 + 100 * row, 130:].std() > 5
