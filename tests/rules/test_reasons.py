"""Reasons: the right words for the right values, nothing about a null, never who someone is as a reason."""

import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from told_outside import not_in_gp_record

from pipeline.rules.reasons import by_topic, reasons, unplaced
from pipeline.rules.reasons_concepts import COLUMNS, CONCEPT_OF, FACTS, SOURCE_OF, TOPIC_OF, only_shown
from pipeline.rules.reasons_context import AGAINST
from pipeline.rules.reasons_facts import in_words, joined, plain
from pipeline.rules.reasons_sentences import FOR_RISK
from pipeline.rules.times import day_in_words

PROJECT = Path(__file__).resolve().parents[2]
INDEX_DATE = date(2026, 11, 16)
SINCE_4_MARCH = (INDEX_DATE - date(2026, 3, 4)).days
SINCE_12_MAY = (INDEX_DATE - date(2026, 5, 12)).days


def said(concept: str, **values: object) -> str | None:
    """The one sentence of a concept that raises the risk."""
    told = reasons(values, {COLUMNS[concept][-1]: 0.5}, index_date=INDEX_DATE).for_risk
    return told[0] if told else None


@pytest.mark.parametrize(
    ("concept", "values", "sentence"),
    [
        (
            "emergency_admissions",
            {
                "emergency_admissions_12m": 3,
                "emergency_admissions_24m": 4,
                "emergency_admission_days_since": SINCE_4_MARCH,
                "emergency_bed_days_12m": 9,
            },
            "Three emergency admissions in 12 months, last admitted 4 March 2026; nine nights in hospital in all",
        ),
        (
            "emergency_admissions",
            {
                "emergency_admissions_12m": 3,
                "emergency_admission_days_since": SINCE_4_MARCH,
                "emergency_bed_days_12m": 14,
                "emergency_stay_date": date(2026, 3, 4),
                "emergency_stay_end_date": date(2026, 3, 13),
                "emergency_stay_diagnosis": "COPD",
            },
            "Three emergency admissions in 12 months, last admitted 4 March 2026 (nine nights, COPD); "
            "14 nights in hospital in all",
        ),
        (
            "emergency_admissions",
            {"emergency_admissions_12m": 1, "emergency_admission_days_since": SINCE_4_MARCH}
            | {"emergency_bed_days_12m": 9}
            | {"emergency_stay_date": date(2026, 3, 4), "emergency_stay_end_date": date(2026, 3, 13)},
            "One emergency admission in 12 months, last admitted 4 March 2026 (nine nights)",
        ),
        (
            "emergency_admissions",
            {"emergency_admissions_12m": 1, "emergency_admission_days_since": SINCE_4_MARCH}
            | {"emergency_stay_date": date(2026, 3, 4), "emergency_stay_end_date": date(2026, 3, 4)},
            "One emergency admission in 12 months, last admitted 4 March 2026 (discharged the same day)",
        ),
        (
            "emergency_admissions",
            {"emergency_admissions_12m": 1, "emergency_admission_days_since": SINCE_4_MARCH}
            | {"emergency_stay_date": date(2026, 3, 5), "emergency_stay_end_date": date(2026, 3, 9)},
            "One emergency admission in 12 months, last admitted 4 March 2026",
        ),
        (
            "emergency_admissions",
            {"emergency_admissions_12m": 1, "emergency_bed_days_12m": 1},
            "One emergency admission in 12 months; one night in hospital in all",
        ),
        (
            "emergency_admissions",
            {"emergency_admissions_12m": 11, "emergency_bed_days_12m": 0},
            "11 emergency admissions in 12 months",
        ),
        (
            "emergency_admissions",
            {
                "emergency_admissions_12m": 0,
                "emergency_admissions_24m": 1,
                "emergency_admission_days_since": 400,
                "emergency_bed_days_12m": 0,
            },
            "One emergency admission in 24 months, last admitted 12 October 2025",
        ),
        ("emergency_admissions", {"emergency_admissions_12m": 0, "emergency_admissions_24m": 0}, None),
        ("elective_admissions", {"elective_admissions_12m": 2}, "Two planned admissions in 12 months"),
        (
            "ambulatory_care_sensitive_admissions",
            {"ambulatory_care_sensitive_admissions_12m": 1},
            "One emergency admission in 12 months for a condition usually managed outside hospital",
        ),
        (
            "ambulatory_care_sensitive_admissions",
            {"ambulatory_care_sensitive_admissions_12m": 2},
            "Two emergency admissions in 12 months for conditions usually managed outside hospital",
        ),
        (
            "emergency_attendances",
            {"emergency_attendances_12m": 4, "emergency_attendance_days_since": 1},
            "Four A&E attendances in 12 months, last on 15 November 2026",
        ),
        (
            "community_contacts",
            {"community_contacts_12m": 1, "community_did_not_attend_12m": 3, "community_contact_days_since": 16},
            "One community contact in 12 months, last on 31 October 2026; "
            "did not attend three community appointments in 12 months",
        ),
        (
            "community_contacts",
            {"community_contacts_12m": 6, "community_contact_days_since": SINCE_12_MAY}
            | {"community_records_date": date(2026, 10, 31), "has_community_nursing": True},
            "No community contact known since 12 May 2026 (records reach 31 October 2026), after six in 12 months; "
            "referral to community nursing still open",
        ),
        (
            "outpatient_appointments",
            {"outpatient_attendances_12m": 3, "outpatient_attendance_days_since": 1},
            "Three outpatient attendances in 12 months, last on 15 November 2026",
        ),
        ("outpatient_appointments", {"outpatient_attendances_12m": 2, "outpatient_did_not_attend_12m": 0}, None),
        (
            "outpatient_appointments",
            {"outpatient_attendances_12m": 2, "outpatient_did_not_attend_12m": 3},
            "Did not attend three outpatient appointments in 12 months",
        ),
        ("outpatient_appointments", {"outpatient_did_not_attend_12m": 2}, None),
        (
            "outpatient_appointments",
            {"outpatient_attendances_12m": 4},
            "Four outpatient attendances in 12 months",
        ),
        (
            "community_referrals",
            {"community_referrals_open": 1, "has_community_nursing": False},
            "One open referral to community services",
        ),
        (
            "community_referrals",
            {"community_referrals_open": 2, "has_community_nursing": True, "community_referrals_closed_3m": 1},
            "Two open referrals to community services, to nursing too",
        ),
        (
            "community_referrals",
            {"community_referrals_open": 1, "has_community_nursing": True},
            "One open referral to community services, to nursing",
        ),
        ("community_referrals", {"community_referrals_open": 0, "community_referrals_closed_3m": 0}, None),
        (
            "mental_health",
            {
                "mental_health_contacts_12m": 6,
                "mental_health_contact_days_since": 16,
                "mental_health_crisis_contacts_12m": 2,
                "mental_health_crisis_days_since": SINCE_12_MAY,
                "mental_health_inpatient_days_12m": 12,
            },
            "Six mental health contacts in 12 months, last on 31 October 2026; two contacts with a mental health "
            "crisis team in 12 months, last on 12 May 2026; 12 days in a mental health hospital in 12 months",
        ),
        ("mental_health", {"mental_health_contacts_12m": 0, "mental_health_inpatient_days_12m": 0}, None),
        (
            "social_care",
            {"has_home_care": True, "care_package_days_since_start": 9, "home_care_date": date(2026, 5, 12)}
            | {"is_care_home_resident": False},
            "Home care from the council since 12 May 2026",
        ),
        (
            "social_care",
            {"has_home_care": True, "is_care_home_resident": np.True_, "home_care_date": date(2026, 5, 12)},
            "Lives in a care home that the council pays for",
        ),
        (
            "social_care",
            {"has_home_care": False, "care_requests_12m": 1},
            "One request to adult social care in 12 months",
        ),
    ],
)
def test_sentences_for_the_risk(concept, values, sentence):
    assert said(concept, **values) == sentence


