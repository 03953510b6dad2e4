"""The tables of docs/scale.md: what ``benchmarks/batch.py`` measured, and what a batch of any size costs by that.

python lab/scripts/scale.py
"""

from __future__ import annotations

import re

from docpage import ROOT, fill, table
from mien.apps.batch.units import size

PAGE = ROOT / "docs" / "scale.md"
MEASURED = ROOT / "docs" / "benchmarks" / "batch.txt"

PICTURES_ON_CORES = {10**6: 16, 10**9: 1000, 10**12: 50_000}
CORE_HOUR_DOLLARS, REQUEST_DOLLARS, GB_MONTH_DOLLARS = 0.04, 0.4e-6, 0.023
PAGE_NAMES, PAGE_S = 1000, 0.1
"""Names that a request for the names in a bucket gives, and how long it takes."""
NAME_BYTES = 100
ROWS = r"one file: (\d+) bytes a row, and (\d+) a file"
TAKES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "`mien batch` and `mien image` at the same time, photos of 1280x720 with one face, 1 % broken",
        "{:g} and {:g} ms of a core a picture",
        (r"mien batch: ([\d.]+) ms", r"mien image: ([\d.]+) ms"),
    ),
    (
        "memory of the driver in that run, at its first and its last fifth",
        "{:.0f} and {:.0f} MB",
        (r"driver of mien batch, MB: (\d+)", r"driver of mien batch, MB: .*, (\d+) after unit \d+\n"),
    ),
    ("memory of a worker's child", "{:.0f} MB", (r"a child: (\d+) MB",)),
    (
        "1, 2 and 4 workers, on two cores",
        "{:g}, {:g} and {:g} ms of a core a picture",
        tuple(rf"{number} workers: ([\d.]+) ms" for number in (1, 2, 4)),
    ),
    (
        "listing 10,000,000 names from a pipe",
        "{:g} µs a name, at most {:.0f} MB",
        (r"([\d.]+) us a name, at most (\d+) MB",),
    ),
    ("listing a bucket (`--dry-run`): one picture", "at most {:.0f} MB", (r"one-picture, .*: at most (\d+) MB",)),
    ("the same: 100,000 in folders of 1,000", "at most {:.0f} MB", (r"many-folders, 100,000 .*: at most (\d+) MB",)),
    ("the same: 100,000 in one folder", "at most {:.0f} MB", (r"one-folder, 100,000 .*: at most (\d+) MB",)),
    ("a picture to a child and back", "{:g} ms", (r"to a child and back: ([\d.]+) ms",)),
    (
        "a run of one picture, most of which is starting",
        "{:g} s of a core",
        (r"a run of one picture: .*, ([\d.]+) s of a core",),
    ),
    (
        "a run in which nothing is left to do",
        "{:g} s of a core",
        (r"are done already: .*, ([\d.]+) s of a core",),
    ),
    ("rows", "{:.0f} bytes a face, and {:,.0f} a file", (ROWS,)),
)
"""What was measured, how it is said, and where the figures of that are in the file."""


def figures(pattern: str, text: str) -> list[float]:
    """Return the numbers at the groups of a pattern that a text has once."""
    [found] = re.findall(pattern, text)
    return [float(one.replace(",", "")) for one in ([found] if isinstance(found, str) else found)]


def measured(text: str) -> str:
    """Return the table of what was measured."""
    return table(
        ["what", "takes"],
        [[what, said.format(*(one for pattern in has for one in figures(pattern, text)))] for what, said, has in TAKES],
    )


def pictures(text: str) -> str:
    """Return the table of what a picture takes by its size and faces."""
    found = re.findall(r"(\d+) px, +(\d+) kB, +(\d+) faces: +([\d.]+) ms", text)
    faces = list(dict.fromkeys(int(one[2]) for one in found))
    rows: list[list[str]] = []
    for side_px in dict.fromkeys(one[0] for one in found):
        ours = [one for one in found if one[0] == side_px]
        mean_kb = sum(int(one[1]) for one in ours) / len(ours)
        rows.append([f"{side_px} px, {volume(mean_kb * 1e3)}", *(f"{float(one[3]):.0f} ms" for one in ours)])
    heads = ["no face" if number == 0 else f"{number} face{'s' * (number > 1)}" for number in faces]
    return table(["JPEG, longer side", *heads], rows)


def costs(text: str) -> str:
    """Return the table of what batches of three sizes cost."""
    [ms] = figures(r"mien batch: ([\d.]+) ms", text)
    [kb] = figures(r"1280 px, +(\d+) kB, +1 faces", text)
    row_bytes, file_bytes = figures(ROWS, text)
    [name_us] = figures(r"([\d.]+) us a name", text)
    sizes = list(PICTURES_ON_CORES)
    core_hours = [number * ms / 3.6e6 for number in sizes]
    hours = [used / cores for used, cores in zip(core_hours, PICTURES_ON_CORES.values(), strict=True)]
    files = [units(number) for number in sizes]
    stored = [number * row_bytes + many * file_bytes for number, many in zip(sizes, files, strict=True)]
    rows = [
        ["core-hours", *map(count, core_hours)],
        ["on so many cores", *map(count, PICTURES_ON_CORES.values())],
        ["take", *(duration(one * 3600) for one in hours)],
        ["dollars for cores", *(count(one * CORE_HOUR_DOLLARS) for one in core_hours)],
        ["dollars for reading from a bucket, one request a picture", *(count(one * REQUEST_DOLLARS) for one in sizes)],
        ["pictures", *(volume(one * kb * 1e3) for one in sizes)],
        ["dollars a month for keeping them", *(count(one * kb * 1e-6 * GB_MONTH_DOLLARS) for one in sizes)],
        ["rows", *map(volume, stored)],
        ["units, so files", *map(count, files)],
        ["names from a table or a pipe", *(duration(one * name_us * 1e-6) for one in sizes)],
        ["names by listing a bucket", *(duration(one / PAGE_NAMES * PAGE_S) for one in sizes)],
        [
            "names that pass through the driver",
            *(
                f"{volume(one * NAME_BYTES)}, {volume(one * NAME_BYTES / (took * 3600))}/s"
                for one, took in zip(sizes, hours, strict=True)
            ),
        ],
    ]
    return table(["", "10⁶", "10⁹", "10¹²"], rows)


def units(number: int) -> int:
    """Return how many units so many pictures are."""
    many = 0
    while number > 0 and size(many) < size(10**9):
        number -= size(many)
        many += 1
    return many + max(0, -(-number // size(10**9)))


def count(number: float) -> str:
    """Return a number to two digits."""
    if number >= 1e6:
        return f"{number / 1e6:.2g} million" if number < 1e8 else f"{round(number / 1e6):,} million"
    rounded = float(f"{number:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


def volume(number: float) -> str:
    """Return bytes."""
    for unit, of in (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if number >= of:
            return f"{count(number / of)} {unit}"
    return f"{count(number / 1e3)} kB"


def duration(seconds: float) -> str:
    """Return a time."""
    for unit, of in (("years", 365 * 86400), ("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * of:
            return f"{count(seconds / of)} {unit}"
    return f"{count(seconds)} s"


def read_parts() -> dict[str, str]:
    """Return the tables by the names of their marks."""
    text = MEASURED.read_text(encoding="utf-8")
    return {"scale-measured": measured(text), "scale-pictures": pictures(text), "scale-costs": costs(text)}


if __name__ == "__main__":
    fill(PAGE, read_parts())
