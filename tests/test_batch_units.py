"""What a batch lists, and how that becomes units."""

import io
from collections.abc import Callable
from itertools import count, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.apps.batch import listing as listings
from mien.apps.batch.listing import Inputs, listing
from mien.apps.batch.storage import place_of
from mien.apps.batch.units import LAST_UNIT_PICTURES, Shard, Tally, Unit, size, units
from mien.core.errors import UsageError


def refused(*arguments: object, **how: object) -> tuple[list[str | Shard], list[str]]:
    """Return what is listed, and why arguments are refused."""
    reasons: list[str] = []
    found = list(listing(Inputs([str(one) for one in arguments], **how), lambda _, why: reasons.append(why)))  # type: ignore[arg-type]
    return found, reasons


def listed(*arguments: object, **how: object) -> list[str | Shard]:
    found, reasons = refused(*arguments, **how)
    assert reasons == []
    return found


def test_units_grow_and_stay_bounded():
    assert [size(number) for number in (0, 63, 64, 128, 447, 448, 10**9)] == [64, 64, 128, 256, 4096, 8192, 8192]
    assert sum(map(size, range(448))) == 520_192


def test_units_of_an_endless_listing_come_one_by_one():
    found = list(islice(units(f"{number}.png" for number in count()), 130))
    assert [unit.number for unit in found] == list(range(130))
    assert [found[0].names[0], found[64].names[0], found[65].names[0]] == ["0.png", "4096.png", "4224.png"]


def test_a_file_of_many_pictures_is_a_unit_by_itself():
    tar = Shard("b.tar")
    assert list(units(["a.png", tar, "c.png"])) == [Unit(0, ("a.png",)), Unit(1, shard=tar), Unit(2, ("c.png",))]


def test_a_digest_tells_other_pictures():
    names = [("a", "b"), ("ab",), ("a", "c"), ("a\udce9", "b")]
    digests = {Unit(0, one).digest for one in names} | {Unit(0, shard=Shard("a")).digest}
    assert len(digests) == 5
    assert Unit(0, ("a",)).digest == Unit(7, ("a",)).digest


def test_a_tally_has_a_digest_of_all():
    def told(*names: str) -> dict[str, int | str]:
        tally = Tally()
        assert len(list(tally.of(Unit(0, (name,)) for name in names))) == len(names)
        return tally.listing()

    assert told("a", "b")["units"] == 2
    assert len({told("a", "b")["sha256"], told("b", "a")["sha256"], told("a")["sha256"]}) == 3


@given(st.sets(st.text(min_size=1, max_size=3)), st.integers(1, 5))
def test_names_are_sorted_in_parts(names: set[str], at_once: int):
    assert list(listings._sorted(lambda: names, at_once)) == sorted(names)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.png", "a.jpg", ".hidden.png", "a.mien.png", "notes.txt", "sub/c.png", ".git/d.png", "x.tar"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to(tmp_path / "sub")
    return tmp_path


def test_folders_are_listed_in_the_order_of_names(folder: Path, monkeypatch: pytest.MonkeyPatch):
    own: list[str | Shard] = [f"{folder}/a.jpg", f"{folder}/b.png", Shard(f"{folder}/x.tar")]
    assert listed(folder) == own
    assert listed(folder, recursive=True) == [*own, f"{folder}/sub/c.png"]
    monkeypatch.chdir(folder)
    assert listed("sub") == [f"{folder}/sub/c.png"]
    assert listed("sub", "sub", absolute=False) == ["sub/c.png"]
    (folder / "odd[1]").mkdir()
    (folder / "odd[1]" / "z.png").touch()
    assert listed("odd*", absolute=False) == ["odd[1]/z.png"]
    assert listed("*.png", absolute=False) == ["a.mien.png", "b.png"]


