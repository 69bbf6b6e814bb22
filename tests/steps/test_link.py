"""Link: each row finds its person or is set apart, who dissents is left out, and nothing is done twice."""

import pytest
from small_home import (
    ANN,
    BEN,
    CAT,
    DAN,
    DISSENT,
    PRACTICE,
    WITHDRAWAL,
    deliver,
    entry,
    keys,
    patient,
    people_in,
    small_context,
)

from pipeline.contracts.settings import Settings
from pipeline.ledger import steps
from pipeline.ledger.deliveries import get_delivery
from pipeline.steps.at_hand.context import Context
from pipeline.steps.link.link import link
from pipeline.steps.opt_out.erasure import current_erasure
from pipeline.store import layout, tables
from pipeline.store.vault import open_vault


@pytest.fixture
def context(home: Settings) -> Context:
    return small_context(home)


def linked(context: Context, extract: str = "gp_event") -> list[str]:
    return people_in(context, layout.linked(context.settings.home, extract))


def test_a_row_finds_its_person_and_loses_what_names_them(context: Context) -> None:
    deliver(context, "gp_patient", [patient(ANN, "1"), patient(BEN, "2")])
    counts = link(context).counts
    assert (counts["deliveries"], counts["rows_linked"], counts["rows_unlinked"]) == (1, 2, 0)
    rows = tables.read(layout.linked(context.settings.home, "gp_patient")).to_pylist()
    assert sorted(row["person_key"] for row in rows) == keys(context, ANN, BEN)
    assert {row["birth_month"].isoformat() for row in rows} == {"1948-03-01"}
    names = set(rows[0])
    assert not names & {"nhs_number", "family_name", "given_name", "birth_date", "postcode"}
    assert {row["patient_id"] for row in rows}.isdisjoint({"1", "2"})


@pytest.mark.parametrize(
    "number", ["", ANN[:9] + str((int(ANN[9]) + 1) % 10), "999000001", "ABCDEFGHIJ", " "], ids=lambda text: repr(text)
)
def test_a_row_without_a_usable_number_is_set_apart(context: Context, number: str) -> None:
    delivery_id = deliver(context, "gp_event", [entry(ANN, "O-1"), entry(number, "O-2")])
    assert link(context).counts["rows_unlinked"] == 1
    assert linked(context) == keys(context, ANN)
    apart = tables.read(layout.unlinked(context.settings.home, "gp_event")).to_pylist()
    assert apart == [{"delivery_id": delivery_id, "source_row_number": 2}]
    recorded = get_delivery(context.ledger, delivery_id)
    assert (recorded.rows_kept, recorded.rows_quarantined, recorded.balances()) == (1, 1, True)


def test_a_second_time_nothing_is_done(context: Context) -> None:
    deliver(context, "gp_patient", [patient(ANN, "1")])
    deliver(context, "gp_event", [entry(ANN, "O-1"), entry(BEN, "O-2", DISSENT)])
    first = link(context)
    before = tables.digest(tables.read(layout.linked(context.settings.home, "gp_event")))
    second = link(context)
    assert first.counts["deliveries"] == 2
    assert {name: second.counts[name] for name in ("deliveries", "rows_linked", "rows_erased")} == {
        "deliveries": 0,
        "rows_linked": 0,
        "rows_erased": 0,
    }
    assert second.digest == first.digest
    assert tables.digest(tables.read(layout.linked(context.settings.home, "gp_event"))) == before


def test_who_dissents_is_left_out_of_every_extract_and_the_vault(context: Context) -> None:
    deliver(context, "gp_patient", [patient(ANN, "1"), patient(BEN, "2")])
    deliver(context, "gp_event", [entry(ANN, "O-1"), entry(BEN, "O-2", DISSENT), entry(BEN, "O-3")])
    deliver(context, "acute_apc", [{"nhs_number": BEN}, {"nhs_number": ANN}], sender="RKE")
    counts = link(context).counts
    assert (counts["people_opted_out"], counts["rows_opted_out"]) == (1, 4)
    for extract in ("gp_patient", "gp_event", "acute_apc"):
        assert linked(context, extract) == keys(context, ANN), extract
    vault = open_vault(context.settings.vault_url, keys=context.keys)
    assert list(vault.practices(keys(context, ANN, BEN))) == keys(context, ANN)


