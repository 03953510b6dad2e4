"""Annotations for ELAN, Praat and BORIS, read back by other people's readers and held against the table."""

import csv
import json
import warnings
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from command import Command
from mien.report.annotations import Recording, Segment, boris, eaf, textgrid, tiers
from mien.report.events import Event
from mien.tracking.timeline import Summary
from tracked_results import summary

Read = dict[str, list[tuple[int, int, str]]]
"""Person -> what is annotated: from, to (milliseconds), emotion."""


def story() -> Summary:
    """Two people of three seconds, with what is uncertain, unseen, and changed at once."""
    happy, unsure = {1: "happiness"}, {1: "anger?"}
    frames = [happy, unsure, {1: "sadness", 4: "fear"}, {1: "happiness", 4: "fear"}, {4: "fear?"}, happy]
    return summary([(0.5 * place, shown) for place, shown in enumerate(frames)], 3.0)


STORY = {
    "person 1": [(0, 500, "happiness"), (1000, 1500, "sadness"), (1500, 2000, "happiness"), (2500, 3000, "happiness")],
    "person 4": [(1000, 2000, "fear")],
}


def recording(folder: Path) -> Recording:
    return Recording(folder / "my clip.mp4", folder, datetime(2026, 11, 29, 12, tzinfo=UTC), 25.0, 3.0, True)


