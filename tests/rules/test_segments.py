"""The ladder of segments: each rung, the order of rungs, and what an unknown value may not do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rules.segments import NOT_KNOWN, SEGMENTS, segment

WELL = {
    "age_years": 40,
    "long_term_condition_count": 0,
    "has_dementia": False,
    "has_frailty_code": False,
    "is_housebound": False,
    "has_home_care": False,
    "is_care_home_resident": False,
}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, "generally_well"),
        ({"long_term_condition_count": 1}, "long_term_condition"),
        ({"long_term_condition_count": 3}, "long_term_condition"),
        ({"long_term_condition_count": 4}, "complex_multimorbidity"),
        ({"has_dementia": True, "long_term_condition_count": 6}, "frailty_or_dementia"),
        ({"has_frailty_code": np.True_}, "frailty_or_dementia"),
        ({"is_housebound": True, "age_years": 65}, "frailty_or_dementia"),
        ({"is_housebound": True, "age_years": 64}, "generally_well"),
        ({"has_home_care": True, "age_years": 80, "long_term_condition_count": 5}, "frailty_or_dementia"),
        ({"has_home_care": True, "age_years": None}, "generally_well"),
        ({"is_care_home_resident": True, "has_dementia": True}, "care_home"),
        ({"is_care_home_resident": True, "long_term_condition_count": None}, "care_home"),
        ({"long_term_condition_count": None}, "not_known"),
        ({"long_term_condition_count": float("nan")}, "not_known"),
    ],
)
def test_first_match_wins(changed, code):
    assert segment({**WELL, **changed}).code == code


def test_codes_are_stable_and_distinct():
    assert [each.code for each in SEGMENTS] == [
        "care_home",
        "frailty_or_dementia",
        "complex_multimorbidity",
        "long_term_condition",
        "generally_well",
        "not_known",
    ]
    assert all(each.title and each.meaning for each in SEGMENTS)


VALUES = st.fixed_dictionaries(
    {
        name: st.none() | (st.integers(0, 13) if name.endswith("count") else st.booleans())
        for name in WELL
        if name != "age_years"
    }
    | {"age_years": st.none() | st.integers(0, 110)}
)


@given(VALUES)
def test_everyone_has_one_segment_and_nobody_unknown_is_called_well(values):
    found = segment(values)
    assert found in SEGMENTS
    if found.code == "generally_well":
        assert values["long_term_condition_count"] == 0
    if found is NOT_KNOWN:
        assert values["long_term_condition_count"] is None


@given(VALUES)
def test_moving_into_a_care_home_moves_to_the_first_rung(values):
    assert segment({**values, "is_care_home_resident": True}).code == "care_home"
