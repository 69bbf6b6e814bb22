"""What lowers the risk, and what a GP's own record may not show: the right words for the right values."""

from datetime import date

import pytest
from told_outside import not_in_gp_record

from pipeline.rules.reasons import reasons
from pipeline.rules.reasons_concepts import COLUMNS

INDEX_DATE = date(2026, 11, 16)
SINCE_4_MARCH = (INDEX_DATE - date(2026, 3, 4)).days


def opposed(concept: str, **values: object) -> str | None:
    return reasons(values, {COLUMNS[concept][0]: -0.5}, index_date=INDEX_DATE).against


@pytest.mark.parametrize(
    ("concept", "values", "sentence"),
    [
        ("demographics", {"age_years": 34}, None),
        ("emergency_admissions", {"emergency_admissions_24m": 0}, "No emergency admission in 24 months"),
        ("emergency_admissions", {"emergency_admissions_12m": 0, "emergency_admissions_24m": 1}, None),
        ("elective_admissions", {"elective_admissions_12m": 0}, None),
        ("ambulatory_care_sensitive_admissions", {"ambulatory_care_sensitive_admissions_12m": 0}, None),
        ("emergency_attendances", {"emergency_attendances_12m": 0}, "No A&E attendance in 12 months"),
        ("outpatient_appointments", {"outpatient_attendances_12m": 0}, None),
        ("community_referrals", {"community_referrals_open": 0}, None),
        ("mental_health", {"mental_health_contacts_12m": 0, "mental_health_inpatient_days_12m": 0}, None),
        ("smoking", {"smoking_level": 0}, None),
        (
            "long_term_conditions",
            {"long_term_condition_count": 0, "further_condition_count": 0},
            "No long-term condition on the GP record",
        ),
        ("long_term_conditions", {"long_term_condition_count": 0, "further_condition_count": 1}, None),
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
        ("gp_contacts", {"gp_contacts_12m": 0}, None),
        ("community_contacts", {"community_contacts_12m": 0}, None),
        ("social_care", {"has_home_care": False, "is_care_home_resident": False}, None),
    ],
)
def test_sentences_against_the_risk(concept, values, sentence):
    assert opposed(concept, **values) == sentence


def test_what_a_gp_record_lacks():
    values = {
        "has_home_care": True,
        "home_care_date": date(2025, 5, 12),
        "home_care_changed_date": date(2026, 5, 12),
        "care_requests_12m": 2,
        "care_requests_from_hospital_12m": 2,
        "community_contacts_12m": 9,
        "community_contact_days_since": SINCE_4_MARCH,
        "community_records_date": date(2026, 10, 31),
        "community_contacts_change_3m": 4,
        "community_did_not_attend_12m": 1,
        "community_referrals_closed_3m": 1,
        "mental_health_crisis_contacts_12m": 2,
        "mental_health_inpatient_days_12m": 9,
        "outpatient_did_not_attend_12m": 3,
        "emergency_attendances_12m": 4,
        "emergency_admissions_12m": 1,
        "low_level_support_12m": 1,
    }
    assert not_in_gp_record(values, index_date=INDEX_DATE) == (
        "Home care from the council since 12 May 2025",
        "Home care package changed 12 May 2026",
        "Two requests to adult social care in 12 months, both on leaving hospital",
        "No community contact known since 4 March 2026 (records reach 31 October 2026), after nine in 12 months",
        "Two contacts with a mental health crisis team in 12 months",
        "Nine days in a mental health hospital in 12 months",
        "Did not attend three outpatient appointments in 12 months",
        "Four A&E attendances in 12 months, at least three without an admission",
    )
    one = {"emergency_attendances_12m": 1, "emergency_admissions_12m": 0, "is_care_home_resident": True}
    assert not_in_gp_record(one, index_date=INDEX_DATE) == (
        "Lives in a care home that the council pays for",
        "One A&E attendance in 12 months without an admission",
    )
    unknown = {"emergency_attendances_12m": 3, "emergency_admissions_12m": None}
    assert not_in_gp_record(unknown, index_date=INDEX_DATE) == ()
