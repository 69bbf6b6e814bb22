"""What an entry of an objection says after it was corrected: its newest version, and in doubt a dissent."""

from pathlib import Path

import pytest
from small_home import DISSENT, WITHDRAWAL, deliver, entry, numbers, patient, small_context

from pipeline.contracts.settings import read_settings
from pipeline.steps.opt_out.erasure import current_erasure

OTHER = "271649006"
LOCAL, LOCAL_WITHDRAWN = "999000000000101", "999000000000102"
NOBODY = {"nhs_number": "", "patient_id": "unknown"}

Row = dict[str, str]


def said(code: str, name: str = "1", **changes: str) -> Row:
    """A version of an entry; without a date of its own it is dated in 2020, and a withdrawal in 2024."""
    day = "2024-02-03" if code in (WITHDRAWAL, LOCAL_WITHDRAWN) else "2020-02-03"
    return {"observation_id": name, "snomed_code": code, "effective_date": day, **changes}


def apart(row: Row) -> Row:
    return {**row, "effective_date": "soon"}


WITHDREW = [said(DISSENT), said(WITHDRAWAL, "2")]
# What came on each day, and whether the person dissents after all of it. A row whose date is "soon" is set apart.
STORIES: dict[str, tuple[list[list[Row]], bool]] = {
    "withdrew": ([WITHDREW], False),
    "withdrawal corrected to another code": ([WITHDREW, [said(OTHER, "2")]], True),
    "and back": ([WITHDREW, [said(OTHER, "2")], [said(WITHDRAWAL, "2")]], False),
    "withdrawal corrected to a local one": ([WITHDREW, [said(LOCAL_WITHDRAWN, "2")]], True),
    "withdrawal corrected to a dissent": ([[said(WITHDRAWAL)], [said(DISSENT)]], True),
    "withdrawal deleted": ([WITHDREW, [said(WITHDRAWAL, "2", is_deleted="1")]], True),
    "withdrawal deleted under another code": ([WITHDREW, [said(OTHER, "2", is_deleted="1")]], True),
    "withdrawal deleted without a number": ([WITHDREW, [said(WITHDRAWAL, "2", is_deleted="1", **NOBODY)]], True),
    "withdrawal corrected without a number": ([WITHDREW, [said(OTHER, "2", **NOBODY)]], True),
    "withdrawal sent again of nobody known": ([WITHDREW, [said(WITHDRAWAL, "2", **NOBODY)]], True),
    "withdrawal corrected, and the row set apart": ([WITHDREW, [apart(said(OTHER, "2"))]], True),
    "withdrawal deleted, and the row set apart": ([WITHDREW, [apart(said(WITHDRAWAL, "2", is_deleted="1"))]], True),
    "withdrawal sent again, and the row set apart": ([WITHDREW, [apart(said(WITHDRAWAL, "2"))]], False),
    "withdrawal set apart, then accepted": ([[said(DISSENT), apart(said(OTHER, "2"))], [said(WITHDRAWAL, "2")]], False),
    "dissent corrected to another code": ([[said(DISSENT)], [said(OTHER)]], False),
    "dissent was another code": ([[said(OTHER)], [said(DISSENT)]], True),
    "dissent corrected to a local one": ([[said(DISSENT)], [said(LOCAL)]], True),
    "and that one withdrawn": ([[said(DISSENT)], [said(LOCAL), said(LOCAL_WITHDRAWN, "2")]], False),
    "dissent deleted without a number": ([[said(DISSENT)], [said(DISSENT, is_deleted="1", **NOBODY)]], False),
    "dissent sent again of nobody known": ([[said(DISSENT)], [said(DISSENT, **NOBODY)]], True),
    "another code, corrected to a dissent of nobody known": ([[said(OTHER)], [said(DISSENT, **NOBODY)]], True),
    "dissent set apart and deleted without a number": (
        [[apart(said(DISSENT))], [said(DISSENT, is_deleted="1", **NOBODY)]],
        False,
    ),
    "dissent set apart and corrected": ([[apart(said(DISSENT))], [said(OTHER)]], False),
    "dissent set apart and corrected without a person": ([[apart(said(DISSENT))], [said(OTHER, **NOBODY)]], True),
    "dissent set apart without an id": ([[apart(said(DISSENT, ""))]], True),
    "dissent set apart without a practice": ([[apart({**said(DISSENT), "practice_code": ""})]], True),
    "withdrawal changed to a dissent set apart of nobody known": (
        [[said(WITHDRAWAL)], [apart(said(DISSENT, **NOBODY))]],
        True,
    ),
    "another sender's entry of the same id": ([[said(DISSENT)], [{**said(OTHER), "sender": "GPS02"}]], True),
}
NUMBER_OF = dict(zip(STORIES, numbers(len(STORIES)), strict=True))


def rows_of(day: int, *, sender: str) -> list[Row]:
    """What a sender sends on a day, of all stories; ids of entries are made each story's own."""
    found = []
    for name, number in NUMBER_OF.items():
        days = STORIES[name][0]
        for row in days[day] if day < len(days) else []:
            own = {**row, "observation_id": row["observation_id"] and f"{name} {row['observation_id']}"}
            if own.pop("sender", "GPS01") == sender:
                given = {"nhs_number": number, "patient_id": name, **own}
                found.append({**entry(number, "", OTHER), **given})
    return found


@pytest.fixture(scope="module")
def dissenting(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """One home in which all the stories happen, each to a person of their own."""
    home: Path = tmp_path_factory.mktemp("objections") / "home"
    context = small_context(
        read_settings({"RISKSTRAT_HOME": str(home), "RISKSTRAT_THREADS": "1", "RISKSTRAT_MEMORY": "500MB"})
    )
    deliver(context, "gp_patient", [patient(number, name) for name, number in NUMBER_OF.items()])
    for day in range(max(len(days) for days, _ in STORIES.values())):
        for sender in ("GPS01", "GPS02"):
            rows = rows_of(day, sender=sender)
            deliver(
                context, "gp_event", [one for one in rows if one["effective_date"] != "soon"], sender=sender,
                apart=[one for one in rows if one["effective_date"] == "soon"], at=f"2026-11-{16 + day}T20:00:00",
            )  # fmt: skip
    return current_erasure(context).nhs_numbers


@pytest.mark.parametrize("story", STORIES)
def test_an_entry_says_what_its_newest_version_says(dissenting: frozenset[str], story: str) -> None:
    assert (NUMBER_OF[story] in dissenting) is STORIES[story][1]