@pytest.mark.parametrize(
    ("entries", "dissents"),
    [
        ([(DISSENT, "2024-01-02")], True),
        ([(DISSENT, "2024-01-02"), (WITHDRAWAL, "2025-01-02")], False),
        ([(WITHDRAWAL, "2024-01-02"), (DISSENT, "2025-01-02")], True),
        ([(DISSENT, "2024-01-02"), (WITHDRAWAL, "2024-01-02")], True),
        ([(WITHDRAWAL, "2024-01-02")], False),
    ],
    ids=["dissent", "withdrawn later", "dissent later", "both on one day", "withdrawal alone"],
)
def test_the_latest_objection_holds_and_a_tie_is_a_dissent(
    context: Context, entries: list[tuple[str, str]], dissents: bool
) -> None:
    rows = [entry(ANN, f"O-{n}", code, effective_date=day) for n, (code, day) in enumerate(entries)]
    deliver(context, "gp_event", [*rows, entry(BEN, "O-9")])
    assert link(context).counts["people_opted_out"] == int(dissents)
    assert linked(context) == (keys(context, BEN) if dissents else keys(context, ANN, BEN))


def test_an_objection_taken_back_as_a_mistake_is_none(context: Context) -> None:
    deliver(context, "gp_event", [entry(ANN, "O-1", DISSENT), entry(BEN, "O-2")])
    assert link(context).counts["people_opted_out"] == 1
    deliver(context, "gp_event", [entry(ANN, "O-1", DISSENT, is_deleted="1")], at="2026-11-16T20:00:00")
    assert link(context).counts["people_opted_out"] == 0
    assert linked(context) == keys(context, ANN, BEN)


def test_an_objection_on_a_row_set_apart_still_counts(context: Context) -> None:
    """A row whose date cannot be read is quarantined, but what it says is not ignored."""
    unreadable = entry(ANN, "O-1", DISSENT, effective_date="soon")
    deliver(context, "gp_event", [entry(ANN, "O-2"), entry(BEN, "O-3")], apart=[unreadable])
    assert link(context).counts["people_opted_out"] == 1
    assert linked(context) == keys(context, BEN)


@pytest.mark.parametrize(
    "changes",
    [
        {"nhs_number": f"{BEN[:3]} {BEN[3:6]} {BEN[6:]}"},
        {"nhs_number": f"{BEN[:3]}-{BEN[3:6]}-{BEN[6:]} "},
        {"nhs_number": f"{BEN[:3]}\u00a0{BEN[3:6]}\u00a0{BEN[6:]}"},
        {"snomed_code": f" {DISSENT} "},
        {"snomed_code": f"{DISSENT}\t", "is_deleted": " 0"},
        {"nhs_number": "", "patient_id": "2"},
        {"nhs_number": " ", "patient_id": " 2 "},
        {"nhs_number": BEN[:9] + str((int(BEN[9]) + 1) % 10), "patient_id": "2"},
        {"nhs_number": "0000000000", "patient_id": "2"},
    ],
    ids=lambda changes: repr(changes),
)
def test_how_a_row_set_apart_is_written_does_not_hide_its_dissent(context: Context, changes: dict[str, str]) -> None:
    deliver(context, "gp_patient", [patient(ANN, "1"), patient(BEN, "2")])
    apart = {**entry(BEN, "O-1", DISSENT, effective_date="soon"), **changes}
    deliver(context, "gp_event", [entry(ANN, "O-2")], apart=[apart], at="2026-11-15T21:00:00")
    assert current_erasure(context).nhs_numbers == {BEN}


@pytest.mark.parametrize("taken_back", ["1", " 1 "])
def test_a_row_set_apart_that_takes_its_dissent_back_is_none(context: Context, taken_back: str) -> None:
    apart = entry(BEN, "O-1", DISSENT, effective_date="soon", is_deleted=taken_back)
    deliver(context, "gp_event", [entry(ANN, "O-2")], apart=[apart])
    assert current_erasure(context).nhs_numbers == frozenset()


def test_a_dissent_without_a_number_is_the_one_of_the_practices_patient(context: Context) -> None:
    """By practice and patient id as that sender's list has them; nobody else's, and dated as it says."""
    lists = [patient(ANN, "1"), patient(BEN, "2"), patient(CAT, "2", practice_code="F83039")]
    deliver(context, "gp_patient", lists)
    deliver(context, "gp_patient", [patient(DAN, "2")], sender="GPS02")
    rows = [
        entry("", "O-1", DISSENT, patient_id="2", effective_date="2024-01-02"),
        entry("", "O-2", DISSENT, patient_id="99"),
    ]
    deliver(context, "gp_event", rows, at="2026-11-15T21:00:00")
    assert current_erasure(context).nhs_numbers == {BEN}
    withdrawn = [entry(BEN, "O-3", WITHDRAWAL, effective_date="2025-01-02")]
    deliver(context, "gp_event", withdrawn, at="2026-11-15T22:00:00")
    assert current_erasure(context).nhs_numbers == frozenset()


