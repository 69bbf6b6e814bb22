"""What speaks against the risk, and what a GP's own record may not show: the right words for the right values."""

from datetime import date

import pytest

from pipeline.rules.reasons import reasons
from pipeline.rules.reasons_concepts import COLUMNS
from pipeline.rules.reasons_context import not_in_gp_record

INDEX_DATE = date(2026, 11, 16)
SINCE_4_MARCH = (INDEX_DATE - date(2026, 3, 4)).days
SINCE_12_MAY = (INDEX_DATE - date(2026, 5, 12)).days


def opposed(concept: str, **values: object) -> str | None:
    return reasons(values, {COLUMNS[concept][0]: -0.5}, index_date=INDEX_DATE).against


@pytest.mark.parametrize(
    ("concept", "values", "sentence"),
    [
        ("demographics", {"age_years": 0}, "Under one year old"),
        ("demographics", {"age_years": 34}, "Aged 34"),
        ("demographics", {"age_years": 64}, "Aged 64"),
        ("demographics", {"age_years": 65}, None),
        ("demographics", {"age_years": 82}, None),
        ("emergency_admissions", {"emergency_admissions_24m": 0}, "No emergency admission in 24 months"),
        (
            "emergency_admissions",
            {"emergency_admissions_12m": 0, "emergency_admissions_24m": 1},
            "No emergency admission in 12 months",
        ),
        ("emergency_admissions", {"emergency_admissions_12m": 1, "emergency_admissions_24m": 1}, None),
        ("elective_admissions", {"elective_admissions_12m": 0}, "No planned admission in 12 months"),
        (
            "ambulatory_care_sensitive_admissions",
            {"ambulatory_care_sensitive_admissions_12m": 0},
            "No emergency admission in 12 months for a condition usually managed outside hospital",
        ),
        (
            "emergency_attendances",
            {"emergency_attendances_12m": 0},
            "No emergency department attendance in 12 months",
        ),
        ("outpatient_appointments", {"outpatient_attendances_12m": 0}, "No outpatient attendance in 12 months"),
        ("community_referrals", {"community_referrals_open": 0}, "No open referral to community services"),
        (
            "mental_health",
            {"mental_health_contacts_12m": 0, "mental_health_inpatient_days_12m": 0},
            "No mental health contact in 12 months",
        ),
        ("mental_health", {"mental_health_contacts_12m": 0, "mental_health_inpatient_days_12m": 3}, None),
        ("long_term_conditions", {"long_term_condition_count": 0}, "No long-term condition on the GP record"),
        (
            "falls_and_frailty",
            {"falls_12m": 0, "has_frailty_code": False, "is_housebound": False},
            "No fall and no frailty recorded",
        ),
        ("falls_and_frailty", {"falls_12m": 0, "has_frailty_code": None, "is_housebound": False}, None),
        ("medication", {"medicines_distinct_6m": 0}, "No kinds of medicine in the last 6 months"),
        ("medication", {"medicines_distinct_6m": 1}, "One kind of medicine in the last 6 months"),
        ("measurements", {"age_years": 50, "egfr_ml_min": 95}, "eGFR 95 (latest in 24 months)"),
        ("measurements", {"age_years": 50, "egfr_ml_min": 75}, None),
        ("gp_contacts", {"gp_contacts_12m": 0}, "No GP contact in 12 months"),
        ("community_contacts", {"community_contacts_12m": 0}, "No community contact in 12 months"),
        (
            "social_care",
            {"has_home_care": False, "is_care_home_resident": False},
            "No care package from the council",
        ),
    ],
)
def test_sentences_against_the_risk(concept, values, sentence):
    assert opposed(concept, **values) == sentence


def test_what_a_gp_record_lacks():
    values = {
        "has_home_care": True,
        "care_package_days_since_start": SINCE_12_MAY,
        "care_requests_12m": 2,
        "community_contacts_12m": 9,
        "community_contacts_3m": 0,
        "community_contact_days_since": SINCE_4_MARCH,
        "community_did_not_attend_12m": 1,
        "community_referrals_closed_3m": 1,
        "mental_health_crisis_contacts_12m": 2,
        "mental_health_inpatient_days_12m": 9,
        "outpatient_did_not_attend_12m": 3,
        "emergency_attendances_12m": 4,
        "emergency_admissions_12m": 1,
    }
    assert not_in_gp_record(values, index_date=INDEX_DATE) == (
        "Home care from the council since 12 May 2026",
        "Two requests to adult social care in 12 months",
        "Community contacts have stopped: nine in 12 months, none since 4 March 2026",
        "Did not attend one community appointment in 12 months",
        "One community referral closed in the last 3 months",
        "Two contacts with a mental health crisis team in 12 months",
        "Nine days in a mental health hospital in 12 months",
        "Did not attend three outpatient appointments in 12 months",
        "Four emergency department attendances in 12 months, at least three without an admission",
    )
    quiet = {**values, "community_contacts_3m": 1, "emergency_admissions_12m": 4, "care_requests_12m": 0}
    assert len(not_in_gp_record(quiet, index_date=INDEX_DATE)) == 6
    one = {"emergency_attendances_12m": 1, "emergency_admissions_12m": 0, "is_care_home_resident": True}
    assert not_in_gp_record(one, index_date=INDEX_DATE) == (
        "Lives in a care home that the council pays for",
        "One emergency department attendance in 12 months without an admission",
    )
    unknown = {"emergency_attendances_12m": 3, "emergency_admissions_12m": None}
    assert not_in_gp_record(unknown, index_date=INDEX_DATE) == ()
