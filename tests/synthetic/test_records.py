"""What is written down about invented people: headers and codes of the contracts, ids, telling over time, causes."""

from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.synthetic.facts.reference_model import count_inputs
from pipeline.synthetic.latent.block import Block, draw_block
from pipeline.synthetic.population.frame import load_frame
from pipeline.synthetic.population.people import NEVER, day_number
from pipeline.synthetic.records import EXTRACTS, Records, Rows, write_records
from pipeline.synthetic.records.gp_diagnoses import draw_diagnoses
from pipeline.synthetic.records.scene import Scene
from pipeline.synthetic.records.working_days import open_days, public_holidays

AS_OF = date(2026, 11, 15)
TODAY = day_number(AS_OF)
CONTRACTS = load_extracts(Path(__file__).parents[2])
STAMP = "2026-11-16T04:00:00"
BY_MONTH = ("community_referral", "community_contact", "mental_health_contact", "mental_health_spell")
# Recorded share of people in per cent, on some three million Greater Manchester records (docs/region.md).
PREVALENCE = {
    "hypertension": 13.8,
    "diabetes": 6.7,
    "asthma": 12.8,
    "coronary_heart_disease": 2.9,
    "copd": 2.1,
    "chronic_kidney_disease": 3.4,
    "atrial_fibrillation": 1.7,
    "depression": 26.4,
    "cancer": 4.9,
}


@pytest.fixture(scope="module")
def block() -> Block:
    return draw_block(load_frame(4_000), 0, seed=5, as_of=AS_OF)


@pytest.fixture(scope="module")
def records(block: Block) -> Records:
    return write_records(block)


@pytest.fixture(scope="module")
def whole(records: Records) -> dict[str, Rows]:
    return {extract: records.told(extract, known=TODAY, stamp=STAMP) for extract in EXTRACTS}


def _contract(extract: str) -> ExtractContract:
    return CONTRACTS[extract]


def _keys(rows: Rows, extract: str) -> list[tuple[str | None, ...]]:
    contract = _contract(extract)
    headers = {column.name: column.header for column in contract.columns}
    return list(zip(*(rows.table[headers[name]].to_pylist() for name in contract.key), strict=True))


def _told(rows: Rows, extract: str) -> dict[tuple[str | None, ...], dict[str, str | None]]:
    return dict(zip(_keys(rows, extract), rows.table.to_pylist(), strict=True))


@pytest.mark.parametrize("extract", EXTRACTS)
def test_rows_are_what_the_contract_asks_for(extract: str, whole: dict[str, Rows]) -> None:
    table = whole[extract].table
    columns = _contract(extract).columns
    assert table.num_rows > 0
    assert table.column_names == [column.header for column in columns]
    for column in columns:
        if column.required is True:
            assert table[column.header].null_count == 0, column.header
        if column.codes:
            found = set(table[column.header].drop_null().unique().to_pylist())
            assert found <= set(column.codes), (column.header, found - set(column.codes))


@pytest.mark.parametrize("extract", EXTRACTS)
def test_keys_are_unique(extract: str, whole: dict[str, Rows]) -> None:
    keys = _keys(whole[extract], extract)
    assert len(set(keys)) == len(keys)


def test_identifiers_of_another_block_are_others(block: Block, whole: dict[str, Rows]) -> None:
    other = write_records(replace(block, number=block.number + 1))
    for extract, header in (
        ("gp_patient", "PatientID"),
        ("gp_event", "ObservationID"),
        ("gp_medication", "MedicationOrderID"),
        ("acute_apc", "CDS UNIQUE IDENTIFIER"),
        ("acute_apc", "HOSPITAL PROVIDER SPELL NUMBER"),
        ("acute_ecds", "CDS UNIQUE IDENTIFIER"),
        ("acute_outpatient", "CDS UNIQUE IDENTIFIER"),
        ("community_contact", "SERVICE REQUEST IDENTIFIER"),
        ("mental_health_contact", "ServiceRequestId"),
        ("mental_health_spell", "HospProvSpellNum"),
        ("social_care_event", "LA_Person_Unique_Identifier"),
    ):
        theirs = set(other.told(extract, known=TODAY, stamp=STAMP).table[header].to_pylist())
        assert theirs.isdisjoint(whole[extract].table[header].to_pylist()), (extract, header)


