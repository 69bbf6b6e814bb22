"""The eight segments: what places somebody in each, their order, and what an unknown value may not do."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rules.segments import COLUMNS, GENERALLY_WELL, NOT_KNOWN, SEGMENTS, moves, segment

NUMBERS = {
    "age_years": 40,
    "egfr_ml_min": 80.0,
    "emergency_admissions_12m": 0,
    "ambulatory_care_sensitive_chronic_24m": 0,
    "hospital_frailty_risk_band": 0,
    "maternity_admissions_12m": 0,
    "long_term_condition_count": 0,
    "further_condition_count": 0,
    "emergency_admissions_3m": 0,
}
WELL = {column: NUMBERS.get(column, False) for column in COLUMNS}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, "generally_well"),
        # Cancer at the end of life needs both; palliative care for anything else is another segment.
        ({"has_palliative_care": True, "has_cancer": True}, "incurable_cancer"),
        ({"has_cancer": True, "long_term_condition_count": 1}, "long_term_condition"),
        ({"has_palliative_care": True}, "frailty_or_dementia"),
        ({"has_palliative_care": True, "has_heart_failure": True}, "organ_failure"),
        # Kidney function below 15; heart, lungs or kidneys with admissions.
        ({"egfr_ml_min": 14.9}, "organ_failure"),
        ({"egfr_ml_min": 15.0}, "generally_well"),
        ({"has_copd": True, "emergency_admissions_12m": 4}, "organ_failure"),
        ({"has_copd": True, "emergency_admissions_12m": 3, "long_term_condition_count": 1}, "long_term_condition"),
        ({"has_heart_failure": True, "ambulatory_care_sensitive_chronic_24m": 2}, "organ_failure"),
        ({"has_chronic_kidney_disease": True, "ambulatory_care_sensitive_chronic_24m": 2}, "organ_failure"),
        ({"emergency_admissions_12m": 9}, "generally_well"),
        ({"has_dementia": True, "has_copd": True, "emergency_admissions_12m": 5}, "organ_failure"),
        # Frailty or dementia.
        ({"has_dementia": True, "long_term_condition_count": 6}, "frailty_or_dementia"),
        ({"has_frailty_code": np.True_}, "frailty_or_dementia"),
        ({"is_care_home_resident": True, "long_term_condition_count": None}, "frailty_or_dementia"),
        ({"is_housebound": True, "age_years": 65}, "frailty_or_dementia"),
        ({"has_home_care": True, "age_years": 80, "long_term_condition_count": 5}, "frailty_or_dementia"),
        ({"hospital_frailty_risk_band": 1, "age_years": 65}, "frailty_or_dementia"),
        ({"hospital_frailty_risk_band": 2, "age_years": 64}, "generally_well"),
        ({"has_learning_disability": True, "has_dementia": True}, "frailty_or_dementia"),
        # Serious disability.
        ({"has_learning_disability": True, "maternity_admissions_12m": 1}, "serious_disability"),
        ({"is_housebound": True, "age_years": 64}, "serious_disability"),
        ({"has_home_care": True, "age_years": None}, "serious_disability"),
        ({"is_mental_health_inpatient": True, "long_term_condition_count": 2}, "serious_disability"),
        # Mother or infant, before a long-term condition.
        ({"maternity_admissions_12m": 1, "long_term_condition_count": 2}, "maternal_and_infant"),
        ({"has_birth_record_12m": True, "age_years": 0}, "maternal_and_infant"),
        ({"age_years": 0}, "maternal_and_infant"),
        ({"age_years": 1}, "generally_well"),
        # Long-term conditions, before being acutely ill.
        ({"long_term_condition_count": 1, "is_in_hospital": True}, "long_term_condition"),
        ({"further_condition_count": 1}, "long_term_condition"),
        ({"is_in_hospital": True}, "acutely_ill"),
        ({"emergency_admissions_3m": 1}, "acutely_ill"),
        ({"emergency_admissions_3m": 1, "long_term_condition_count": None}, "acutely_ill"),
        ({"long_term_condition_count": None}, "not_known"),
        ({"long_term_condition_count": float("nan"), "further_condition_count": 0}, "not_known"),
    ],
)
def test_first_match_wins(changed, code):
    assert segment({**WELL, **changed}).code == code


def test_codes_are_stable_and_distinct():
    assert [each.code for each in SEGMENTS] == [
        "incurable_cancer",
        "organ_failure",
        "frailty_or_dementia",
        "serious_disability",
        "maternal_and_infant",
        "long_term_condition",
        "acutely_ill",
        "generally_well",
        "not_known",
    ]
    assert all(each.title and each.meaning for each in SEGMENTS)


VALUES = st.fixed_dictionaries(
    {
        name: st.none() | (st.integers(0, 40) if name in NUMBERS else st.booleans())
        for name in COLUMNS
        if name != "age_years"
    }
    | {"age_years": st.none() | st.integers(0, 110)}
)


@given(VALUES)
def test_everyone_has_one_segment_and_nobody_unknown_is_called_well(values):
    found = segment(values)
    assert found in SEGMENTS
    if found is GENERALLY_WELL:
        assert values["long_term_condition_count"] == 0
    if found is NOT_KNOWN:
        assert values["long_term_condition_count"] is None


@given(VALUES, st.sampled_from(sorted(COLUMNS)))
def test_what_is_not_known_never_makes_anyone_more_ill(values, column):
    """A null places nobody: without the value, the segment is the same or stands later in the order."""
    order = [each.code for each in SEGMENTS]
    assert order.index(segment({**values, column: None}).code) >= order.index(segment(values).code) or (
        # Under 65 is what tells care at home for disability from care for age.
        column == "age_years"
    )


def test_nothing_else_is_looked_at():
    everything = dict.fromkeys(COLUMNS) | {"risk_score": 0.99, "imd_decile": 1, "has_asthma": True}
    assert segment(everything) is NOT_KNOWN


def test_moves_are_counted_by_where_from_and_to():
    pairs = [("generally_well", "acutely_ill"), ("generally_well", "acutely_ill"), ("acutely_ill", "generally_well")]
    stayed = [("generally_well", "generally_well"), (None, "acutely_ill")]
    assert moves([*pairs, *stayed]) == {
        ("generally_well", "acutely_ill"): 2,
        ("acutely_ill", "generally_well"): 1,
    }


def test_the_page_says_what_the_rules_are():
    page = (Path(__file__).parents[2] / "docs" / "segments.md").read_text(encoding="utf-8")
    for place, each in enumerate(SEGMENTS, start=1):
        assert f"| {place} | {each.title} | `{each.code}` | {each.meaning} |" in page