def test_a_later_version_without_a_person_does_not_hide_the_earlier_dissent(context: Context) -> None:
    deliver(context, "gp_event", [entry(BEN, "O-1", DISSENT)])
    deliver(context, "gp_event", [entry("", "O-1", DISSENT, patient_id="99")], at="2026-11-15T21:00:00")
    assert current_erasure(context).nhs_numbers == {BEN}


def test_a_row_set_apart_counts_until_the_same_entry_is_accepted_later(context: Context) -> None:
    deliver(context, "gp_event", [entry(ANN, "O-2")], apart=[entry(BEN, "O-1", DISSENT, effective_date="soon")])
    later = [
        entry(BEN, "O-1", DISSENT, effective_date="2024-01-02"),
        entry(BEN, "O-3", WITHDRAWAL, effective_date="2025-01-02"),
    ]
    deliver(context, "gp_event", later[1:], at="2026-11-15T21:00:00")
    assert current_erasure(context).nhs_numbers == {BEN}
    deliver(context, "gp_event", later[:1], at="2026-11-15T22:00:00")
    assert current_erasure(context).nhs_numbers == frozenset()


def test_a_withdrawal_links_again_whatever_speaks_of_the_person(context: Context) -> None:
    patients = deliver(context, "gp_patient", [patient(ANN, "1"), patient(BEN, "2")])
    stays = deliver(context, "acute_apc", [{"nhs_number": CAT}], sender="RKE")
    deliver(context, "gp_event", [entry(ANN, "O-1", DISSENT, effective_date="2024-01-02")])
    link(context)
    assert linked(context, "gp_patient") == keys(context, BEN)
    untouched = steps.find_step(context.ledger, scope=stays, step="link")
    withdrawn = [entry(ANN, "O-2", WITHDRAWAL, effective_date="2026-11-15")]
    deliver(context, "gp_event", withdrawn, at="2026-11-16T20:00:00")
    counts = link(context).counts
    assert (counts["people_opted_out"], counts["deliveries"]) == (0, 3)
    assert linked(context, "gp_patient") == keys(context, ANN, BEN)
    vault = open_vault(context.settings.vault_url, keys=context.keys)
    assert list(vault.practices(keys(context, ANN, BEN))) == keys(context, ANN, BEN)
    assert get_delivery(context.ledger, patients).rows_opted_out == 0
    assert steps.find_step(context.ledger, scope=stays, step="link") == untouched


def test_the_vault_names_the_practice_a_person_is_registered_with_now(context: Context) -> None:
    moved = patient(ANN, "1", registration_end_date="2026-01-31")
    deliver(context, "gp_patient", [moved, patient(ANN, "7", practice_code="F83039")])
    link(context)
    vault = open_vault(context.settings.vault_url, keys=context.keys)
    assert vault.practices(keys(context, ANN)) == {keys(context, ANN)[0]: "F83039"}


A, B = PRACTICE, "F83039"
OPEN, ENDED = {"registration_end_date": ""}, {"registration_end_date": "2026-01-31"}
LISTS: dict[str, tuple[list[dict[str, str]], str]] = {
    "open": ([OPEN], A),
    "ends later": ([{"registration_end_date": "2026-12-31"}], A),
    "ends on the day": ([{"registration_end_date": "2026-11-15"}], A),
    "starts later": ([{"registration_start_date": "2026-11-16"}], ""),
    "deducted": ([ENDED], ""),
    "deducted, then open elsewhere": ([ENDED, {"practice_code": B}], B),
    "confidential": ([{"is_confidential": "1"}], ""),
    "confidential at one of two": ([{"is_confidential": "1"}, {"practice_code": B}], ""),
    "confidential once, open elsewhere": ([{**ENDED, "is_confidential": "1"}, {"practice_code": B}], B),
    "died": ([{"death_date": "2026-11-01"}], A),
    "died, registration ended that day": ([{"death_date": "2026-01-31", **ENDED}], A),
    "died after leaving": ([{"death_date": "2026-02-01", **ENDED}], ""),
    "died, confidential": ([{"death_date": "2026-11-01", "is_confidential": "1"}], ""),
    "withdrawn": ([{"is_deleted": "1"}], ""),
    "withdrawn here, open there": ([{"is_deleted": "1"}, {"practice_code": B}], B),
}