def test_contact_numbers_come_again_in_other_referrals(whole: dict[str, Rows]) -> None:
    table = whole["community_contact"].table
    assert len(table["CARE CONTACT IDENTIFIER"].unique()) < table.num_rows / 3
    assert 0.3 < table["ATTENDANCE STATUS"].null_count / table.num_rows < 0.6


def test_the_same_block_is_written_the_same_again(block: Block, whole: dict[str, Rows]) -> None:
    again = write_records(block)
    for extract in EXTRACTS:
        assert again.told(extract, known=TODAY, stamp=STAMP).table.equals(whole[extract].table), extract


def test_dissents_are_written_and_change_nothing_else(block: Block, records: Records) -> None:
    person = int(np.flatnonzero(block.people.registered_on(TODAY) & (block.people.practice == 0))[0])
    given = write_records(block, dissents=[(person, TODAY - 100, "827241000000103")])
    rows = given.told("gp_event", known=TODAY)
    coded = rows.where(np.array(rows.table["Code"]) == "827241000000103")
    assert coded.person.tolist() == [person] and coded.day.tolist() == [TODAY - 100]
    assert len(given.entries.person) == len(records.entries.person) + 1
    assert np.array_equal(given.stays.admitted, records.stays.admitted)


@pytest.mark.parametrize("extract", [extract for extract in EXTRACTS if extract != "social_care_event"])
def test_deltas_add_up_to_the_whole(extract: str, records: Records, whole: dict[str, Rows]) -> None:
    found: dict[tuple[str | None, ...], dict[str, str | None]] = {}
    after = None
    for day in (*range(TODAY - 1200, TODAY - 60, 190), *range(TODAY - 60, TODAY - 3, 9), *range(TODAY - 3, TODAY + 1)):
        news = records.told(extract, known=day, changed_after=after, stamp=STAMP)
        assert after is None or len(news.person) < len(whole[extract].person) / 3
        found.update(_told(news, extract))
        after = day
    expected = _told(whole[extract], extract)
    if extract in BY_MONTH:  # an open referral or stay is reported for the month it is told in
        for rows in (found, expected):
            for row in rows.values():
                for header in [name for name in row if "period" in name.lower()]:
                    del row[header]
    assert found == expected


def test_nothing_happens_before_registration_or_after_death_and_deduction(block: Block, records: Records) -> None:
    people = block.people
    last = np.minimum(people.left, people.death)
    for extract in EXTRACTS[1:]:
        person, day = records.happened(extract)
        if extract == "acute_outpatient":
            lies_ahead = day > last[person]
            assert (records.appointments.status[lies_ahead] == 3).all()
            person, day = person[~lies_ahead], day[~lies_ahead]
        # A transfer follows the stay it comes from.
        assert (day <= last[person]).all(), extract
        if extract not in ("gp_event", "social_care_event"):
            joined = np.where(people.practice[person] >= 0, people.registered[person], people.birth[person])
            newborn = day <= people.birth[person] + 3
            assert (newborn | (day >= joined)).all(), extract


def test_a_record_that_came_along_is_told_after_the_registration(block: Block, records: Records) -> None:
    entries, joined = records.entries, block.people.registered[records.entries.person]
    older = (entries.day < joined) & (joined > records.scene.begin)
    assert older.any() and (entries.told[older] > joined[older]).all()
    assert (entries.told >= entries.day).all()


def test_practices_are_those_of_the_day(block: Block, records: Records) -> None:
    entries, people = records.entries, block.people
    moved = people.former_practice[entries.person] >= 0
    before = moved & (entries.day < people.moved[entries.person])
    assert before.any()
    assert (entries.practice[before] == people.former_practice[entries.person[before]]).all()
    assert (entries.practice[~before] == people.practice[entries.person[~before]]).all()


def test_every_emergency_admission_is_a_stay_and_there_are_no_others(block: Block, records: Records) -> None:
    drawn, people = block.lives.admissions, block.people
    joined = np.where(people.practice >= 0, people.registered, people.birth)[drawn.person]
    inside = (drawn.day >= joined) & (drawn.day <= people.last_day[drawn.person])
    expected = set(zip(drawn.person[inside].tolist(), drawn.day[inside].tolist(), strict=True))
    stays = records.stays
    outcome = stays.is_outcome
    assert set(zip(stays.person[outcome].tolist(), stays.admitted[outcome].tolist(), strict=True)) == expected
    assert (stays.discharged >= stays.admitted).all()