def test_the_biggest_speak_in_a_clinicians_order_and_columns_of_one_concept_add_up():
    values = {"emergency_admissions_12m": 1, "has_copd": True, "elective_admissions_12m": 1, "falls_12m": 1}
    shares = {
        "emergency_admissions_3m": -0.2,
        "emergency_admissions_12m": 0.9,
        "has_copd": 0.5,
        "long_term_condition_count": 0.4,
        "elective_admissions_12m": 0.3,
        "falls_12m": 0.1,
        "age_years": 2.0,
        "gp_contacts_12m": -0.4,
        "emergency_attendances_12m": -0.1,
    }
    told = reasons({**values, "gp_contacts_12m": 0, "emergency_attendances_12m": 0}, shares, index_date=INDEX_DATE)
    assert told.for_risk == (
        "One emergency admission in 12 months",
        "One fall recorded in 12 months",
        "COPD on the GP record",
        "One planned admission in 12 months",
    )
    assert told.against == "No A&E attendance in 12 months"  # no GP contact weighs more and is no news
    two = reasons(values, shares, index_date=INDEX_DATE, most=2).for_risk
    assert two == ("One emergency admission in 12 months", "COPD on the GP record")
    assert by_topic(shares)["emergency_admissions"] == 0.7
    assert by_topic(dict(reversed(shares.items()))) == by_topic(shares)


COUNTS = st.none() | st.integers(0, 30)
VALUES = st.fixed_dictionaries(
    {
        column: st.none() | st.booleans()
        if column.startswith(("has_", "is_"))
        else st.none() | st.integers(0, 110)
        if column == "age_years"
        else st.none() | st.integers(1, 700)
        if "days_since" in column
        else st.none() | st.decimals(1, 300, places=4)
        if CONCEPT_OF[column] in ("measurements", "further_measurements")
        else COUNTS
        for column in CONCEPT_OF
    }
    | {
        fact: st.none() | st.sampled_from(("copd", "obesity", "pneumonia"))
        if fact in ("newest_condition", "emergency_stay_diagnosis")
        else st.none() | st.dates(date(2024, 11, 17), date(2026, 11, 15))
        if fact.endswith("_date")
        else st.none() | st.decimals(1, 300, places=1)
        for facts in FACTS.values()
        for fact in facts
    }
)
SHARES = st.fixed_dictionaries({column: st.floats(-3, 3) for column in CONCEPT_OF})