def test_folders_at_an_address_are_listed_one_by_one(monkeypatch: pytest.MonkeyPatch):
    memory = pytest.importorskip("fsspec").filesystem("memory")
    for name in ("b.png", "a.png", "x/1.png", "x/y/2.png", ".git/d.png", "z/3.png", "notes.txt"):
        memory.pipe(f"/many/{name}", b"")
    asked: list[str] = []
    real = listings._remote_entries
    monkeypatch.setattr(listings, "_remote_entries", lambda system, path: asked.append(path) or real(system, path))
    found = listing(Inputs(["memory://many"], recursive=True), lambda *_: None)
    names = ["a.png", "b.png", "x/1.png", "x/y/2.png", "z/3.png"]
    folders = ["/many", "/many", "/many/x", "/many/x/y", "/many/z"]
    for number, name in enumerate(names):
        assert next(found) == f"memory://many/{name}"
        assert [one.rstrip("/") for one in asked] == list(dict.fromkeys(folders[: number + 1]))
    assert list(found) == []


def test_fsspec_does_not_keep_listings():
    pytest.importorskip("fsspec")
    system, _ = place_of("memory://many")
    assert not system.handler.fs.dircache.use_listings_cache


def test_what_holds_nothing_is_refused(folder: Path):
    (folder / "empty").mkdir()
    found, reasons = refused(folder / "empty", folder / "no*.png", folder / "no.png", " ")
    assert found == []
    assert [why.split(";")[0] for why in reasons] == [
        f"no pictures in {folder}/empty",
        f"nothing matches {folder}/no*.png",
        f"no such file or folder: {folder}/no.png",
        "an empty name",
    ]


@pytest.mark.parametrize(
    ("arguments", "recursive"),
    [(("sub", "sub/c.png"), False), ((".", "sub"), True), (("sub/../sub/c.png", "sub"), False)],
)
def test_a_picture_is_not_named_twice(
    arguments: tuple[str, ...], recursive: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(folder)
    with pytest.raises(UsageError, match=r"is in .*, which is named too"):
        listed(*arguments, recursive=recursive)
    assert len(listed("sub", "a.jpg")) == len(listed("sub/c.png", "a.jpg")) == 2


@pytest.mark.parametrize("text", [b"a.png\nb.png\r\n\n", b"a.png\0b.png"])
def test_names_come_from_standard_input(text: bytes):
    found = listing(Inputs([], absolute=False), lambda *_: None, io.BytesIO(text))
    assert list(found) == ["a.png", "b.png"]
    with pytest.raises(UsageError, match="no pictures named"):
        listed()


def write_parquet(path: Path, column: pa.Array, group: int = 1000) -> Path:
    pq.write_table(pa.table({"key": column}), path, row_group_size=group)
    return path


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_parquet(path.with_suffix(".parquet"), pa.array(["a.png", None, "s3://b/c.png"])),
        lambda path: [
            path.with_suffix(".csv").write_text("n,key\n1,a.png\n2,s3://b/c.png\n"),
            path.with_suffix(".csv"),
        ][1],
    ],
    ids=["parquet", "csv"],
)
def test_a_column_names_pictures(write: Callable[[Path], Path], tmp_path: Path):
    table = write(tmp_path / "table")
    assert listed(table, column="key", absolute=False) == ["a.png", "s3://b/c.png"]
    assert listed(tmp_path, column="key")[1] == "s3://b/c.png"
    with pytest.raises(UsageError, match=r"has no column 'keys'; it has .*key"):
        listed(table, column="keys")


@pytest.mark.parametrize("name", ["bad.parquet", "bad.csv"])
def test_a_table_that_cannot_be_read_is_wrong_usage(name: str, tmp_path: Path):
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(UsageError, match=f"cannot read the table .*{name}"):
        listed(tmp_path / name, column="key")


def test_a_column_of_bytes_is_cut_at_row_groups(tmp_path: Path):
    table = write_parquet(tmp_path / "many.parquet", pa.array([b""] * 1500), group=300)
    assert listed(table, column="key") == [
        Shard(str(table), "key", (0, 1), 0, 600),
        Shard(str(table), "key", (2, 3), 600, 600),
        Shard(str(table), "key", (4,), 1200, 300),
    ]
    assert LAST_UNIT_PICTURES // 16 == 512
