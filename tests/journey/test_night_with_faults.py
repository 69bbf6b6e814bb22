"""A night with a missing council file, a hospital's file that breaks off and a practice without an agreement: who gets
a register, what stands on it, and who is told what."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from finished_home import FIRST, SECOND
from homes import half_published, packs
from operated_home import COUNCIL, HOSPITAL, PRACTICE, Operated
from test_accounting import register_rows

from pipeline.contracts.policy import SOURCES

pytestmark = pytest.mark.acceptance
TAKING_PART = {"F83671", "F85061", "F85675"}
HOSPITAL_DELIVERY = f"acute_ecds.{HOSPITAL}.20261122T170400Z"
NOT_COME = f"Adult social care: the file of {COUNCIL} for 1 July 2026 to 30 September 2026"
COULD_NOT_BE_USED = f"from {HOSPITAL} could not be used; the last good one still is."


def second_packs(operated: Operated) -> Iterator[tuple[Path, dict[str, Any]]]:
    for pack in packs(operated.home, SECOND).values():
        yield pack, json.loads((pack / "manifest.json").read_bytes())


def test_the_night_ends_and_whoever_takes_part_has_a_register(operated: Operated) -> None:
    assert operated.kept["faults"] == 0, operated.kept["said"]
    assert set(packs(operated.home, FIRST)) == {*TAKING_PART, PRACTICE}
    assert set(packs(operated.home, SECOND)) == TAKING_PART
    assert half_published(operated.home) == []
    for pack, _ in second_packs(operated):
        assert {row["practice_code"] for row in register_rows(pack)} == {pack.name}


def test_every_register_says_what_it_was_made_of_and_how_old_that_is(operated: Operated) -> None:
    """In the manifest for machines; on the page and in the workbook's About for people; in the CSV person by person."""
    from openpyxl import load_workbook

    for pack, manifest in second_packs(operated):
        sources = {one["source"]: one for one in manifest["sources"]}
        assert set(sources) == set(SOURCES) and all(one["is_used"] for one in sources.values())
        assert sources["emergency"]["says"] == "Records up to 19 November 2026, 3 days before this list"
        assert "days before this list" in sources["social_care"]["says"]
        told = [one for one in manifest["notices"] if NOT_COME in one or COULD_NOT_BE_USED in one]
        assert len(told) == 2, manifest["notices"]
        page = next(pack.glob("*.html")).read_text(encoding="utf-8")
        about = load_workbook(next(pack.glob("RISKREG*.xlsx")), read_only=True)["About"]
        cells = " ".join(str(cell) for row in about.iter_rows(values_only=True) for cell in row if cell)
        for words in (*told, sources["social_care"]["says"], sources["emergency"]["says"]):
            assert words in cells
            assert words in page
        assert all("No social care data" not in row["data_gaps"] for row in register_rows(pack))


def test_the_right_alerts_and_no_others(operated: Operated) -> None:
    found = {name: one.subjects for name, one in operated.kept["faults, alerts"].items()}
    assert found["delivery_late"] == (f"social_care_event from {COUNCIL}",)
    assert found["delivery_refused"] == (HOSPITAL_DELIVERY,)
    assert found["practice_without_agreement"] == (PRACTICE,)
    assert not {one for one in found if one.startswith(("night_", "registers_", "pack_", "no_", "gate_"))}


def test_it_is_told_once(operated: Operated) -> None:
    lines = [json.loads(line) for line in (operated.home / "logs" / "notices.jsonl").read_text().splitlines()]
    of_second = [line for line in lines if line["as_of"] == str(SECOND)]
    assert (operated.kept["faults, notify"], operated.kept["faults, again"]) == (0, 0)
    told = {one["name"]: one["state"] for one in of_second[0]["alerts"]}
    assert told["delivery_late"] == "still", "its days of grace were over the night before"
    assert told["delivery_refused"] == "new" and told["practice_without_agreement"] == "new"
    assert told["agreement_ends_soon"] == "over", "that it would end was told the night before"


def test_a_night_without_a_model_is_told_and_its_page_leads_out_of_it(operated: Operated) -> None:
    code, alerts = operated.kept["no model"]
    assert code == 14 and alerts["no_model"].severity == "stopped"
    assert "no_model" not in operated.open_alerts(SECOND)
