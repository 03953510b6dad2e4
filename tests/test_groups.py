"""Scores by group, on cases whose truth is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from command import Command
from heads import turned_head
from mien.core.emotions import SEVEN
from mien.core.errors import DataError, UsageError
from mien.core.faces import Faces
from mien.core.significance import holm
from mien.data.groups_table import MOST_GROUPS, read_groups
from mien.data.split import Split, save_split
from mien.data.synthetic import synthetic
from mien.evaluation.document import GroupFigure, GroupRow, GroupTable
from mien.evaluation.evaluate import evaluate
from mien.evaluation.group_words import gap_sentences, group_cell, group_rows
from mien.evaluation.groups import FEW, Look, compare_groups, corrected
from mien.evaluation.picture_groups import NO_LANDMARKS, picture_groups, thirds
from mien.evaluation.scores import scores_of
from mien.evaluation.sums import Sums
from test_evaluate import made_split, model_file
from views import answered, right_by_chance, sums

QUICK = 99
"""Shuffles and bootstrap samples where only chances of some percent matter."""


def looks_at(of: Sums, groups: np.ndarray, permutations: int = QUICK) -> dict[str, Look]:
    return {look.figure: look for look in compare_groups(of, groups, permutations, QUICK)[1]}


def drawn(rng: np.random.Generator, n: int, gap: float = 0.0) -> tuple[Sums, np.ndarray]:
    """Faces of two groups, of which the second is read less rightly by a gap."""
    groups = np.array(["old", "young"])[np.arange(n) % 2]
    truth = rng.integers(len(SEVEN), size=n)
    return sums(truth, right_by_chance(rng, truth, 0.8 - gap * (groups == "young"))), groups


class TestGaps:
    def test_a_planted_gap_is_found_and_named(self):
        of, groups = drawn(np.random.default_rng(1), 1000, gap=0.2)
        look = looks_at(of, groups)["accuracy"]
        assert (look.low, look.high) == ("young", "old")
        assert look.gap == pytest.approx(0.2, abs=0.06)
        assert look.p == 1 / (QUICK + 1)
        assert looks_at(of, groups)["adjusted_accuracy"].p == look.p

    def test_where_none_is_planted_few_are_found(self):
        rng = np.random.default_rng(2)
        ps = [looks_at(*drawn(rng, 200))["accuracy"].p for _ in range(40)]
        assert 0 <= np.mean(np.array(ps) < 0.05) < 0.15

    def test_eight_in_ten_gaps_are_found_that_are_as_large_as_is_said(self):
        rng = np.random.default_rng(3)
        least = looks_at(*drawn(rng, 400), permutations=499)["accuracy"].detectable(1)
        assert 0.08 < least < 0.15
        found = [looks_at(*drawn(rng, 400, gap=least))["accuracy"].p < 0.05 for _ in range(40)]
        assert 0.65 < np.mean(found) < 0.95

    def test_a_small_group_does_not_hide_the_gap_of_large_ones(self):
        of, groups = drawn(np.random.default_rng(4), 1000, gap=0.2)
        groups[: FEW + 2] = "rare"
        look = looks_at(of, groups)["accuracy"]
        assert (look.low, look.high) == ("young", "old")
        assert look.p < 0.02

    def test_groups_that_show_other_emotions_are_no_worse_read(self):
        rng = np.random.default_rng(5)
        groups = np.repeat(["glad", "sad"], 500)
        by_luck = 0
        for _ in range(12):
            truth = np.where(rng.random(1000) < np.where(groups == "glad", 0.8, 0.2), 1, 3)
            found = looks_at(sums(truth, right_by_chance(rng, truth, np.where(truth == 1, 0.9, 0.5))), groups)
            assert found["accuracy"].p < 0.02
            by_luck += found["adjusted_accuracy"].p < 0.05
        assert by_luck <= 3

    @pytest.mark.parametrize(("faces", "compared"), [(FEW - 1, False), (FEW, True)])
    def test_a_group_of_few_faces_is_shown_but_not_compared(self, faces: int, compared: bool):
        of, _ = drawn(np.random.default_rng(6), 200)
        groups = np.where(np.arange(200) < faces, "few", "many")
        rows, looks = compare_groups(of, groups, QUICK, QUICK)
        assert [row["group"] for row in rows] == ["few", "many"]
        assert ("accuracy" in {look.figure for look in looks}) is compared

    def test_many_looks_make_a_p_larger(self):
        np.testing.assert_allclose(holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])
        np.testing.assert_allclose(holm([0.5, 0.9, 0.01]), [1, 1, 0.03])
        assert holm([]).shape == (0,)

    def test_more_looks_want_a_larger_gap(self):
        look = looks_at(*drawn(np.random.default_rng(7), 300))["accuracy"]
        assert look.detectable(1) < look.detectable(20)


def test_the_figures_of_a_group_are_those_of_its_faces():
    rng = np.random.default_rng(8)
    truth, predicted = rng.integers(len(SEVEN), size=(2, 90))
    view, groups = answered(truth, predicted), np.array(["", "a", "b"])[np.arange(90) % 3]
    rows, _ = compare_groups(sums(truth, predicted), groups, permutations=1)
    for row in rows:
        scores = scores_of(view, view.distance, groups == row["group"])
        figures = row["figures"]
        assert row["n"] == scores["n"] == 30
        for name in ("accuracy", "balanced_accuracy", "macro_f1", "jsd"):
            assert figures[name]["value"] == scores[name]
            low, high = figures[name]["interval"]
            assert low < figures[name]["value"] < high
        for name, of_class in scores["per_class"].items():
            assert figures[f"recall_{name}"]["value"] == of_class["recall"]
            assert figures[f"recall_{name}"]["faces"] == of_class["support"]


def test_ages_stand_in_their_order():
    of, _ = drawn(np.random.default_rng(9), 40)
    ages = np.array(["more than 70", "3-9", "20-29", "0-2", "unsaid"])[np.arange(40) % 5]
    rows, _ = compare_groups(of, ages, permutations=1)
    assert [row["group"] for row in rows] == ["0-2", "3-9", "20-29", "more than 70", "unsaid"]


class TestTables:
    def table(self, tmp_path: Path, *lines: str) -> Path:
        path = tmp_path / "groups.csv"
        path.write_text("\n".join(lines) + "\n")
        return path

    def test_faces_are_found_by_their_names(self, tmp_path: Path):
        split = made_split()
        got = read_groups(self.table(tmp_path, "file,Age,sex", "2.png,old,f", "0.png,,m", "x.png,old,m"), split)
        assert got["age"].tolist() == ["", "", "old", "", "", ""]
        assert got["sex"].tolist() == ["m", "", "f", "", "", ""]

    def test_a_source_tells_faces_of_one_name_apart(self, tmp_path: Path):
        split = replace(made_split(), names=np.full(6, "same.png"))
        split.sources[3:] = "web"
        got = read_groups(self.table(tmp_path, "source,file,kind", "web,same.png,a"), split)
        assert got["kind"].tolist() == ["", "", "", "a", "a", "a"]
        with pytest.raises(DataError, match=r"'same\.png' is a face of ferplus and of web; add the column 'source'"):
            read_groups(self.table(tmp_path, "file,kind", "same.png,a"), split)

    @pytest.mark.parametrize(
        ("lines", "match"),
        [
            (["age,sex", "1,2"], "expected the column 'file' and one or more of groups; got age, sex"),
            (["file", "0.png"], "expected the column 'file' and one or more of groups"),
            (["file,age", "0.png,1", "0.png,2"], r"row 2 \(line 3\): 0.png is named twice"),
        ],
    )
    def test_a_table_that_cannot_be_used(self, tmp_path: Path, lines: list[str], match: str):
        with pytest.raises(DataError, match=match):
            read_groups(self.table(tmp_path, *lines), made_split())

    @pytest.mark.parametrize("values", [MOST_GROUPS, MOST_GROUPS + 1])
    def test_a_column_of_numbers_is_no_column_of_groups(self, tmp_path: Path, values: int):
        split = replace(synthetic(MOST_GROUPS + 1, seed=0))
        table = self.table(tmp_path, "file,age", *(f"{row},{row % values}" for row in range(len(split))))
        if values <= MOST_GROUPS:
            assert len(set(read_groups(table, split)["age"])) == values
        else:
            with pytest.raises(DataError, match="the column 'age' has 21 different values; expected at most 20"):
                read_groups(table, split)


NO_FACES = Faces(np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32), np.zeros(0, np.float32))


class TestPictures:
    def test_thirds_have_bounds(self):
        names = thirds(np.arange(9.0), 0)
        assert names.tolist() == ["0 to 3"] * 3 + ["3 to 5"] * 2 + ["5 and more"] * 4

    def test_dark_pale_and_turned_faces_are_told(self):
        split = synthetic(9, seed=0)
        images = np.where(np.arange(48) < 24, 100, 110).astype(np.uint8) + np.zeros((9, 48, 1), np.uint8)
        images[:3], images[6:] = images[:3] - 60, images[6:] + 60
        landmarks = iter([turned_head(yaw) for yaw in (0, -20, 40)] * 3)

        def detect(image: np.ndarray) -> Faces:
            assert image.shape == (144, 144, 3)
            return Faces(np.array([[0, 0, 9, 9]], np.float32), next(landmarks), np.ones(1, np.float32))

        groups = picture_groups(replace(split, images=images), detect)
        assert groups["brightness"].tolist() == ["0 to 85"] * 3 + ["85 to 125"] * 3 + ["125 and more"] * 3
        assert set(groups) == {"brightness", "contrast", "sharpness", "yaw"}
        assert groups["yaw"].tolist()[:3] == ["0 to 15 degrees", "15 to 30 degrees", "30 and more degrees"]

    def test_a_face_without_landmarks_is_said_to_be_so(self):
        groups = picture_groups(synthetic(3, seed=0), lambda _: NO_FACES)
        assert set(groups["yaw"]) == {NO_LANDMARKS}


class TestEvaluate:
    @pytest.fixture
    def data(self, tmp_path: Path) -> Path:
        save_split(self.many(), tmp_path / "valid.npz")
        return tmp_path

    def many(self) -> Split:
        """Faces of two data sets, of which every other is read wrongly, 'young' in the groups."""
        kinds = [("neutral", {"neutral": 10}, "neutral", True), ("fear", {"neutral": 10}, "neutral", True)]
        split = made_split([kinds[row % 2] for row in range(160)])
        split.sources[140:] = "web"
        return replace(split, choosing=np.arange(160) // 2 % 2 == 0, names=np.arange(160).astype(str))

    def table(self, data: Path) -> Path:
        lines = [f"{row},{('old', 'young')[row % 2]}" for row in range(150)]
        (data / "groups.csv").write_text("\n".join(["file,age", *lines]) + "\n")
        return data / "groups.csv"

    def test_the_reported_half_is_scored_set_by_set(self, data: Path):
        here, web = evaluate(model_file(data), data, groups=[self.table(data)]).document["groups"]
        assert (here["source"], here["half"], here["column"]) == ("ferplus", "reported", "age")
        assert (here["n"], here["ungrouped"], web["n"], web["ungrouped"]) == (70, 0, 10, 6)
        assert {row["group"]: row["figures"]["accuracy"]["value"] for row in here["groups"]} == {"old": 1, "young": 0}
        assert [gap["real"] for gap in here["gaps"] if gap["figure"] == "accuracy"] == [True]
        assert web["gaps"] == []

    def test_the_command_tells_it_in_words(self, data: Path, mien: Command):
        model, table = model_file(data), self.table(data)
        found = mien("evaluate", model, "--data", data, "--groups", table, "--out", "o", "--protocol", "seven")
        said = " ".join(found.out.split())
        assert "age: 70 faces of ferplus, the half that is reported" in said
        assert "accuracy is 100.0 points lower for 'young' than for 'old'; that is real" in said

    def test_groups_need_the_seven(self, data: Path):
        with pytest.raises(UsageError, match="groups are scored under the protocol 'seven'; got fer"):
            evaluate(model_file(data), data, protocols=["fer"], groups=[data / "groups.csv"])

    def test_two_tables_of_one_column(self, data: Path):
        with pytest.raises(DataError, match="has the column 'age' as another table has"):
            evaluate(model_file(data), data, groups=[self.table(data)] * 2)


def test_a_real_gap_and_one_by_luck_are_told_in_words():
    of, groups = drawn(np.random.default_rng(1), 1000, gap=0.2)
    rows, looks = compare_groups(of, groups, 499, QUICK)
    table: GroupTable = {
        "data": "d",
        "source": "web",
        "half": "all",
        "column": "age",
        "n": 1000,
        "ungrouped": 0,
        "groups": rows,
        "gaps": [],
    }
    (told,) = corrected([(table, looks)])
    first, *_, last = gap_sentences([told])
    assert first.startswith("web, age: accuracy is 2")
    assert "points lower for 'young' than for 'old'; that is real (p = 0.0" in first
    assert last.startswith(f"{len(looks)} gaps were tested, and p is corrected for that (Holm).")
    assert group_rows(told)[0][:2] == ["old", "500"]
    of, groups = drawn(np.random.default_rng(1), 1000)
    (quiet,) = corrected([(table, compare_groups(of, groups, 499, QUICK)[1])])
    assert "not told from luck" in gap_sentences([quiet])[0]
    assert "As many faces would have shown a gap from" in gap_sentences([quiet])[0]
    both = gap_sentences([quiet, told])
    assert [sentence.partition("that is ")[2][:8] for sentence in both[:2]] == ["real (p ", "real (p "]


def test_a_share_is_told_within_its_bounds():
    figure: GroupFigure = {"value": -0.035, "interval": [-0.1, 1.02], "faces": 1}
    row: GroupRow = {"group": "a", "n": 1, "figures": {"adjusted_accuracy": figure}}
    assert group_cell(row, "adjusted_accuracy") == "0.0 [0.0, 100.0]"
    assert group_cell(row, "adjusted_accuracy", with_interval=False) == "0.0"
    assert group_cell(row, "accuracy") == ""