def test_nobody_is_in_two_hospitals(records: Records) -> None:
    stays = records.stays
    order = np.lexsort((stays.discharged, stays.admitted, stays.person))
    person, admitted, ends = (array[order] for array in (stays.person, stays.admitted, stays.discharged))
    same = person[1:] == person[:-1]
    moved = stays.method[order][1:] == 8  # a transfer begins on the day the first part ends
    assert (admitted[1:] > ends[:-1])[same & ~moved].all()
    assert moved[same].any() and (admitted[1:] == ends[:-1])[same & moved].all()


def test_stays_are_open_then_uncoded_then_coded_and_sometimes_corrected(records: Records) -> None:
    stays = records.stays
    long = np.flatnonzero(
        (stays.discharged > stays.admitted + 1)
        & (stays.coded > stays.discharged + 1)
        & (stays.corrected < NEVER)
        & (stays.diagnoses[:, 0] != stays.first_primary)
        & (stays.corrected < TODAY)
    )
    one = int(long[0])
    number = records.told("acute_apc", known=TODAY, stamp=STAMP)
    spell = sorted(
        set(number.where(number.person == stays.person[one]).table["HOSPITAL PROVIDER SPELL NUMBER"].to_pylist())
    )

    def row(known: int) -> dict[str, str | None]:
        rows = records.told("acute_apc", known=known, stamp=STAMP)
        start = str(np.datetime64(int(stays.admitted[one]), "D"))
        table = rows.where(rows.person == stays.person[one]).table.to_pylist()
        return next(
            r for r in table if r["START DATE (HOSPITAL PROVIDER SPELL)"] == start and r["EPISODE NUMBER"] == "1"
        )

    assert spell
    assert row(int(stays.admitted[one]))["DISCHARGE DATE"] is None
    over = row(int(stays.discharged[one]))
    assert over["DISCHARGE DATE"] is not None and over["PRIMARY DIAGNOSIS (ICD)"] is None
    assert row(int(stays.coded[one]))["PRIMARY DIAGNOSIS (ICD)"] == "R69X"
    assert row(int(stays.corrected[one]))["PRIMARY DIAGNOSIS (ICD)"] == stays.icd10[stays.diagnoses[one, 0]]


def test_the_daily_feed_names_the_same_stays(whole: dict[str, Rows]) -> None:
    daily, monthly = whole["acute_daily"].table, whole["acute_apc"].table
    name = "HOSPITAL PROVIDER SPELL NUMBER"
    kind = np.array(daily["MESSAGE TYPE"])
    kept = set(np.array(daily[name])[kind != "X"].tolist())
    assert kept == set(monthly[name].to_pylist())
    assert 0 < (kind == "X").mean() < 0.02


def test_monthly_submissions_hold_their_own_month_and_come_to_all_of_it(records: Records) -> None:
    months = [np.datetime64("2026-01", "M") + step for step in range(9)]
    periods = [
        (int(m.astype("datetime64[D]").astype(int)), int((m + 1).astype("datetime64[D]").astype(int)) - 1)
        for m in months
    ]
    known = periods[-1][1] + 80
    parts = [records.told("community_contact", known=known, period=period) for period in periods]
    for period, part in zip(periods, parts, strict=True):
        assert ((part.day >= period[0]) & (part.day <= period[1])).all()
        assert set(part.table["REPORTING PERIOD END DATE"].to_pylist()) <= {str(np.datetime64(period[1], "D"))}
    person, day = records.happened("community_contact")
    assert sum(len(part.person) for part in parts) == ((day >= periods[0][0]) & (day <= periods[-1][1])).sum()
    early = records.told("community_contact", known=periods[0][1] + 2, period=periods[0])
    assert len(early.person) < len(parts[0].person)  # some contacts are put on the system late


def test_open_referrals_are_sent_month_after_month(records: Records) -> None:
    first, second = ((20_454, 20_484), (20_485, 20_512))  # January and February 2026
    name = "SERVICE REQUEST IDENTIFIER"
    both = [
        set(records.told("community_referral", known=20_600, period=p).table[name].to_pylist()) for p in (first, second)
    ]
    assert both[0] & both[1] and both[0] - both[1] and both[1] - both[0]