def read_eaf(text: str) -> Read:
    root = ET.fromstring(text)
    slots = {one.attrib["TIME_SLOT_ID"]: int(one.attrib["TIME_VALUE"]) for one in root.iter("TIME_SLOT")}
    return {
        tier.attrib["TIER_ID"]: [
            (slots[one.attrib["TIME_SLOT_REF1"]], slots[one.attrib["TIME_SLOT_REF2"]], one[0].text or "")
            for one in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        for tier in root.iter("TIER")
    }


def read_textgrid(text: str) -> Read:
    """Read a TextGrid as Praat does: numbers, quoted strings and flags in their order, whatever stands between."""
    found: Read = {}
    for item in text.split("    item [")[1:]:
        name = item.partition('name = "')[2].partition('"')[0]
        intervals = [part.partition("\n        intervals")[0] for part in item.split("intervals [")[1:]]
        cells = [[line.partition(" = ")[2] for line in part.splitlines()[1:4]] for part in intervals]
        whole = [(round(1000 * float(low)), round(1000 * float(high)), text[1:-1]) for low, high, text in cells]
        assert whole[0][0] == 0
        assert [one[1] for one in whole[:-1]] == [one[0] for one in whole[1:]], "Praat wants no gaps"
        found[name] = [one for one in whole if one[2]]
    return found


def read_boris(text: str) -> Read:
    (observation,) = json.loads(text)["observations"].values()
    found: Read = {}
    begun: dict[tuple[str, str], int] = {}
    for time_s, person, emotion, *_ in observation["events"]:
        if (since := begun.pop((person, emotion), None)) is None:
            begun[person, emotion] = round(1000 * time_s)
        else:
            found.setdefault(person, []).append((since, round(1000 * time_s), emotion))
    assert not begun, "each state that starts stops"
    return found


FORMS = {
    "elan": (".eaf", eaf, read_eaf),
    "praat": (".TextGrid", textgrid, read_textgrid),
    "boris": (".boris", boris, read_boris),
}


@pytest.mark.parametrize("name", FORMS)
def test_each_form_says_who_surely_showed_what(name: str, tmp_path: Path):
    _, write, read = FORMS[name]
    assert tiers(story())["person 4"] == [Segment(1000, 2000, "fear")]
    assert read(write(story(), recording(tmp_path))) == STORY


@pytest.mark.parametrize("name", FORMS)
def test_who_has_a_name_is_called_by_it(name: str, tmp_path: Path):
    _, write, read = FORMS[name]
    told = read(write(story().named({4: "<Anna> & 'Bo'"}), recording(tmp_path)))
    assert told == {"person 1": STORY["person 1"], "<Anna> & 'Bo'": STORY["person 4"]}


@pytest.mark.parametrize("name", FORMS)
def test_who_is_uncertain_throughout_has_an_empty_tier(name: str, tmp_path: Path):
    _, write, read = FORMS[name]
    told = write(summary([(0.0, {1: "fear?"})], 1.0), recording(tmp_path))
    assert list(filter(None, read(told).values())) == []
    assert "person 1" in told
    assert not list(filter(None, read(write(summary([(0.0, {})], 0.0), recording(tmp_path))).values()))


def test_the_clip_is_found_from_the_file(tmp_path: Path):
    told = eaf(story(), recording(tmp_path))
    media = next(ET.fromstring(told).iter("MEDIA_DESCRIPTOR"))
    assert media.attrib["MEDIA_URL"] == (tmp_path / "my clip.mp4").as_uri()
    assert (media.attrib["RELATIVE_MEDIA_URL"], media.attrib["MIME_TYPE"]) == ("./my clip.mp4", "video/mp4")
    (observation,) = json.loads(boris(story(), recording(tmp_path)))["observations"].values()
    assert observation["file"]["1"] == ["my clip.mp4"]
    assert observation["media_info"]["length"] == {"my clip.mp4": 3.0}


def test_a_boris_project_declares_all_that_its_events_name(tmp_path: Path):
    project = json.loads(boris(story(), recording(tmp_path)))
    (observation,) = project["observations"].values()
    events = observation["events"]
    assert events == sorted(events, key=lambda event: event[0])
    assert {event[1] for event in events} == {one["name"] for one in project["subjects_conf"].values()}
    states = {one["code"]: one["excluded"].split(",") for one in project["behaviors_conf"].values()}
    assert {event[2] for event in events} <= set(states)
    assert all(set(others) == set(states) - {code} for code, others in states.items())


@pytest.mark.parametrize("name", FORMS)
def test_events_have_tiers_of_their_own(name: str, tmp_path: Path):
    _, write, read = FORMS[name]
    events = (Event("advert", 0.5, 1.5), Event("speech", 1.5, 2.0), Event("all of it", 0), Event("beyond", 7))
    told = read(write(story(), replace(recording(tmp_path), events=events)))
    assert told == STORY | {
        "events": [(0, 3000, "all of it")],
        "events 2": [(500, 1500, "advert"), (1500, 2000, "speech")],
    }


def test_quotes_in_a_label_do_not_end_it(tmp_path: Path):
    told = textgrid(summary([(0.0, {1: 'the "look"'})], 1.0, ('the "look"', "calm")), recording(tmp_path))
    assert 'text = "the ""look"""\n' in told


def test_the_library_for_elan_and_praat_reads_both(tmp_path: Path):
    with warnings.catch_warnings(action="ignore"):
        pympi = pytest.importorskip("pympi")
    for name, form in (("a.eaf", eaf), ("a.TextGrid", textgrid)):
        (tmp_path / name).write_text(form(story(), recording(tmp_path)), encoding="utf-8")
    elan = pympi.Eaf(tmp_path / "a.eaf")
    assert {tier: sorted(elan.get_annotation_data_for_tier(tier)) for tier in elan.get_tier_names()} == STORY
    found = {
        tier.name: [(round(1000 * a), round(1000 * b), text) for a, b, text in tier.get_all_intervals() if text]
        for tier in pympi.TextGrid(tmp_path / "a.TextGrid").get_tiers()
    }
    assert found == STORY


@pytest.mark.parametrize("name", FORMS)
def test_a_frame_is_annotated_where_the_table_is_certain(name: str, mien: Command, examples: Path):
    suffix, _, read = FORMS[name]
    clip = examples / "heads.mp4"
    assert mien("video", clip, "--end", "2", "--data", "csv", "--annotations", name).code == 0
    found = read(Path(f"heads.mien{suffix}").read_text(encoding="utf-8"))
    with Path("heads.mien.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    people = {f"person {row['id']}" for row in rows} & set(found)
    assert people
    for row in rows:
        time_ms = 1000 * float(row["time_s"]) + 1
        if (person := f"person {row['id']}") in people:
            shown = [emotion for low, high, emotion in found[person] if low <= time_ms < high]
            assert shown == ([row["emotion"]] if row["uncertain"] == "False" else [])


def test_annotations_can_be_had_alone_and_are_not_written_over(mien: Command, examples: Path):
    run = ("video", examples / "heads.mp4", "--end", "0.2", "--annotations", "elan")
    assert mien(*run).code == 0
    assert [file.name for file in Path().iterdir()] == ["heads.mien.eaf"]
    assert mien(*run).code == 2
    assert mien(*run, "--force").code == 0
