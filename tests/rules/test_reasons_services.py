"""Words of the concepts about hospital, community, mental health and social care in detail, and their silence."""

from datetime import date

import pytest

from pipeline.rules.reasons_concepts import SOURCE_OF as ALL_SOURCES
from pipeline.rules.reasons_concepts import only_shown
from pipeline.rules.reasons_services import COLUMNS, DETAILS, SOURCE_OF, TOGETHER
from pipeline.rules.reasons_services_sentences import FOR_RISK

INDEX_DATE = date(2026, 11, 16)
SINCE_4_MARCH = (INDEX_DATE - date(2026, 3, 4)).days


@pytest.mark.parametrize(
    ("concept", "values", "words"),
    [
        ("emergency_readmissions", {"emergency_readmissions_30d_12m": 1, "emergency_readmissions_30d_24m": 3},
         "One emergency readmission within 30 days in 12 months"),
        ("emergency_readmissions", {"emergency_readmissions_30d_12m": 0, "emergency_readmissions_30d_24m": 3},
         "Three emergency readmissions within 30 days in 24 months"),
        ("hospital_discharges", {"is_in_hospital": True, "discharge_days_since": 3}, "In hospital now"),
        ("hospital_discharges", {"emergency_discharges_1m": 1, "discharge_days_since": SINCE_4_MARCH},
         "Discharged from hospital 4 March 2026"),
        ("hospital_discharges", {"emergency_discharges_1m": 0, "discharge_days_since": 300}, None),
        ("admission_reasons", {"fall_admissions_24m": 2, "delirium_admissions_24m": 1, "infection_admissions_24m": 0},
         "Emergency admissions with a fall (2) and delirium (1) in 24 months"),
        ("hospital_frailty", {"hospital_frailty_risk_band": 1, "hospital_frailty_risk_score": 7.25},
         "Hospital Frailty Risk Score 7.2 (intermediate), from diagnoses of 24 months"),
        ("hospital_frailty", {"hospital_frailty_risk_band": 0, "hospital_frailty_risk_score": 3.2}, None),
        ("charlson", {"charlson_comorbidities_24m": 2},
         "Two conditions of the Charlson index in hospital diagnoses of 24 months"),
        ("charlson", {"charlson_comorbidities_24m": 1}, None),
        ("maternity", {"maternity_admissions_12m": 1}, "One maternity admission in 12 months"),
        ("emergency_complaints", {"fall_attendances_12m": 1},
         "Came to A&E with a fall (1) in 12 months"),
        ("outpatient_pattern", {"outpatient_specialties_distinct_12m": 4, "outpatient_urgent_12m": 1},
         "Seen in four specialties in 12 months; one urgent appointment in 12 months"),
        ("community_change", {"community_contacts_change_3m": 3},
         "Three community contacts more from 16 June 2026 to 15 September 2026 than in the three months before"),
        ("community_change", {"community_contacts_change_3m": 2}, None),
        ("community_change", {"community_contacts_change_3m": -3}, None),
        ("mental_health_crisis", {"mental_health_crisis_days_since": SINCE_4_MARCH}, None),
        ("mental_health_crisis", {"mental_health_did_not_attend_12m": 3, "mental_health_liaison_contacts_12m": 1},
         "One contact with a liaison team in hospital in 12 months; "
         "three missed mental health appointments in 12 months"),
        ("mental_health_crisis", {"mental_health_did_not_attend_12m": 2}, None),
        ("mental_health_stays",
         {"mental_health_admissions_24m": 1, "mental_health_discharge_days_since": SINCE_4_MARCH},
         "One stay in a mental health hospital in 24 months, discharged 4 March 2026"),
        ("mental_health_stays", {"is_mental_health_inpatient": True}, "In a mental health hospital now"),
        ("social_care_change", {"care_services_started_6m": 1, "care_services_ended_6m": 1}, None),
        ("social_care_activity", {"care_requests_from_hospital_12m": 2, "is_care_review_overdue": True},
         "No review of the care package known for a year"),
        ("social_care_activity", {"care_reviews_unplanned_12m": 1},
         "One review by the council because needs had changed in 12 months"),
        ("short_term_care", {"reablement_services_12m": 1, "reablement_days_since": SINCE_4_MARCH}, None),
        ("short_term_care", {"low_level_support_12m": 2}, None),
        ("unpaid_carer_support", {"has_unpaid_carer_support": True}, "Supported by the council as an unpaid carer"),
        ("unpaid_carer_support", {"unpaid_carer_requests_24m": 1}, "Known to the council as an unpaid carer"),
    ],
)  # fmt: skip
def test_words_for_the_risk(concept, values, words):
    assert FOR_RISK[concept](values, INDEX_DATE) == words


@pytest.mark.parametrize("concept", sorted(FOR_RISK))
def test_nothing_is_said_of_what_is_not_known(concept):
    unknown = dict.fromkeys(COLUMNS[concept])
    assert FOR_RISK[concept](unknown, INDEX_DATE) is None
    nothing = {column: None if "days_since" in column else 0 for column in COLUMNS[concept]}
    assert FOR_RISK[concept](nothing, INDEX_DATE) is None


def test_every_concept_has_a_source_and_words():
    silent = {concept for concepts in TOGETHER.values() for concept in concepts}
    assert set(COLUMNS) == set(SOURCE_OF)
    assert set(FOR_RISK) == set(COLUMNS) - silent


def test_with_a_concept_that_may_not_be_told_go_those_that_tell_it_in_detail():
    values = {
        "mental_health_contacts_12m": 3,
        "is_mental_health_inpatient": True,
        "mental_health_crisis_contacts_3m": 1,
        "emergency_bed_days_3m": 4,
    }
    shown = only_shown(values, sources=set(SOURCE_OF.values()), withheld={"mental_health"})
    assert [column for column, value in shown.items() if value is not None] == ["emergency_bed_days_3m"]
    shown = only_shown(values, sources=set(SOURCE_OF.values()), withheld={"emergency_admissions"})
    assert shown == {**values, "emergency_bed_days_3m": None}
    shown = only_shown(values, sources=set(SOURCE_OF.values()), withheld={"mental_health_stays"})
    assert shown == {**values, "is_mental_health_inpatient": None}


def test_every_detail_is_of_the_same_source():
    for concept, details in DETAILS.items():
        assert {ALL_SOURCES[detail] for detail in details} == {ALL_SOURCES[concept]}
