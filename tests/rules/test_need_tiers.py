"""The four tiers of need: any one fact is enough, the most help first, and nobody unknown is able."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rules.need_tiers import COLUMNS, TIERS, need_tier

ABLE = dict.fromkeys(COLUMNS, 0) | {column: False for column in COLUMNS if column.startswith(("has_", "is_"))}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, "able"),
        ({"is_care_home_resident": True}, "a_lot_of_help"),
        ({"has_nursing_home_care": True}, "a_lot_of_help"),
        ({"has_palliative_care": True}, "a_lot_of_help"),
        ({"has_home_care": True, "care_package_components": 3}, "a_lot_of_help"),
        ({"has_home_care": True, "care_package_components": 2}, "more_help"),
        ({"emergency_bed_days_12m": 28}, "a_lot_of_help"),
        ({"emergency_bed_days_12m": 27}, "able"),
        ({"emergency_admissions_12m": 4}, "a_lot_of_help"),
        ({"emergency_admissions_12m": 3}, "more_help"),
        ({"emergency_admissions_12m": 2}, "more_help"),
        ({"emergency_admissions_12m": 1}, "some_help"),
        ({"has_dementia": True}, "more_help"),
        ({"has_frailty_code": True}, "more_help"),
        ({"is_housebound": True}, "more_help"),
        ({"has_community_nursing": True}, "more_help"),
        ({"has_reablement": True}, "more_help"),
        ({"is_in_hospital": True}, "more_help"),
        ({"mental_health_admissions_24m": 1}, "more_help"),
        ({"hospital_frailty_risk_band": 2}, "more_help"),
        ({"hospital_frailty_risk_band": 1}, "able"),
        ({"long_term_condition_count": 5}, "more_help"),
        ({"long_term_condition_count": 4}, "some_help"),
        ({"long_term_condition_count": 2}, "some_help"),
        ({"long_term_condition_count": 1}, "able"),
        ({"has_learning_disability": True}, "some_help"),
        ({"has_severe_mental_illness": True}, "some_help"),
        ({"mental_health_crisis_contacts_12m": 1}, "some_help"),
        ({"community_contacts_12m": 3}, "some_help"),
        ({"community_contacts_12m": 2}, "able"),
        ({"care_requests_12m": 1}, "some_help"),
        ({"medicines_distinct_6m": 5}, "some_help"),
        ({"medicines_distinct_6m": 4}, "able"),
        ({"emergency_attendances_12m": 3}, "some_help"),
        ({"long_term_condition_count": None}, "not_known"),
        ({"long_term_condition_count": None, "has_home_care": True}, "more_help"),
    ],
)
def test_the_first_tier_of_which_one_fact_holds(changed, code):
    assert need_tier({**ABLE, **changed}).code == code


def test_codes_are_stable():
    assert [tier.code for tier in TIERS] == ["a_lot_of_help", "more_help", "some_help", "able", "not_known"]


@given(st.fixed_dictionaries({column: st.none() | st.integers(0, 30) for column in COLUMNS}))
def test_more_of_anything_never_means_less_help(values):
    order = [tier.code for tier in TIERS[:4]]
    found = need_tier(values).code
    for column, value in values.items():
        more = need_tier({**values, column: (value or 0) + 1}).code
        if found in order:
            assert order.index(more) <= order.index(found), column