def test_council_submissions_overlap(records: Records) -> None:
    quarters = [("2025-04-01", "2026-03-31"), ("2025-07-01", "2026-06-30")]
    rows = [
        records.told("social_care_event", known=TODAY, period=tuple(int(np.datetime64(d, "D").astype(int)) for d in q))
        for q in quarters
    ]
    keys = [set(_keys(one, "social_care_event")) for one in rows]
    assert len(keys[0] & keys[1]) > 0.5 * len(keys[0]) and keys[1] - keys[0]
    ends = [
        dict(zip(_keys(one, "social_care_event"), one.table["Event_End_Date"].to_pylist(), strict=True)) for one in rows
    ]
    assert any(ends[0][key] is None and ends[1][key] is not None for key in keys[0] & keys[1])
    types = set(rows[1].table["Client_Type"].to_pylist())
    assert types == {"Service user", "Unpaid carer"}


def test_appointments_ahead_have_no_outcome(records: Records, whole: dict[str, Rows]) -> None:
    rows = whole["acute_outpatient"]
    status = np.array(rows.table["ATTENDED OR DID NOT ATTEND CODE"])
    ahead = rows.day > TODAY
    assert ahead.any() and set(status[ahead]) <= {"0", "2"}
    assert "0" not in status[~ahead] and {"5", "3"} <= set(status[~ahead])


def test_hardly_anyone_is_seen_at_weekends_and_on_holidays(records: Records) -> None:
    assert date(2026, 12, 28) in public_holidays(2026) and date(2022, 9, 19) in public_holidays(2022)
    assert len(public_holidays(2026)) == 8 and date(2022, 5, 30) not in public_holidays(2022)
    entries = records.entries
    contact = entries.codes.index("11429006")
    day = entries.day[(entries.code == contact) & (entries.day < TODAY)]
    is_open = open_days(int(day.min()), int(day.max()))[day - day.min()]
    days = open_days(int(day.min()), int(day.max()))
    per_open_day, per_closed_day = is_open.sum() / days.sum(), (~is_open).sum() / (~days).sum()
    assert 0 < per_closed_day < 0.15 * per_open_day
    christmas = day_number(date(2025, 12, 25))
    assert (day == christmas).sum() < 0.3 * per_open_day


def test_recorded_prevalence_is_near_the_facts() -> None:
    block = draw_block(load_frame(20_000), 0, seed=1, as_of=AS_OF)
    here = block.people.registered_on(TODAY)
    coded = draw_diagnoses(Scene(block), block.rng("gp_recording"))
    for condition, expected in PREVALENCE.items():
        found = 100 * (coded.first[here, block.lives.conditions.index(condition)] <= TODAY).mean()
        assert 0.7 * expected < found < 1.3 * expected, condition
    assert 2.5 < 100 * (coded.carer[here] <= TODAY).mean() < 5.5


def test_conditions_are_coded_after_they_began_and_not_always(block: Block, records: Records) -> None:
    onset, first = block.lives.onset, records.first_coded
    coded = first < NEVER
    assert (first[coded] >= onset[coded]).all()
    here = block.people.registered_on(TODAY)[:, None] & (onset < TODAY - 365)
    assert 0.85 < (first < TODAY)[here].mean() < 0.99


def test_services_see_what_practices_do_not(block: Block, records: Records) -> None:
    day = int(block.lives.starts[36])
    old = block.people.registered_on(day) & (day - block.people.birth > 65 * 365)
    needs = block.lives.dependence[36][old]
    inputs = count_inputs(records, day)
    seen = {
        name: np.corrcoef(needs, inputs.values[old, inputs.names.index(name)])[0, 1]
        for name in ("contact_24m", "services")
    }
    seen["community"] = np.corrcoef(needs, _counts(records, "community_contact", day)[old])[0, 1]
    assert seen["community"] > seen["contact_24m"] + 0.1 and seen["services"] > seen["contact_24m"] + 0.1


def test_the_reference_model_does_not_look_ahead(block: Block, records: Records) -> None:
    day = int(block.lives.starts[30])
    early = {}
    for name, when in (("entries", "told"), ("issues", "day"), ("attendances", "told")):
        held = getattr(records, name)
        past = getattr(held, when) < day
        arrays = {f.name: getattr(held, f.name) for f in fields(held)}
        kept = {key: value[past] if isinstance(value, np.ndarray) else value for key, value in arrays.items()}
        early[name] = type(held)(**kept)
    before, after = count_inputs(replace(records, **early), day), count_inputs(records, day)
    assert before.names == after.names and len(set(zip(after.groups, after.names, strict=True))) == len(after.names)
    assert np.array_equal(before.values, after.values, equal_nan=True)


def _counts(records: Records, extract: str, day: int) -> np.ndarray:
    person, when = records.happened(extract)
    return np.bincount(person[(when < day) & (when >= day - 730)], minlength=records.scene.count)