@pytest.mark.parametrize("case", LISTS)
def test_the_vault_tells_a_practice_only_of_its_patients(context: Context, case: str) -> None:
    """And of those who died as its patients; whoever else stands under no practice."""
    rows, expected = LISTS[case]
    deliver(context, "gp_patient", [patient(ANN, str(number), **row) for number, row in enumerate(rows, start=1)])
    link(context)
    assert practice_of(context, ANN) == expected


@pytest.mark.parametrize(
    "later",
    [{"is_deleted": "1"}, {"is_deleted": "1", "nhs_number": ""}, {"nhs_number": ""}, {"nhs_number": BEN}, ENDED],
    ids=["withdrawn", "withdrawn without a number", "number taken away", "another number", "deducted"],
)
def test_what_a_later_version_takes_away_the_vault_no_longer_tells(context: Context, later: dict[str, str]) -> None:
    deliver(context, "gp_patient", [patient(ANN, "1")])
    link(context)
    assert practice_of(context, ANN) == PRACTICE
    deliver(context, "gp_patient", [{**patient(ANN, "1"), **later}], at="2026-11-16T20:00:00")
    link(context)
    assert practice_of(context, ANN) == ""


def test_a_registration_that_has_ended_meanwhile_is_noticed_without_a_new_row(context: Context) -> None:
    deliver(context, "gp_patient", [patient(ANN, "1", registration_end_date="2026-11-20")])
    link(context)
    assert practice_of(context, ANN) == PRACTICE
    deliver(context, "gp_patient", [patient(BEN, "2")], at="2026-11-22T20:00:00")
    link(context)
    assert (practice_of(context, ANN), practice_of(context, BEN)) == ("", PRACTICE)


def test_a_name_left_empty_is_kept_empty_and_breaks_nothing(context: Context) -> None:
    deliver(context, "gp_patient", [patient(ANN, "1", family_name="", given_name="")])
    link(context)
    vault = open_vault(context.settings.vault_url, keys=context.keys)
    (found,) = vault.reidentify(practice_code=PRACTICE, person_keys=keys(context, ANN)).values()
    assert (found.nhs_number, found.family_name, found.given_name) == (ANN, "", "")


def practice_of(context: Context, nhs_number: str) -> str | None:
    (key,) = keys(context, nhs_number)
    return open_vault(context.settings.vault_url, keys=context.keys).practices([key]).get(key)


def test_bulk_history_is_known_when_its_lag_had_passed_and_a_nights_rows_when_they_came(context: Context) -> None:
    deliver(context, "gp_event", [entry(ANN, "O-1", effective_date="2024-05-01")], kind="bulk")
    deliver(context, "gp_event", [entry(ANN, "O-2", effective_date="2024-05-01")], at="2026-11-16T20:00:00")
    link(context)
    rows = tables.read(layout.linked(context.settings.home, "gp_event")).sort_by("known_at").to_pylist()
    assert [row["known_at"].isoformat() for row in rows] == ["2024-05-02T00:00:00", "2026-11-16T20:00:00"]
    assert [row["is_known_at_assumed"] for row in rows] == [True, False]


def test_a_registration_at_birth_does_not_tell_the_day_of_birth(context: Context) -> None:
    """Neither its start nor the day from which it was known; other registrations keep their day."""
    born = patient(ANN, "1", birth_date="2024-02-17", registration_start_date="2024-02-17")
    joined = patient(BEN, "2", birth_date="2024-02-17", registration_start_date="2024-02-18")
    deliver(context, "gp_patient", [born, joined], kind="bulk")
    link(context)
    rows = (
        tables.read(layout.linked(context.settings.home, "gp_patient")).sort_by("registration_start_date").to_pylist()
    )
    assert [row["registration_start_date"].isoformat() for row in rows] == ["2024-02-01", "2024-02-18"]
    # Known late rather than early: nobody is known before they were born.
    assert [row["known_at"].date().isoformat() for row in rows] == ["2024-03-02", "2024-02-19"]
    assert {row["birth_month"].isoformat() for row in rows} == {"2024-02-01"}