def every_sentence(told) -> tuple[str, ...]:
    return (*told.for_risk, *([told.against] if told.against else []), *told.not_in_gp_record)


@given(VALUES, SHARES)
def test_sentences_are_well_formed_and_never_about_who_someone_is(values, shares):
    told = reasons(values, shares, index_date=INDEX_DATE)
    assert len(told.for_risk) <= 5 and len(set(told.for_risk)) == len(told.for_risk)
    assert not [
        each for each in told.for_risk if re.search(r"\b(aged|female|male|woman|man|deprivation|decile)\b", each, re.I)
    ]
    for each in every_sentence(told):
        assert each[0].isupper() or each[0].isdigit() or each.startswith("eGFR")
        assert not each.endswith(".") and "None" not in each and "nan" not in each.lower() and "  " not in each
        assert not re.search(r"\bone \w+ (admissions|attendances|contacts|days|falls|requests)\b", each, re.I)
        assert not re.search(r"\b0\b|\b0\d", each)


@given(VALUES, SHARES)
def test_nothing_is_said_about_nothing(values, shares):
    told = reasons(dict.fromkeys(values), shares, index_date=INDEX_DATE)
    assert told.for_risk == () and told.against is None and told.not_in_gp_record == ()
    assert reasons({}, shares, index_date=INDEX_DATE) == told


@given(VALUES, SHARES, st.sampled_from(sorted(set(SOURCE_OF.values()))))
def test_a_source_that_may_not_be_shown_changes_no_sentence(values, shares, hidden):
    shown = set(SOURCE_OF.values()) - {hidden}
    concept_of = CONCEPT_OF | {fact: concept for concept, facts in FACTS.items() for fact in facts}
    other = {column: None if SOURCE_OF[concept_of[column]] == hidden else value for column, value in values.items()}
    told = [reasons(only_shown(each, sources=shown), shares, index_date=INDEX_DATE) for each in (values, other)]
    assert told[0] == told[1]


@given(VALUES, SHARES)
def test_a_reason_comes_only_from_a_concept_that_raises_the_risk(values, shares):
    falling = {column: -abs(share) for column, share in shares.items()}
    assert reasons(values, falling, index_date=INDEX_DATE).for_risk == ()
    rising = {column: abs(share) for column, share in shares.items()}
    assert reasons(values, rising, index_date=INDEX_DATE).against is None


def test_a_reason_and_a_fact_say_the_same_thing_in_the_same_words():
    """The page tells by the words that it would repeat itself."""
    for values in (
        {"is_care_home_resident": True, "care_requests_12m": 2},
        {"has_home_care": True, "care_requests_12m": 2, "care_requests_from_hospital_12m": 1},
        {"community_contacts_12m": 4, "community_contacts_3m": 1, "community_did_not_attend_12m": 3},
        {"outpatient_attendances_12m": 4, "outpatient_did_not_attend_12m": 3},
        {"mental_health_crisis_contacts_12m": 1, "mental_health_inpatient_days_12m": 1},
    ):
        weights = {COLUMNS[CONCEPT_OF[column]][0]: 0.5 for column in values}
        told = reasons(values, weights, index_date=INDEX_DATE).for_risk
        clauses = {clause.casefold() for reason in told for clause in reason.split("; ")}
        facts = not_in_gp_record(values, index_date=INDEX_DATE)
        assert facts and {fact.casefold() for fact in facts} <= clauses


def test_every_concept_has_its_words_and_source():
    topics = set(TOPIC_OF.values())
    assert set(FOR_RISK) == topics - {"demographics"}
    assert set(AGAINST) == topics and set(SOURCE_OF) == set(COLUMNS) == set(TOPIC_OF)
    assert unplaced(["has_copd", "has_gout"]) == ["has_gout"]


def test_concepts_are_those_declared_beside_the_sql():
    declared = {
        path.stem: [column["name"] for column in yaml.safe_load(path.read_text())["columns"]]
        for path in (PROJECT / "sql" / "features").glob("*.yml")
    }
    assert {concept: sorted(columns) for concept, columns in COLUMNS.items()} == {
        concept: sorted(columns) for concept, columns in declared.items()
    }


def test_words():
    assert [in_words(n) for n in (0, 1, 10, 11)] == ["no", "one", "ten", "11"]
    assert joined(["a"]) == "a" and joined(["a", "b"]) == "a and b" and joined(["a", "b", "c"]) == "a, b and c"
    assert day_in_words(date(2026, 3, 4)) == "4 March 2026"
    assert (plain(38.0), plain(100.0), plain(17.25, places=1), plain(30.0, places=1)) == ("38", "100", "17.2", "30")
